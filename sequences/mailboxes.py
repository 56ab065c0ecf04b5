"""The reps' mailboxes as `rotation` asks about them: paused or not, with how much to do, for whom."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from django.db.models import Count

from crm.models import Lead
from mail.models import Mailbox, Message, Pause
from runtime import clock
from sequences.claims import OPEN
from sequences.models import Enrollment
from sequences.rotation import choose


class Rotation:
    """The mailboxes as they are now; what one is given counts for the next."""

    def __init__(self) -> None:
        self._of_owner: dict[int | None, list[Mailbox]] = defaultdict(list)
        for row in Mailbox.objects.exclude(owner=None).order_by("pk"):
            self._of_owner[row.owner_id].append(row)
        several = [rows for rows in self._of_owner.values() if len(rows) > 1]
        self._rotated = [row.pk for rows in several for row in rows]
        self._held = held([row for rows in several for row in rows])
        self._load = self._open()

    def mailbox_of(self, lead: Lead, written_from: Mapping[int, int]) -> Mailbox | None:
        """See `written_from`; None: the owner has none."""
        boxes = self._of_owner.get(lead.owner_id, ())
        if len(boxes) < 2:  # noqa: PLR2004 - there is nothing to choose
            return boxes[0] if boxes else None
        before = written_from.get(lead.pk)
        return choose(
            boxes,
            lead_id=lead.pk,
            before=before,
            held=self._held,
            load=self._load,
            now=clock.now(),
        )

    def written_from(self, leads: Sequence[Lead]) -> Mapping[int, int]:
        """Lead -> the mailbox that wrote to it last, for those whose rep has several."""
        return written_from([one.pk for one in leads if len(self._of_owner[one.owner_id]) > 1])

    def take(self, mailbox_id: int) -> None:
        self._load[mailbox_id] += 1

    def give_back(self, mailbox_id: int) -> None:
        self._load[mailbox_id] -= 1

    def _open(self) -> Counter[int]:
        if not self._rotated:
            return Counter()
        rows = Enrollment.objects.filter(
            mailbox_id__in=self._rotated, ended_at=None, status__in=OPEN
        )
        counted = rows.values_list("mailbox_id").annotate(count=Count("pk"))
        return Counter(dict(counted.order_by()))


def held(boxes: Sequence[Mailbox]) -> frozenset[int]:
    """Those of them from which nothing leaves now: paused by themselves, or by a person."""
    by_hand = set(
        Pause.objects.filter(scope=Pause.Scope.MAILBOX).values_list("name", flat=True)
        if boxes
        else ()
    )
    active = Mailbox.Status.ACTIVE
    return frozenset(row.pk for row in boxes if row.status != active or row.address in by_hand)


def written_from(lead_ids: Sequence[int]) -> Mapping[int, int]:
    """Lead -> the mailbox from which the last email to it left."""
    if not lead_ids:
        return {}
    left = Message.objects.filter(lead__in=lead_ids, sent_at__isnull=False)
    return dict(left.order_by("sent_at", "pk").values_list("lead_id", "mailbox_id"))
