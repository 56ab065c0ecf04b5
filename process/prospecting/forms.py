"""`forms` of cadenza.yaml: what a form on a website asks, and what its fields say of a lead. Pure."""

from collections.abc import Mapping
from typing import Annotated, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from connectors.records import LONGEST
from crm.definition import WebAddress, web_address
from crm.normalize import email as normalized_email
from mail.address import envelope
from workspace.names import Slug
from workspace.problems import Fault, unknown
from workspace.validation import Definition

EMAIL, MESSAGE = "lead.email", "message"
#: What a person ticks, and what none may fill: machines fill whatever there is.
CONSENT, TRAP = "consent", "leave_blank"
#: What a person may say of themselves, besides the team's own fields.
LEAD_FACTS = (
    "email",
    "first_name",
    "last_name",
    "title",
    "phone",
    "country",
    "language",
    "timezone",
)
_COMPANY = ("name", "domain", "industry", "country")
_LONGEST_TEXT = 500
_LONGEST_MESSAGE = 5000

Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
FieldName = Annotated[str, StringConstraints(min_length=1, max_length=100)]


def _origin(url: str) -> str:
    web_address(url)
    parts = urlsplit(url)
    if url != f"{parts.scheme}://{parts.netloc}".lower():
        raise Fault(f'"{url}" is no origin; write it as browsers do, like https://www.example.com')
    return url


class Submitted(NamedTuple):
    """What somebody wrote, by fact."""

    email: str
    told: Mapping[str, str]


class FormSettings(Definition):
    """A form; `fields` says of each of its fields which fact it tells."""

    fields: Annotated[dict[FieldName, str], Field(min_length=1)]
    #: To the letter, as it stands beside the box that is ticked.
    consent: Text
    #: The sites that it stands on.
    allowed_origins: Annotated[
        tuple[Annotated[str, AfterValidator(_origin)], ...], Field(min_length=1)
    ]
    #: Where a browser is sent afterwards; None: a page of ours.
    thanks_url: WebAddress | None = None
    #: Whoever sends it in stands on this list, for rules of sequences.
    list: Slug | None = None
    #: The most from one network address.
    per_hour: Annotated[int, Field(strict=True, gt=0)] = 60

    @model_validator(mode="after")
    def _says_who(self) -> Self:
        for name in (CONSENT, TRAP):
            if name in self.fields:
                raise Fault(f'"{name}" is in every form already', path=("fields", name))
        facts = list(self.fields.values())
        for name, fact in self.fields.items():
            if facts.count(fact) > 1:
                raise Fault(f'two fields tell "{fact}"', path=("fields", name))
        if EMAIL not in facts:
            raise Fault(f'none of them tells "{EMAIL}"', path=("fields",))
        return self

    def check_facts(self, custom: frozenset[str], path: tuple[str, ...]) -> None:
        """Raises Fault at a fact that no form can tell."""
        plain = [
            *(f"lead.{name}" for name in LEAD_FACTS),
            *(f"company.{name}" for name in _COMPANY),
        ]
        known = sorted({*plain, *(f"lead.extra.{name}" for name in custom), MESSAGE})
        for name, fact in self.fields.items():
            if fact not in known:
                raise Fault(unknown("fact", fact, known), choices=known, path=(*path, name))

    def read(self, written: Mapping[str, str]) -> Submitted | Mapping[str, str]:
        """What was written, or field -> what is wrong with it."""
        wrong: dict[str, str] = {}
        told: dict[str, str] = {}
        for name, fact in self.fields.items():
            text = _plain(written.get(name, ""))
            if len(text) > longest(fact):
                wrong[name] = f"is longer than {longest(fact):,} characters"
            elif fact == EMAIL and not is_address(text):
                wrong[name] = "is no email address" if text else "is missing"
            elif text:
                told[fact] = text
        if not _plain(written.get(CONSENT, "")):
            wrong[CONSENT] = "is missing: please agree first"
        return wrong or Submitted(normalized_email(told.pop(EMAIL)), told)


def longest(fact: str) -> int:
    if fact == MESSAGE:
        return _LONGEST_MESSAGE
    return LONGEST.get(fact.partition(".")[2], _LONGEST_TEXT)


def _plain(text: str) -> str:
    """Without what no text has."""
    return "".join(letter for letter in text if letter.isprintable() or letter in "\n\t").strip()


def is_address(text: str) -> bool:
    try:
        envelope(text)
    except ValueError:
        return False
    return bool(normalized_email(text))
