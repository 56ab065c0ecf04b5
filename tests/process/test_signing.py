"""`dkim` of a mailbox in cadenza.yaml: what is wrong with it is told at its place."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from crm.facts import FIELDS
from process.blueprint import Invalid, load

SETTINGS = '    dkim: { domain: example.com, selector: cadenza1, key: "${DKIM_KEY}" }\n'
PASSWORD = "    password: ${MAIL_PASSWORD_ADA}\n"
#: 512 bits; signs nothing anywhere.
SHORT = """-----BEGIN RSA PRIVATE KEY-----
MIIBPAIBAAJBALNL+COVLnmAhBGriqdz0uAK7H488iAO6nFniCD9CfXLw/og4pdY
3GQBQ2abThiqgtwkidmbfXsyonwQp7DMoSsCAwEAAQJBAKbvAndOvFiP2WcCSjQi
WKIUSaA3ak+C07EGbe4Y6h8YKvS6DKD+6/bIh4YPpBxYlYvalOjSMhf/Bk4DbhPF
r6ECIQDklHd0GG3UXfyqAcWV+dml7dbemyzfoDJ3zV/nMqPw0wIhAMjODLU14Gmp
evX8WHu7C1tdNvONJKNVfuTshksSrhdJAiEAxcIdRvgLrXxTKNK3m3W6c/A9wgIG
5MK4ZyXsHx6U77kCIQC32hBAiceido4iUp0hDCxlxn7dl0kIUusP5o8+hSfoIQIg
C54SPBRV+vfBylJAuwbpHRA/3m3MtJ6P14qBmboSG+Q=
-----END RSA PRIVATE KEY-----
"""


def pem(bits):
    return (
        rsa.generate_private_key(public_exponent=65537, key_size=bits)
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        .decode()
    )


@pytest.fixture
def loading(starter):
    """Load the starter, its first mailbox having these settings."""
    file = starter / "cadenza.yaml"
    text = file.read_text()

    def of(settings=SETTINGS):
        file.write_text(text.replace(PASSWORD, PASSWORD + settings, 1))
        return load(starter, schema=FIELDS)

    return of


def problems(loading, **arguments):
    with pytest.raises(Invalid) as caught:
        loading(**arguments)
    (problem,) = caught.value.problems
    return str(problem)


def test_a_good_key_is_taken(loading, monkeypatch):
    monkeypatch.setenv("DKIM_KEY", pem(2048))

    signing = loading().mailboxes[0].dkim

    assert signing.model_dump() == {
        "domain": "example.com", "selector": "cadenza1", "key": "${DKIM_KEY}",
    }  # fmt: skip


def test_where_no_secrets_are_the_files_alone_are_checked(loading, monkeypatch):
    monkeypatch.delenv("DKIM_KEY", raising=False)

    assert loading().mailboxes[0].dkim.selector == "cadenza1"


@pytest.mark.parametrize(
    ("key", "told"),
    [
        (
            "-----BEGIN RSA PRIVATE KEY-----\nsecret",
            "${DKIM_KEY} is no private key in PEM without a passphrase",
        ),
        (SHORT, "${DKIM_KEY} has 512 bits; the least that is verified is 1024, use 2048"),
        ("/nowhere.pem", "${DKIM_KEY} is neither a key in PEM nor a file that can be read"),
    ],
)
def test_a_bad_key_is_told_at_its_place(loading, monkeypatch, key, told):
    monkeypatch.setenv("DKIM_KEY", key)

    assert problems(loading) == f"cadenza.yaml:41:59: mailboxes.0.dkim.key: {told}"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            "    dkim: { domain: example.com, selector: a, key: secret }\n",
            "mailboxes.0.dkim.key: a secret must not be written out here; name an environment "
            "variable, such as ${HUBSPOT_TOKEN}",
        ),
        (
            '    dkim: { domain: exa mple, selector: a, key: "${DKIM_KEY}" }\n',
            'mailboxes.0.dkim.domain: "exa mple" is no domain such as example.com',
        ),
        (
            '    dkim: { domain: example.com, selector: a;b, key: "${DKIM_KEY}" }\n',
            'mailboxes.0.dkim.selector: "a;b" is no selector such as cadenza1: letters, digits, '
            '"-" and "."',
        ),
        (
            '    dkim: { domain: example.com, key: "${DKIM_KEY}" }\n',
            'the field "selector" of mailboxes.0.dkim is missing',
        ),
    ],
)
def test_bad_settings_are_told(loading, monkeypatch, settings, told):
    monkeypatch.delenv("DKIM_KEY", raising=False)

    assert problems(loading, settings=settings).split(": ", 1)[1] == told
