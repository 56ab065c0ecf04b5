"""Suppressions as people enter and take them back; what follows for the leads is on the timeline.

The rows and their activities share a transaction: `workers.reactions` then ends what the leads are in
and owes every CRM the opt-out, while the check before each email reads the rows themselves.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from connectors import retry
from connectors.batches import chunks
from crm import edit, timeline
from crm.models import ExternalRecord, Lead
from mail import coverage, suppression
from mail.models import Suppression
from mail.targets import Target
from runtime import clock

Kind = Suppression.Kind
#: What whoever entered it may take back; the others were asked for, or a server refused.
OURS = frozenset({Kind.MANUAL, Kind.IMPORTED})
#: Entries that are written in one transaction, and real seconds between two of them, in which those
#: get their turn that wait for SQLite's write lock: they look again every 0.1 s.
AT_ONCE = 1000
BREATH = 0.12
#: Told how many of the entries are dealt with.
Progress = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class Entry:
    target: Target
    kind: str
    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Added:
    new: int
    known: int
    leads: int  #: whom the new ones stop


@dataclass(frozen=True, kw_only=True)
class Removed:
    rows: int
    #: Who may be written to again.
    lifted: Sequence[Lead] = ()
    #: Who may not, since something else covers the person.
    covered: Sequence[Lead] = ()
    #: Who may not until a person clears the flag there: lead, names of connections.
    held: Sequence[tuple[Lead, str]] = ()


class Asked(ValueError):
    """It was not we who suppressed: the person has to have consented anew."""


def add(
    entries: Sequence[Entry], *, dry_run: bool = False, progress: Progress | None = None
) -> Added:
    """Suppress them; what is suppressed already, of the same kind, stays as it is.

    So many are written at once that whoever else writes need not wait long. Ended half-way, the
    next call with the same entries goes on.
    """
    new, done = 0, 0
    stopped: set[int] = set()
    for chunk in _in_turn(entries):
        if done:
            retry.rest(BREATH)
        new += _add(chunk, stopped, dry_run=dry_run)
        done += len(chunk)
        if progress:
            progress(done)
    return Added(new=new, known=len(entries) - new, leads=len(stopped))


def rows_of(target: Target) -> QuerySet[Suppression]:
    """The suppressions of just this target, the oldest first."""
    rows = Suppression.objects.select_related("company").order_by("at", "pk")
    if target.company is not None:
        return rows.filter(company=target.company)
    if target.email[0] in {suppression.DOMAIN, suppression.ERASED}:
        return rows.filter(email=target.email)
    return rows.filter(email__in=[target.email, *suppression.hashes(target.email)])


def remove(target: Target, *, by: str, reason: str, consented: bool) -> Removed:
    """Take back what suppresses just this target, and write down who did.

    Raises Asked where that needs the person's consent.
    """
    with transaction.atomic():
        rows = list(rows_of(target))
        if not rows:
            return Removed(rows=0)
        asked = sorted({row.kind for row in rows if row.kind not in OURS and not is_derived(row)})
        if asked and not consented:
            raise Asked(", ".join(asked))
        leads = [lead for lead, _ in coverage.covered(rows)]
        Suppression.objects.filter(pk__in=[row.pk for row in rows]).delete()
        kinds = sorted({row.kind for row in rows})
        data: dict[str, object] = {"of": str(target), "kinds": kinds, "by": by, "reason": reason}
        whom: Sequence[Lead | None] = leads or [None]
        for lead in whom:
            timeline.note("suppression_removed", lead=lead, occurred_at=clock.now(), data=data)
        return _let_go(leads, len(rows))


def is_derived(row: Suppression) -> bool:
    """It only repeats what another one of ours had set in motion."""
    return bool(row.because.get("derived"))


def _in_turn(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Addresses first: whom the others cover, no index tells."""
    for others in (False, True):
        yield from chunks([one for one in entries if _is_broad(one.target) is others], AT_ONCE)


def _is_broad(target: Target) -> bool:
    return target.company is not None or target.email[0] in {suppression.DOMAIN, suppression.ERASED}


def _add(entries: Sequence[Entry], stopped: set[int], *, dry_run: bool) -> int:
    """All of them or none; how many are new. The leads that they stop are noted in `stopped`, too."""
    with transaction.atomic():
        fresh = _insert(entries)
        pairs = [(lead, row) for lead, row in coverage.covered(fresh) if lead.pk not in stopped]
        coverage.stop(pairs)
        # As late as can be: what leaves before the rows are committed cannot know of them.
        Suppression.objects.filter(pk__in=[row.pk for row in fresh]).update(noted_at=clock.now())
        transaction.set_rollback(dry_run)
    stopped.update(lead.pk for lead, _ in pairs)
    return len(fresh)


def _insert(entries: Sequence[Entry]) -> list[Suppression]:
    """Those that were not there."""
    known = {_identity(row) for row in _there(entries)}
    rows = [_row(entry) for entry in entries]
    fresh = {_identity(row): row for row in reversed(rows) if _identity(row) not in known}
    Suppression.objects.bulk_create(reversed(fresh.values()), ignore_conflicts=True)
    return [row for row in _there(entries) if _identity(row) in fresh]


def _there(entries: Sequence[Entry]) -> QuerySet[Suppression]:
    emails = Q(email__in=[entry.target.email for entry in entries], company=None)
    companies = Q(company__in=[e.target.company for e in entries if e.target.company is not None])
    return Suppression.objects.filter(emails | companies).select_related("company").order_by("pk")


def _identity(row: Suppression) -> tuple[str, int | None, str]:
    return row.email, row.company_id, row.kind


def _row(entry: Entry) -> Suppression:
    because = {"by": entry.by, "reason": entry.reason}
    return Suppression(
        email=entry.target.email,
        company=entry.target.company,
        kind=entry.kind,
        at=entry.at,
        because={name: value for name, value in because.items() if value},
    )


def _let_go(leads: Sequence[Lead], rows: int) -> Removed:
    """Lift the flag of those whom nothing else covers."""
    book = suppression.book_of(leads)
    lifted, covered, held = [], [], []
    for lead in leads:
        others = book.of_lead(lead)
        if not all(map(is_derived, others)):
            covered.append(lead)
            continue
        Suppression.objects.filter(pk__in=[row.pk for row in others]).delete()
        if not lead.do_not_contact or edit.opt_in(lead, at=clock.now()):
            lifted.append(lead)
        else:
            held.append((lead, _holders(lead)))
    return Removed(rows=rows, lifted=lifted, covered=covered, held=held)


def _holders(lead: Lead) -> str:
    records = ExternalRecord.objects.filter(lead=lead, kind="lead", deleted_at=None)
    return ", ".join(sorted(set(records.values_list("connection__name", flat=True))))
