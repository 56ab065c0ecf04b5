"""What a rep is told to say to an objection."""

from jinja2 import TemplateError

from crm import facts, stages
from crm.models import Lead
from process.objections.definition import Objection
from workspace.templating import render


def script(objection: Objection, lead: Lead) -> str:
    """The response, what goes with it and what comes next; a fact that is blank leaves out the first."""
    try:
        response = render(objection.response, facts.context(lead, stages.bound_deal(lead))).strip()
    except TemplateError:
        response = ""
    asset = f"Show: {objection.asset}" if objection.asset else ""
    return "\n".join(filter(None, (response, asset, f"Next: {objection.next_step}")))
