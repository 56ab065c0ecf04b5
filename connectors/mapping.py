"""Which vendor field stands for which of ours: the adapter's table, and the workspace's over it."""

import difflib
from collections.abc import Mapping
from typing import get_args

from connectors.base import WRITTEN, Custom, CustomType, Kind
from connectors.errors import Refused
from connectors.records import Types, names_of
from connectors.values import text

FieldTable = Mapping[Kind, Mapping[str, str]]


def merged(standard: FieldTable, custom: object) -> FieldTable:
    """`standard` with the workspace's `fields` setting laid over it, kind by kind.

    Raises ValueError when the setting is not {kind: {our name: vendor's name}}.
    """
    if custom is None:
        return standard
    if not isinstance(custom, Mapping):
        raise _wrong(f"fields: {custom!r} is not a mapping of {', '.join(WRITTEN)}")
    table = {kind: dict(names) for kind, names in standard.items()}
    for kind, names in custom.items():
        if kind not in WRITTEN:
            raise ValueError(f"fields: {kind!r} is none of {', '.join(WRITTEN)}")
        if not isinstance(names, Mapping):
            raise _wrong(f"fields.{kind}: {names!r} is not a mapping of our names to the CRM's")
        for ours, theirs in names.items():
            if not isinstance(ours, str) or not isinstance(theirs, str) or not theirs:
                raise ValueError(f"fields.{kind}.{ours}: {theirs!r} is not a field's name")
            table[kind][ours] = theirs
    return table


def types(declared: object) -> Types:
    """The workspace's `types` setting; raises ValueError when it is not {kind: {our name: type}}."""
    if declared is None:
        return {}
    if not isinstance(declared, Mapping):
        raise _wrong(f"types: {declared!r} is not a mapping of {', '.join(WRITTEN)}")
    for kind, names in declared.items():
        if kind not in WRITTEN or not isinstance(names, Mapping):
            raise ValueError(f"types.{kind}: not a mapping of custom fields of {WRITTEN}")
        for name, type_ in names.items():
            if type_ not in get_args(CustomType):
                choices = ", ".join(get_args(CustomType))
                raise ValueError(f"types.{kind}.{name}: {type_!r} is none of {choices}")
            if name in names_of(kind):
                raise ValueError(f"types.{kind}.{name}: {name} is no custom field")
    return declared


def as_text(value: Custom) -> str:
    """A value for a CRM in which everything is text: choices have semicolons between them."""
    return ";".join(value) if isinstance(value, list) else text(value)


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
