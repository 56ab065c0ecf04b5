"""Records at the edge: any values are a record's or Malformed, nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.base import KINDS
from connectors.records import build, names_of
from connectors.values import Malformed

_ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.text(st.characters(categories=["Cs"]))
    | st.from_regex(r"-?\d{1,30}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(kind=st.sampled_from(KINDS), data=st.data())
def test_build_is_a_record_or_malformed(kind, data):
    names = st.sampled_from([*sorted(names_of(kind)), "custom"])
    values = data.draw(st.dictionaries(names, _ANY, max_size=6))

    try:
        record = build(kind, {"external_id": "1", **values})
    except Malformed:
        return

    assert record.external_id
    repr(record).encode()
