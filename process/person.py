"""The sample lead as facts: Grace Hopper of Hopper Ltd, for previews and tests."""

from collections.abc import Mapping
from typing import Any

from connectors.base import Written
from process.blueprint import Blueprint

FACTS: Mapping[Written, Mapping[str, Any]] = {
    "lead": {
        "email": "grace.hopper@hopper.example",
        "first_name": "Grace",
        "last_name": "Hopper",
        "title": "Head of Operations",
        "phone": "+44 20 7946 0000",
        "country": "United Kingdom",
        "language": "en",
        "timezone": "Europe/London",
        "status": "OPEN",
        "lifecycle_stage": "lead",
        "line": "Your talk on night deliveries in Leeds stayed with me.",
    },
    "company": {
        "name": "Hopper Ltd",
        "domain": "hopper.example",
        "industry": "logistics",
        "country": "United Kingdom",
        "employees": 250,
    },
    "deal": {
        "name": "Hopper Ltd, first order",
        "stage_value": "open",
        "pipeline": "default",
        "amount": 12000,
    },
}
#: What a mapped custom field holds, by its type.
_OF_TYPE: Mapping[str, object] = {
    "text": "sample",
    "number": 10,
    "bool": True,
    "date": "2026-01-15",
    "datetime": "2026-01-15T09:00:00+00:00",
    "multiselect": ["sample"],
}


def extra(blueprint: Blueprint, kind: Written) -> dict[str, object]:
    """Every custom field that the team mapped."""
    return {
        name: _OF_TYPE[type_]
        for connection in blueprint.connections.values()
        for name, type_ in connection.custom(kind).items()
    }
