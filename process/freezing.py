"""A plan is frozen: `apply` then enrolls just these people, and refuses when the world has moved."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice

from process.frozen import Difference, Frozen, Moved
from process.planning import Plan, SequencePlan
from sequences.judging import in_common
from workspace.counts import counted

#: So many sorts of differences are told, and so many people of each; the JSON has them all.
MOST, NAMED = 20, 3
#: A sort of difference -> how it is told of one and of several people.
_WORDS: Mapping[str, tuple[str, str]] = {
    "gone": ("sequences: {sequence} is gone", ""),
    "new": ("sequences: {sequence} is new", ""),
    "files": ("{sequence}: its file, a template of it or process.yaml has changed", ""),
    "out": ("{sequence}: {who} is out: {why}", "{sequence}: {who} are out: {why}"),
    "in": ("{sequence}: {who} has come in", "{sequence}: {who} have come in"),
    "other": (
        "{sequence}: {who} has another deal or mailbox",
        "{sequence}: {who} have another deal or mailbox",
    ),
}


def freeze(planned: Plan) -> Frozen:
    return Frozen(
        made_at=planned.made_at.isoformat(),
        digests={entry.sequence: entry.digest for entry in planned.sequences},
        enrolls={entry.sequence: _rows(entry) for entry in planned.sequences},
        names={
            str(candidate.lead.pk): str(candidate.lead)
            for entry in planned.sequences
            for candidate in entry.enrolls
        },
    )


def compare(frozen: Frozen, now: Plan) -> None:
    """Raises Moved with every difference between what was planned and what would be done now."""
    found = list(_differences(frozen, now))
    if found:
        when = f"the plan of {frozen.made_at[:16].replace('T', ' ')} no longer holds:"
        lines = (f"  {line}" for line in _told(found))
        raise Moved("\n".join([when, *lines, "Plan again: cadenza plan"]), found)


def _rows(entry: SequencePlan) -> list[list[int | None]]:
    found = ((c.lead.pk, c.deal.pk if c.deal else None, c.mailbox_id) for c in entry.enrolls)
    return [list(row) for row in sorted(found, key=lambda row: row[0])]


def _differences(frozen: Frozen, now: Plan) -> Iterator[Difference]:
    current = {entry.sequence: entry for entry in now.sequences}
    for name in sorted({*frozen.digests, *current}):
        if name not in current:
            yield Difference(sequence=name, what="gone")
        elif name not in frozen.digests:
            yield Difference(sequence=name, what="new")
        else:
            entry = current[name]
            if entry.digest != frozen.digests[name]:
                yield Difference(sequence=name, what="files")
            yield from _people(name, frozen, entry)


def _people(name: str, frozen: Frozen, entry: SequencePlan) -> Iterator[Difference]:
    then = {int(row[0] or 0): list(row) for row in frozen.enrolls.get(name, [])}
    now = {int(row[0] or 0): row for row in _rows(entry)}
    why = {candidate.lead.pk: candidate.refusal for candidate in entry.refusals}
    names = {candidate.lead.pk: str(candidate.lead) for candidate in entry.enrolls}
    for lead in sorted({*then, *now}):
        who = names.get(lead) or frozen.names.get(str(lead), f"lead {lead}")
        differs = partial(Difference, sequence=name, lead=lead, name=who)
        if lead not in now:
            yield differs(what="out", why=why.get(lead) or "its rule is no longer true")
        elif lead not in then:
            yield differs(what="in")
        elif then[lead] != now[lead]:
            yield differs(what="other")


def _told(found: Sequence[Difference]) -> Iterator[str]:
    """A line for each sort of difference: a sequence may be about many thousand people."""
    sorts: dict[tuple[str, str, str], list[Difference]] = defaultdict(list)
    for one in found:
        sorts[one.sequence, one.what, in_common(one.why)].append(one)
    for (sequence, what, _), alike in islice(sorts.items(), MOST):
        of_one, of_many = _WORDS[what]
        first = alike[0]
        if len(alike) == 1:
            yield of_one.format(sequence=sequence, who=first.name, why=first.why)
        else:
            who, why = counted(len(alike), "person"), in_common(first.why)
            yield f"{of_many.format(sequence=sequence, who=who, why=why)} ({_names(alike)})"
    if len(sorts) > MOST:
        yield f"and {counted(len(sorts) - MOST, 'more sort')} of change; see --json"


def _names(alike: Sequence[Difference]) -> str:
    first = ", ".join(one.name for one in alike[:NAMED])
    left = len(alike) - NAMED
    return f"{first} and {left:,} more" if left > 0 else first
