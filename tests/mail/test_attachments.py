"""Files that emails carry along, as a real server takes them and a reader's program opens them."""

import re
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail import attached, mime, outbox
from mail.attachments import Attachment
from mail.models import AttachedFile, EmailTemplate, Message

PDF = bytes(range(256)) * 40


@pytest.fixture
def carrying(template):
    """The template with these files, applied."""

    def of(**files):
        found = [Attachment(name=name, content=content) for name, content in files.items()]
        attached.keep(found)
        template.attachments = [[one.name, one.digest] for one in found]
        template.save()
        return template

    return of


def opened(raw):
    return message_from_bytes(raw, policy=policy.default)


def files(mail):
    return [
        (part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
        for part in mail.iter_attachments()
    ]


def test_what_arrives_is_what_was_attached(mailbox, carrying, queue, lead, sink):
    carrying(**{"one pager.pdf": PDF, "Preisübersicht 2026 €.csv": "a;b\nü;2\n".encode()})
    message = queue(lead)

    outcome = outbox.deliver(mailbox.pk)

    mail = opened(sink.taken[0])
    assert (outcome, mail.get_content_type()) == ({"sent": 1}, "multipart/mixed")
    assert [part.get_content_type() for part in mail.iter_parts()] == [
        "multipart/alternative",
        "application/pdf",
        "text/csv",
    ]
    assert files(mail) == [
        ("one pager.pdf", "application/pdf", PDF),
        ("Preisübersicht 2026 €.csv", "text/csv", "a;b\nü;2\n".encode()),
    ]
    assert mail.get_body(("plain",)).get_content().startswith("Hello Grace")
    message.refresh_from_db()
    assert bytes(message.raw) == sink.taken[0].removesuffix(b"\r\n") + b"\r\n"


def test_no_line_is_long_and_every_line_ends_in_crlf(mailbox, carrying, queue, lead, sink):
    carrying(**{f"{'ü' * 120}.pdf": PDF})
    queue(lead)

    outbox.deliver(mailbox.pk)

    (raw,) = sink.taken
    assert max(map(len, raw.split(b"\r\n"))) <= mime.LONGEST_LINE
    assert re.findall(rb"(?<!\r)\n|\r(?!\n)", raw) == []


def test_the_bytes_of_a_file_are_kept_once(db):
    one = Attachment(name="a.pdf", content=PDF)
    same = Attachment(name="b.pdf", content=PDF)

    attached.keep([one, same])
    attached.keep([one])

    assert [bytes(row.content) for row in AttachedFile.objects.all()] == [PDF]


@pytest.mark.parametrize("name", ["a\r\nBcc: x@y.example", "a\nb.pdf", "a\x1b[2J.pdf"])
def test_case_16_a_control_character_in_a_file_name_is_refused(
    mailbox, carrying, queue, lead, name, sink
):
    carrying(**{name: PDF})
    message = queue(lead)

    outcome = outbox.deliver(mailbox.pk)

    message.refresh_from_db()
    assert (outcome, sink.taken, message.status) == ({"failed": 1}, [], Message.Status.FAILED)
    assert message.last_error == (
        f"the file name {name!r} has a line break or control character in it"
    )


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.pdf", b"x", "application/pdf"),
        ("A.PDF", b"x", "application/pdf"),
        ("a.docx", b"x", f"application/vnd.{'openxmlformats-officedocument'}.wordprocessingml.document"),
        ("a.txt", "ü".encode(), 'text/plain; charset="utf-8"'),
        ("a.txt", b"\xfc", "text/plain"),
        ("a.tar.gz", b"x", "application/gzip"),
        ("a.txt.bz2", b"x", "application/octet-stream"),
        ("a.eml", b"Subject: x\n\n", "application/octet-stream"),
        ("a", b"x", "application/octet-stream"),
        ("a.unheard-of", b"x", "application/octet-stream"),
    ],
)  # fmt: skip
def test_the_media_type_follows_from_the_name(name, content, expected):
    assert Attachment(name=name, content=content).media_type == expected


@given(
    name=st.text(
        st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/"), min_size=1
    ).map(lambda text: f"{text[:60].strip()}.bin"),  # the reader's library strips names
    content=st.binary(max_size=500),
)
def test_any_name_and_any_bytes_come_back(name, content):
    part = mime.attachment(name, "application/octet-stream", content)

    raw = mime.build({"Subject": "x"}, text="Hello\n", html="", attachments=[part])

    assert files(opened(raw)) == [(name, "application/octet-stream", content)]


def test_case_16_nul_in_a_file_name_is_refused():
    """Apart, since PostgreSQL keeps no such name."""
    with pytest.raises(ValueError, match="has a line break or control character in it"):
        mime.attachment("a\0.pdf", "application/pdf", PDF)


def test_a_template_of_no_database_has_its_files_at_hand(db):
    row = EmailTemplate(name="x")
    row.unsaved_attachments = [Attachment(name="a.pdf", content=PDF)]

    (part,) = attached.parts(row)

    assert message_from_bytes(part, policy=policy.default).get_content() == PDF
