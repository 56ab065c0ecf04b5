"""The personal line: what a person wrote about one lead, which emails print as `lead.line`."""

from django.db import transaction

from crm.models import Lead
from crm.timeline import note
from runtime import clock
from workspace.problems import Fault

LONGEST = 500


def write(lead: Lead, text: str, *, by: str) -> bool:
    """Put it in place of the one before, a blank one takes it away; False when nothing changes.

    Raises Fault for what is no line.
    """
    line = text.strip()
    if not line.isprintable():
        raise Fault(
            "a personal line is one line of text, without tabs and other control characters"
        )
    if len(line) > LONGEST:
        raise Fault(f"a personal line has at most {LONGEST} characters; this has {len(line)}")
    with transaction.atomic():
        fresh = Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
        if fresh.line == line:
            return False
        fresh.line = line
        fresh.save(update_fields=["line"])
        data: dict[str, object] = {"fields": ["line"], "by": by}
        note("lead_changed", lead=fresh, occurred_at=clock.now(), data=data)
    return True
