"""From plain data to a definition, or to problems at the lines that are wrong."""

from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Literal, Self, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Tag, ValidationError
from pydantic_core import ErrorDetails

from workspace.problems import Fault, Path, Problem, unknown
from workspace.source import Document


class Definition(BaseModel):
    """What every part of a workspace is: frozen, and with no field that we do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Of what was found out about the original and kept, a copy knows nothing."""
        copied = super().model_copy(update=update, deep=deep)
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied


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
    "too_short": "needs at least one entry",
    "string_too_short": "must not be empty",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
}


def validate(model: type[Model], document: Document) -> Model | list[Problem]:
    """The document as `model`, or every problem that pydantic finds in it."""
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        told = [_Told(model, document, details) for details in error.errors()]
        return [each.problem() for each in told if not each.follows_from_others()]


class _Told:
    """One of pydantic's errors, told with the team's own words and places."""

    def __init__(self, model: type[BaseModel], document: Document, error: ErrorDetails) -> None:
        self._model, self._document, self._error = model, document, error
        self._kind, self._loc = error["type"], error["loc"]
        self._value: object = error["input"]
        self._path = _path_in(document.data, self._loc)
        self._name = ".".join(map(str, self._path)) or "the file"

    def follows_from_others(self) -> bool:
        """A list whose entries are all wrong is also too short for pydantic."""
        return self._kind == "too_short" and bool(self._value)

    def problem(self) -> Problem:  # noqa: PLR0911 - one for each kind of error
        fault = self._error.get("ctx", {}).get("error")
        if isinstance(fault, Fault):
            return self._fault(fault)
        match self._kind:
            case "extra_forbidden":
                return self._unknown_field()
            case "missing":
                return self._missing(str(self._loc[-1]))
            case "literal_error" if self._is_key():
                return self._unknown_key()
            case "literal_error":
                return self._unknown_value(
                    self._path, self._value, _literals(_type_at(self._model, self._loc))
                )
            case "union_tag_invalid":
                ctx = self._error["ctx"]
                tags = tuple(tag.strip(" '") for tag in ctx["expected_tags"].split(","))
                key = str(ctx["discriminator"]).strip("'")
                value = self._value.get(key) if isinstance(self._value, dict) else None
                return self._unknown_value((*self._path, key), value, tags)
            case "union_tag_not_found":
                return self._missing(str(self._error["ctx"]["discriminator"]).strip("'"))
        said = _SAID.get(self._kind) or self._error["msg"].replace("Input should", "should")
        shown = f' "{_written(self._value)}"' if isinstance(self._value, str | int | float) else ""
        return self._document.problem(
            self._path, f"{self._name}{shown} {said}", value=self._value, at_key=self._is_key()
        )

    def _fault(self, fault: Fault) -> Problem:
        path = self._path + fault.path
        name = ".".join(map(str, path)) or "the file"
        return self._document.problem(
            path,
            f"{name}: {fault}",
            value=None if fault.hidden or fault.path else self._value,
            choices=fault.choices,
            offset=fault.offset,
            at_key=self._is_key(),
        )

    def _unknown_field(self) -> Problem:
        # The value is not shown: under a misspelled key there may be a secret.
        key = str(self._loc[-1])
        fields = _fields(_type_at(self._model, self._loc[:-1]))
        message = unknown("field", key, fields)
        return self._document.problem(self._path, message, value=key, choices=fields, at_key=True)

    def _missing(self, field: str) -> Problem:
        around = f"of {'.'.join(map(str, self._path))} " if self._path else ""
        return self._document.problem(self._path, f'the field "{field}" {around}is missing')

    def _unknown_value(self, path: Path, value: object, choices: tuple[str, ...]) -> Problem:
        name = ".".join(map(str, path))
        message = f"{name}: {unknown('value', _written(value), choices)}"
        return self._document.problem(path, message, value=value, choices=choices)

    def _unknown_key(self) -> Problem:
        *around, key = map(str, self._path)
        choices = _literals(_key_type(_type_at(self._model, self._loc[:-2])))
        message = f"{'.'.join(around)}: {unknown('key', key, choices)}"
        return self._document.problem(self._path, message, value=key, choices=choices, at_key=True)

    def _is_key(self) -> bool:
        """Pydantic's mark for an error in a mapping's key."""
        return bool(self._loc) and self._loc[-1] == "[key]"


def _written(value: object) -> str:
    """A single value as it was written; nothing of mappings and lists, which may hold secrets."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)[:100] if isinstance(value, str | int | float) else ""


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


def _literals(kind: Any) -> tuple[str, ...]:
    literals = (member for member in _members(kind) if get_origin(member) is Literal)
    return tuple(str(choice) for literal in literals for choice in get_args(literal))


def _key_type(kind: Any) -> Any:
    """Of a mapping."""
    return next((get_args(one)[0] for one in _members(kind) if get_origin(one) is dict), Any)


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
