"""What one recipient domain or one company gets from all mailboxes of the team together. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from crm import normalize
from mail.freemail import is_free
from mail.pacing import DAY, HOUR, Cap, Quota

#: {"per_domain": {"per_hour": 20, "per_day": None}, ...}, as mail.definition.TeamLimits has it.
Written = Mapping[str, Mapping[str, int | None] | None]
#: To which domain, to whose lead of which company, and when.
Left = tuple[str, int | None, datetime]

_SPANS = {"per_hour": HOUR, "per_day": DAY}


def domain_of(email: str) -> str:
    """In the one spelling that it has here, however people write it; blank when it is no address."""
    return normalize.email(email).rpartition("@")[2]


class Quotas:
    """Those of the last day, by whose they are."""

    def __init__(self, written: Written, left: Iterable[Left] = ()) -> None:
        self.per_domain = _caps(written, "domain")
        self.per_company = _caps(written, "company")
        self._quotas: dict[str | int, Quota] = {}
        for domain, company, at in left:
            for quota in self.of(domain, company):
                quota.history.append(at)

    def of(self, domain: str, company: int | None) -> Sequence[Quota]:
        """Which an email to this domain counts in, to a lead of this company."""
        found = []
        if self.per_domain and domain:
            found.append(self._quota(domain, self.per_domain))
        if self.per_company and company is not None and not is_free(domain):
            found.append(self._quota(company, self.per_company))
        return found

    def _quota(self, whose: str | int, caps: Sequence[Cap]) -> Quota:
        if whose not in self._quotas:
            self._quotas[whose] = Quota(caps=caps)
        return self._quotas[whose]


def _caps(written: Written, kind: str) -> Sequence[Cap]:
    most = written.get(f"per_{kind}") or {}
    return [
        (f"{kind}_{name}", count, span)
        for name, span in _SPANS.items()
        if (count := most.get(name)) is not None
    ]
