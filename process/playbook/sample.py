"""Texts as the sample lead would get them: Grace Hopper of Hopper Ltd."""

from collections.abc import Mapping

from jinja2 import TemplateError

from connectors.base import WRITTEN
from crm.fields import FIELDS
from mail import rendering
from process.blueprint import Blueprint
from process.person import FACTS, extra
from workspace.templating import render

_MEETING = {
    "start": "2026-03-10T13:00:00+00:00",
    "day": "Tuesday, 10 March",
    "time": "13:00",
    "timezone": "Europe/London",
    "title": "Demo for Hopper Ltd",
    "url": "https://meet.example.com/demo",
    "status": "booked",
}


class Sample:
    """Renders for somebody of whom everything is known."""

    def __init__(self, blueprint: Blueprint) -> None:
        self.context = _context(blueprint)

    def line(self, source: str) -> str:
        """A title or a script; as it is written where it cannot be made."""
        try:
            return render(source, self.context)
        except TemplateError:
            return source

    def text(self, source: str, html: str) -> str:
        """An email's text, made of its HTML where it has no other; raises TemplateError."""
        if source:
            return render(source, self.context)
        return rendering.text_of(rendering.render_html(html, self.context))


def _context(blueprint: Blueprint) -> Mapping[str, object]:
    rep, page = blueprint.mailboxes[0], blueprint.public_url.rstrip("/")
    known: dict[str, dict[str, object]] = {name: dict.fromkeys(FIELDS[name]) for name in FIELDS}
    for kind in WRITTEN:
        known[kind] |= {**FACTS[kind], "extra": extra(blueprint, kind)}
    known["lead"] |= {"stage": "Approach", "nps": 9, "score": 60, "fit": 40, "engagement": 20}
    known["deal"] |= {"exists": True, "is_open": True, "is_closed": False, "is_won": False}
    known["owner"] |= {"name": rep.name or None, "email": rep.owner}
    known["answer"] |= {"disposition": "other"}
    known["meeting"] |= _MEETING
    return {
        **known,
        "sender": {
            "name": rep.name,
            "email": rep.address,
            "company": blueprint.sender.company,
            "postal_address": blueprint.sender.postal_address,
        },
        "unsubscribe_url": f"{page}/u/sample",
        "nps_url": f"{page}/n/sample",
        "booking_url": blueprint.booking.link if blueprint.booking else "",
    }
