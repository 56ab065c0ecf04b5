"""Counts in sentences."""

_ODD = {"person": "people"}
_SIBILANTS = ("s", "x", "ch", "sh")


def counted(count: int, noun: str) -> str:
    """`1 lead`, `2,000 leads`; of several words the last one is counted."""
    return f"{count:,} {noun if count == 1 else plural(noun)}"


def plural(noun: str) -> str:
    before, _, last = noun.rpartition(" ")
    if last in _ODD:
        return f"{before} {_ODD[last]}".lstrip()
    if last.endswith("y") and last[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if last.endswith(_SIBILANTS) else f"{noun}s"
