"""The emails of files that nobody has applied yet, made by the code that makes those that leave."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crm.models import Deal, Lead
from mail import compose, outbox
from mail.models import Mailbox, Message, Sender
from process import mailboxes
from process.blueprint import Blueprint
from process.planning import template_row
from runtime import clock
from sequences.definition import Sequence
from sequences.effects import token
from sequences.email_step import EmailStep
from sequences.steps import BranchStep, Steps
from workspace import layout
from workspace.problems import Fault, unknown
from workspace.source import Document

#: No enrollment has this number, so no token of a preview is one of an email that left.
NOBODY = 0


@dataclass(frozen=True, kw_only=True)
class Email:
    """One email, as it would leave now."""

    step: str  #: blank for a template that no sequence sends
    at: str  #: file:line of the step
    way: str  #: on which ways of which branches one comes to it
    template: str
    percent: int  #: of the people get this variant
    follows: str  #: the step in whose thread it is
    raw: bytes  #: empty when there is a problem
    problem: str


def preview(
    blueprint: Blueprint, name: str, lead: Lead, deal: Deal | None, *, proof_to: str = ""
) -> list[Email]:
    """Every email of the sequence, or the one of the template, for this lead; writes nothing.

    With `proof_to` as proofs for that address. Raises Fault when nothing has this name.
    """
    press = _Press(blueprint, lead, deal, proof_to)
    if name in blueprint.sequences:
        return list(press.sequence(blueprint.sequences[name]))
    if name not in blueprint.templates:
        known = sorted({*blueprint.sequences, *blueprint.templates})
        raise Fault(unknown("sequence or template", name, known), choices=known)
    sender_of = sequence_of(blueprint, name)
    if sender_of is None:
        return [press.alone(name)]
    found = press.sequence(sender_of)
    return [email for email in found if email.template == name]


def sequence_of(blueprint: Blueprint, name: str) -> Sequence | None:
    """The sequence of this name, or the first that sends the template of this name."""
    if name in blueprint.sequences:
        return blueprint.sequences[name]
    senders = (one for one in blueprint.sequences.values() if name in one.templates())
    return next(senders, None)


def mailbox_for(blueprint: Blueprint, lead: Lead) -> Mailbox:
    """The mailbox of the lead's owner, else the first, as the files have it."""
    return _mailbox(blueprint, lead) or mailboxes.unsaved(blueprint.mailboxes[0])


def missing_mailbox(blueprint: Blueprint, document: Document, lead: Lead) -> str:
    """Why nothing would leave to this lead, with the place in cadenza.yaml; blank when it would."""
    if lead.owner is None:
        return f"{lead} has no owner, so no mailbox is theirs; give the lead one in the CRM"
    if _mailbox(blueprint, lead) is not None:
        return ""
    message = f'no mailbox has the owner "{lead.owner.email}", whose lead {lead} is'
    return str(document.problem(("mailboxes",), message, at_key=True))


class _Press:
    """Makes emails one after the other, each knowing the one that it follows up."""

    def __init__(self, blueprint: Blueprint, lead: Lead, deal: Deal | None, proof_to: str) -> None:
        self.blueprint, self.lead, self.deal = blueprint, lead, deal
        mark = f"[Proof for {lead.email}]"
        self.diversion = compose.Diversion(to=proof_to, mark=mark) if proof_to else None
        self.sender = Sender(
            company=blueprint.sender.company,
            postal_address=blueprint.sender.postal_address,
            public_url=blueprint.public_url,
            timezone=blueprint.timezone,
            redirect_to=blueprint.redirect_to,
        )
        self.mailbox = mailbox_for(blueprint, lead)
        self.places: Mapping[str, str] = {}

    def sequence(self, sequence: Sequence) -> Iterator[Email]:
        self.places = sequence.places
        yield from self._steps(sequence.steps, [], "")

    def alone(self, template: str) -> Email:
        made, _ = self._made(template, step=None, parent=None, way="")
        return made

    def _steps(self, steps: Steps, thread: list[Message], way: str) -> Iterator[Email]:
        """`thread` has the email before, if any; behind the steps it has the last of them."""
        for step in steps:
            if isinstance(step, EmailStep):
                parent = thread[-1] if thread and step.thread != "new" else None
                variants = [
                    self._made(name, step=step, parent=parent, way=way) for name in step.email
                ]
                yield from (email for email, _ in variants)
                thread.append(variants[0][1])
            elif isinstance(step, BranchStep):
                before, longest = list(thread), thread
                for number, taken in enumerate(step.branch, start=1):
                    end = list(before)
                    here = f"{step.id}, way {number}"
                    yield from self._steps(taken.steps, end, f"{way}; {here}" if way else here)
                    longest = end if len(end) > len(longest) else longest
                thread[:] = longest

    def _made(
        self, template: str, *, step: EmailStep | None, parent: Message | None, way: str
    ) -> tuple[Email, Message]:
        weights = step.email if step else {template: 1}
        message = self._message(template, step, parent)
        raw, problem = b"", ""
        try:
            composed = compose.written(message, self.sender, self.diversion)
        except compose.Unsendable as error:
            problem, message.subject = str(error), message.template.subject
        else:
            raw, message.subject = composed.raw, composed.subject
            message.references = composed.references
        email = Email(
            step=step.id if step else "",
            at=self.places.get(step.id, "")
            if step
            else layout.template_file(template, layout.TEXT),
            way=way,
            template=template,
            percent=round(100 * weights[template] / sum(weights.values())),
            follows=parent.step_id if parent else "",
            raw=raw,
            problem=problem,
        )
        return email, message

    def _message(self, template: str, step: EmailStep | None, parent: Message | None) -> Message:
        now, name = clock.now(), step.id if step else template
        return Message(
            enrollment_id=NOBODY,
            step_id=name,
            token=token(NOBODY, name),
            lead=self.lead,
            deal=self.deal,
            mailbox=self.mailbox,
            template=template_row(self.blueprint.templates[template]),
            parent=parent,
            invite=step.invite.plain() if step and step.invite else None,
            to_email=self.lead.email,
            message_id=outbox.message_id(self.mailbox.address),
            window={},
            enrolled_at=now,
            queued_at=now,
            due_at=now,
        )


def _mailbox(blueprint: Blueprint, lead: Lead) -> Mailbox | None:
    owner = lead.owner.email if lead.owner else ""
    for settings in blueprint.mailboxes:
        if settings.owner.lower() == owner:
            return mailboxes.unsaved(settings)
    return None
