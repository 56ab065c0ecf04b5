"""All that we hold on one person: the rows themselves, for an export and for erasing them.

Whatever refers to a lead is found by its foreign key, so that a table of tomorrow is not forgotten.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from functools import reduce
from typing import Any

from django.db.models import ForeignKey, Model, Q, QuerySet

from crm.models import Activity, Deal, Lead
from mail import suppression
from mail.models import Inbound, Message, SentCopy, Suppression
from process.models import Submission
from runtime import clock
from sequences.models import ListMember

Holdings = dict[type[Model], QuerySet[Any]]


def export(lead: Lead) -> Mapping[str, object]:
    """JSON-ready: the person's rows by table, texts and emails as they were."""
    people = everyone(lead)
    return _exported(people, holdings(people))


def export_address(address: str) -> Mapping[str, object]:
    """Likewise, of a normalized address that no lead has: whoever it is may have answered or asked.

    An answer is exported with what was noted of it, whichever lead it was about.
    """
    people = [one for lead in Lead.objects.filter(email=address) for one in everyone(lead)]
    held = holdings(people, {address})
    answers = Inbound.objects.filter(from_email=address)
    held[Inbound] = (held[Inbound] | answers).order_by("pk")
    noted = Activity.objects.filter(data__inbound__in=list(answers.values_list("pk", flat=True)))
    held[Activity] = (held[Activity] | noted).order_by("pk")
    return _exported(people, held)


def everyone(lead: Lead) -> list[Lead]:
    """The lead, and those that were merged into it: all of them are this person."""
    found, fresh = {lead.pk: lead}, [lead.pk]
    while fresh:
        merged = Activity.objects.filter(kind="lead_deleted", data__merged_into__in=fresh)
        rows = Lead.objects.filter(pk__in=merged.values("lead")).exclude(pk__in=found)
        fresh = [row.pk for row in rows]
        found |= {row.pk: row for row in rows}
    return list(found.values())


def addresses(people: list[Lead]) -> set[str]:
    """Every address that the person had here, normalized."""
    written = Message.objects.filter(lead__in=people).values_list("to_email", flat=True)
    kept = Suppression.objects.filter(lead__in=people, email__contains="@")
    known = {*written, *kept.values_list("email", flat=True), *(one.email for one in people)}
    return {suppression.normalize(email) for email in known if email[:1] != "@"} - {""}


def holdings(people: list[Lead], besides: Collection[str] = ()) -> Holdings:
    """Table -> the person's rows, by foreign key from the lead or from a row of the lead's, or by address.

    `besides` are addresses, normalized, that the person has though no row of the leads says so.
    """
    held: Holdings = {}
    for model, name in _referring(Lead):
        held[model] = model._base_manager.filter(**{f"{name}__in": people})  # noqa: SLF001 - Django's public name
    for owner in [model for model in held if model is not Deal]:
        for model, name in _referring(owner):
            if model not in held and not _has_lead(model):
                held[model] = model._base_manager.filter(**{f"{name}__in": held[owner]})  # noqa: SLF001 - likewise
    known = {*addresses(people), *besides}
    by_address = reduce(Q.__or__, (Q(email__in=suppression.keys(one)) for one in known), Q(pk=None))
    of_people = Q(lead__in=people)
    held[Suppression] = Suppression.objects.filter(of_people | (by_address & ~_DOMAINS))
    held[Inbound] = Inbound.objects.filter(of_people | Q(lead=None, from_email__in=known))
    held[SentCopy] = SentCopy.objects.filter(to_email__in=known)
    held[ListMember] = ListMember.objects.filter(email__in=known)
    held[Submission] = Submission.objects.filter(of_people | Q(email__in=known))
    return {model: rows.order_by("pk") for model, rows in held.items()}


def _exported(people: list[Lead], held: Holdings) -> Mapping[str, object]:
    return {
        "exported_at": clock.now().isoformat(),
        "person": [_told(one) for one in people],
        "companies": [_told(one.company) for one in people if one.company is not None],
        **{_name(model): [_told(row) for row in rows] for model, rows in held.items()},
    }


_DOMAINS = Q(email__startswith=suppression.DOMAIN)


def _referring(model: type[Model]) -> Iterator[tuple[type[Model], str]]:
    for relation in model._meta.related_objects:  # noqa: SLF001 - Django's public name
        if relation.related_model is not model:
            yield relation.related_model, relation.field.name


def _has_lead(model: type[Model]) -> bool:
    return any(isinstance(f, ForeignKey) and f.related_model is Lead for f in model._meta.fields)  # noqa: SLF001 - likewise


def _name(model: type[Model]) -> str:
    return str(model._meta.verbose_name_plural).replace(" ", "_")  # noqa: SLF001 - likewise


def _told(row: Model) -> Mapping[str, object]:
    return {
        field.name: _plain(getattr(row, field.name))
        for field in row._meta.concrete_fields  # noqa: SLF001 - likewise
    }


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):  # an email as it left
        return bytes(value).decode("utf-8", "replace")
    if value is None or isinstance(value, str | int | float | bool | dict | list):
        return value
    return str(value)
