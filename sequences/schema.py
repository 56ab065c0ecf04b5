"""The JSON Schema of a sequence: what editors complete and check while one writes."""

from typing import Any

from sequences.definition import Sequence

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """As `cadenza schema` prints it; sequences/sequence.schema.json is a copy for editors."""
    schema = Sequence.model_json_schema(by_alias=True)
    _tidy(schema)
    return {"$schema": DRAFT, **schema, "title": "A Cadenza sequence"}


def _tidy(node: Any) -> None:
    """Take away what only repeats the names, and let each kind of step be told by its own key."""
    if isinstance(node, dict):
        title = node.get("title")
        if isinstance(title, str):
            del node["title"]
        if "oneOf" in node and "discriminator" in node:
            del node["discriminator"]
        for value in node.values():
            _tidy(value)
    elif isinstance(node, list):
        for value in node:
            _tidy(value)
