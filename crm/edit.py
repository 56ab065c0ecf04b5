"""Changing a row of ours by hand or by a rule: every linked CRM is owed the result."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from connectors.base import Written
from connectors.values import Malformed, custom
from crm import consent, ledger, policy, values
from crm.models import Company, Connection, Deal, Lead
from crm.normalize import email as normalized_email
from crm.timeline import note
from runtime import clock

_KINDS: Mapping[type, Written] = {Lead: "lead", Company: "company", Deal: "deal"}


class NotEditable(ValueError):
    """A field that nobody sets here; the text names the choices."""


def change(row: Lead | Company | Deal, new: Mapping[str, object], *, by: str) -> bool:
    """Set fields of a lead, a company or a deal; False when nothing was different.

    Custom fields are `extra.<name>`, in their declared types. Raises NotEditable. An opt-out is set
    elsewhere and never here.
    """
    kind = _KINDS[type(row)]
    allowed = (policy.SHARED[kind] | policy.OF_SOURCE.get(kind, frozenset())) - {"do_not_contact"}
    for name in new:
        if name not in allowed and not name.startswith(policy.EXTRA):
            choices = ", ".join(sorted(allowed))
            raise NotEditable(f"{name!r} of a {kind} is not changed here; it takes {choices}")
    wanted = {name: _custom(kind, name, value) for name, value in new.items()}
    if "email" in wanted:
        wanted["email"] = normalized_email(str(wanted["email"]))
    with transaction.atomic():
        fresh = type(row).objects.select_for_update(no_key=True).get(pk=row.pk)
        before = values.of_row(fresh, names=wanted)
        changed = {name: value for name, value in wanted.items() if before[name] != value}
        if not changed:
            return False
        fresh.save(update_fields=values.put(fresh, changed))
        values.put(row, changed)
        ledger.settle(kind, [fresh], at=clock.now())
        if isinstance(fresh, Lead):
            note(
                "lead_changed",
                lead=fresh,
                occurred_at=clock.now(),
                data={"fields": sorted(changed), "by": by},
            )
    return True


def _custom(kind: Written, name: str, value: object) -> object:
    """A custom field's value in its declared type, any other as it is."""
    if not name.startswith(policy.EXTRA):
        return value
    plain = name.removeprefix(policy.EXTRA)
    for connection in Connection.objects.order_by("id"):
        if plain in (connection.settings.get("fields") or {}).get(kind, {}):
            declared = (connection.settings.get("types") or {}).get(kind, {})
            try:
                return custom(declared.get(plain, "text"), value)
            except Malformed as error:
                raise NotEditable(f"{name} of a {kind}: {error}") from error
    raise NotEditable(f"{name} of a {kind} is mapped in no connection")


def opt_out(lead: Lead, *, at: datetime) -> bool:
    """This person asked us to be left alone: so says every linked CRM from now on."""
    with transaction.atomic():
        fresh = Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
        said = consent.opt_out(fresh, None, at=at)
        ledger.settle("lead", [fresh], at=clock.now())
    lead.do_not_contact = True
    return said


def opt_in(lead: Lead, *, at: datetime) -> bool:
    """This person consented anew; False while a CRM holds the flag, which a person clears there."""
    with transaction.atomic():
        fresh = Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
        fresh.consented_at = at
        fresh.save(update_fields=["consented_at"])
        lifted = consent.lift(fresh, at=at)
        ledger.settle("lead", [fresh], at=clock.now())
    lead.do_not_contact = fresh.do_not_contact
    return lifted
