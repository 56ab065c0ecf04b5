"""Invitations of a sequence that nothing holds back: their facts have to be known at its start. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from mail import invited
from sequences.definition import Sequence
from sequences.email_step import EmailStep, Invite
from sequences.task_step import TaskStep


def at_once(sequence: Sequence) -> Iterator[Invite]:
    """Those in front of anything that waits, asks, or may set a fact."""
    for step in sequence.steps:
        if type(step) is EmailStep:  # as in cadence: `isinstance` asks pydantic's metaclass
            if step.invite is not None and step.before is None:
                yield step.invite
        elif type(step) is not TaskStep or step.gate:
            return


def problem(sequence: Sequence, facts: Mapping[str, object], now: datetime) -> str:
    """Why nobody of whom this is known can be invited by it; blank when somebody can."""
    told = (invited.problem(invite.plain(), facts, now=now) for invite in at_once(sequence))
    return next(filter(None, told), "")
