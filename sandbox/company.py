"""The company whose CRMs and mailboxes the sandbox plays: reps, accounts, people, opportunities."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sandbox import census, pipeline
from sandbox.names import ascii_of
from sandbox.parties import Account, Crm, Opportunity, Person, Rep

__all__ = ["OWN_DATA", "Account", "Company", "Crm", "Opportunity", "Person", "Rep", "load"]

OWN_DATA = Path(__file__).parent / "data" / "crm"
#: The reps' own company.
HOME_DOMAIN = "brightwell-hardware.example"


@dataclass(frozen=True, kw_only=True)
class Company:
    reps: tuple[Rep, ...]
    accounts: tuple[Account, ...]
    people: tuple[Person, ...]
    opportunities: tuple[Opportunity, ...]


def load(folder: Path = OWN_DATA, *, seed: int) -> Company:
    """The data set in `folder` with people drawn from `seed`; raises pipeline.BadData."""
    rows = pipeline.read(folder)
    reps = _reps(rows.agents)
    accounts = _accounts(rows.accounts)
    people, of_opportunity = census.people(rows, reps=reps, accounts=accounts, seed=seed)
    rep_ids = {rep.name: rep.id for rep in reps}
    by_name = {account.name: account for account in accounts}
    opportunities = []
    for row in rows.opportunities:
        account = by_name.get(row.account)
        opportunities.append(
            Opportunity(
                id=row.id,
                account_id=account.id if account else None,
                person_id=of_opportunity.get(row.id),
                rep_id=rep_ids[row.agent],
                product=row.product,
                stage=row.stage,
                engage_date=row.engage_date,
                close_date=row.close_date,
                value=row.value,
                crm=account.crm if account else crm_of(row.id),
            )
        )
    return Company(reps=reps, accounts=accounts, people=people, opportunities=tuple(opportunities))


def empty() -> Company:
    """One rep, and nobody to write to: what tests fill themselves."""
    rep = Rep(id=1, name="Ada Byron", email=f"ada@{HOME_DOMAIN}", manager="", office="")
    return Company(reps=(rep,), accounts=(), people=(), opportunities=())


def crm_of(name: str) -> Crm:
    """Which CRM holds what is called so; the same for every seed."""
    return "hubspot" if sha256(name.encode()).digest()[0] % 2 else "salesforce"


def _reps(rows: tuple[pipeline.AgentRow, ...]) -> tuple[Rep, ...]:
    return tuple(
        Rep(
            id=number,
            name=row.name,
            email=f"{'.'.join(map(ascii_of, row.name.split()))}@{HOME_DOMAIN}",
            manager=row.manager,
            office=row.office,
        )
        for number, row in enumerate(rows, start=1)
    )


def _accounts(rows: tuple[pipeline.AccountRow, ...]) -> tuple[Account, ...]:
    """Half of them in each CRM, in the order of a hash; a few get a domain beyond ASCII."""
    ordered = sorted(rows, key=lambda row: sha256(row.name.encode()).digest())
    in_hubspot = {row.name for row in ordered[::2]}
    beyond_ascii = {row.name for row in ordered[:2]}
    accounts = []
    for number, row in enumerate(rows, start=1):
        domain = _domain(row.name)
        if row.name in beyond_ascii and domain.isascii():
            domain = f"büro-{domain}"
        accounts.append(
            Account(
                id=number,
                name=row.name,
                domain=domain,
                sector=row.sector,
                country=row.country,
                employees=row.employees,
                revenue=row.revenue,
                crm="hubspot" if row.name in in_hubspot else "salesforce",
            )
        )
    return tuple(accounts)


def _domain(name: str) -> str:
    """A name with umlauts keeps them: such domains exist and have to be written to."""
    kept = "".join(c if c.isalnum() else " " for c in name.casefold())
    return f"{'-'.join(kept.split())}.example"
