"""Which vendor field stands for which of ours: the adapter's table, and the workspace's over it."""

import difflib
from collections.abc import Mapping

from connectors.base import Kind, Refused
from connectors.records import names_of

FieldTable = Mapping[Kind, Mapping[str, str]]
_MAPPABLE: tuple[Kind, ...] = ("company", "lead", "deal")


def merged(standard: FieldTable, custom: object) -> FieldTable:
    """`standard` with the workspace's `fields` setting laid over it, kind by kind.

    Raises ValueError when the setting is not {kind: {our name: vendor's name}}.
    """
    if custom is None:
        return standard
    if not isinstance(custom, Mapping):
        raise _wrong(f"fields: {custom!r} is not a mapping of {', '.join(_MAPPABLE)}")
    table = {kind: dict(names) for kind, names in standard.items()}
    for kind, names in custom.items():
        if kind not in _MAPPABLE:
            raise ValueError(f"fields: {kind!r} is none of {', '.join(_MAPPABLE)}")
        if not isinstance(names, Mapping):
            raise _wrong(f"fields.{kind}: {names!r} is not a mapping of our names to the CRM's")
        for ours, theirs in names.items():
            if not isinstance(ours, str) or not isinstance(theirs, str) or not theirs:
                raise ValueError(f"fields.{kind}.{ours}: {theirs!r} is not a field's name")
            table[kind][ours] = theirs
    return table


def _wrong(message: str) -> ValueError:
    """A setting of a wrong shape is a wrong value, not a programming error."""
    return ValueError(message)


def vendor_name(table: FieldTable, kind: Kind, ours: str) -> str:
    """The vendor's name of a field that is to be written; Refused with the choices if unknown."""
    try:
        return table[kind][ours]
    except KeyError:
        near = difflib.get_close_matches(ours, table[kind], n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        choices = ", ".join(sorted(table[kind]))
        raise Refused(
            f"{ours!r} is not a field of a {kind}{hint} It takes {choices}", field=ours
        ) from None


def custom_names(table: FieldTable, kind: Kind) -> set[str]:
    """Our names of the custom fields that the workspace maps."""
    return set(table[kind]) - names_of(kind)
