"""SPF (RFC 7208): who may send in a domain's name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mail.doctor.findings import Finding, Grade
from mail.doctor.names import Names
from mail.doctor.providers import Provider

#: RFC 7208 4.6.4: a verifier gives up beyond as many questions.
MOST_LOOKUPS = 10

_TERM = re.compile(r"([+?~-]?)(all|include|ptr|mx|a|ip4|ip6|exists)(?:[:/](.*))?", re.IGNORECASE)
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)", re.IGNORECASE)
_ASKING = frozenset({"include", "a", "mx", "ptr", "exists"})


class _Broken(Exception):
    """The record means nothing to anybody; the text says why."""


@dataclass
class _Walk:
    names: Names
    lookups: int = 0
    included: set[str] = field(default_factory=set)
    everyone: str = ""  #: the qualifier of `all`, of the domain itself


def examine(domain: str, names: Names, provider: Provider | None) -> Finding:
    """Raises NoAnswer."""
    walk = _Walk(names)
    include = provider.spf if provider else "<your provider's>"
    publish = f'TXT record of {domain}: "v=spf1 include:{include} ~all"'
    try:
        walk.everyone = _follow(domain, walk)
    except _Broken as error:
        return Finding(domain, "spf", Grade.FAULT, str(error), f"publish one: {publish}")
    if walk.lookups > MOST_LOOKUPS:
        said = f"needs {walk.lookups} lookups, and verifiers stop after {MOST_LOOKUPS}"
        return Finding(domain, "spf", Grade.FAULT, said, "take out includes that nobody sends by")
    if walk.everyone == "+":
        return Finding(domain, "spf", Grade.FAULT, "lets everyone send", 'end it with "~all"')
    if provider and provider.spf not in walk.included:
        said = f"does not let {provider.name} send, whose server this mailbox uses"
        return Finding(domain, "spf", Grade.FAULT, said, f'add "include:{provider.spf}"')
    if walk.everyone in {"", "?"}:
        return Finding(domain, "spf", Grade.WARNING, "says nothing of others", 'end it with "~all"')
    return Finding(domain, "spf", Grade.FINE, f"{walk.lookups} of {MOST_LOOKUPS} lookups")


def _follow(domain: str, walk: _Walk) -> str:
    """The qualifier of the record's `all`; raises _Broken."""
    everyone = ""
    for qualifier, name, value in _terms(_record(domain, walk.names)):
        if name == "all":
            return qualifier
        walk.lookups += name in _ASKING or name == "redirect"
        if walk.lookups > MOST_LOOKUPS:
            break
        if name in {"include", "redirect"} and "%" not in value:
            walk.included.add(value.lower().rstrip("."))
            found = _follow(value, walk)
            everyone = found if name == "redirect" else everyone
    return everyone


def _record(domain: str, names: Names) -> str:
    records = [text for text in names.texts(domain) if text.lower().split(" ")[0] == "v=spf1"]
    if not records:
        raise _Broken(f"{domain} has no SPF record")
    if len(records) > 1:
        raise _Broken(f"{domain} has {len(records)} SPF records, so verifiers take none")
    return records[0]


def _terms(record: str) -> Iterator[tuple[str, str, str]]:
    """(qualifier, name, value) of each, modifiers last, as they are evaluated; raises _Broken."""
    last = []
    for term in record.split()[1:]:
        if match := _TERM.fullmatch(term):
            yield match[1] or "+", match[2].lower(), match[3] or ""
        elif match := _MODIFIER.fullmatch(term):
            last += [("", match[1].lower(), match[2])] if match[1].lower() == "redirect" else []
        else:
            raise _Broken(f'"{term}" in "{record}" is no term of SPF')
    yield from last
