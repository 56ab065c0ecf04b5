"""A reply, an unsubscribe, an opt-out, a closing or a pause at every point between claim and DATA."""

from collections import Counter

from tests.crash.kinds import KINDS, PAUSES


def test_case_7_a_stop_at_any_point_of_a_delivery(told):
    passages = told("points")

    assert [passage for passage in passages if passage["fault"]] == []
    places = {kind: Counter() for kind in KINDS}
    for passage in passages:
        place = passage["when"], passage["received"], passage["status"]
        places[passage["stop"]][place] += 1
    for kind, found in places.items():
        ended = "queued" if kind in PAUSES else "cancelled"
        in_time = found.pop(("before the last check", False, ended))
        too_late = found.pop(("after the email", True, "sent"))
        assert (in_time > 10, too_late > 1) == (True, True), kind
        assert set(found) <= {("between", False, ended), ("between", True, "sent")}, kind
