"""Settings become a connector, or a clear ValueError."""

import re

import pytest

from connectors.registry import connect

ELSEWHERE = "is not this machine; with CADENZA_MODE=sandbox only 127.0.0.1 is talked to"
SALESFORCE = {"url": "https://example.my.salesforce.com", "client_id": "c", "client_secret": "s"}


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("hubspot", {"token": "t", "kind": "hubspot", "pull_every": "15 minutes"}),
        ("hubspot", {"token": "t", "fields": {"lead": {"timezone": "hs_timezone"}}}),
        ("salesforce", SALESFORCE),
        ("csv", {"folder": "data/events"}),
    ],
)
def test_connect_makes_no_call(kind, settings):
    connector = connect(kind, settings)

    assert connector.calls == 0
    connector.close()


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("hubspt", {}, "kind: 'hubspt' is none of csv, hubspot, salesforce, tryton"),
        ("hubspot", {}, "token: missing or blank"),
        ("hubspot", {"token": " "}, "token: missing or blank"),
        (
            "hubspot",
            {"tokn": "t"},
            "tokn: no setting of hubspot, which takes client_id, client_secret, fields, "
            "refresh_token, token, types, url; did you mean token?",
        ),
        ("salesforce", {**SALESFORCE, "client_id": None}, "client_id: missing or blank"),
        (
            "salesforce",
            {**SALESFORCE, "url": "example.my.salesforce.com"},
            "url: 'example.my.salesforce.com' is not a URL that starts with https://",
        ),
        (
            "salesforce",
            {**SALESFORCE, "url": "http://example.my.salesforce.com"},
            "url: 'http://example.my.salesforce.com' would send the token in clear; use https://",
        ),
        (
            "salesforce",
            {**SALESFORCE, "allow_sandbox": True},
            f"url: example.my.salesforce.com {ELSEWHERE}",
        ),
        (
            "hubspot",
            {"token": "t", "allow_sandbox": True},
            f"url: api.hubapi.com {ELSEWHERE}",
        ),
        (
            "hubspot",
            {"token": "t", "fields": []},
            "fields: [] is not a mapping of company, lead, deal",
        ),
        (
            "hubspot",
            {"token": "t", "fields": {"person": {}}},
            "fields: 'person' is none of company, lead, deal",
        ),
        (
            "hubspot",
            {"token": "t", "fields": {"lead": {"tier": 7}}},
            "fields.lead.tier: 7 is not a field's name",
        ),
        (
            "hubspot",
            {"token": "t", "types": {"lead": {"tier": "int"}}},
            "types.lead.tier: 'int' is none of text, number, bool, date, datetime, multiselect",
        ),
        (
            "hubspot",
            {"token": "t", "types": {"lead": {"title": "text"}}},
            "types.lead.title: title is no custom field",
        ),
    ],
)
def test_bad_settings_say_what_and_where(kind, settings, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        connect(kind, settings)
