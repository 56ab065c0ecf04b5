"""Templates that name facts and do nothing else, filled in without Jinja: most titles and subjects.

What is told of a fact that is blank, or is no text, is Jinja's business.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import nodes
from markupsafe import escape

from workspace import reading

#: A text of the template's own, or the name and the field of a fact.
Part = str | tuple[str, str]


def parts(root: nodes.Template) -> Sequence[Part] | None:
    """What a plain template consists of; None: it does more than to name facts."""
    found: list[Part] = []
    for output in root.body:
        for node in output.nodes if isinstance(output, nodes.Output) else (output,):
            part = _part(node)
            if part is None:
                return None
            found.append(part)
    return found


def filled(plain: Sequence[Part], context: Mapping[str, Any], *, html: bool) -> str | None:
    """The text with these facts; None where one of them is blank or no text."""
    texts = []
    for part in plain:
        if isinstance(part, str):
            texts.append(part)
            continue
        name, field = part
        group = context.get(name)
        value = group.get(field) if isinstance(group, dict) else None
        if type(value) is not str or not value:
            return None
        texts.append(escape(value) if html else value)
    return "".join(texts)


def _part(node: nodes.Node) -> Part | None:
    if isinstance(node, nodes.TemplateData):
        return node.data
    match reading.dotted(node):
        case (str(name), str(field)):
            return name, field
    return None
