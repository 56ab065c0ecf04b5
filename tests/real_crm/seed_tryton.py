"""Run by Tryton's own Python, on a fresh database: a company, its employees, customers and deals.

Prints the key of the user application that the connector logs in with, and nothing else.
"""

import datetime as dt
import sys
from decimal import Decimal

from trytond.config import config

config.update_etc(sys.argv[1])

from trytond.pool import Pool  # noqa: E402 - only after the configuration
from trytond.transaction import Transaction  # noqa: E402 - likewise

DATABASE = sys.argv[2]


def seed():
    pool = Pool()
    get = pool.get
    Party, Mechanism = get("party.party"), get("party.contact_mechanism")
    currency = get("currency.currency")(name="Euro", code="EUR", symbol="EUR", numeric_code="978")
    currency.save()
    ours = Party(name="Cadenza Tests")
    ours.save()
    company = get("company.company")(party=ours, currency=currency)
    company.save()
    employees = []
    for number in range(3):
        person = Party(name=f"Rep {number}")
        person.contact_mechanisms = [Mechanism(type="email", value=f"rep{number}@us.example")]
        person.save()
        employee = get("company.employee")(party=person, company=company)
        employee.save()
        employees.append(employee)
    User = get("res.user")
    (admin,) = User.search([("login", "=", "admin")])
    admin.companies = [company]
    admin.company = company
    admin.save()
    with Transaction().set_context(company=company.id):
        contacts = []
        for number in range(45):
            customer = Party(name=f"Customer {number}")
            customer.contact_mechanisms = [
                Mechanism(type="email", value=f"p{number}@customer.example", name=f"Ada P{number}"),
                Mechanism(type="phone", value=f"+4930{number:05}"),
            ]
            customer.save()
            contacts.append(customer.contact_mechanisms[0])
        Opportunity = get("sale.opportunity")
        for number, contact in enumerate(contacts):
            Opportunity(
                party=contact.party,
                contact=contact,
                employee=employees[number % 3],
                company=company,
                currency=currency,
                amount=Decimal(100 * number),
                description=f"Deal {number}",
                start_date=dt.date(2026, 3, 2),
            ).save()
    application = get("res.user.application")(user=admin, application="rest")
    application.save()
    get("res.user.application").validate_([application])
    return application.key


Pool.start()
pool = Pool(DATABASE)
pool.init()
with Transaction().start(DATABASE, 1):
    key = seed()
print(key)
