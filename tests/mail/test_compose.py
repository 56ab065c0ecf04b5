"""The bytes of an email."""

from dataclasses import replace
from email import message_from_bytes, policy

import pytest

from mail import compose
from mail.models import EmailTemplate, Message


def build(message):
    raw = compose.compose(message).raw
    return raw, message_from_bytes(raw, policy=policy.default)


def text_of(mail, kind="plain"):
    return mail.get_body((kind,)).get_content().replace("\r\n", "\n")


def header_line(raw, name):
    """A header with its folds taken out, as it left."""
    head = raw.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").decode()
    return next(line for line in head.split("\r\n") if line.startswith(f"{name}:"))


def test_an_email_has_its_headers(queue, lead, mailbox):
    message = queue(lead)

    raw, mail = build(message)

    assert mail["From"] == "Ada Byron <ada@example.com>"
    assert mail["To"] == "grace@customer.example"
    assert mail["Subject"] == "A question, Grace"
    assert mail["Message-ID"] == message.message_id
    assert mail["Date"] == "Wed, 04 Mar 2026 12:00:00 +0000"
    assert mail["X-Cadenza-Step"] == message.token
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (mail["References"], mail["In-Reply-To"]) == (None, None)
    assert text_of(mail).startswith("Hello Grace\n\nExample GmbH\nUnsubscribe: https://out.")
    assert "<p>Hello Grace</p>" in text_of(mail, "html")
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_without_a_public_address_mail_alone_unsubscribes(queue, lead, sender):
    sender.public_url = ""
    sender.save()

    raw, mail = build(queue(lead))

    assert header_line(raw, "List-Unsubscribe").startswith(
        "List-Unsubscribe: <mailto:ada@example.com?subject=unsubscribe%20"
    )
    assert mail["List-Unsubscribe-Post"] is None


def test_a_follow_up_keeps_subject_and_thread(queue, lead):
    first = queue(lead)
    first.subject, first.references = "A question, Grace", "<root@x>"
    first.save()

    _, mail = build(queue(lead, step="reminder", parent=first))

    assert mail["Subject"] == "A question, Grace"
    assert mail["In-Reply-To"] == first.message_id
    assert mail["References"] == f"<root@x> {first.message_id}"


def test_long_headers_leave_as_they_are(queue, lead, sender):
    sender.public_url = f"https://out.example.com/{'p' * 300}"
    sender.save()
    first = queue(lead)
    ids = " ".join(f"<{str(n) * 80}@example.com>" for n in range(6))
    first.subject, first.references = "A question", ids
    first.save()

    raw, _ = build(queue(lead, step="reminder", parent=first))

    assert header_line(raw, "References") == f"References: {ids} {first.message_id}"
    assert f"<https://out.example.com/{'p' * 300}/u/" in header_line(raw, "List-Unsubscribe")
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_a_name_with_comma_and_umlaut(queue, lead, mailbox):
    mailbox.display_name = 'Müller, Jörg "JM"'
    mailbox.save()

    _, mail = build(queue(lead))

    assert [(a.display_name, a.addr_spec) for a in mail["From"].addresses] == [
        ('Müller, Jörg "JM"', "ada@example.com")
    ]


def test_a_subject_in_any_script(queue, make_lead, template):
    _, mail = build(queue(make_lead(first_name="Γεωργία 山田太郎 " * 10)))

    assert mail["Subject"] == f"A question, {'Γεωργία 山田太郎 ' * 10}".strip()


@pytest.mark.parametrize("evil", ["\r\nBcc: x@y.example", "\n", "\r", "\x00", "\x1b"])
def test_line_breaks_and_control_characters_are_refused(queue, make_lead, mailbox, evil):
    in_subject = queue(make_lead("a@customer.example"))
    in_subject.lead.first_name = f"G{evil}race"
    in_address = queue(make_lead("b@customer.example"))
    in_address.to_email = f"b{evil}@customer.example"

    for message, what in ((in_subject, "subject"), (in_address, "address")):
        with pytest.raises(compose.Unsendable, match=f"the {what} .* has a line break"):
            compose.compose(message)


@pytest.mark.parametrize("evil", ["\r\nBcc: x@y.example", "\x00"])
def test_a_senders_name_is_held_to_the_same(queue, lead, evil):
    message = queue(lead)
    message.mailbox.display_name = f"Ada{evil}"

    with pytest.raises(compose.Unsendable, match="sender's name"):
        compose.compose(message)


@pytest.mark.parametrize(
    "body",
    [
        "x" * 4000,
        f"https://example.com/{'a' * 1200}",
        f"{'x' * 75}.\n.\n..\n.end",
        "trailing space \nand = signs == \ttab\t\n",
        "Grüße\u2028\x85 🎼",
    ],
)
def test_any_text_arrives_as_it_was(queue, lead, template, body):
    template.text, template.html = body, f"<p>{body}</p>"
    template.save()

    raw, mail = build(queue(lead))

    assert text_of(mail) == body
    assert text_of(mail, "html") == f"<p>{body}</p>"
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@pytest.mark.parametrize(
    "body",
    [
        "{% if company %}some{% else %}none{% endif %} {{ company.name | default('-') }}",
        "{{ lead }} {{ owner }}",
        "{{ lead.extra.plan }} {{ lead['title'] | default('-') }} {{ lead.extra['plan'] }}",
        "{% if not deal.exists and lead.score > 3 %}{{ lead.score }}{% endif %}",
        "{{ answer.disposition | default('-') }} {{ meeting.day | default('-') }} {{ sender.email }}",
        "{{ unsubscribe_url }} {{ owner.email | default(sender.company) }}",
    ],
)
def test_what_is_read_is_what_it_would_be_among_all_facts(
    queue, make_lead, template, monkeypatch, body
):
    template.text = template.html = body
    template.save()
    message = queue(make_lead(title="", score=7, extra={"plan": "gold", "seats": ""}))

    made = compose.compose(message)
    monkeypatch.setattr(compose, "_read", lambda *_: None)

    assert made == replace(compose.compose(message), raw=made.raw)
    assert made.text


def test_a_missing_value_is_no_email(queue, make_lead):
    message = queue(make_lead(first_name=""))

    where = "templates/email/opening/body.txt:1: lead.first_name is blank"
    with pytest.raises(compose.Unsendable, match=where):
        compose.compose(message)


@pytest.mark.parametrize(
    "code",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ 1/0 }}",
        "{% for",
        "{{ 'a' + 1 }}",
        "{{ sender.company | truncate(2) }}",
    ],
)
def test_a_bad_template_is_no_email(queue, lead, template, code):
    template.text = code
    template.save()

    with pytest.raises(compose.Unsendable, match="templates/email/opening/body.txt:1: "):
        compose.compose(queue(lead))


def test_a_problem_is_told_before_anything_is_queued(lead, make_lead, template, mailbox, sender):
    nameless = make_lead("nameless@customer.example", first_name="")

    def problem(lead):
        return compose.problem(template, lead, None, mailbox=mailbox, sender=sender)

    assert problem(lead) == ""
    assert "first_name" in problem(nameless)


def test_an_international_domain_goes_out_in_ascii(queue, make_lead):
    message = queue(make_lead())
    message.to_email = "grace@bücher.example"

    assert build(message)[1]["To"] == "grace@xn--bcher-kva.example"


def test_the_same_lead_gets_the_same_unsubscribe_link(queue, lead):
    bodies = [
        compose.compose(message).text
        for message in (queue(lead), queue(lead, step="two", enrollment=99))
    ]

    assert bodies[0] == bodies[1]
    assert Message.objects.count() == 2
    assert EmailTemplate.objects.count() == 1
