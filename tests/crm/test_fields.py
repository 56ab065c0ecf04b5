"""What facts are said to be is what their rows hold."""

import pytest
from django.db import models

from crm.facts import COLUMNS
from crm.fields import FIELDS, TYPES
from crm.models import Company, Deal, Lead, Owner

_MODELS = {"lead": Lead, "company": Company, "deal": Deal, "owner": Owner}
_TYPES = {
    models.CharField: "text",
    models.IntegerField: "number",
    models.SmallIntegerField: "number",
    models.DecimalField: "number",
    models.BooleanField: "bool",
}
_STORED = [
    (name, column)
    for name, model in _MODELS.items()
    for column in COLUMNS[name]
    if column != "extra"
]


def test_every_fact_but_the_teams_own_has_a_type():
    facts = {f"{name}.{field}" for name, fields in FIELDS.items() for field in fields}

    assert set(TYPES) == facts - {"lead.extra", "company.extra", "deal.extra"}


@pytest.mark.parametrize(("name", "column"), _STORED)
def test_a_fact_is_what_its_column_holds(name, column):
    field = _MODELS[name]._meta.get_field(column)

    assert TYPES[f"{name}.{column}"] == _TYPES[type(field)]
