"""The login of a mailbox in cadenza.yaml: what is wrong with it is told at its place."""

import pytest

from crm.facts import FIELDS
from process.blueprint import Invalid, load

PASSWORD = "    password: ${MAIL_PASSWORD_ADA}\n"
GOOGLE = """    oauth:
      kind: google
      client_id: ${APP}
      client_secret: ${APP_SECRET}
      refresh_token: ${GRANT}
"""
MICROSOFT = """    oauth:
      kind: microsoft
      tenant: example.onmicrosoft.com
      client_id: ${APP}
      refresh_token: ${GRANT}
"""


@pytest.fixture
def loading(starter):
    """Load the starter, its first mailbox having this login."""
    file = starter / "cadenza.yaml"
    text = file.read_text()

    def of(login, replaced=("", "")):
        file.write_text(text.replace(PASSWORD, login, 1).replace(*replaced, 1))
        return load(starter, schema=FIELDS)

    return of


def test_google_and_microsoft_are_taken(loading):
    google, microsoft = (loading(text).mailboxes[0].oauth for text in (GOOGLE, MICROSOFT))

    assert (google.kind, google.refresh_token, google.tenant) == ("google", "${GRANT}", None)
    assert (microsoft.tenant, microsoft.client_secret) == ("example.onmicrosoft.com", None)


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        ("", "35:5: mailboxes.0: needs one login, a password or oauth, and not both"),
        (
            PASSWORD + GOOGLE,
            "35:5: mailboxes.0: needs one login, a password or oauth, and not both",
        ),
        (
            GOOGLE.replace("google", "yahoo"),
            '41:13: mailboxes.0.oauth.kind: unknown value "yahoo"; valid: google, microsoft',
        ),
        (
            GOOGLE.replace("${GRANT}", "1//0abc"),
            "44:22: mailboxes.0.oauth.refresh_token: a secret must not be written out here; "
            "name an environment variable, such as ${HUBSPOT_TOKEN}",
        ),
        (
            GOOGLE + "      tenant: common\n",
            "45:15: mailboxes.0.oauth.tenant: only microsoft has tenants",
        ),
        (
            MICROSOFT.replace("      tenant: example.onmicrosoft.com\n", ""),
            "41:13: mailboxes.0.oauth.kind: microsoft needs a tenant besides",
        ),
        (
            MICROSOFT.replace("example.onm", "a/"),
            '42:15: mailboxes.0.oauth.tenant: "a/icrosoft.com" is no tenant; take the id or a '
            "domain of the directory",
        ),
        (
            GOOGLE.replace("      client_secret: ${APP_SECRET}\n", ""),
            "41:13: mailboxes.0.oauth.kind: google needs a client_secret besides",
        ),
        (
            GOOGLE + "      token_url: http://tokens.example\n",
            "45:18: mailboxes.0.oauth.token_url: is no https:// address",
        ),
    ],
)
def test_what_is_wrong_is_told(loading, login, expected):
    with pytest.raises(Invalid) as caught:
        loading(login)

    assert [str(problem) for problem in caught.value.problems] == [f"cadenza.yaml:{expected}"]


@pytest.mark.parametrize(
    ("setting", "address", "expected"),
    [
        (
            "yes",
            "ada@example.com",
            '40:22: mailboxes.0.plus_addressing: unknown value "yes"; valid: all, none, replies',
        ),
        (
            "all",
            f"{'a' * 38}@example.com",
            f'40:22: mailboxes.0.plus_addressing: "{"a" * 38}" is too long for it: the most is '
            "37 characters",
        ),
    ],
)
def test_plus_addressing_needs_a_known_word_and_room(loading, starter, setting, address, expected):
    first = load(starter, schema=FIELDS).mailboxes[0].address
    login = f"    plus_addressing: {setting}\n{PASSWORD}"

    with pytest.raises(Invalid) as caught:
        loading(login, replaced=(f"address: {first}", f"address: {address}"))

    assert [str(problem) for problem in caught.value.problems] == [f"cadenza.yaml:{expected}"]
