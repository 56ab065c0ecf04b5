"""What a domain publishes, as a verifier reads it; asked over a real name server."""

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mail.doctor import dkim_record, dmarc, hosts, spf
from mail.doctor.names import NoAnswer
from mail.doctor.providers import provider_of

GOOGLE = provider_of("smtp.gmail.com")
DOMAIN = "us.example"


@pytest.mark.parametrize(
    ("texts", "provider", "grade", "said"),
    [
        (["v=spf1 ip4:192.0.2.1 ~all"], None, "fine", "0 of 10 lookups"),
        (["v=spf1 include:_spf.google.com -all"], GOOGLE, "fine", "2 of 10 lookups"),
        (["v=spf1 redirect=_spf.google.com"], GOOGLE, "fine", "2 of 10 lookups"),
        (["v=spf1 mx ~all"], GOOGLE, "fault", "does not let Google send"),
        (["something else"], None, "fault", "us.example has no SPF record"),
        (["v=spf10 ~all"], None, "fault", "us.example has no SPF record"),
        (["v=spf1 ~all", "V=SPF1 -all"], None, "fault", "has 2 SPF records"),
        (["v=spf1 +all"], None, "fault", "lets everyone send"),
        (["v=spf1 all"], None, "fault", "lets everyone send"),
        (["v=spf1 mx ?all"], None, "warning", "says nothing of others"),
        (["v=spf1 mx"], None, "warning", "says nothing of others"),
        (["v=spf1 ip4=192.0.2.1 ipv4:192.0.2.1 ~all"], None, "fault", '"ipv4:192.0.2.1" in'),
        (["v=spf1 include:nothing.example ~all"], None, "fault", "nothing.example has no SPF"),
        (["v=spf1 include:loop.example ~all"], None, "fault", "needs 11 lookups"),
        (["v=spf1 exists:%{i}.us.example include:%{d}.example ~all"], None, "fine", "2 of 10"),
    ],
)
def test_spf(server, names, texts, provider, grade, said):
    server.text(DOMAIN, *texts)
    server.text("_spf.google.com", "v=spf1 include:_net.google.com ~all")
    server.text("_net.google.com", "v=spf1 ip4:203.0.113.0/24 ~all")
    server.text("loop.example", "v=spf1 include:loop.example ~all")

    found = spf.examine(DOMAIN, names, provider)

    assert (found.grade, found.check, found.subject) == (grade, "spf", DOMAIN)
    assert said in found.said
    assert bool(found.fix) == (grade != "fine")


@pytest.mark.parametrize(
    ("holder", "texts", "signed_as", "grade", "said"),
    [
        ("us.example", ["v=DMARC1; p=reject; rua=mailto:a@us.example"], "", "fine", "p=reject"),
        ("us.example", ["v=DMARC1;p=none;rua=mailto:a@us.example"], "", "warning", "p=none"),
        ("us.example", ["v=DMARC1; p=reject"], "", "warning", "nobody gets its reports"),
        ("us.example", [], "", "fault", "no DMARC record"),
        ("us.example", ["v=DMARC1; p=block"], "", "fault", "p=block"),
        ("us.example", ["v=DMARC1; p=none", "v=DMARC1; p=reject"], "", "fault", "2 records"),
        (
            "us.example",
            ["v=DMARC1; p=reject; rua=mailto:a@us.example"],
            "us.example",
            "fine",
            "p=reject",
        ),
        ("us.example", ["v=DMARC1; p=reject"], "esp.example", "fault", "not aligned"),
        ("us.example", ["v=DMARC1; p=reject; adkim=s"], "us.example", "fault", "not aligned"),
    ],
)
def test_dmarc_of_a_subdomain(server, names, holder, texts, signed_as, grade, said):
    server.text(f"_dmarc.{holder}", *texts)

    found = dmarc.examine("mail.us.example", names, signed_as)

    assert (found.grade, found.subject) == (grade, "mail.us.example")
    assert said in found.said


def test_our_key_is_compared_with_what_is_published(server, names, monkeypatch):
    key, other = (generate_private_key(65537, 2048) for _ in range(2))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    monkeypatch.setenv("DKIM_KEY", pem.decode())
    record = dkim_record.record(key.public_key())
    published = {
        "none": [],
        "ours": [record],
        "another": [dkim_record.record(other.public_key())],
        "revoked": ["v=DKIM1; p="],
        "no key": ["v=DKIM1; p=hello"],
        "a test": [f"{record}; t=y"],
    }

    found = {}
    for name, texts in published.items():
        selector = name.replace(" ", "-")
        server.text(f"{selector}._domainkey.{DOMAIN}", *texts)
        ours = dkim_record.Ours(domain=DOMAIN, selector=selector, key="${DKIM_KEY}")
        found[name] = dkim_record.examine_ours(ours, names)

    assert {name: str(each.grade) for name, each in found.items()} == {
        "none": "fault",
        "ours": "fine",
        "another": "fault",
        "revoked": "fault",
        "no key": "fault",
        "a test": "warning",
    }
    assert record in found["another"].fix
    assert "PRIVATE" not in str(found)


def test_a_key_that_is_not_there_shows_no_secret(names, monkeypatch):
    monkeypatch.setenv("DKIM_KEY", "hunter2")
    ours = dkim_record.Ours(domain=DOMAIN, selector="c1", key="${DKIM_KEY}")

    found = dkim_record.examine_ours(ours, names)

    assert found.grade == "fault"
    assert "hunter2" not in found.said + found.fix


def test_the_key_of_a_provider(server, names):
    server.text(f"selector2._domainkey.{DOMAIN}", "v=DKIM1; k=rsa; p=abc")

    found = [
        dkim_record.examine_theirs(DOMAIN, names, provider_of(host))
        for host in ("smtp.office365.com", "smtp.gmail.com", "smtp.us.example")
    ]

    assert [str(each.grade) for each in found] == ["fine", "fault", "unknown"]


def test_where_mail_goes(server, names):
    server.zone["us.example", "MX"] = ["20 b.us.example.", "10 a.us.example."]
    server.zone["a.us.example", "A"] = ["192.0.2.1"]
    server.zone["b.us.example", "AAAA"] = ["2001:db8::1"]
    server.zone["null.example", "MX"] = ["0 ."]
    server.zone["lost.example", "MX"] = ["10 nowhere.example."]
    server.zone["bare.example", "A"] = ["192.0.2.1"]

    found = {
        name: hosts.examine_exchanges(name, names)
        for name in ("us.example", "null.example", "lost.example", "bare.example", "no.example")
    }

    assert {name: str(each.grade) for name, each in found.items()} == {
        "us.example": "fine",
        "null.example": "fault",
        "lost.example": "fault",
        "bare.example": "warning",
        "no.example": "fault",
    }
    assert found["us.example"].said == "a.us.example, b.us.example"


def test_a_server_is_called_what_it_calls_itself(server, names):
    for number, host in enumerate(("good.example", "mute.example", "liar.example"), 1):
        server.zone[host, "A"] = [f"192.0.2.{number}"]
    server.zone["1.2.0.192.in-addr.arpa", "PTR"] = ["good.example."]
    server.zone["3.2.0.192.in-addr.arpa", "PTR"] = ["good.example."]

    found = [
        hosts.examine_pointers(host, names)
        for host in ("good.example", "mute.example", "liar.example", "no.example")
    ]

    assert [str(each.grade) for each in found] == ["fine", "warning", "warning", "fault"]


def test_a_name_server_at_fault_is_no_missing_record(server, names):
    server.zone[DOMAIN, "TXT"] = "servfail"

    with pytest.raises(NoAnswer, match="TXT of us.example"):
        spf.examine(DOMAIN, names, None)
