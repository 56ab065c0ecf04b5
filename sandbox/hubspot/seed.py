"""What the company brings into its HubSpot account."""

from datetime import UTC, date, datetime

from sandbox.company import Person
from sandbox.hubspot import associations
from sandbox.hubspot.schema import timezone_option
from sandbox.hubspot.stamps import iso
from sandbox.store import Store
from sandbox.world import World

_NOON = 12
_STAGES = {"Prospecting": "prospecting", "Engaging": "engaging", "Won": "won", "Lost": "lost"}


def owner_id(rep_id: int) -> str:
    return str(400_000_000 + rep_id)


def user_id(owner: str) -> int:
    """Of the user who is this owner: another number."""
    return 900_000 + int(owner) - 400_000_000


def load(world: World) -> dict[int, str]:
    """Create companies, contacts and deals; person id -> contact id."""
    store, company = world.stores["hubspot"], world.company
    accounts = {
        account.id: store.create(
            "companies",
            {
                "name": account.name,
                "domain": account.domain,
                "industry": account.sector,
                "country": account.country,
                "numberofemployees": str(account.employees),
                "annualrevenue": str(account.revenue),
            },
            by="seed",
        ).id
        for account in company.accounts
        if account.crm == "hubspot"
    }
    people = {
        person.id: _contact(store, person, accounts)
        for person in company.people
        if person.crm == "hubspot"
    }
    for deal in company.opportunities:
        if deal.crm != "hubspot":
            continue
        values: dict[str, str] = {
            "dealname": f"{deal.product} {deal.id}",
            "dealstage": _STAGES[deal.stage],
            "pipeline": "default",
            "product": deal.product,
            "hubspot_owner_id": owner_id(deal.rep_id),
        }
        if deal.value is not None:
            values["amount"] = str(deal.value)
        if deal.close_date is not None:
            values["closedate"] = iso(_at_noon(deal.close_date))
        record = store.create(
            "deals", values, by="seed", at=_at_noon(deal.engage_date) if deal.engage_date else None
        )
        if deal.person_id is not None:
            one = ("deals", record.id)
            contact = ("contacts", people[deal.person_id])
            associations.associate(store, one, contact, [associations.TYPES["deals", "contacts"]])
        if deal.account_id is not None:
            account = ("companies", accounts[deal.account_id])
            number = associations.PRIMARY["deals", "companies"]
            associations.associate(store, ("deals", record.id), account, [number])
    return people


def _contact(store: Store, person: Person, accounts: dict[int, str]) -> str:
    values: dict[str, str] = {
        "email": person.email.lower(),
        "firstname": person.first_name,
        "lastname": person.last_name,
        "jobtitle": person.title,
        "phone": person.phone,
        "country": person.country,
        "hs_language": person.language,
        "hs_timezone": timezone_option(person.timezone) if person.timezone else "",
        "lifecyclestage": "lead",
        "hs_lead_status": "NEW",
        "hubspot_owner_id": owner_id(person.rep_id),
        "hs_email_optout": "true" if person.do_not_contact else "",
    }
    account = accounts.get(person.account_id) if person.account_id is not None else None
    if account:
        values["associatedcompanyid"] = account
    record = store.create(
        "contacts", {name: value for name, value in values.items() if value}, by="seed"
    )
    if account:
        number = associations.PRIMARY["contacts", "companies"]
        associations.associate(store, ("contacts", record.id), ("companies", account), [number])
    return record.id


def _at_noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, _NOON, tzinfo=UTC)
