"""What a person has paused: it waits, whatever is due, until a person resumes it.

A mailbox that paused by itself after a fault is another matter (`Mailbox.status`): `apply` tries
that again, but for one whose emails came back too often, and leaves alone what a person has paused.
"""

from django.db import transaction
from django.db.models import Q, QuerySet

from mail import pacing
from mail.models import Mailbox, Message, Pause
from runtime import bell, clock

Scope = Pause.Scope
Status = Message.Status

#: In SQL, whether a person holds an email of this mailbox and sequence; one of no sequence has a blank one.
HELD = """
EXISTS (SELECT 1 FROM mail_pause WHERE scope = 'all' OR (scope = 'mailbox' AND name = {address})
  OR (scope = 'sequence' AND name = {sequence} AND name <> ''))
"""


def pause(scope: str, name: str, *, by: str, reason: str) -> Pause:
    """Hold all, a mailbox or a sequence; once committed, before every later MAIL FROM.

    Pausing again changes who and why, not since when.
    """
    told = {"by": by, "reason": reason}
    row, _ = Pause.objects.update_or_create(
        scope=scope, name=name, defaults=told, create_defaults={**told, "since": clock.now()}
    )
    return row


def resume(scope: str, name: str) -> int | None:
    """Let go what was paused; how many overdue emails leave at their pace now, None: it was not."""
    with transaction.atomic():
        pause = Pause.objects.filter(scope=scope, name=name).first()
        if pause is None:
            return None
        waiting = held_by(pause)
        pause.delete()
        mailboxes = Mailbox.objects.filter(message__in=waiting).distinct()
        return sum(_spread(mailbox, waiting) for mailbox in mailboxes)


def try_again(mailboxes: QuerySet[Mailbox], *, resumed: bool = False) -> int:
    """Use those that paused by themselves: their fault was mended; how many they are.

    One whose emails came back too often has to be `resumed` by name: what left before that counts
    no more.
    """
    told: dict[str, object] = {"status": Mailbox.Status.ACTIVE, "last_error": "", "failures": 0}
    with transaction.atomic():
        faulty = mailboxes.filter(status=Mailbox.Status.PAUSED)
        faulty = faulty if resumed else faulty.filter(rates_exceeded_at=None)
        found = list(faulty.select_for_update(no_key=True))
        for mailbox in found:
            rates_from = clock.now() if mailbox.rates_exceeded_at else mailbox.rates_from
            Mailbox.objects.filter(pk=mailbox.pk).update(
                **told, retry_at=None, rates_exceeded_at=None, rates_from=rates_from
            )
            _spread(mailbox, Message.objects.all())
    return len(found)


def holds(pause: Pause, message: Message) -> bool:
    """Whether this pause is of this message."""
    of = {Scope.MAILBOX: message.mailbox.address, Scope.SEQUENCE: message.sequence}
    return pause.name == of.get(Scope(pause.scope), "")


def unpaused(messages: QuerySet[Message]) -> QuerySet[Message]:
    """Those of them that nobody holds."""
    for scope, name in Pause.objects.values_list("scope", "name"):
        messages = messages.exclude(_of(scope, name))
    return messages


def held_by(pause: Pause) -> QuerySet[Message]:
    """What is queued and waits for this to be resumed."""
    return Message.objects.filter(_of(pause.scope, pause.name), status=Status.QUEUED)


def _of(scope: str, name: str) -> Q:
    match scope:
        case Scope.MAILBOX:
            return Q(mailbox__address=name)
        case Scope.SEQUENCE:
            return Q(sequence=name)
    return Q(pk__isnull=False)


def _spread(mailbox: Mailbox, waiting: QuerySet[Message]) -> int:
    """Let what is overdue leave one by one, as far apart as the hourly cap has it; how many.

    Without this a mailbox that has no gap would send as much at once as its caps allow.
    """
    now = clock.now()
    pace = max(mailbox.gap, pacing.HOUR / max(mailbox.per_hour, 1))
    rows = waiting.filter(mailbox=mailbox, status=Status.QUEUED, due_at__lte=now)
    overdue = list(
        rows.only("pk").order_by("due_at", "pk").select_for_update(of=("self",), no_key=True)
    )
    for place, message in enumerate(overdue):
        message.due_at = now + place * pace
    Message.objects.bulk_update(overdue, ["due_at"], batch_size=500)
    transaction.on_commit(lambda: bell.ring("deliver", [mailbox.pk]))
    return len(overdue)
