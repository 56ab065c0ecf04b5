"""The people of the accounts, which no pipeline export has: drawn from a seed, always the same."""

import random
from dataclasses import replace

from sandbox import personas
from sandbox.names import AT_HOME, LOCALES, TITLES, Locale, ascii_of
from sandbox.parties import Account, Crm, Person, Rep
from sandbox.pipeline import Pipeline

#: People of an account who share its closed opportunities.
SHARING = 4
#: People without any opportunity, half of them in each CRM.
WITHOUT_DEAL = 70
#: Every so many people: no timezone in the CRM, or a do-not-contact mark.
BLANK_TIMEZONE_EACH = 6
DO_NOT_CONTACT_EACH = 97
PRIVATE_DOMAINS = ("post.example", "correo.example", "mail-büro.example", "inbox.example")

#: At whose account somebody is, in words of the language at home there.
AT_HOME_SHARE = 0.35


def people(
    rows: Pipeline, *, reps: tuple[Rep, ...], accounts: tuple[Account, ...], seed: int
) -> tuple[tuple[Person, ...], dict[str, int]]:
    """Everybody, and the person of each opportunity that has an account."""
    census = _Census(reps=reps, seed=seed)
    by_name = {account.name: account for account in accounts}
    rep_ids = {rep.name: rep.id for rep in reps}
    of_opportunity: dict[str, int] = {}
    sharers: dict[int, list[int]] = {}
    for row in rows.opportunities:
        account = by_name.get(row.account)
        if account is None:
            continue
        rep_id = rep_ids[row.agent]
        if row.stage in {"Prospecting", "Engaging"}:
            of_opportunity[row.id] = census.add(account.crm, rep_id, account=account)
            continue
        group = sharers.setdefault(account.id, [])
        if len(group) < SHARING:
            group.append(census.add(account.crm, rep_id, account=account))
        of_opportunity[row.id] = group[census.random.randrange(len(group))]
    census.without_deal()
    census.without_email()
    census.with_one_email()
    return tuple(census.people), of_opportunity


class _Census:
    def __init__(self, *, reps: tuple[Rep, ...], seed: int) -> None:
        self.random = random.Random(f"census:{seed}")  # noqa: S311 - a draw, no secret
        self.seed = seed
        self.reps = reps
        self.people: list[Person] = []
        self.taken: set[str] = set()

    def add(
        self, crm: Crm, rep_id: int, *, account: Account | None = None, kind: str = "contact"
    ) -> int:
        number = len(self.people) + 1
        locale = self._locale(account)
        first, last = self.random.choice(locale.first), self.random.choice(locale.last)
        domain = account.domain if account else self.random.choice(PRIVATE_DOMAINS)
        email = self._address(first.latin, last.latin, domain)
        timezone = self.random.choice(locale.timezones)
        self.people.append(
            Person(
                id=number,
                first_name=first.written,
                last_name=last.written,
                email=email,
                title=self.random.choice(TITLES),
                phone=f"{locale.dialing} {self.random.randrange(10**7, 10**8)}",
                country=locale.country,
                language=locale.language,
                timezone="" if number % BLANK_TIMEZONE_EACH == 0 else timezone,
                account_id=account.id if account else None,
                rep_id=rep_id,
                crm=crm,
                persona=personas.draw(email, self.seed),
                kind="lead" if kind == "lead" else "contact",
                do_not_contact=number % DO_NOT_CONTACT_EACH == 0,
            )
        )
        return number

    def without_deal(self) -> None:
        """New contacts in HubSpot, and Leads in Salesforce that nobody has converted yet."""
        for number in range(WITHOUT_DEAL):
            rep_id = self.random.choice(self.reps).id
            if number % 2:
                self.add("salesforce", rep_id, kind="lead")
            else:
                self.add("hubspot", rep_id)

    def without_email(self) -> None:
        """Two people whose address nobody wrote down."""
        for person in (self.people[-5], self.people[-6]):
            self.people[person.id - 1] = replace(person, email="")

    def with_one_email(self) -> None:
        """One person known to both CRMs, and two of one CRM with the same address: a doubtful pair."""
        hubspot = next(p for p in reversed(self.people) if p.crm == "hubspot")
        leads = [p for p in reversed(self.people) if p.kind == "lead" and p.email]
        self._same_person(hubspot, leads[0])
        doubtful, twin = leads[2], leads[3]
        self.people[twin.id - 1] = replace(twin, email=doubtful.email, persona=doubtful.persona)

    def _same_person(self, known: Person, again: Person) -> None:
        self.people[again.id - 1] = replace(
            known,
            id=again.id,
            crm=again.crm,
            kind=again.kind,
            do_not_contact=known.do_not_contact,
        )

    def _locale(self, account: Account | None) -> Locale:
        at_home = AT_HOME.get(account.country, account.country) if account else ""
        if at_home and self.random.random() < AT_HOME_SHARE:
            found = [locale for locale in LOCALES if locale.country == at_home]
            if found:
                return found[0]
        return self.random.choice(LOCALES)

    def _address(self, first: str, last: str, domain: str) -> str:
        """Unique, the local part in ASCII: `first.last`, initials, or with a number."""
        first, last = ascii_of(first), ascii_of(last)
        forms = [f"{first}.{last}", f"{first[0]}{last}", f"{last}.{first[0]}"]
        self.random.shuffle(forms)
        numbered = (f"{first}.{last}{number}" for number in range(2, 10_000))
        for local in (*forms, *numbered):
            email = f"{local}@{domain}"
            if email not in self.taken:
                self.taken.add(email)
                return email
        raise RuntimeError(f"every address of {first} {last} at {domain} is taken")
