"""`invite` of an email step: the moment is a field that the team mapped, and previews show it."""

from email import message_from_bytes, policy

import pytest
from icalendar import Calendar

from crm.facts import FIELDS
from process import preview, sample
from process.blueprint import Invalid, load

INVITING = """\
name: demo
stage: Approach
steps:
  - id: invitation
    email: approach-cold-opening
    invite:
      title: Demo for {{ company.name }}
      start: START
      duration: 30 minutes
"""


@pytest.fixture
def loading(mapped):
    """Load the starter with a sequence that invites to this moment."""

    def of(start):
        (mapped / "sequences" / "demo.yaml").write_text(INVITING.replace("START", start))
        return load(mapped, schema=FIELDS)

    return of


def test_a_preview_shows_the_invitation(loading, db):
    blueprint = loading("deal.extra.demo_at")
    lead, deal = sample.sample(blueprint)

    (email,) = preview.preview(blueprint, "demo", lead, deal)

    mail = message_from_bytes(email.raw, policy=policy.default)
    (file,) = mail.iter_attachments()
    (event,) = Calendar.from_ical(file.get_content()).events
    assert (file.get_filename(), str(event["SUMMARY"])) == ("invite.ics", "Demo for Hopper Ltd")
    assert str(event["ATTENDEE"]) == f"mailto:{lead.email}"


def test_a_field_that_is_no_moment_is_told_with_those_that_are(loading):
    with pytest.raises(Invalid) as caught:
        loading("deal.extra.size")

    assert [str(problem) for problem in caught.value.problems] == [
        'sequences/demo.yaml:8:14: steps.0.invite.start: "deal.extra.size" is no moment; '
        "valid: deal.extra.demo_at, meeting.start; others are mapped in cadenza.yaml with the type datetime"
    ]
