"""Previews are made of files nobody applied, by the code that sends, and leave nothing behind."""

from email import message_from_bytes, policy

import pytest

from crm.facts import FIELDS
from crm.models import Connection, Deal, Lead, Owner
from mail.models import EmailTemplate, Mailbox, Message, Sender
from process.blueprint import load
from process.preview import missing_mailbox, preview
from process.sample import sample
from runtime import clock
from sequences.models import AppliedVersion, Enrollment
from workspace.problems import Fault
from workspace.source import read_yaml

pytestmark = pytest.mark.django_db

FORK = """
name: fork
stage: Approach
steps:
  - id: opening
    email: { approach-cold-opening: 3, approach-cold-idea: 1 }
  - id: looked
    branch:
      - when: event.clicked
        steps:
          - id: reminder
            email: approach-cold-reminder
      - steps: []
  - id: note
    email: approach-cold-closing
  - id: other
    email: approach-cold-idea
    thread: new
"""


@pytest.fixture
def loaded(starter):
    (starter / "sequences" / "fork.yaml").write_text(FORK)
    return load(starter, schema=FIELDS)


def previewed(loaded, name, **values):
    lead, deal = sample(loaded, stage="Approach")
    for field, value in values.items():
        setattr(lead, field, value)
    return preview(loaded, name, lead, deal)


def read(email):
    return message_from_bytes(email.raw, policy=policy.default)


def test_every_email_in_order_with_its_variants_and_ways(loaded):
    emails = previewed(loaded, "fork")

    assert [(e.step, e.template, e.percent, e.way, e.follows) for e in emails] == [
        ("opening", "approach-cold-opening", 75, "", ""),
        ("opening", "approach-cold-idea", 25, "", ""),
        ("reminder", "approach-cold-reminder", 100, "looked, way 1", "opening"),
        ("note", "approach-cold-closing", 100, "", "reminder"),
        ("other", "approach-cold-idea", 100, "", ""),
    ]
    assert [e.at.removeprefix("sequences/fork.yaml:") for e in emails] == [
        "5",
        "5",
        "11",
        "14",
        "16",
    ]
    assert [e.problem for e in emails] == [""] * 5


def test_follow_ups_are_in_the_thread_of_the_email_before(loaded):
    opening, _, reminder, note, other = map(read, previewed(loaded, "fork"))

    assert reminder["In-Reply-To"] == opening["Message-ID"]
    assert note["In-Reply-To"] == reminder["Message-ID"]
    assert str(note["References"]).split() == [opening["Message-ID"], reminder["Message-ID"]]
    assert opening["Subject"] == reminder["Subject"] == note["Subject"]
    assert other["In-Reply-To"] is None
    assert other["Subject"] == "One report that writes itself"


def test_the_headers_are_those_that_leave(loaded):
    mail = read(previewed(loaded, "approach-cold-opening")[0])

    assert mail["From"] == "Ada Byron <ada@example.com>"
    assert mail["To"] == "grace.hopper@hopper.example"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert str(mail["List-Unsubscribe"]).startswith("<https://outreach.example.com/u/")
    assert "Hi Grace," in mail.get_body(("plain",)).get_content()
    assert "<p>Hi Grace,</p>" in mail.get_body(("html",)).get_content()


def test_a_template_that_follows_up_is_shown_in_its_thread(loaded):
    [reminder] = previewed(loaded, "approach-cold-reminder")

    assert reminder.follows == "opening"
    assert read(reminder)["Subject"] == "Where the week goes at Hopper Ltd"


def test_a_template_that_no_sequence_sends_is_shown_alone(starter):
    folder = starter / "templates/email/extra"
    folder.mkdir()
    (folder / "subject.txt").write_text("Hello {{ lead.first_name }}")
    (folder / "body.txt").write_text("{{ sender.postal_address }} {{ unsubscribe_url }}")

    [email] = previewed(load(starter, schema=FIELDS), "extra")

    assert (email.step, email.follows, email.at) == ("", "", "templates/email/extra/body.txt")
    assert read(email)["Subject"] == "Hello Grace"


def test_a_blank_fact_is_told_with_file_and_line_and_the_others_are_shown(starter):
    body = starter / "templates/email/approach-cold-opening/body.txt"
    body.write_text("A line.\n{{ lead.title }}\n" + body.read_text())

    opening, _, *others = previewed(load(starter, schema=FIELDS), "approach-cold", title="")

    assert (opening.raw, opening.problem) == (
        b"",
        "templates/email/approach-cold-opening/body.txt:2: lead.title is blank; "
        'give another text: lead.title | default("...")',
    )
    assert [email.problem for email in others] == ["", ""]


def test_mapped_fields_have_values_in_the_sample(starter):
    path = starter / "cadenza.yaml"
    mapped = (
        "{ seats: seats, tags: tags }\n    types:\n      lead: { seats: number, tags: multiselect }"
    )
    path.write_text(path.read_text().replace("{ timezone: hs_timezone }", mapped))

    lead, _ = sample(load(starter, schema=FIELDS))

    assert lead.extra == {"seats": 10, "tags": ["sample"]}


def test_a_real_lead_is_written_to_by_its_reps_mailbox_and_nothing_is_written_down(
    starter, loaded, django_assert_num_queries
):
    source = Connection.objects.create(name="x", kind="csv", pull_every=clock.now() - clock.now())
    owner = Owner.objects.create(email="ada@example.com", name="Ada")
    stranger = Owner.objects.create(email="bob@example.com", name="Bob")
    lead = Lead.objects.create(
        email="li@x.example", first_name="Li", owner=owner, source=source, created_at=clock.now()
    )
    document = read_yaml(starter / "cadenza.yaml", "cadenza.yaml")

    with django_assert_num_queries(0):
        opening, *_ = preview(loaded, "fork", lead, None)

    assert read(opening)["To"] == "li@x.example"
    assert missing_mailbox(loaded, document, lead) == ""
    lead.owner = stranger
    assert missing_mailbox(loaded, document, lead).endswith(
        ':1: no mailbox has the owner "bob@example.com", whose lead Li is'
    )
    lead.owner = None
    assert missing_mailbox(loaded, document, lead).startswith("Li has no owner")
    models = (AppliedVersion, Enrollment, Message, EmailTemplate, Mailbox, Sender, Deal)
    assert [model.objects.count() for model in models] == [0] * 7


def test_an_unknown_name_is_told_with_the_valid_ones(loaded):
    with pytest.raises(Fault, match='unknown sequence or template "approach-cool"; did you mean "'):
        previewed(loaded, "approach-cool")
