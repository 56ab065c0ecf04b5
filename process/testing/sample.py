"""The lead that tests are about: the sample, unless a test says otherwise."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from crm.fields import FIELDS
from mail.definition import MailboxSettings
from mail.legal import Rules
from process.blueprint import Blueprint
from process.person import FACTS, extra
from process.prospecting.lists import of_crms
from process.simulation.files import files
from process.simulation.rows import Connection, Deal, Lead, Mailbox
from process.simulation.rows import Facts as Rows
from process.simulation.scene import Scene
from process.simulation.witness import Witness
from process.testing.definition import Case, Facts
from process.testing.definition import Deal as DealFacts
from sequences import whereabouts
from workspace.zones import zone

#: Monday at nine, with no change of clocks for weeks.
START = datetime(2026, 3, 2, 9, 0)  # noqa: DTZ001 - in whatever time zone the lead has
_REP, _LEAD, _COLLEAGUE, _COMPANY = 1, 1, 2, 1


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A scene with one lead in it, and a colleague where the test needs one."""

    scene: Scene
    lead: Lead
    colleague: Lead
    timezone: ZoneInfo
    start: datetime  #: in the lead's time zone


def stage(blueprint: Blueprint, case: Case, *, sequence: str, witness: Witness) -> Stage:
    """Everybody at the start of a test."""
    facts = _facts(blueprint, case, blueprint.sequences[sequence].stage)
    timezone = _timezone(blueprint, facts, sequence)
    start = started(case).replace(tzinfo=timezone)
    now = start.astimezone(UTC)
    source = next(iter(blueprint.connections))
    lead = _lead(case.lead, facts, source, now)
    colleague = _colleague(lead)
    if case.deal is not None:
        lead.deals.append(_deal(blueprint, case.deal, lead, source, now))
    scene = Scene(
        files=replace(files(blueprint), privacy=Rules()),  # which CRMs tell, and no sample
        now=now,
        leads={one.pk: one for one in (lead, colleague)},
        connections={source: _connection(blueprint, source, now)},
        mailboxes={_REP: [_mailbox(blueprint.mailboxes[0])]},
        # A test is about what becomes of whoever is on them.
        listed=dict.fromkeys(of_crms(blueprint.process.lists), (_LEAD,)),
        witness=witness,
    )
    _add_past(scene, lead, case, sequence)
    return Stage(scene=scene, lead=lead, colleague=colleague, timezone=timezone, start=start)


def started(case: Case) -> datetime:
    """The wall clock at the start."""
    return case.start.moment(START) if case.start else START


def _facts(blueprint: Blueprint, case: Case, stage_: str) -> Rows:
    rep = blueprint.mailboxes[0]
    facts: Rows = {name: dict.fromkeys(FIELDS[name]) for name in FIELDS if name != "deal"}
    facts["lead"] |= {**FACTS["lead"], "extra": extra(blueprint, "lead"), "stage": stage_}
    facts["company"] |= {**FACTS["company"], "extra": extra(blueprint, "company")}
    facts["owner"] |= {"name": rep.name or None, "email": rep.owner}
    for written, value in case.lead.items():
        name, _, field = written.rpartition(".") if written.count(".") else ("lead", "", written)
        match name:
            case "extra":
                facts["lead"]["extra"] |= {field: value}  # type: ignore[operator]  # a dict
            case "company.extra":
                facts["company"]["extra"] |= {field: value}  # type: ignore[operator]  # a dict
            case _ if field != "id":
                facts[name][field] = value
    source = next(iter(blueprint.connections))
    if "status" not in case.lead:
        facts["lead"]["status"] = counterpart(blueprint, source, "lead", facts["lead"]["stage"])
    return facts


def _timezone(blueprint: Blueprint, facts: Rows, sequence: str) -> ZoneInfo:
    """As the enrollment will have it."""
    window = blueprint.sequences[sequence].window
    told = whereabouts.timezone_of(facts, window=window.timezone, workspace=blueprint.timezone)
    return zone(str(told["zone"]))


def counterpart(blueprint: Blueprint, source: str, target: str, stage_: object) -> str | None:
    """What the CRM calls a stage: the value that is written."""
    for one in blueprint.process.stages:
        if one.name == stage_ and source in one.counterparts:
            words = one.counterparts[source]
            values = words.deal_stage if target == "deal" else words.lead_status
            return values[0] if values else None
    return None


def _lead(written: Facts, facts: Rows, source: str, now: datetime) -> Lead:
    id_, company_id = written.get("id", _LEAD), written.get("company.id", _COMPANY)
    return Lead(
        pk=int(str(id_)),
        facts=facts,
        source=source,
        company_id=int(str(company_id)),
        owner_id=_REP,
        stage_since=now,
    )


def _colleague(lead: Lead) -> Lead:
    """Without an owner, so that no rule takes it in."""
    facts = {name: dict(values) for name, values in lead.facts.items()}
    facts["lead"] |= {
        "email": "alan.turing@hopper.example",
        "first_name": "Alan",
        "last_name": "Turing",
    }
    return Lead(
        pk=lead.pk + _COLLEAGUE, facts=facts, source=lead.source, company_id=lead.company_id
    )


def _deal(blueprint: Blueprint, deal: DealFacts, lead: Lead, source: str, now: datetime) -> Deal:
    own = deal.model_dump(exclude={"state", "extra"}, exclude_none=True)
    facts: dict[str, object] = {**dict.fromkeys(FIELDS["deal"]), **FACTS["deal"], **own}
    value = counterpart(blueprint, source, "deal", lead.stage)
    facts |= {"stage_value": value, "exists": True, "is_open": True}
    facts |= {"is_closed": False, "is_won": False}
    facts["extra"] = {**extra(blueprint, "deal"), **deal.extra}
    row = Deal(pk=1, facts=facts, created_at=now - timedelta(days=30))
    if deal.state != "open":
        row.close(now, won=deal.state == "won")
    return row


def _connection(blueprint: Blueprint, source: str, now: datetime) -> Connection:
    every = blueprint.connections[source].pull_every.elapsed
    return Connection(name=source, pull_every=every, pull_due_at=now)


def _mailbox(settings: MailboxSettings) -> Mailbox:
    return Mailbox(pk=1, address=settings.address, limits=settings.limits)


def _add_past(scene: Scene, lead: Lead, case: Case, sequence: str) -> None:
    past = case.past
    if past is None:
        return
    if past.touched is not None:
        lead.touched_at = scene.now - past.touched.elapsed
    if past.ended is not None:
        lead.ended[sequence] = scene.now - past.ended.elapsed
    if past.unsubscribed:
        scene.suppressed.add(lead.email)
        lead.do_not_contact = True
