"""What is repeated, and that the waits are bounded."""

import pytest

from connectors.errors import ConnectorError, RateLimited, Refused, Unauthorized, Unavailable
from connectors.retry import ATTEMPTS, persistently


def failing(*errors):
    left = list(errors)

    def call():
        if left:
            raise left.pop(0)
        return "done"

    return call, left


@pytest.mark.parametrize(
    ("error", "repeatable", "outcome"),
    [
        (Unavailable("x"), True, "done"),
        (Unavailable("x"), False, Unavailable),
        (RateLimited("x", retry_after=2), True, "done"),
        (RateLimited("x", retry_after=2), False, "done"),
        (RateLimited("x", retry_after=60), True, RateLimited),
        (Refused("x"), True, Refused),
        (Unauthorized("x"), True, Unauthorized),
        (ValueError("x"), True, ValueError),
    ],
)
def test_error_decides_whether_it_is_tried_again(error, repeatable, outcome):
    call, _ = failing(error)

    if outcome == "done":
        assert persistently(call, repeatable=repeatable) == "done"
    else:
        with pytest.raises(outcome):
            persistently(call, repeatable=repeatable)


def test_patience_ends(no_waiting):
    call, left = failing(*[Unavailable(str(n)) for n in range(10)])

    with pytest.raises(ConnectorError) as caught:
        persistently(call, repeatable=True)

    assert (str(caught.value), len(left)) == (str(ATTEMPTS - 1), 10 - ATTEMPTS)
    assert sum(no_waiting) < 30
