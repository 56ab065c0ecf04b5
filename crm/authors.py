"""Who moved a record in its CRM, when and how, as its history there tells. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.edits import Edit, Source

#: The rule of every move that was read from a CRM; reports know such moves by it.
RULE = "moved in the CRM"
#: Who it was, where no person is named.
_NOBODY: Mapping[Source, str] = {"automation": "a workflow", "integration": "an integration"}
_HOW: Mapping[Source, str] = {
    "person": "by hand",
    "import": "by an import",
    "automation": "by a workflow",
    "integration": "by an integration",
    "record": "by whoever changed the record last, since no history of the field is told",
    "unknown": "",
}
#: Longest name of StageMove.who.
_LONGEST = 100
#: Moves on the way to where a record is: one that flaps must not hold up a stop that came with it.
_MOST = 50


@dataclass(frozen=True, kw_only=True)
class Move:
    """Into a value of the CRM's."""

    value: str
    at: datetime
    who: str
    because: Mapping[str, object]


def moves(
    crm: str, value: str, edits: Sequence[Edit], *, since: datetime | None, now: datetime
) -> Iterator[Move]:
    """One by one in their order, the last into `value`; that one alone where no history tells more.

    Each has the CRM's moment, but never one ahead of `now` or before `since`, the last move that we
    know: what came before that, and was overruled, is told of the last one alone. What an integration
    wrote on the way may be our own write, and is no move. Of very many the last are told.
    """
    past = known(edits, value)
    steps = [edit for edit in past[:-1] if _is_step(edit, since)]
    for edit in [*steps[-_MOST:], *past[-1:]]:
        at = min(edit.at, now)
        since = max(at, since) if since else at
        yield Move(value=edit.value, at=since, who=_who(crm, edit), because=_because(edit))
    if not past:
        yield Move(value=value, at=now, who=crm, because={"rule": RULE, "value": value})


def known(edits: Sequence[Edit], value: str) -> Sequence[Edit]:
    """Up to the last one into `value`: the record was read, and may have changed before we asked."""
    last = max((n for n, edit in enumerate(edits) if edit.value == value), default=-1)
    return () if last < 0 or edits[last].is_ours else edits[: last + 1]


def signed(crm: str, value: str, edits: Sequence[Edit], *, now: datetime) -> dict[str, object]:
    """Who gave a record this value, and when, for the timeline; nothing where that is not told.

    Never ahead of `now`, as no move is: it would be in the stage after the one that it ended.
    """
    past = known(edits, value)
    return {"who": _who(crm, past[-1]), "at": min(past[-1].at, now).isoformat()} if past else {}


def _is_step(edit: Edit, since: datetime | None) -> bool:
    is_another = not edit.is_ours and edit.source != "integration"
    return is_another and (since is None or edit.at > since)


def _who(crm: str, edit: Edit) -> str:
    name, place = edit.who or _NOBODY.get(edit.source, ""), f" in {crm}"
    return f"{name[: max(0, _LONGEST - len(place))]}{place}"[-_LONGEST:] if name else crm


def _because(edit: Edit) -> Mapping[str, object]:
    how = _HOW[edit.source]
    return {"rule": RULE, "value": edit.value, **({"why": f"{RULE} {how}"} if how else {})}
