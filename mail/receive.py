"""One email that came in: whom it concerns, and the rows that follow, in one transaction."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time
from typing import Protocol

from django.db import transaction

from crm import merged, timeline
from crm.models import Lead
from mail import (
    colleagues,
    compose,
    reputation,
    settle,
    subaddress,
    suppression,
    touches,
    unsubscribe,
)
from mail.classify import autoreply, intent, kinds, parsed
from mail.classify.kinds import Opinion
from mail.classify.parsed import Parsed
from mail.models import Inbound, Mailbox, Message, Sender, Suppression
from runtime import bell
from workspace.zones import is_known, zone

Kind = Inbound.Kind

#: Kind of inbound -> kind of activity.
ACTIVITIES = {
    Kind.REPLY: "answered",
    Kind.AUTO_REPLY: "auto_replied",
    Kind.CALENDAR: "invitation_answered",
    Kind.BOUNCE: "bounced",
    Kind.DELAYED: "delayed",
    Kind.COMPLAINT: "complained",
}


class Arrived(Protocol):
    """See mail.inbound.Arrived."""

    @property
    def uidvalidity(self) -> int: ...
    @property
    def uid(self) -> int: ...
    @property
    def raw(self) -> bytes: ...
    @property
    def received_at(self) -> datetime: ...
    @property
    def fingerprint(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Concerned:
    lead: Lead
    message: Message | None


def receive(mailbox: Mailbox, arrived: Arrived) -> str:
    """Keep the email and write what follows; the kind, or "ignored" when it concerns no lead."""
    mail = parsed.parse(arrived.raw)
    found = _found(mailbox, mail)
    if found is None:
        return "ignored"
    opinion, concerned = found
    with transaction.atomic():
        person = merged.into(concerned.lead)
        lead = Lead.objects.select_for_update(no_key=True).get(pk=person.pk)
        if lead.erased_at is not None:  # perhaps while the email was read
            return "ignored"
        inbound, created = Inbound.objects.get_or_create(
            mailbox=mailbox,
            fingerprint=arrived.fingerprint,
            defaults={
                "uidvalidity": arrived.uidvalidity,
                "uid": arrived.uid,
                "message_id": mail.message_id[:1000],
                "from_email": suppression.normalize(mail.from_email)[:320],
                "subject": mail.subject,
                "kind": opinion.kind,
                "text": opinion.text,
                "answers": concerned.message,
                "lead": lead,
                "received_at": arrived.received_at,
                "data": _evidence(opinion, mail, arrived.received_at, lead),
            },
        )
        if not created:
            return "known"
        _follow(inbound, lead, opinion)
        transaction.on_commit(lambda: bell.ring("react"))
    return opinion.kind


def concerns_a_lead(mailbox: Mailbox, raw: bytes) -> bool:
    """Of an email that begins like this; only then the rest of a large one is worth fetching."""
    return _found(mailbox, parsed.parse(raw)) is not None


def _found(mailbox: Mailbox, mail: Parsed) -> tuple[Opinion, Concerned] | None:
    if _is_ours(mailbox, mail):
        return None
    answered = touches.by_ids(mail.answers)
    text, subject = (answered.text, answered.subject) if answered else ("", "")
    opinion = kinds.classify(mail, text, our_subject=subject)
    if opinion.kind == Kind.OTHER:
        return None
    concerned = _concerned(mailbox, mail, opinion, answered)
    return (opinion, concerned) if concerned else None


def _is_ours(mailbox: Mailbox, mail: Parsed) -> bool:
    """A copy of what we or the rep sent, from any of the rep's mailboxes, is no answer to it."""
    ours = {mailbox.address}
    if mailbox.owner_id is not None:
        ours |= set(
            Mailbox.objects.filter(owner=mailbox.owner_id).values_list("address", flat=True)
        )
    return suppression.normalize(mail.from_email) in map(suppression.normalize, ours)


def _concerned(
    mailbox: Mailbox, mail: Parsed, opinion: Opinion, answered: Message | None
) -> Concerned | None:
    """By the id of our email, by a token in its recipient or subject, by address, else by company."""
    ids, addresses = [], [mail.from_email]
    if opinion.dsn is not None:
        ids, addresses = [opinion.dsn.original_id], [opinion.dsn.recipient]
    if opinion.complaint is not None:
        ids, addresses = [opinion.complaint.original_id], [opinion.complaint.recipient]
    message = touches.by_ids(tuple(ids)) or answered
    message = message or subaddress.message_of(mail.recipients(), mailbox)
    if _is_staging(message, opinion, [mail.from_email, *addresses]):
        return None
    lead = message.lead if message else None
    if opinion.token:
        # The token says who it is, whoever sends it and from wherever.
        lead = unsubscribe.lead_of(opinion.token)
    if lead is not None:
        return Concerned(lead=lead, message=message if message and message.lead == lead else None)
    return _by_address(mailbox, suppression.normalize(addresses[0])) or _by_company(
        mailbox, mail, opinion
    )


def _is_staging(message: Message | None, opinion: Opinion, addresses: list[str]) -> bool:
    """It answers an email that somebody else got than its lead, who has said nothing."""
    if (message is not None and message.redirected_to) or unsubscribe.is_nobodys(opinion.token):
        return True
    elsewhere = suppression.normalize(compose.redirect_to())
    return bool(elsewhere) and elsewhere in map(suppression.normalize, addresses)


def _by_address(mailbox: Mailbox, address: str) -> Concerned | None:
    message = touches.by_address(address, mailbox)
    if message is not None:
        return Concerned(lead=message.lead, message=message)
    lead = Lead.objects.filter(email=address, deleted_at=None).order_by("pk").first()
    return Concerned(lead=lead, message=None) if lead and address else None


def _by_company(mailbox: Mailbox, mail: Parsed, opinion: Opinion) -> Concerned | None:
    if opinion.kind not in {Kind.REPLY, Kind.UNSUBSCRIBE}:
        return None
    message = colleagues.answered(mail, mailbox)
    return Concerned(lead=message.lead, message=message) if message else None


def _follow(inbound: Inbound, lead: Lead, opinion: Opinion) -> None:
    """The stop, where there is one, and the activity."""
    at, address = inbound.received_at, _address(inbound, lead)
    because: dict[str, object] = {"inbound": inbound.pk}
    if opinion.kind == Kind.UNSUBSCRIBE:
        how = "mailto" if opinion.token else "reply"
        unsubscribe.unsubscribe(lead, how=how, at=at)
        if inbound.answers and suppression.normalize(inbound.answers.to_email) != lead.email:
            kind = Suppression.Kind.UNSUBSCRIBED
            suppression.suppress(inbound.answers.to_email, kind, at=at, lead=lead, because=because)
        return
    if opinion.dsn is not None and opinion.dsn.verdict.sender_fault:
        sender = inbound.answers.mailbox if inbound.answers else inbound.mailbox
        settle.pause_mailbox(sender, f"bounce of {address}: {opinion.dsn.words}"[:500])
    if opinion.dsn is not None and opinion.dsn.hard and address:
        kind = Suppression.Kind.HARD_BOUNCE
        suppression.suppress(address, kind, at=at, lead=lead, because=because)
    if opinion.kind == Kind.COMPLAINT and address:
        suppression.suppress(address, Suppression.Kind.COMPLAINT, at=at, lead=lead, because=because)
    message = inbound.answers
    if message and opinion.dsn is not None and opinion.dsn.hard:
        reputation.bounced(message)
    if message and opinion.kind == Kind.COMPLAINT:
        reputation.complained(message)
    timeline.note(
        ACTIVITIES[Kind(opinion.kind)],
        occurred_at=at,
        lead=lead,
        deal=message.deal if message else None,
        enrollment_id=message.enrollment_id if message else None,
        message_id=message.pk if message else None,
        data={**inbound.data, **because, "mailbox": inbound.mailbox_id, "text": inbound.text},
        key=f"{opinion.kind}:{inbound.mailbox_id}:{inbound.fingerprint}",
    )


def _address(inbound: Inbound, lead: Lead) -> str:
    return suppression.normalize(inbound.answers.to_email if inbound.answers else lead.email)


def _evidence(
    opinion: Opinion, mail: Parsed, received_at: datetime, lead: Lead
) -> dict[str, object]:
    """What the classification rests on, and what reactions need of it."""
    if opinion.dsn is not None:
        found = opinion.dsn
        return {
            "hard": found.hard,
            "status": found.verdict.status,
            "reason": found.verdict.reason,
            "sender_fault": found.verdict.sender_fault,
            "words": found.words,
            "recipient": found.recipient,
        }
    if opinion.complaint is not None:
        return {"feedback": opinion.complaint.feedback}
    if opinion.invitation is not None:
        return asdict(opinion.invitation)
    if opinion.kind == Kind.AUTO_REPLY:
        return {"until": _until(opinion.text, received_at, lead)}
    if opinion.kind == Kind.REPLY:
        return _meaning(opinion.text, mail, lead)
    return {}


def _meaning(text: str, mail: Parsed, lead: Lead) -> dict[str, object]:
    """What the rules that ship say; see process.meanings for what becomes of it."""
    ours = parsed.ADDRESS.findall(f"{mail.header('To')} {mail.header('Cc')}")
    found = intent.of(text, known=(mail.from_email, lead.email or "", *ours))
    contact = asdict(found.contact) if found.contact else None
    return {
        "subject": mail.subject[:300],
        "intent": found.name,
        "confidence": found.confidence,
        "contact": contact,
    }


def _until(text: str, received_at: datetime, lead: Lead) -> str | None:
    """The beginning of the day of return, where the person lives."""
    sender = Sender.objects.first()
    try:
        here = sender.timezone if sender else "UTC"
        place = zone(lead.timezone if is_known(lead.timezone) else here)
    except ValueError:
        place = zone("UTC")
    day = autoreply.back_on(text, received_at.astimezone(place).date())
    if day is None:
        return None
    return datetime.combine(day, time(), tzinfo=place).astimezone(UTC).isoformat()
