"""What an answer starts: `on_reply` of the sequences that it ended."""

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import TemplateError

from crm import facts, stages
from crm.models import Activity, Lead
from crm.timeline import note
from process import outcomes, questions, tasks
from process.definition import OTHER
from process.meanings import Meaning
from process.objections.definition import Objection, of_answer
from process.objections.scripts import script
from runtime import clock
from sequences import enroll, versions
from sequences.definition import OnReply
from sequences.models import Enrollment
from sequences.refusals import OPEN
from workspace.templating import render


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What an enrollment declares for an answer of this kind."""

    enrollment: Enrollment
    starts: OnReply
    because: dict[str, object]


def plans(lead: Lead, disposition: str) -> list[Plan]:
    """Of the enrollments that are open now: asked before the answer ends them."""
    found = []
    for enrollment in Enrollment.objects.filter(lead=lead, status__in=OPEN).select_related(
        "version"
    ):
        sequence = versions.definition_of(enrollment.version)
        if disposition in sequence.on_reply:
            because: dict[str, object] = {
                "rule": f"on_reply of {sequence.name}: {disposition}",
                "at": sequence.place(f"on_reply.{disposition}"),
            }
            starts = sequence.on_reply[disposition]
            found.append(Plan(enrollment=enrollment, starts=starts, because=because))
    return found


def start(lead: Lead, found: Sequence[Plan], answer: Activity) -> None:
    """In the answer's own transaction, after it ended what was open."""
    for plan in found:
        because = {**plan.because, "activity": answer.pk}
        if plan.starts.stage is not None:
            stages.move(lead, plan.starts.stage, at=answer.occurred_at, because=because)
        if plan.starts.task is not None:
            tasks.make(
                plan.starts.task,
                _title(plan, lead),
                lead=lead,
                key=f"on_reply:{plan.enrollment.pk}:{answer.pk}",
                note_text=str(answer.data.get("text", ""))[:2000],
                enrollment_id=plan.enrollment.pk,
                due_at=plan.starts.due.after(clock.now(), plan.enrollment.timezone),
            )
        if plan.starts.enroll is not None:
            enroll_in(lead, plan.starts.enroll, answer, because=because)


def hand_to_a_person(lead: Lead, answer: Activity, meaning: Meaning) -> None:
    """Who was named is written to by a person, and so is read what no rule is sure of."""
    text = str(answer.data.get("text", ""))[:2000]
    if meaning.answer == "referral" or meaning.contact is not None:
        tasks.make(
            "email",
            f"Write to {meaning.contact or 'the person'}, whom {lead} named",
            lead=lead,
            key=f"referral:{answer.pk}",
            note_text=text,
            enrollment_id=answer.enrollment_id,
        )
    elif not meaning.is_sure or meaning.answer == OTHER:
        perhaps = f"Perhaps {meaning.answer}.\n\n" if meaning.is_doubtful else ""
        kind, objection = _perhaps(meaning)
        asks = f": is it the objection {kind}?" if objection else ""
        tasks.make(
            questions.ANSWER,
            f"Read the answer of {lead}{asks}",
            lead=lead,
            key=f"answer:{answer.pk}",
            note_text=perhaps + text,
            say=script(objection, lead) if objection else "",
            enrollment_id=answer.enrollment_id,
        )


def _perhaps(meaning: Meaning) -> tuple[str, Objection | None]:
    """The objection that a doubtful answer may raise; a person who says so opens its play."""
    process = outcomes.applied()
    objections = process.objections or {} if process else {}
    kind = of_answer(objections, meaning.answer) if meaning.is_doubtful else None
    return (kind, objections[kind]) if kind else ("", None)


def enroll_in(
    lead: Lead, sequence: str, cause: Activity, *, because: dict[str, object] | None = None
) -> bool:
    """By a declared rule: its own rule is not asked, what forbids it is; a refusal is noted."""
    told = because or {"rule": f"enroll step of {cause.data.get('from')}", "activity": cause.pk}
    version = versions.active_of(sequence)
    refusal = f"{sequence} is not applied"
    if version is not None:
        candidate = enroll.judge(version, lead)
        refusal = candidate.refusal
        if not refusal and enroll.enroll(version, candidate, start_at=clock.now(), because=told):
            return True
    note(
        "not_enrolled",
        lead=lead,
        occurred_at=clock.now(),
        key=f"not_enrolled:{cause.pk}:{sequence}",
        data={"sequence": sequence, "reason": refusal or "already in a sequence", "because": told},
    )
    return False


def _title(plan: Plan, lead: Lead) -> str:
    try:
        return render(plan.starts.title or "", facts.context(lead, plan.enrollment.deal))
    except TemplateError:
        return f"{plan.starts.task}: {lead}"
