"""Invented people for a workspace that has none yet: spread over mailboxes, companies and time zones."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from mail.legal import Rules
from mail.quotas import Quotas
from process.blueprint import Blueprint
from process.definition import STAGES
from process.prospecting.lists import of_crms
from process.simulation.files import files
from process.simulation.rows import WITH_HISTORY, Connection, Lead, Mailbox
from process.simulation.scene import Scene

FIRST = ("Ada", "Bruno", "Chiara", "David", "Elif", "Farid", "Grace", "Hugo", "Ines", "Jonas")
LAST = (
    "Almeida",
    "Brandt",
    "Costa",
    "Dubois",
    "Evans",
    "Fischer",
    "Garcia",
    "Haddad",
    "Ito",
    "Jensen",
)
TITLES = ("Head of Sales", "Chief Executive", "Operations Manager", "Buyer", "Founder")
INDUSTRIES = ("manufacturing", "logistics", "retail", "health", "software")
#: Country, an IANA time zone there, and language.
PLACES = (
    ("Germany", "Europe/Berlin", "de"),
    ("France", "Europe/Paris", "fr"),
    ("United Kingdom", "Europe/London", "en"),
    ("United States", "America/New_York", "en"),
    ("United States", "America/Los_Angeles", "en"),
    ("Japan", "Asia/Tokyo", "ja"),
    ("Brazil", "America/Sao_Paulo", "pt"),
)
PER_COMPANY = 3


def scene(blueprint: Blueprint, count: int, now: datetime) -> Scene:
    """`count` people in the first stage, whom nobody has written to."""
    connection = next(iter(blueprint.connections))
    reps = list(dict.fromkeys(one.owner.lower() for one in blueprint.mailboxes))
    leads = {lead.pk: lead for lead in _leads(blueprint, count, connection, reps, now)}
    return Scene(
        files=replace(files(blueprint), privacy=Rules()),  # which CRMs tell, and no sample
        now=now,
        leads=leads,
        connections={
            name: Connection(
                name=name,
                pull_every=one.pull_every.elapsed,
                pull_due_at=now,
                tells_when=one.kind in WITH_HISTORY,
            )
            for name, one in blueprint.connections.items()
        },
        mailboxes=_mailboxes(blueprint, reps),
        quotas=Quotas(blueprint.limits.model_dump()),
        listed=dict.fromkeys(of_crms(blueprint.process.lists), leads),
    )


def _mailboxes(blueprint: Blueprint, reps: Sequence[str]) -> dict[int, list[Mailbox]]:
    found: dict[int, list[Mailbox]] = defaultdict(list)
    for pk, one in enumerate(blueprint.mailboxes, start=1):
        owner = 1 + reps.index(one.owner.lower())
        found[owner].append(Mailbox(pk=pk, address=one.address, limits=one.limits, ramp=one.ramp))
    return dict(found)


def _leads(
    blueprint: Blueprint,
    count: int,
    connection: str,
    reps: Sequence[str],
    now: datetime,
) -> Iterator[Lead]:
    first = blueprint.process.stages[0].counterparts[connection].lead_status
    for pk in range(1, count + 1):
        company, owner = 1 + pk // PER_COMPANY, 1 + pk % len(reps)
        country, timezone, language = PLACES[company % len(PLACES)]
        domain = f"company-{company}.example"
        yield Lead(
            pk=pk,
            source=connection,
            company_id=company,
            owner_id=owner,
            stage_since=now,
            facts={
                "lead": {
                    "email": f"person-{pk}@{domain}",
                    "first_name": FIRST[pk % len(FIRST)],
                    "last_name": LAST[pk // len(FIRST) % len(LAST)],
                    "title": TITLES[pk % len(TITLES)],
                    "phone": None,
                    "country": country,
                    "language": language,
                    "timezone": timezone,
                    "status": first[0] if first else None,
                    "lifecycle_stage": None,
                    "stage": STAGES[0],
                    "extra": {},
                },
                "company": {
                    "name": f"Company {company}",
                    "domain": domain,
                    "industry": INDUSTRIES[company % len(INDUSTRIES)],
                    "country": country,
                    "employees": 20 + company % 400,
                    "extra": {},
                },
                "owner": {"name": reps[owner - 1], "email": reps[owner - 1]},
                "answer": {"disposition": None},
            },
        )
