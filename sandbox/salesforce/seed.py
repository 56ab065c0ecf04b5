"""What the company brings into its Salesforce org."""

from datetime import UTC, date, datetime
from typing import Any

from sandbox.company import Person
from sandbox.store import Store
from sandbox.world import World

_NOON = 12
#: Opportunities need a close date; one without gets the end of the year it began in.
_NO_DATE = date(2026, 12, 31)


def load(world: World) -> dict[int, str]:
    """Create users, accounts, contacts, leads and opportunities; person id -> record id."""
    store, company = world.stores["salesforce"], world.company
    users = {
        rep.id: store.create(
            "User",
            {"Name": rep.name, "Email": rep.email, "IsActive": True, "UserType": "Standard"},
            by="seed",
        ).id
        for rep in company.reps
    }
    accounts = {
        account.id: store.create(
            "Account",
            {
                "Name": account.name,
                "Website": f"https://{account.domain}",
                "Industry": account.sector,
                "BillingCountry": account.country,
                "NumberOfEmployees": account.employees,
                "AnnualRevenue": account.revenue * 1e6,
                "OwnerId": next(iter(users.values())),
            },
            by="seed",
        ).id
        for account in company.accounts
        if account.crm == "salesforce"
    }
    people = {
        person.id: _person(store, person, users, accounts)
        for person in company.people
        if person.crm == "salesforce"
    }
    for deal in company.opportunities:
        if deal.crm != "salesforce":
            continue
        closes = deal.close_date or _NO_DATE
        values: dict[str, Any] = {
            "Name": f"{deal.product} {deal.id}",
            "StageName": deal.stage,
            "CloseDate": closes.isoformat(),
            "Amount": deal.value,
            "Product__c": deal.product,
            "OwnerId": users[deal.rep_id],
            "AccountId": accounts[deal.account_id] if deal.account_id is not None else None,
        }
        at = _at_noon(deal.engage_date) if deal.engage_date else None
        record = store.create("Opportunity", values, by="seed", at=at)
        if deal.person_id is not None:
            role = store.create(
                "OpportunityContactRole",
                {
                    "OpportunityId": record.id,
                    "ContactId": people[deal.person_id],
                    "IsPrimary": True,
                },
                by="seed",
            )
            store.link(("Opportunity", record.id), ("OpportunityContactRole", role.id), [1])
    return people


def _person(store: Store, person: Person, users: dict[int, str], accounts: dict[int, str]) -> str:
    values: dict[str, Any] = {
        "FirstName": person.first_name,
        "LastName": person.last_name,
        "Email": person.email or None,
        "Title": person.title,
        "Phone": person.phone,
        "HasOptedOutOfEmail": person.do_not_contact,
        "Timezone__c": person.timezone or None,
        "Language__c": person.language,
        "OwnerId": users[person.rep_id],
    }
    if person.kind == "lead":
        values |= {
            "Company": f"{person.last_name} & Co.",
            "Country": person.country,
            "Status": "Open - Not Contacted",
        }
        return store.create("Lead", values, by="seed").id
    account = accounts.get(person.account_id) if person.account_id is not None else None
    values |= {"AccountId": account, "MailingCountry": person.country}
    return store.create("Contact", values, by="seed").id


def _at_noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, _NOON, tzinfo=UTC)
