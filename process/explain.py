"""Why: what happened with a lead, by the reasons kept on the rows, and what comes next."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from crm import facts, stages
from crm.models import Activity, Lead
from mail.models import Message
from mail.suppression import book_of
from process import passage
from runtime import clock
from sequences import enroll, forecast, versions, whereabouts
from sequences.cadence import Assign, Branch, Decision, Miss, Send, Skip, Stop, Update, Wait
from sequences.definition import Enroll
from sequences.models import AppliedVersion, Enrollment, StepRun, Waiting
from sequences.refusals import OPEN
from sequences.states import state_of
from workspace.calendars import public_holidays
from workspace.expressions import evaluate, look_up, reads
from workspace.zones import known, zone

#: Of a reason, what is told besides its rule and place, in this order.
_TOLD = ("event", "cause", "activity", "inbound", "message", "variant", "answer", "by", "how")
_RELATED = ("lead__company", "lead__owner", "deal", "version")


def explanation(lead: Lead) -> Iterator[str]:
    """Lines for people: who it is, each enrollment with its past and future, and what it is not in."""
    yield from _person(lead)
    enrollments = Enrollment.objects.filter(lead=lead).select_related(*_RELATED).order_by("pk")
    for enrollment in enrollments:
        yield ""
        yield from _enrollment(enrollment)
    yield ""
    yield from _others(lead, {enrollment.sequence for enrollment in enrollments})
    yield ""
    yield from passage.told(lead)
    yield ""
    yield from _timeline(lead)


def _person(lead: Lead) -> Iterator[str]:
    place = zone(known(lead.timezone))
    yield f"{lead} <{lead.email or 'no email address'}>, lead {lead.pk}, from {lead.source}"
    since = f" since {_moment(lead.stage_since, place)}" if lead.stage_since else ""
    yield f"stage {lead.stage or 'none'}{since}, owner {lead.owner or 'none'}"
    if lead.doubt:
        yield f"in doubt: {lead.doubt}"
    if lead.do_not_contact:
        yield "asked not to be contacted (flag in the CRM): nothing leaves"
    for row in book_of([lead]).of_lead(lead):
        of = f", the {row.scope} {row.value}" if row.scope in {"domain", "company"} else ""
        why = f"{_because(row.because)} {row.because.get('reason', '')}"
        told = f"suppressed since {_moment(row.at, place)}{of}: {row.kind} {why}"
        yield " ".join(told.split())


def _enrollment(enrollment: Enrollment) -> Iterator[str]:
    place = zone(enrollment.timezone)
    reason = f", {enrollment.reason}" if enrollment.reason else ""
    ended = f" at {_moment(enrollment.ended_at, place)}" if enrollment.ended_at else ""
    where = _whereabouts(enrollment)
    yield f"{enrollment.sequence}: {enrollment.status}{reason}{ended} (times in {where})"
    entered = {key: value for key, value in enrollment.because.items() if key != "ended"}
    yield _line(enrollment.started_at, place, "enrolled", entered)
    yield from _taken(enrollment, place)
    if enrollment.status in OPEN:
        yield from _next(enrollment, place)
    else:
        yield _line(
            enrollment.ended_at, place, enrollment.status, enrollment.because.get("ended", {})
        )


def _whereabouts(enrollment: Enrollment) -> str:
    """The time zone is that of the enrollment's start, the holidays are those of today's country."""
    zone_then = enrollment.because.get("timezone", {"zone": enrollment.timezone})
    holidays = versions.definition_of(enrollment.version).window.holidays or ()
    told = whereabouts.holidays_of(facts.context(enrollment.lead, enrollment.deal), holidays)
    return whereabouts.told_of(zone_then, told)


def _taken(enrollment: Enrollment, place: ZoneInfo) -> Iterator[str]:
    runs = StepRun.objects.filter(enrollment=enrollment)
    lines = [(run.at, f"{run.kind} {run.step_id}", run.because) for run in runs]
    messages = Message.objects.filter(enrollment_id=enrollment.pk).exclude(status="sent")
    for message in messages:
        error = f": {message.last_error}" if message.last_error else ""
        what = f"email {message.step_id} is {message.status}{error}"
        lines.append((message.queued_at, what, message.because))
    for at, what, because in sorted(lines, key=lambda line: line[0]):
        yield _line(at, place, what, because)


def _next(enrollment: Enrollment, place: ZoneInfo) -> Iterator[str]:
    if enrollment.status == Enrollment.Status.PAUSED:
        until = f"until {_moment(enrollment.due_at, place)}" if enrollment.due_at else "by a person"
        yield f"  paused {until}; then:"
    sequence, now = versions.definition_of(enrollment.version), clock.now()
    yield from _closed_today(enrollment, now.astimezone(place).date())
    first = True
    for foreseen in forecast.forecast(sequence, state_of(enrollment), now):
        word = "next:" if first else "then:"
        told = told_of(foreseen.decision)
        yield _line(foreseen.at, place, f"{word} {told}", foreseen.decision.because)
        first = False


def _closed_today(enrollment: Enrollment, today: date) -> Iterator[str]:
    definition = versions.definition_of(enrollment.version)
    for country in definition.window_for(facts.context(enrollment.lead, None)).holidays:
        if name := public_holidays(country, today.year).get(today):
            yield f"  no email today: {name} in {country}"


def told_of(decision: Decision) -> str:  # noqa: PLR0911 - one for each kind of decision
    """A decision in a few words."""
    match decision:
        case Send():
            return f"email {decision.step.id} ({decision.template})"
        case Assign():
            return f"task {decision.step.id}: {decision.step.task}, due {decision.due_at:%Y-%m-%d}"
        case Skip():
            return f"task {decision.step.id} is skipped"
        case Miss():
            return f"email {decision.step.id} is passed over"
        case Branch():
            return f"branch {decision.step.id}: way {decision.way + 1 or 'none'}"
        case Update():
            fields = ", ".join(f"{name} = {value}" for name, value in decision.step.update.items())
            return f"update {decision.step.id}: {fields}"
        case Wait():
            return "waits for the outcome" if decision.because["rule"] == "outcome" else "waits"
        case Stop():
            return f"ends: {decision.reason}"


def _others(lead: Lead, had: set[str]) -> Iterator[str]:
    """The active sequences that the lead is not in, each with the reason."""
    deal = stages.bound_deal(lead)
    context = facts.context(lead, deal)
    waiting = {row.sequence: row for row in Waiting.objects.filter(lead=lead)}
    for version in versions.active():
        if version.sequence in had:
            continue
        if version.sequence in waiting:
            row = waiting[version.sequence]
            yield f"waits for {version.sequence} until {row.retry_at:%Y-%m-%d %H:%M}: {row.reason}"
            continue
        yield f"not in {version.sequence}: {_why_not(version, lead, context)}"


def _why_not(version: AppliedVersion, lead: Lead, context: Mapping[str, object]) -> str:
    definition = versions.definition_of(version)
    at = definition.place("enroll")
    if definition.enroll is None:
        return "people are enrolled into it by hand"
    if not evaluate(definition.enroll.when, context):
        found = (f"{'.'.join(c)} is {look_up(c, context)!r}" for c in reads(definition.enroll.when))
        return f"{definition.enroll.when} is not true: {', '.join(sorted(found))} [{at}]"
    if definition.enroll.on:
        return f"waits for one of {', '.join(definition.enroll.on)} [{at}]"
    refusal = enroll.judge(version, lead).refusal
    return f"{refusal or _what_it_waits_for(definition.enroll)} [{at}]"


def _what_it_waits_for(rule: Enroll) -> str:
    if rule.existing:
        return "its rule is true; it enrolls at the next change of the lead"
    return "its rule is true; it enrolls who moves there from now on (existing: false)"


def _timeline(lead: Lead) -> Iterator[str]:
    yield "timeline (UTC):"
    utc = zone("UTC")
    for activity in Activity.objects.filter(lead=lead).order_by("occurred_at", "pk"):
        told = ", ".join(f"{k}: {v}" for k, v in activity.data.items() if v and k != "because")
        words = " ".join(told.split())[:200]
        yield f"  {_moment(activity.occurred_at, utc)}  {activity.kind} {words}".rstrip()


def _line(at: datetime | None, place: ZoneInfo, what: str, because: Mapping[str, object]) -> str:
    moment = _moment(at, place) if at else " " * 20
    return f"  {moment}  {what}  {_because(because)}".rstrip()


def _because(because: Mapping[str, object]) -> str:
    """The rule, the events and other ids, and where the rule is written."""
    rest = ", ".join(f"{name} {because[name]}" for name in _TOLD if name in because)
    admission = because.get("admission")
    admitted = f"; {admission['rule']}" if isinstance(admission, Mapping) else ""
    rule = f"because {because['rule']}{admitted}" if because.get("rule") else ""
    at = f"[{because['at']}]" if because.get("at") else ""
    return "  ".join(part for part in (rule, f"({rest})" if rest else "", at) if part)


def _moment(moment: datetime, place: ZoneInfo) -> str:
    return f"{moment.astimezone(place):%a %Y-%m-%d %H:%M}"
