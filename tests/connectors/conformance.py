"""What every connector must do. Subclass it, and give a fixture `crm` with an `Account`."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.base import (
    KINDS,
    CompanyRecord,
    Custom,
    CustomType,
    DealRecord,
    LeadRecord,
    OwnerRecord,
    Update,
    Written,
)
from connectors.edits import Edit
from connectors.engagements import Completion, Handover, Touch, TouchKind
from connectors.errors import Conflict, Refused, Unauthorized, Unavailable
from connectors.records import TYPES


@dataclass(kw_only=True)
class Account:
    """One CRM account under test, with what a test must know of it."""

    #: Builds a connector of this account, with settings in place of the right ones.
    connect: Any
    #: The CRM's moment, and moving it on.
    now: Any
    advance: Any
    #: Settings that point to nobody, and ones with a wrong secret; None where there is no secret.
    nowhere: dict[str, Any]
    wrong_secret: dict[str, Any] | None
    #: Ids of a lead and of a deal, and values to write there; no status where leads have none.
    lead_id: str
    deal_id: str
    status: str
    stage: str
    #: An update that this CRM refuses.
    refused: Update
    #: An id of a lead that nobody has.
    unknown_id: str
    #: Calls that a pull of a kind may make when nothing changed.
    quiet_calls: dict[str, int]
    #: Two fields of a lead that hold any text.
    texts: tuple[str, str] = ("title", "phone")
    #: Declared type -> a field of a lead that no standard one is; of a deal where `custom_of` says so.
    custom: Mapping[CustomType, str]
    custom_of: Written = "lead"
    #: What a person makes of a field of ours in the CRM, (kind, field, value) -> who; None: it cannot tell.
    by_hand: Any = None
    #: Tasks have no owner, and cannot be handed over.
    tasks_are_nobodys: bool = False

    def pull(self, connector, kind, cursor=""):
        """Records by id of a whole pull, and the last cursor."""
        records: dict[str, Any] = {}
        last = cursor
        for page in connector.changed(kind, cursor, now=self.now()):
            assert page.skipped == () or not list(page.skipped), page.skipped
            records |= {record.external_id: record for record in page.records}
            last = page.cursor
        return records, last


#: Declared type -> a value of it, and a blank.
_CUSTOM: Mapping[CustomType, Custom] = {
    "text": "a text",
    "number": 0.5,
    "bool": True,
    "date": "2027-01-31",
    "datetime": "2027-01-31T09:30:00+00:00",
    "multiselect": ["apac", "emea"],
}
_CUSTOM_BLANK: Mapping[CustomType, Custom] = {
    "text": "",
    "number": None,
    "bool": False,  # a checkbox of Salesforce knows no third state
    "date": None,
    "datetime": None,
    "multiselect": [],
}


class Conformance:
    @pytest.fixture
    def connector(self, crm):
        made = crm.connect()
        yield made
        made.close()

    def test_check_says_who_we_are(self, connector):
        assert connector.check().strip()

    def test_choices_hold_what_the_records_have(self, crm, connector):
        statuses = connector.choices("lead", ["status", "email"])
        stages = connector.choices("deal", ["stage"])

        leads, _ = crm.pull(connector, "lead")
        deals, _ = crm.pull(connector, "deal")
        assert (set(statuses), set(stages)) == ({"status"}, {"stage"})
        assert {lead.status for lead in leads.values()} - {""} <= {
            choice.value for choice in statuses["status"]
        }
        assert {deal.stage for deal in deals.values()} <= {
            choice.value for choice in stages["stage"]
        }
        assert crm.stage in {choice.value for choice in stages["stage"]}

    def test_first_pull_brings_everything_linked(self, crm, connector):
        pulled = {kind: crm.pull(connector, kind)[0] for kind in KINDS}

        for kind in KINDS:
            assert pulled[kind]
            assert {type(record) for record in pulled[kind].values()} == {TYPES[kind]}
        owners, companies, leads, deals = (pulled[kind] for kind in KINDS)
        assert all(isinstance(owner, OwnerRecord) and owner.email for owner in owners.values())
        for record in [*companies.values(), *leads.values(), *deals.values()]:
            assert isinstance(record, CompanyRecord | LeadRecord | DealRecord)
            assert record.owner_id in {"", *owners}
        assert {lead.company_id for lead in leads.values()} <= {"", *companies}
        assert {deal.company_id for deal in deals.values()} <= {"", *companies}
        assert {id_ for deal in deals.values() for id_ in deal.lead_ids} <= set(leads)
        assert any(deal.lead_ids for deal in deals.values())

    @pytest.mark.parametrize("kind", KINDS)
    def test_count_is_what_a_first_pull_brings(self, crm, connector, kind):
        pulled = crm.pull(connector, kind)[0]

        living = [record for record in pulled.values() if not record.deleted]
        assert connector.count(kind) == len(living)

    @pytest.mark.parametrize("kind", KINDS)
    def test_quiet_pull_is_empty_and_cheap(self, crm, connector, kind):
        _, cursor = crm.pull(connector, kind)
        for _ in range(2):
            crm.advance()
            # May repeat what lies in the overlap, and what an index may have learned late.
            _, cursor = crm.pull(connector, kind, cursor)
        crm.advance()
        before = connector.calls

        records, after = crm.pull(connector, kind, cursor)

        assert records == {}
        assert connector.calls - before <= crm.quiet_calls[kind]
        assert crm.pull(connector, kind, after)[0] == {}

    def test_change_is_seen_and_then_quiet(self, crm, connector):
        _, cursor = crm.pull(connector, "lead")
        crm.advance()
        _, cursor = crm.pull(connector, "lead", cursor)
        crm.advance()
        _change(crm, "Chief of the change")

        seen, cursor = crm.pull(connector, "lead", cursor)
        crm.advance()
        repeated = {}
        for _ in range(2):
            again, cursor = crm.pull(connector, "lead", cursor)
            repeated |= again
            crm.advance()
        quiet, _ = crm.pull(connector, "lead", cursor)

        assert seen[crm.lead_id].title == "Chief of the change"
        assert set(repeated) <= set(seen)
        assert quiet == {}

    def test_change_at_the_moment_of_a_pull_is_seen_by_the_next(self, crm, connector):
        _, cursor = crm.pull(connector, "lead")
        _change(crm, "Chief of the moment")

        seen, _ = crm.pull(connector, "lead", cursor)

        assert seen[crm.lead_id].title == "Chief of the moment"

    @pytest.mark.parametrize("kind", KINDS)
    def test_first_pull_resumes_behind_every_page(self, crm, connector, kind):
        pages = list(connector.changed(kind, "", now=crm.now()))
        everything = {record.external_id for page in pages for record in page.records}

        for number, page in enumerate(pages[:-1], start=1):
            landed = {record.external_id for done in pages[:number] for record in done.records}
            rest, _ = crm.pull(connector, kind, page.cursor)
            assert landed | set(rest) == everything
            assert len(rest) < len(everything) or not landed

    def test_delta_resumes_behind_every_page(self, crm, connector):
        ids = sorted(crm.pull(connector, "lead")[0])
        cursor = crm.pull(connector, "lead")[1]
        crm.advance()
        cursor = crm.pull(connector, "lead", cursor)[1]
        crm.advance()
        title = f"Delta {next(_serial)}"
        edited = connector.update(
            [Update(kind="lead", external_id=id_, fields={"title": title}) for id_ in ids]
        )
        assert [outcome.error for outcome in edited] == [None] * len(ids)

        pages = list(connector.changed("lead", cursor, now=crm.now()))

        for number, page in enumerate(pages, start=1):
            landed = {record.external_id for done in pages[:number] for record in done.records}
            rest, _ = crm.pull(connector, "lead", page.cursor)
            assert landed | set(rest) >= set(ids)

    def test_update_reads_back(self, crm, connector):
        lead = {"status": crm.status} if crm.status else {crm.texts[0]: "A new one"}
        outcomes = connector.update(
            [
                Update(kind="lead", external_id=crm.lead_id, fields=lead),
                Update(kind="deal", external_id=crm.deal_id, fields={"stage": crm.stage}),
            ]
        )

        assert [(o.external_id, o.error) for o in outcomes] == [
            (crm.lead_id, None),
            (crm.deal_id, None),
        ]
        (name,) = lead
        assert getattr(connector.read("lead", [crm.lead_id])[0], name) == lead[name]
        assert connector.read("deal", [crm.deal_id])[0].stage == crm.stage

    def test_update_keeps_every_character(self, crm, connector):
        title = "Zoë «ß»; 'x', \"y\"\nline2 \\ 東京 \N{CLINKING BEER MUGS}"

        _change(crm, title)

        assert connector.read("lead", [crm.lead_id])[0].title == title

    def test_custom_fields_keep_their_types(self, crm):
        kind, id_ = crm.custom_of, crm.lead_id if crm.custom_of == "lead" else crm.deal_id
        connector = crm.connect(
            fields={kind: dict(crm.custom)}, types={kind: {type_: type_ for type_ in crm.custom}}
        )
        for values in (_CUSTOM, _CUSTOM_BLANK):
            written = {type_: values[type_] for type_ in crm.custom}

            outcomes = connector.update([Update(kind=kind, external_id=id_, fields=written)])

            assert [outcome.error for outcome in outcomes] == [None]
            (record,) = connector.read(kind, [id_])
            assert {type_: record.extra[type_] for type_ in crm.custom} == written

    @pytest.mark.parametrize(("kind", "field"), [("deal", "stage"), ("lead", "status")])
    def test_edits_tell_who_changed_what_when(self, crm, connector, kind, field):
        id_, ours = {"deal": (crm.deal_id, crm.stage), "lead": (crm.lead_id, crm.status)}[kind]
        if crm.by_hand is None or not ours:
            assert connector.edits(kind, field, [id_]) == {}
            return
        theirs = next(c.value for c in connector.choices(kind, [field])[field] if c.value != ours)
        crm.by_hand(kind, field, theirs)
        crm.advance()
        began = crm.now()
        connector.update([Update(kind=kind, external_id=id_, fields={field: ours})])
        crm.advance()

        who = crm.by_hand(kind, field, theirs)

        told = connector.edits(kind, field, [id_, crm.unknown_id])
        assert set(told) == {id_}
        mine, last = told[id_][-2:]
        assert (mine.value, mine.at, mine.who, mine.source) == (ours, began, "", "integration")
        assert last == Edit(value=theirs, at=crm.now(), who=who, source="person")

    def test_two_updates_of_one_record_both_land(self, crm, connector):
        outcomes = connector.update(
            [
                Update(kind="lead", external_id=crm.lead_id, fields={crm.texts[0]: "Twice"}),
                Update(kind="lead", external_id=crm.lead_id, fields={crm.texts[1]: "Another"}),
            ]
        )

        assert [outcome.error for outcome in outcomes] == [None, None]
        (lead,) = connector.read("lead", [crm.lead_id])
        assert [getattr(lead, name) for name in crm.texts] == ["Twice", "Another"]

    def test_refused_row_does_not_hold_up_healthy_ones(self, crm, connector):
        outcomes = connector.update(
            [
                Update(kind="lead", external_id=crm.lead_id, fields={"title": "Healthy"}),
                crm.refused,
                Update(kind="deal", external_id=crm.deal_id, fields={"stage": crm.stage}),
            ]
        )

        assert [type(outcome.error) for outcome in outcomes] == [type(None), Refused, type(None)]
        assert outcomes[1].external_id == ""
        assert outcomes[1].error.field
        assert connector.read("lead", [crm.lead_id])[0].title == "Healthy"

    def test_unknown_field_is_refused_with_the_choices(self, crm, connector):
        (outcome,) = connector.update(
            [Update(kind="lead", external_id=crm.lead_id, fields={"statsu": "x"})]
        )

        assert isinstance(outcome.error, Refused)
        assert outcome.error.field == "statsu"
        assert crm.texts[0] in str(outcome.error)

    def test_record_that_is_gone_is_a_conflict_and_not_read(self, crm, connector):
        (outcome,) = connector.update(
            [Update(kind="lead", external_id=crm.unknown_id, fields={"title": "x"})]
        )

        assert isinstance(outcome.error, Conflict)
        assert list(connector.read("lead", [crm.unknown_id])) == []
        assert [r.external_id for r in connector.read("lead", [crm.unknown_id, crm.lead_id])] == [
            crm.lead_id
        ]

    def test_touches_of_every_kind_are_logged_and_found(self, crm, connector):
        touches = [
            _touch(crm, "first"),
            _touch(crm, "not delivered", kind="bounce"),
            _touch(crm, "second", deal_id=crm.deal_id),
            _touch(crm, "answer", kind="reply", deal_id=crm.deal_id),
        ]

        outcomes = connector.log_touches(touches)

        assert [outcome.error for outcome in outcomes] == [None] * 4
        found = connector.find_touches([crm.lead_id])
        assert [found.get(touch.message_id) for touch in touches] == [
            outcome.external_id for outcome in outcomes
        ]
        assert touches[0].message_id not in connector.find_touches([crm.unknown_id])

    def test_tasks_are_logged_open_and_ticked_off(self, crm, connector):
        touches = [
            _touch(crm, "call them", kind="task"),
            _touch(crm, "show them", kind="meeting", deal_id=crm.deal_id),
        ]
        logged = connector.log_touches(touches)
        assert [outcome.error for outcome in logged] == [None] * 2
        found = connector.find_touches([crm.lead_id])
        assert [found.get(t.message_id) for t in touches] == [o.external_id for o in logged]

        for _ in range(2):  # once more changes nothing
            outcomes = connector.complete(
                [
                    Completion(kind="task", external_id=logged[0].external_id),
                    Completion(kind="meeting", external_id=logged[1].external_id),
                    Completion(kind="task", external_id=crm.unknown_id),
                ]
            )
            assert [type(outcome.error) for outcome in outcomes] == [
                type(None), type(None), Conflict,
            ]  # fmt: skip

    def test_a_call_that_was_made_is_logged_and_found(self, crm, connector):
        call = _touch(crm, "Called them", kind="call", deal_id=crm.deal_id)

        (outcome,) = connector.log_touches([call])

        assert outcome.error is None
        assert connector.find_touches([crm.lead_id])[call.message_id] == outcome.external_id

    def test_tasks_are_handed_over(self, crm, connector):
        (logged,) = connector.log_touches([_touch(crm, "call them", kind="task")])
        owner = max(crm.pull(connector, "owner")[0])

        for _ in range(2):  # once more changes nothing
            outcomes = connector.hand_over(
                [
                    Handover(kind="task", external_id=logged.external_id, owner_id=owner),
                    Handover(kind="task", external_id=crm.unknown_id, owner_id=owner),
                ]
            )
            given = Refused if crm.tasks_are_nobodys else type(None)
            gone = Refused if crm.tasks_are_nobodys else Conflict
            assert [type(outcome.error) for outcome in outcomes] == [given, gone]

    def test_nothing_to_write_makes_no_call(self, connector):
        before = connector.calls

        assert list(connector.update([])) == []
        assert connector.edits("lead", "status", []) == {}
        assert list(connector.log_touches([])) == []
        assert list(connector.complete([])) == []
        assert list(connector.hand_over([])) == []
        assert connector.calls == before

    def test_wrong_secret_is_unauthorized(self, crm):
        if crm.wrong_secret is None:
            pytest.skip("has no secret")
        stranger = crm.connect(**crm.wrong_secret)

        for attempt in (
            stranger.check,
            lambda: crm.pull(stranger, "lead"),
            lambda: stranger.update([crm.refused]),
        ):
            with pytest.raises(Unauthorized):
                attempt()
        stranger.close()

    def test_nobody_there_is_unavailable_within_seconds(self, crm):
        lost = crm.connect(**crm.nowhere)
        began = time.monotonic()

        for attempt in (
            lost.check,
            lambda: crm.pull(lost, "deal"),
            lambda: lost.log_touches([_touch(crm, "lost")]),
        ):
            with pytest.raises(Unavailable):
                attempt()
        assert time.monotonic() - began < 10
        lost.close()

    def test_cursor_of_nobody_starts_over(self, crm, connector):
        everything, _ = crm.pull(connector, "company")

        assert crm.pull(connector, "company", "no cursor")[0].keys() == everything.keys()
        assert crm.pull(connector, "company", '{"since": 7}')[0].keys() == everything.keys()


def _change(crm, title):
    """Edit as somebody else does: over another connector."""
    other = crm.connect()
    (outcome,) = other.update(
        [Update(kind="lead", external_id=crm.lead_id, fields={"title": title})]
    )
    other.close()
    assert outcome.error is None


_serial = iter(range(10**6))


def _dashed(subject):
    return subject.replace(" ", "-")


def _touch(crm, subject, deal_id="", kind: TouchKind = "email"):
    return Touch(
        kind=kind,
        message_id=f"<{_dashed(subject)}.{next(_serial)}@cadenza.example>",
        subject=subject,
        text=f"Hello, this is {subject}.\n\nRegards, Zoë",
        sent_at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
        from_email="ada@example.com",
        to_email="lead@example.com",
        lead_id=crm.lead_id,
        deal_id=deal_id,
    )
