"""Leads as far as a step asks for them, read for many at once from the columns alone."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from crm import facts, rows
from crm.facts import Facts
from crm.models import Company, Lead, Owner

_OWN = ("id", "company_id", "owner_id", "deleted_at", "disposition", "meeting")
#: Name -> the fields of it that are asked for.
Fields = Mapping[str, Collection[str]]
_NAMES = ("first_name", "last_name", "email")


class Person(NamedTuple):
    """A lead; a tuple, since a tick reads thousands."""

    pk: int
    company_id: int | None
    is_deleted: bool
    owner_is_gone: bool
    facts: Facts  #: as of crm.facts, without a deal: those that were asked for, and its names

    @property
    def email(self) -> str:
        return str(self.facts["lead"]["email"] or "")

    def __str__(self) -> str:
        return str(Lead(pk=self.pk, **{name: self.facts["lead"][name] or "" for name in _NAMES}))


def read(lead_ids: Iterable[int], fields: Fields = facts.FIELDS) -> Mapping[int, Person]:
    """Lead id -> the person. What many have in common is read once for all of them."""
    of_lead = facts.columns("lead", {*_NAMES, *fields.get("lead", ())})
    found = rows.read(Lead, (*_OWN, *of_lead), lead_ids)
    of_company = facts.columns("company", fields.get("company", ()))
    companies = _companies({row[1] for row in found} - {None}, of_company)
    owners = _owners({row[2] for row in found} - {None})
    return {
        pk: Person(  # by position: names take more than twice the time
            pk,
            company_id,
            deleted_at is not None,
            owner_id is not None and not owners[owner_id][0],
            {
                "lead": facts.told(of_lead, columns),
                "company": companies.get(company_id, facts.BLANK["company"]),
                "owner": owners[owner_id][1],
                "answer": {"disposition": disposition} if disposition else facts.BLANK["answer"],
                "meeting": facts.of_meeting(meeting) if meeting else facts.BLANK["meeting"],
            },
        )
        for pk, company_id, owner_id, deleted_at, disposition, meeting, *columns in found
    }


def _companies(
    ids: Iterable[int], columns: Sequence[str]
) -> Mapping[int | None, dict[str, object]]:
    found = rows.read(Company, ("id", *columns), ids) if columns else ()
    return {pk: facts.told(columns, values) for pk, *values in found}


def _owners(ids: Iterable[int]) -> Mapping[int | None, tuple[bool, dict[str, object]]]:
    found = rows.read(Owner, ("id", "active", *facts.COLUMNS["owner"]), ids)
    return {None: (True, facts.BLANK["owner"])} | {
        pk: (active, facts.told(facts.COLUMNS["owner"], columns)) for pk, active, *columns in found
    }
