"""A plan is frozen: `apply` then enrolls just these people, and refuses when the world has moved."""

from collections.abc import Iterator

from process.frozen import Frozen, Moved
from process.planning import Plan, SequencePlan


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
    told = list(_differences(frozen, now))
    if told:
        when = f"the plan of {frozen.made_at[:16].replace('T', ' ')} no longer holds:"
        raise Moved("\n".join([when, *(f"  {line}" for line in told), "Plan again: cadenza plan"]))


def _rows(entry: SequencePlan) -> list[list[int | None]]:
    found = ((c.lead.pk, c.deal.pk if c.deal else None, c.mailbox_id) for c in entry.enrolls)
    return [list(row) for row in sorted(found, key=lambda row: row[0])]


def _differences(frozen: Frozen, now: Plan) -> Iterator[str]:
    current = {entry.sequence: entry for entry in now.sequences}
    for name in sorted({*frozen.digests, *current}):
        if name not in current:
            yield f"sequences: {name} is gone"
        elif name not in frozen.digests:
            yield f"sequences: {name} is new"
        else:
            entry = current[name]
            if entry.digest != frozen.digests[name]:
                yield f"{name}: its file, a template of it or process.yaml has changed"
            yield from _people(name, frozen, entry)


def _people(name: str, frozen: Frozen, entry: SequencePlan) -> Iterator[str]:
    then = {int(row[0] or 0): list(row) for row in frozen.enrolls.get(name, [])}
    now = {int(row[0] or 0): row for row in _rows(entry)}
    why = {candidate.lead.pk: candidate.refusal for candidate in entry.refusals}
    names = {candidate.lead.pk: str(candidate.lead) for candidate in entry.enrolls}
    for lead in sorted({*then, *now}):
        if lead not in now:
            reason = why.get(lead, "")
            who = frozen.names.get(str(lead), f"lead {lead}")
            yield f"{name}: {who} is out: {reason or 'its rule is no longer true'}"
        elif lead not in then:
            yield f"{name}: {names[lead]} has come in"
        elif then[lead] != now[lead]:
            yield f"{name}: {names[lead]} has another deal or mailbox"
