"""The one object that every part of the sandbox shares: its moment, its records, its journal."""

import secrets
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.agenda import Agenda
from sandbox.company import Company
from sandbox.hubspot.schema import hubspot_store
from sandbox.journal import Journal
from sandbox.salesforce.schema import salesforce_store
from sandbox.store import Store


@dataclass(frozen=True, kw_only=True)
class Keys:
    """What clients must show; made anew for each sandbox unless given."""

    hubspot_token: str = field(default_factory=lambda: f"pat-eu1-{secrets.token_hex(16)}")
    hubspot_client_id: str = field(default_factory=lambda: secrets.token_hex(16))
    hubspot_client_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    #: The first one; each use of one makes another.
    hubspot_refresh_token: str = field(default_factory=lambda: f"r-{secrets.token_hex(16)}")
    salesforce_refresh_token: str = field(default_factory=lambda: f"5Aep{secrets.token_hex(32)}")
    salesforce_client_id: str = field(default_factory=lambda: f"3MVG9{secrets.token_hex(16)}")
    salesforce_client_secret: str = field(default_factory=lambda: secrets.token_hex(32))
    #: By which the booking page's provider signs what it tells.
    cal_secret: str = field(default_factory=lambda: secrets.token_hex(32))
    mail_password: str = field(default_factory=lambda: secrets.token_urlsafe(16))


class World:
    """Everything that the sandbox knows.

    `stores["hubspot"]` and `stores["salesforce"]` hold the records, `journal.append(kind, **fields)`
    keeps what happened, `agenda.at(moment, function)` puts off a call, and `moment` is the present,
    which only `advance` moves.
    """

    def __init__(
        self,
        *,
        state: Path,
        company: Company,
        start: datetime,
        seed: int = 7,
        process: Mapping[str, Any] | None = None,
        product_url: str = "",
        keys: Keys | None = None,
    ) -> None:
        self.state = state
        self.company = company
        self.start = start.astimezone(UTC)
        self.seed = seed
        #: process.yaml as plain data; reps read the stages' counterparts from it.
        self.process: Mapping[str, Any] = process or {}
        #: Where unsubscribe links of the product are answered.
        self.product_url = product_url.rstrip("/")
        self.keys = keys or Keys()
        self.agenda = Agenda(self.start)
        self.journal = Journal(state / "journal.jsonl", lambda: self.moment)
        self.stores: dict[str, Store] = {
            "hubspot": hubspot_store(lambda: self.moment),
            "salesforce": salesforce_store(lambda: self.moment),
        }
        for store in self.stores.values():
            store.journal_length = lambda: len(self.journal)
        #: CRM -> route -> how often it was called.
        self.calls: dict[str, Counter[str]] = {"hubspot": Counter(), "salesforce": Counter()}
        #: Mails that arrived in reps' inboxes, by address; the mail world counts them here.
        self.delivered: Counter[str] = Counter()
        self._heard_at = time.monotonic()

    @property
    def moment(self) -> datetime:
        return self.agenda.moment

    async def advance(self, now: datetime) -> None:
        """Run everything due until `now`, in order, each at its own moment."""
        await self.agenda.run_until(now)

    def heard(self) -> None:
        """Somebody talked to us; the process ends by itself once nobody does for long."""
        self._heard_at = time.monotonic()

    def idle_seconds(self) -> float:
        return time.monotonic() - self._heard_at

    def close(self) -> None:
        self.journal.close()
