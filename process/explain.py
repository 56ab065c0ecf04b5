"""Why: what happened with a lead, by the reasons kept on the rows, and what comes next."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from crm import facts, stages
from crm.kinds import ENDING
from crm.models import Activity, Lead
from mail.models import Message
from mail.suppression import book_of
from process import passage
from process.local import clock_of
from runtime import clock
from sequences import enroll, forecast, versions, whereabouts
from sequences.cadence import Assign, Branch, Decision, Miss, Send, Skip, Stop, Update, Wait
from sequences.definition import Enroll
from sequences.models import AppliedVersion, Enrollment, StepRun, Waiting
from sequences.refusals import OPEN
from sequences.states import state_of
from workspace.calendars import public_holidays
from workspace.expressions import evaluate, look_up, reads
from workspace.wording import in_words, moment
from workspace.zones import zone

#: Of a reason, what is told besides its rule and place, in this order.
_TOLD = ("event", "cause", "activity", "inbound", "message", "variant", "answer", "by", "how")
#: Of what was noted, so many characters.
_LONGEST = 200
_RELATED = ("lead__company", "lead__owner", "deal", "version")


def explanation(lead: Lead) -> Iterator[str]:
    """Lines for people: who it is, each enrollment with its past and future, and what it is not in.

    Moments are by the lead's clock, those of an enrollment by the clock that it began with.
    """
    place = clock_of(lead)
    yield from _person(lead, place)
    enrollments = Enrollment.objects.filter(lead=lead).select_related(*_RELATED).order_by("pk")
    for enrollment in enrollments:
        yield ""
        yield from _enrollment(enrollment)
    yield ""
    yield from _others(lead, {enrollment.sequence for enrollment in enrollments}, place)
    yield ""
    yield from passage.told(lead, place)
    yield ""
    yield from _timeline(lead, place)


def _person(lead: Lead, place: ZoneInfo) -> Iterator[str]:
    yield f"{lead} <{lead.email or 'no email address'}>, lead {lead.pk}, from {lead.source}"
    since = f" since {moment(lead.stage_since, place)}" if lead.stage_since else ""
    yield f"stage {lead.stage or 'none'}{since}, owner {lead.owner or 'none'}"
    yield f"times in {place.key}, where nothing else is said"
    if lead.doubt:
        yield f"in doubt: {lead.doubt}"
    if lead.do_not_contact:
        yield "asked not to be contacted (flag in the CRM): nothing leaves"
    for row in book_of([lead]).of_lead(lead):
        of = f", the {row.scope} {row.value}" if row.scope in {"domain", "company"} else ""
        why = f"{_because(row.because)} {row.because.get('reason', '')}"
        told = f"suppressed since {moment(row.at, place)}{of}: {row.kind} {why}"
        yield " ".join(told.split())


def _enrollment(enrollment: Enrollment) -> Iterator[str]:
    place = zone(enrollment.timezone)
    reason = "" if enrollment.reason in ("", enrollment.status) else f", {enrollment.reason}"
    ended = f" at {moment(enrollment.ended_at, place)}" if enrollment.ended_at else ""
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
    ending = _ending(enrollment)
    if ending is not None:
        told = f"{ending.kind}: nothing of it leaves any more; a worker has yet to end it"
        yield _line(ending.occurred_at, place, told, {"activity": ending.pk})
        return
    if enrollment.status == Enrollment.Status.PAUSED:
        until = f"until {moment(enrollment.due_at, place)}" if enrollment.due_at else "by a person"
        yield f"  paused {until}; then:"
    sequence, now = versions.definition_of(enrollment.version), clock.now()
    yield from _closed_today(enrollment, now.astimezone(place).date())
    first = True
    for foreseen in forecast.forecast(sequence, state_of(enrollment), now):
        word = "next:" if first else "then:"
        told = told_of(foreseen.decision)
        yield _line(foreseen.at, place, f"{word} {told}", foreseen.decision.because)
        first = False


def _ending(enrollment: Enrollment) -> Activity | None:
    """What ends it and no worker has reacted to: mail.stops heeds it before each email already."""
    since = enrollment.started_at
    found = Activity.objects.filter(
        lead=enrollment.lead, kind__in=ENDING, occurred_at__gt=since, reacted_at=None
    )
    return found.order_by("occurred_at", "pk").first()


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
            fields = (f"{name} = {in_words(one)}" for name, one in decision.step.update.items())
            return f"update {decision.step.id}: {', '.join(fields)}"
        case Wait():
            return "waits for the outcome" if decision.because["rule"] == "outcome" else "waits"
        case Stop():
            return f"ends: {decision.reason}"


def _others(lead: Lead, had: set[str], place: ZoneInfo) -> Iterator[str]:
    """The active sequences that the lead is not in, each with the reason."""
    deal = stages.bound_deal(lead)
    context = facts.context(lead, deal)
    waiting = {row.sequence: row for row in Waiting.objects.filter(lead=lead)}
    for version in versions.active():
        if version.sequence in had:
            continue
        if version.sequence in waiting:
            row = waiting[version.sequence]
            until = moment(row.retry_at, place)
            yield f"waits for {version.sequence} until {until}: {row.reason}"
            continue
        yield f"not in {version.sequence}: {_why_not(version, lead, context, place)}"


def _why_not(version: AppliedVersion, lead: Lead, context: facts.Facts, place: ZoneInfo) -> str:
    definition = versions.definition_of(version)
    at = definition.place("enroll")
    if definition.enroll is None:
        return "people are enrolled into it by hand"
    if not evaluate(definition.enroll.when, context):
        when = reads(definition.enroll.when)
        found = (f"{'.'.join(chain)} is {_fact(look_up(chain, context), place)}" for chain in when)
        return f"{definition.enroll.when} is not true: {', '.join(sorted(found))} [{at}]"
    if definition.enroll.on:
        return f"waits for one of {', '.join(definition.enroll.on)} [{at}]"
    refusal = enroll.judge(version, lead).refusal
    return f"{refusal or _what_it_waits_for(definition.enroll)} [{at}]"


def _fact(value: object, place: ZoneInfo) -> str:
    """In the words of the rule beside it: `none` and "Closing"."""
    told = in_words(value, place)
    return "none" if value is None else f'"{told}"' if told == value else told


def _what_it_waits_for(rule: Enroll) -> str:
    if rule.existing:
        return "its rule is true; it enrolls at the next change of the lead"
    return "its rule is true; it enrolls who moves there from now on (existing: false)"


def _timeline(lead: Lead, place: ZoneInfo) -> Iterator[str]:
    found = Activity.objects.filter(lead=lead).order_by("occurred_at", "pk")
    yield f"timeline (times in {place.key}):" if found else "timeline: nothing happened yet"
    for activity in found:
        told = (f"{name}: {_told(value, place)}" for name, value in _noted(activity))
        words = _cut(" ".join(", ".join(told).split()))
        yield f"  {moment(activity.occurred_at, place)}  {activity.kind} {words}".rstrip()


def _noted(activity: Activity) -> Iterator[tuple[str, object]]:
    facts = sorted(activity.data.items())
    return ((name, value) for name, value in facts if value and name != "because")


def _cut(words: str) -> str:
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST].rstrip()}..."


def _told(value: object, place: ZoneInfo) -> str:
    told = in_words(value, place)
    return f"({told})" if isinstance(value, Mapping) else told


def _line(at: datetime | None, place: ZoneInfo, what: str, because: Mapping[str, object]) -> str:
    when = moment(at, place) if at else " " * 20
    return f"  {when}  {what}  {_because(because)}".rstrip()


def _because(because: Mapping[str, object]) -> str:
    """The rule, the events and other ids, and where the rule is written."""
    rest = ", ".join(f"{name} {in_words(because[name])}" for name in _TOLD if name in because)
    admission = because.get("admission")
    admitted = f"; {admission['rule']}" if isinstance(admission, Mapping) else ""
    rule = f"because {because['rule']}{admitted}" if because.get("rule") else ""
    at = f"[{because['at']}]" if because.get("at") else ""
    return "  ".join(part for part in (rule, f"({rest})" if rest else "", at) if part)
