"""On which legal basis people may be written to, by the country they are in. Pure.

The table errs on the careful side and is no legal advice; cadenza.yaml has the last word on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator

from workspace import countries
from workspace.problems import Fault
from workspace.validation import Definition

Basis = Literal["consent", "contract", "legitimate_interest"]
#: any: whichever, but one has to be known; none: nothing is asked.
Needed = Literal["consent", "contract", "legitimate_interest", "any", "none"]
#: Stands for every country that is not named.
OTHERS = "others"
#: Consent where the law asks for it in a cold email to a company, too.
NEEDED: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("AT", "CA", "CH", "DE", "DK", "ES", "IT", "PL"), ("consent",)),
    "US": ("none",),
    OTHERS: ("any",),
}
#: As CRMs write it: our own words, and the choices that HubSpot's hs_legal_basis has.
#: https://knowledge.hubspot.com/articles/kcs_article/contacts/how-can-i-track-lawful-basis-of-processing-in-hubspot
_WRITTEN: Mapping[str, Basis] = {
    "consent": "consent",
    "freely given consent from contact": "consent",
    "contract": "contract",
    "performance of a contract": "contract",
    "legitimate_interest": "legitimate_interest",
    "legitimate interest": "legitimate_interest",
    "legitimate interest - prospect/lead": "legitimate_interest",
    "legitimate interest - existing customer": "legitimate_interest",
    "legitimate interest - other": "legitimate_interest",
}


def _place(name: str) -> str:
    if name == OTHERS:
        return name
    try:
        return countries.known(name)
    except Fault as fault:
        raise Fault(f"{fault}, or {OTHERS}", choices=(*fault.choices, OTHERS)) from fault


Place = Annotated[str, AfterValidator(_place)]


class PrivacySettings(Definition):
    """The `privacy` of cadenza.yaml. That it is there turns the requirement on."""

    #: Country -> the basis that is needed, or several of which one will do; over NEEDED.
    require: dict[Place, Needed | tuple[Needed, ...]] = {}
    #: Country -> the basis of those for whom no CRM names one.
    basis: dict[Place, Basis] = {}


@dataclass(frozen=True, kw_only=True)
class Rules:
    #: Country -> bases of which one is needed; empty: nothing is asked of anybody.
    require: Mapping[str, Sequence[str]] = field(default_factory=dict)
    basis: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: PrivacySettings | Mapping[str, Any] | None) -> Self:
        """From cadenza.yaml, or from what `apply` wrote of it."""
        told = settings.model_dump() if isinstance(settings, PrivacySettings) else settings
        if not told:
            return cls()
        given = {
            place: (needed,) if isinstance(needed, str) else needed
            for place, needed in told["require"].items()
        }
        return cls(require={**NEEDED, **given}, basis=told["basis"])

    def lacking(self, facts: Mapping[str, Any]) -> str:
        """What a lead lacks, to be written to where it is; blank: nothing."""
        if not self.require:
            return ""
        country = _country(facts)
        needed = self.require.get(country, self.require[OTHERS]) if country else ("consent",)
        if "none" in needed:
            return ""
        written = (facts["lead"].get("extra") or {}).get("legal_basis")
        known = _bases(written) if written else {self.basis.get(country, self.basis.get(OTHERS))}
        known -= {None}
        if known.intersection(needed) or (known and "any" in needed):
            return ""
        what = "a legal basis" if "any" in needed else f"{' or '.join(needed)} as its legal basis"
        where = f"needed in {country}" if country else "needed since its country is not known"
        told = f'; "{written}" is none that we know' if written and not known else ""
        return f"lacks {what}, {where} (privacy){told}"


def _country(facts: Mapping[str, Any]) -> str:
    """The lead's, else its company's."""
    written = (str((facts.get(name) or {}).get("country") or "") for name in ("lead", "company"))
    return next(filter(None, map(countries.code, written)), "")


def _bases(written: object) -> set[str | None]:
    """Of one choice or several; "no consent" is no consent, so only what is known word for word."""
    choices = written if isinstance(written, list) else str(written).split(";")
    plain = (" ".join(str(one).casefold().replace("\N{EN DASH}", "-").split()) for one in choices)
    return {_WRITTEN.get(one) for one in plain}
