"""From plain data to a definition, or to problems at the lines that are wrong."""

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Tag, ValidationError
from pydantic_core import ErrorDetails

from workspace.problems import Fault, Path, Problem, unknown
from workspace.source import Document


class Definition(BaseModel):
    """What every part of a workspace is: frozen, and with no field that we do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Model = TypeVar("Model", bound=BaseModel)

_SAID = {
    "missing": "is missing",
    "string_type": "must be a text; put it in quotes",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
}


def validate(model: type[Model], document: Document) -> Model | list[Problem]:
    """The document as `model`, or every problem that pydantic finds in it."""
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        return [_problem(model, document, details) for details in error.errors()]


def _problem(model: type[BaseModel], document: Document, error: ErrorDetails) -> Problem:
    path = _path_in(document.data, error["loc"])
    name = ".".join(map(str, path)) or "the file"
    kind = error["type"]
    if kind == "extra_forbidden":
        key = str(error["loc"][-1])
        fields = _fields(_type_at(model, error["loc"][:-1]))
        # The value is not shown: under a misspelled key there may be a secret.
        return document.problem(
            path, unknown("field", key, fields), value=key, choices=fields, at_key=True
        )
    if kind == "missing":
        missing = str(error["loc"][-1])
        around = f"of {'.'.join(map(str, path))} " if path else ""
        return document.problem(path, f'the field "{missing}" {around}is missing')
    fault = error.get("ctx", {}).get("error")
    if isinstance(fault, Fault):
        return document.problem(
            path + fault.path,
            f"{'.'.join(map(str, path + fault.path)) or 'the file'}: {fault}",
            value=None if fault.hidden else error["input"],
            choices=fault.choices,
            offset=fault.offset,
        )
    choices = _choices(model, error)
    value = error["input"]
    if choices:
        return document.problem(
            path,
            f"{name}: {unknown('value', _written(value), choices)}",
            value=value,
            choices=choices,
        )
    said = _SAID.get(kind) or error["msg"].removeprefix("Value error, ")
    shown = f' "{_written(value)}"' if isinstance(value, str | int | float) else ""
    return document.problem(path, f"{name}{shown} {_as_predicate(said)}", value=value)


def _as_predicate(said: str) -> str:
    """Pydantic's "Input should be greater than 0" behind a name and a value."""
    return said.replace("Input should be", "should be").replace("String should", "should")


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)[:100]


def _path_in(data: Any, loc: tuple[str | int, ...]) -> Path:
    """The error's location without the tags that pydantic puts in for unions."""
    path: list[str | int] = []
    for part in loc:
        if _has(data, part):
            data = data[part]
            path.append(part)
    return tuple(path)


def _has(data: Any, part: str | int) -> bool:
    if isinstance(data, list):
        return isinstance(part, int) and part < len(data)
    return isinstance(data, dict) and part in data


def _choices(model: type[BaseModel], error: ErrorDetails) -> tuple[str, ...]:
    if error["type"] == "union_tag_invalid":
        return tuple(tag.strip(" '") for tag in error["ctx"]["expected_tags"].split(","))
    if error["type"] == "literal_error":
        return tuple(
            str(choice)
            for kind in _members(_type_at(model, error["loc"]))
            if get_origin(kind) is Literal
            for choice in get_args(kind)
        )
    return ()


def _fields(kind: Any) -> tuple[str, ...]:
    for member in _members(kind):
        if isinstance(member, type) and issubclass(member, BaseModel):
            return tuple(info.alias or name for name, info in member.model_fields.items())
    return ()


def _type_at(kind: Any, loc: tuple[str | int, ...]) -> Any:
    """The annotation at an error's location; Any where the walk does not know."""
    for part in loc:
        kind = next(_inner(kind, part), Any)
    return kind


def _inner(kind: Any, part: str | int) -> Iterator[Any]:
    for member in _members(kind):
        origin = get_origin(member)
        if isinstance(member, type) and issubclass(member, BaseModel):
            for name, info in member.model_fields.items():
                if part == (info.alias or name):
                    yield (
                        Annotated[info.annotation, *info.metadata]
                        if info.metadata
                        else info.annotation
                    )
            if part in _tags(member):
                yield member
        elif origin is Annotated and any(_is_tag(extra, part) for extra in get_args(member)[1:]):
            yield get_args(member)[0]
        elif origin in (list, tuple, dict) and get_args(member):
            yield get_args(member)[1 if origin is dict else 0]


def _members(kind: Any) -> Iterator[Any]:
    """The members of a union, aliases and annotations taken off; tagged ones stay annotated."""
    if get_origin(kind) is Annotated:
        if any(isinstance(extra, Tag) for extra in get_args(kind)[1:]):
            yield kind
        yield from _members(get_args(kind)[0])
    elif get_origin(kind) in (Union, UnionType):
        for member in get_args(kind):
            yield from _members(member)
    else:
        yield kind


def _is_tag(extra: object, part: str | int) -> bool:
    return isinstance(extra, Tag) and extra.tag == part


def _tags(model: type[BaseModel]) -> tuple[object, ...]:
    """The values of a model's discriminating field."""
    kind = model.model_fields.get("kind")
    return get_args(kind.annotation) if kind and get_origin(kind.annotation) is Literal else ()
