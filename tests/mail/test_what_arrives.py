"""What a real SMTP server received, byte by byte."""

import quopri
from email import message_from_bytes, policy

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from crm.models import Activity
from mail import mime, outbox
from mail.models import Message


def delivered(mailbox, sink):
    """What arrived of all that was queued: one email."""
    assert outbox.deliver(mailbox.pk) == {"sent": 1}
    (raw,) = sink.taken
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    return raw


def header(raw, name):
    """As it left, its folds taken out."""
    head = raw.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").decode()
    (line,) = [line for line in head.split("\r\n") if line.startswith(f"{name}: ")]
    return line.removeprefix(f"{name}: ")


def parts(raw):
    mail = message_from_bytes(raw, policy=policy.default)
    return [
        mail.get_body((kind,)).get_content().replace("\r\n", "\n") for kind in ("plain", "html")
    ]


def test_case_9_a_list_unsubscribe_of_300_characters_leaves_unencoded(
    mailbox, queue, lead, sink, sender
):
    sender.public_url = f"https://out.example.com/{'p' * 300}"
    sender.save()
    queue(lead)

    links = header(delivered(mailbox, sink), "List-Unsubscribe").split(", ")

    assert [link[:27] for link in links] == [
        "<https://out.example.com/pp",
        "<mailto:ada@example.com?sub",
    ]
    assert len(links[0]) > 300


def test_case_9_six_references_of_80_characters_leave_unencoded(mailbox, queue, lead, sink):
    first = queue(lead)
    ids = " ".join(f"<{str(n) * 66}@example.com>" for n in range(6))
    Message.objects.filter(pk=first.pk).update(
        status="sent", subject="A question", references=ids, sent_at=first.due_at
    )
    first.refresh_from_db()
    queue(lead, step="reminder", parent=first)

    raw = delivered(mailbox, sink)

    assert {len(id_) for id_ in ids.split()} == {80}
    assert header(raw, "References") == f"{ids} {first.message_id}"
    assert header(raw, "In-Reply-To") == first.message_id


@pytest.mark.parametrize(
    "line",
    [
        "x" * 4000,
        f"https://example.com/{'a' * 1180}",
        *(f"{'x' * length}.{'y' * 80}" for length in range(72, 78)),
        *(f"{'x' * length}.\n.\n..\n.end" for length in range(72, 78)),
        f"{'é' * 26}.{'é' * 40}",
    ],
)
def test_case_15_long_lines_and_dots_arrive_exactly(mailbox, queue, lead, template, sink, line):
    template.text, template.html = f"{line}\n", f"<p>{line}</p>\n"
    template.save()
    queue(lead)

    raw = delivered(mailbox, sink)

    assert parts(raw) == [f"{line}\n", f"<p>{line}</p>\n"]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r")))
def test_any_text_is_read_as_it_was_written(text):
    raw = mime.build({"Subject": "x"}, text=text, html="<p></p>")

    encoded = raw.split(b"quoted-printable\r\n\r\n")[1].partition(b"\r\n--=_")[0]
    assert quopri.decodestring(encoded).decode().replace("\r\n", "\n") == text
    assert max(map(len, encoded.split(b"\r\n"))) <= 76


@pytest.mark.parametrize("evil", ["\r\nBcc: x@y.example", "\n", "\r", "\x00"])
@pytest.mark.parametrize("where", ["subject", "sender's name", "address"])
def test_case_16_line_breaks_and_nul_never_leave(mailbox, queue, make_lead, sink, evil, where):
    if evil == "\x00" and connection.vendor == "postgresql":
        pytest.skip("PostgreSQL keeps no NUL, so it comes to no email")
    lead = make_lead(first_name="Grace" if where != "subject" else f"G{evil}race")
    message = queue(lead)
    if where == "sender's name":
        type(mailbox).objects.update(display_name=f"Ada{evil}")
    if where == "address":
        Message.objects.update(to_email=f"g{evil}race@customer.example")

    outcome = outbox.deliver(mailbox.pk)

    message.refresh_from_db()
    assert outcome == {"failed": 1}
    assert message.last_error.startswith(f"the {where} ")
    assert message.last_error.endswith("has a line break or control character in it")
    assert sink.taken == []


def test_case_16_a_name_with_comma_and_umlaut_arrives_as_one_name(mailbox, queue, lead, sink):
    mailbox.display_name = 'Müller, Jörg "JM"'
    mailbox.save()
    queue(lead)

    raw = delivered(mailbox, sink)

    mail = message_from_bytes(raw, policy=policy.default)
    assert header(raw, "From").isascii()
    assert [(a.display_name, a.addr_spec) for a in mail["From"].addresses] == [
        ('Müller, Jörg "JM"', "ada@example.com")
    ]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("grace@bücher.example", "grace@xn--bcher-kva.example"),
        ("grace@straße.example", "grace@xn--strae-oqa.example"),
        ("grace@Müller.Example", "grace@xn--mller-kva.example"),
        ("grace@例え.テスト", "grace@xn--r8jz45g.xn--zckzah"),
    ],
)
def test_an_international_domain_is_said_in_ascii(mailbox, queue, lead, sink, written, said):
    queue(lead)
    Message.objects.update(to_email=written)

    raw = delivered(mailbox, sink)

    assert (sink.recipients, header(raw, "To")) == ([said], said)
    assert "SMTPUTF8" not in sink.options


def test_a_non_ascii_address_leaves_where_the_server_offers_it(mailbox, queue, lead, international):
    queue(lead)
    Message.objects.update(to_email="grâce@bücher.example")

    raw = delivered(mailbox, international)

    assert international.recipients == ["grâce@xn--bcher-kva.example"]
    assert international.options == ["SMTPUTF8"]
    assert header(raw, "To") == "grâce@xn--bcher-kva.example"


def test_a_non_ascii_address_fails_where_the_server_offers_it_not(mailbox, queue, lead, sink):
    message = queue(lead)
    Message.objects.update(to_email="grâce@customer.example")

    outcome = outbox.deliver(mailbox.pk)

    message.refresh_from_db()
    assert outcome == {"failed": 1}
    assert message.last_error == (
        "the mailbox's server cannot carry the address 'grâce@customer.example' "
        "(it offers no SMTPUTF8)"
    )
    assert sink.taken == []
    assert list(Activity.objects.values_list("kind", flat=True)) == ["queued", "failed"]
