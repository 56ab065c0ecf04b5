import json
from dataclasses import replace

import pytest

from process import apply, outcomes
from process.models import AppliedProcess

pytestmark = pytest.mark.django_db


def test_the_first_answer_with_a_phrase_is_the_first_in_every_database(loaded):
    apply.configure(loaded)

    assert list(outcomes.applied().answers) == list(loaded.process.answers)
    assert outcomes.applied().meaning("The wrong person, but it sounds interesting") == (
        "wrong_person"
    )


def test_another_order_is_another_process(loaded):
    turned = loaded.process.model_dump(mode="json", by_alias=True, exclude_none=True)
    turned["answers"].reverse()
    other = type(loaded.process).model_validate(json.loads(json.dumps(turned)))

    apply.configure(loaded)
    apply.configure(replace(loaded, process=other.placed(loaded.process.places)))

    assert AppliedProcess.objects.count() == 2
    assert outcomes.applied().meaning("The wrong person, but it sounds interesting") == "interested"
