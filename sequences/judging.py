"""Whether a lead may enter a sequence: every refusal is a sentence that `plan` shows. Pure."""

import re
from collections import Counter
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from mail.legal import Rules
from sequences.definition import Enroll
from workspace.expressions import look_up

#: What a throttle holds back is judged again after so long, or when a place is free.
RETRY = timedelta(days=1)
#: A rule that takes one person of a company at a time has to wait.
COLLEAGUE = "somebody else of the company is in a sequence (exclusive)"
_DAY_OF_EACH = re.compile(r" (until|on) \d{4}-\d\d-\d\d(?= \((again|quiet_for)\)\Z)")
_BOUGHT = "its company bought from us"
_IN_DOUBT = "got an email that this database does not know: look at it, then `cadenza settle`"


def in_common(refusal: str) -> str:
    """A refusal without what is each lead's own, to count by: the deal that a company bought, a day."""
    if refusal.startswith(_BOUGHT):
        return f"{_BOUGHT} (customers)"
    return _DAY_OF_EACH.sub(" lately", refusal)


class Judged(Protocol):
    """What of a lead is judged."""

    @property
    def pk(self) -> int: ...
    @property
    def email(self) -> str: ...
    @property
    def doubt(self) -> str: ...
    @property
    def do_not_contact(self) -> bool: ...
    @property
    def deleted_at(self) -> datetime | None: ...
    @property
    def owner_id(self) -> int | None: ...
    @property
    def company_id(self) -> int | None: ...
    @property
    def owner(self) -> object: ...


@dataclass(frozen=True, kw_only=True)
class Refusal:
    text: str
    #: When a refusal that passes with time may have passed; None: it does not.
    retry_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the refusals of some leads ask for."""

    suppressed: Container[str]  #: addresses
    busy: frozenset[int]  #: leads in any sequence
    #: Lead -> when its last enrollment in this sequence ended.
    ended: Mapping[int, datetime]
    #: Lead -> when somebody last wrote to it, spoke with it or heard from it.
    touched: Mapping[int, datetime]
    #: Addresses that got an email which this database does not know of.
    in_doubt: frozenset[str] = frozenset()
    #: Lead -> a deal that its company has won with us; empty where that is no matter.
    bought: Mapping[int, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class LetIn:
    """Who is in already, as far as the rule's throttles ask; grows while leads are judged."""

    companies: set[int | None] = field(default_factory=set)
    of_rep: Counter[int | None] = field(default_factory=Counter)

    def add(self, lead: Judged) -> None:
        if lead.company_id is not None:
            self.companies.add(lead.company_id)
        self.of_rep[lead.owner_id] += 1


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Judges leads for one sequence, one after the other: who was let in counts for the next."""

    sequence: str
    rule: Enroll
    now: datetime
    known: Known
    let_in: LetIn
    privacy: Rules = field(default_factory=Rules)
    #: A person enrolls by hand, though the lead was in it before.
    again: bool = False

    def refusal(
        self,
        lead: Judged,
        facts: Mapping[str, object],
        *,
        has_mailbox: bool,
        problem: Callable[[], str],
    ) -> Refusal | None:
        """Why not; None: let in. `problem` says why an email of it cannot be made for the lead."""
        lasting = (
            _of_person(lead, self.known.suppressed)
            or (_IN_DOUBT if lead.email in self.known.in_doubt else "")
            or ("already in a sequence" if lead.pk in self.known.busy else "")
            or self._has_bought(lead)
            or self._was_in_it(lead)
            or self.privacy.lacking(facts)
            or (problem() if has_mailbox else _no_mailbox(lead))
            or self._missing(facts)
        )
        refusal = Refusal(text=lasting) if lasting else self._passing(lead)
        if refusal is None:
            self.let_in.add(lead)
        return refusal

    def _passing(self, lead: Judged) -> Refusal | None:
        """What time heals."""
        return (
            self._rests_after_last_time(lead)
            or self._was_touched_lately(lead)
            or self._company_is_taken(lead)
            or self._rep_is_busy(lead)
        )

    def _has_bought(self, lead: Judged) -> str:
        deal = self.known.bought.get(lead.pk)
        return "" if deal is None else f'{_BOUGHT}: "{deal}" is won (customers: false)'

    def _was_in_it(self, lead: Judged) -> str:
        never = self.rule.again is None
        was_in = never and not self.again and lead.pk in self.known.ended
        return f"was in {self.sequence} before" if was_in else ""

    def _rests_after_last_time(self, lead: Judged) -> Refusal | None:
        if self.again or self.rule.again is None or lead.pk not in self.known.ended:
            return None
        ended_at = self.known.ended[lead.pk]
        until = ended_at + self.rule.again.elapsed
        if until <= self.now:
            return None
        text = f"was in {self.sequence} until {ended_at.date()} (again)"
        return Refusal(text=text, retry_at=None if self.rule.is_of_a_moment else until)

    def _was_touched_lately(self, lead: Judged) -> Refusal | None:
        if self.rule.quiet_for is None or lead.pk not in self.known.touched:
            return None
        touched_at = self.known.touched[lead.pk]
        until = touched_at + self.rule.quiet_for.elapsed
        text = f"was in touch with us on {touched_at.date()} (quiet_for)"
        return Refusal(text=text, retry_at=until) if until > self.now else None

    def _company_is_taken(self, lead: Judged) -> Refusal | None:
        if self.rule.exclusive != "company" or lead.company_id not in self.let_in.companies:
            return None
        return Refusal(text=COLLEAGUE, retry_at=self.now + RETRY)

    def _rep_is_busy(self, lead: Judged) -> Refusal | None:
        most = self.rule.active_per_rep
        if most is None or self.let_in.of_rep[lead.owner_id] < most:
            return None
        text = f"{lead.owner} has {most} active in {self.sequence} (active_per_rep)"
        return Refusal(text=text, retry_at=self.now + RETRY)

    def _missing(self, facts: Mapping[str, object]) -> str:
        missing = [f for f in self.rule.requires if look_up(f.split("."), facts) is None]
        return f"lacks {', '.join(missing)}" if missing else ""


def _of_person(lead: Judged, suppressed: Container[str]) -> str:
    if lead.deleted_at is not None:
        return "deleted in the CRM"
    if not lead.email:
        return "has no email address"
    if lead.doubt:
        return lead.doubt
    if lead.do_not_contact:
        return "asked not to be contacted (flag in the CRM)"
    return "suppressed" if lead.email in suppressed else ""


def _no_mailbox(lead: Judged) -> str:
    return f"owner {lead.owner} has no mailbox here" if lead.owner else "has no owner"
