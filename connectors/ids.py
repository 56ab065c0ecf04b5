"""Ids that are spelled in two ways: Salesforce's of 15 characters, and of 18 with their cases told.

https://help.salesforce.com/s/articleView?id=000385585
"""

_SHORT, _LONG, _PART = 15, 18, 5
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def spellings(id_: str) -> frozenset[str]:
    """All ids that are this one; of another CRM's there is one."""
    if not (id_.isascii() and id_.isalnum()):
        return frozenset({id_})
    if len(id_) == _SHORT:
        return frozenset({id_, id_ + _cases(id_)})
    if len(id_) == _LONG and id_[_SHORT:].upper() == _cases(id_[:_SHORT]):
        return frozenset({id_, id_[:_SHORT]})
    return frozenset({id_})


def _cases(short: str) -> str:
    """A letter for each five characters: which of them are capitals, as bits from the right."""
    parts = [short[start : start + _PART] for start in range(0, _SHORT, _PART)]
    return "".join(
        _LETTERS[sum(1 << place for place, sign in enumerate(part) if sign.isupper())]
        for part in parts
    )
