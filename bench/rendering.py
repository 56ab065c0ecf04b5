"""Emails rendered by our sandbox, in which a blank fact is an error, against plain Jinja2."""

import time
from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment

from workspace.templating import render

_TEMPLATE = Path(__file__).parent.parent / "templates" / "email" / "approach-cold-opening"
_TIMES = 2_000
_ROUNDS = 5
_CONTEXT = {
    "lead": {"first_name": "Gwen", "last_name": "Llewellyn", "title": "Buyer"},
    "company": {"name": "Cariad Homes", "industry": "retail"},
    "deal": {"product": "Halo"},
    "owner": {"name": "Ada Bright"},
    "sender": {"name": "Ada Bright", "company": "Brightwell", "postal_address": "1 Lane"},
    "unsubscribe_url": "https://example.com/u/1",
}


def measure(_data: Path | None) -> dict[str, object]:
    """Both in turn, so that whatever else the machine does slows both; the best round counts."""
    source = (_TEMPLATE / "body.txt").read_text()
    plain = Environment(autoescape=False).from_string(source)  # noqa: S701 - text, no HTML
    ours, theirs = [], []
    for _ in range(_ROUNDS):
        ours.append(_seconds(lambda: render(source, _CONTEXT)))
        theirs.append(_seconds(lambda: plain.render(_CONTEXT)))
    return {
        "renderings": _TIMES,
        "microseconds": round(min(ours) / _TIMES * 1e6, 1),
        "microseconds_plain_jinja2": round(min(theirs) / _TIMES * 1e6, 1),
        "ratio": round(min(ours) / min(theirs), 2),
    }


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(_TIMES):
        call()
    return time.perf_counter() - began
