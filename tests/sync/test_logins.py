"""Every way to log in, tokens that run out, and refreshers that race."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.db import connection as database

from connectors.logins import Minted
from crm.logins import KeptTokens
from crm.models import Connection, Login


@pytest.fixture
def app(sandbox, monkeypatch):
    """An OAuth app's settings in place of a token."""
    return {
        "token": "",
        "client_id": sandbox["hubspot_client_id"],
        "client_secret": sandbox["hubspot_client_secret"],
        "refresh_token": sandbox["hubspot_refresh_token"],
    }


def granted(sandbox):
    return sandbox.calls("hubspot").get("POST /oauth/v3/token", 0)


def test_hubspot_refreshes_when_the_token_has_run_out_and_keeps_the_new_one(crms, app, sandbox):
    crm = crms("hubspot", **app)
    crm.create({"email": "p1@c.example"})
    assert crm.pull().landed["lead"].created == 1
    crm.advance(hours=1)
    crm.pull()

    assert granted(sandbox) == 2
    kept = Login.objects.get()
    assert app["refresh_token"] not in kept.access_token + kept.refresh_token
    assert not kept.refresh_token.startswith("r-")


def test_hubspot_goes_on_with_the_kept_tokens_after_a_restart(crms, app, sandbox):
    from crm.connections import forget

    crm = crms("hubspot", **app)
    crm.pull()
    forget()
    crm.pull()

    assert granted(sandbox) == 1


def test_a_refresh_token_that_was_revoked_stops_the_connection(crms, app):
    crm = crms("hubspot", **{**app, "refresh_token": "r-revoked"})

    error = crm.pull(expect_error=True).error

    crm.connection.refresh_from_db()
    assert crm.connection.status == "stopped"
    assert "unknown refresh token" in error


def test_salesforce_by_refresh_token(crms, sandbox):
    crm = crms("salesforce", client_secret="", refresh_token=sandbox["salesforce_refresh_token"])

    assert crm.pull().error == ""


@pytest.mark.parametrize("is_known", [True, False])
def test_salesforce_by_signed_assertion(crms, sandbox, tmp_path, is_known):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    if is_known:
        (tmp_path / "certificate.pem").write_bytes(public)
    crm = crms("salesforce", client_secret="", private_key=private, username="ada@us.example")

    error = crm.pull(expect_error=True).error

    assert ("invalid assertion" in error) is not is_known


def test_salesforce_with_a_key_that_is_none_says_so(crms):
    crm = crms("salesforce", client_secret="", private_key="no key", username="ada@us.example")

    assert "private_key: is no RSA key" in crm.pull(expect_error=True).error


@pytest.mark.skipif(
    database.vendor == "sqlite", reason="a database in memory lets no two threads in; see make test"
)
@pytest.mark.django_db(transaction=True)
def test_case_10_of_two_workers_one_refreshes_and_both_go_on():
    from datetime import timedelta

    row = Connection.objects.create(name="h", kind="hubspot", pull_every=timedelta(hours=1))
    minted, both = [], threading.Barrier(4)

    def mint(refresh_token):
        minted.append(refresh_token)
        return Minted(access_token=f"a{len(minted)}", refresh_token=f"r{len(minted)}")

    def work(_number):
        try:
            tokens = KeptTokens(Login, {"connection": row}, "r0")
            both.wait(timeout=10)
            return tokens.renew("", mint)
        finally:
            database.close()

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(work, range(4)))

    assert minted == ["r0"]
    assert set(won) == {"a1"}
    assert KeptTokens(Login, {"connection": row}, "r0").renew("a1", mint) == "a2"
    assert minted == ["r0", "r1"]
    assert KeptTokens(Login, {"connection": row}, "another").current() == ""
