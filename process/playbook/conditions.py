"""Conditions in words: `lead.stage in ["Approach"]` is "the lead's stage is Approach"."""

from collections.abc import Callable, Mapping, Sequence

from jinja2 import nodes

from workspace import reading
from workspace.counts import plural
from workspace.expressions import parse

#: How an event is called in "there was a ..." and "the number of ...".
_EVENTS: Mapping[str, str] = {
    "accepted": "acceptance by sales",
    "answered": "answer",
    "assigned": "assignment to an owner",
    "auto_replied": "automatic reply",
    "bounced": "bounced email",
    "called": "call",
    "clicked": "click",
    "company_answered": "answer by somebody else of the company",
    "deal_closed": "closed deal",
    "deal_created": "new deal",
    "deal_moved": "move of the deal",
    "email_sent": "email from us",
    "form_submitted": "form that was sent in",
    "lead_created": "creation of the lead",
    "list_joined": "joining of a CRM's list",
    "list_left": "leaving of a CRM's list",
    "meeting_booked": "booked meeting",
    "meeting_canceled": "canceled meeting",
    "meeting_held": "meeting that took place",
    "meeting_missed": "missed meeting",
    "meeting_moved": "moved meeting",
    "nps": "score given to us",
    "page_visited": "page visit",
    "qualified": "qualification",
    "rejected": "rejection by sales",
    "renewal_due": "renewal that is due",
    "stage_moved": "move to another stage",
    "task_done": "task done",
}
_COMPARED: Mapping[str, tuple[str, str]] = {
    "eq": ("is", "is not"),
    "ne": ("is not", "is"),
    "lt": ("is below", "is not below"),
    "lteq": ("is at most", "is more than"),
    "gt": ("is above", "is not above"),
    "gteq": ("is at least", "is less than"),
    "in": ("is", "is not"),
    "notin": ("is not", "is"),
}
#: Facts that have a better name than their own.
_FACTS: Mapping[tuple[str, ...], str] = {
    ("answer", "disposition"): "the last answer",
    ("task", "disposition"): "what came of the last task",
    ("lead", "nps"): "the score that the lead gave us",
    ("deal", "amount"): "the amount of the deal",
    ("deal", "stage_value"): "the deal's stage in the CRM",
}


def said(expression: str) -> str:
    """The whole of it, for the middle of a sentence."""
    return _truth(parse(expression), holds=True)


def event(name: str) -> str:
    """What happened, as a noun without an article."""
    return _EVENTS.get(name, f"event “{humanized(name)}”")


def fact(chain: Sequence[str]) -> str:
    """`lead.first_name` is "the lead's first name"."""
    if tuple(chain) in _FACTS:
        return _FACTS[tuple(chain)]
    group, *fields = chain
    if group == "event" and fields:
        return f"the number of {_several(event(fields[0]))}"
    if group == "task" and fields:
        return f"what came of the task “{fields[0]}”"
    names = [humanized(name) for name in fields if name != "extra"]
    return f"the {humanized(group)}'s {' '.join(names)}" if names else f"the {humanized(group)}"


def humanized(name: str) -> str:
    return name.replace("_", " ")


def listed(words: Sequence[str], joint: str = "or") -> str:
    """`a, b or c`."""
    *others, last = words or ("nothing",)
    return f"{', '.join(others)} {joint} {last}" if others else last


def _truth(node: nodes.Node, *, holds: bool) -> str:
    match node:
        case nodes.And() | nodes.Or():
            return _joined(node, holds=holds)
        case nodes.Not():
            return _truth(node.node, holds=not holds)
        case nodes.Compare():
            return _comparison(node, holds=holds)
        case nodes.Test():
            known = (node.name == "defined") is holds
            return f"{_value(node.node)} is {'' if known else 'not '}known"
        case nodes.Const():
            return "always" if bool(node.value) is holds else "never"
    return _plain(node, holds=holds)


def _joined(node: nodes.And | nodes.Or, *, holds: bool) -> str:
    """Of two that are not both true, one is not; so joints turn round with what they join."""
    joint = "and" if isinstance(node, nodes.And) is holds else "or"
    sides = []
    for side in (node.left, node.right):
        words = _truth(side, holds=holds)
        is_other = isinstance(side, nodes.And | nodes.Or) and type(side) is not type(node)
        sides.append(f"({words})" if is_other else words)
    return f"{sides[0]}, {joint} {sides[1]}"


def _plain(node: nodes.Node, *, holds: bool) -> str:
    """A fact that stands alone: it is known, it is so, it has happened."""
    chain = reading.dotted(node) or ()
    negation = "" if holds else "not "
    if chain[:1] == ("event",) and len(chain) > 1:
        name = event(chain[1])
        return f"there was {_article(name) if holds else 'no'} {name}"
    if chain == ("deal", "exists"):
        return f"there is {'a' if holds else 'no'} deal"
    if len(chain) > 1 and chain[-1].startswith("is_"):
        return f"the {humanized(chain[0])} is {negation}{humanized(chain[-1][3:])}"
    return f"{_value(node)} is {'' if holds else 'un'}known"


def _comparison(node: nodes.Compare, *, holds: bool) -> str:
    parts, left = [], node.expr
    for operand in node.ops:
        parts.append(_compared(left, operand.op, operand.expr, holds=holds))
        left = operand.expr
    return f", {'and' if holds else 'or'} ".join(parts)


def _compared(left: nodes.Expr, name: str, right: nodes.Expr, *, holds: bool) -> str:
    words = _COMPARED[name][0 if holds else 1]
    if name in ("in", "notin"):
        return f"{_value(left)} {_among(right, is_in=words == 'is')}"
    if name in ("eq", "ne") and isinstance(right, nodes.Const) and right.value is None:
        return f"{_value(left)} is {'un' if words == 'is' else ''}known"
    return f"{_value(left)} {words} {_value(right)}"


def _among(node: nodes.Expr, *, is_in: bool) -> str:
    if not isinstance(node, nodes.List | nodes.Tuple):
        return f"is {'' if is_in else 'not '}in {_value(node)}"
    values = [_value(item) for item in node.items]
    if is_in or len(values) == 1:
        return f"is {'' if is_in else 'not '}{listed(values)}"
    if len(values) == 2:  # noqa: PLR2004 - a pair
        return f"is neither {listed(values, 'nor')}"
    return f"is none of {listed(values, 'and')}"


def _value(node: nodes.Node) -> str:
    match node:
        case nodes.Const():
            return _KINDS.get(type(node.value), str)(node.value)
        case nodes.List() | nodes.Tuple():
            return listed([_value(item) for item in node.items])
        case nodes.Neg():
            return f"minus {_value(node.node)}"
        case nodes.Filter(node=filtered) if filtered is not None:
            inner = _value(filtered)
            return f"the length of {inner}" if node.name == "length" else inner
    chain = reading.dotted(node)
    return fact(chain) if chain else f"({_truth(node, holds=True)})"


def _article(noun: str) -> str:
    return "an" if noun[:1] in "aeiou" else "a"


def _several(noun: str) -> str:
    """Of several words the first is counted where others explain it."""
    for joint in (" by ", " from ", " of ", " to ", " that ", " given ", " done"):
        head, found, rest = noun.partition(joint)
        if found:
            return f"{plural(head)}{found}{rest}"
    return plural(noun)


_KINDS: Mapping[type, Callable[[object], str]] = {
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "unknown",
}
