"""Invitations of a sequence that nothing holds back: their facts have to be known at its start. Pure."""

from collections.abc import Mapping
from datetime import datetime

from mail import invited
from sequences.definition import Sequence


def problem(sequence: Sequence, facts: Mapping[str, object], now: datetime) -> str:
    """Why nobody of whom this is known can be invited by it; blank when somebody can."""
    told = (invited.problem(one.plain(), facts, now=now) for one in sequence.invites_at_once)
    return next(filter(None, told), "")
