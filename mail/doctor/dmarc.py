"""DMARC (RFC 7489): what becomes of emails in a domain's name that prove nothing."""

from collections.abc import Iterator

from mail.doctor.findings import Finding, Grade
from mail.doctor.names import Names

#: A domain's parents are asked as well, up to so many labels.
_MOST_LABELS = 8
_POLICIES = ("none", "quarantine", "reject")


def examine(domain: str, names: Names, signed_as: str) -> Finding:
    """`signed_as`: the domain that we sign in the name of; blank: its server signs. Raises NoAnswer."""
    example = f'TXT record of _dmarc.{domain}: "v=DMARC1; p=none; rua=mailto:dmarc@{domain}"'
    for holder in _upwards(domain):
        records = [text for text in names.texts(f"_dmarc.{holder}") if _is_dmarc(text)]
        if records:
            break
    else:
        return Finding(domain, "dmarc", Grade.FAULT, "no DMARC record", f"publish one: {example}")
    if len(records) > 1:
        said = f"_dmarc.{holder} has {len(records)} records, so verifiers take none"
        return Finding(domain, "dmarc", Grade.FAULT, said, "keep one of them")
    tags = tags_of(records[0])
    policy = tags.get("p", "")
    if policy not in _POLICIES:
        said = f"_dmarc.{holder} has p={policy}"
        return Finding(domain, "dmarc", Grade.FAULT, said, f"valid: {', '.join(_POLICIES)}")
    if signed_as and not _is_aligned(domain, signed_as, holder, strict=tags.get("adkim") == "s"):
        said = f"we sign as {signed_as}, which is not aligned with {domain}"
        return Finding(
            domain, "dmarc", Grade.FAULT, said, f"set the mailbox's dkim domain to {domain}"
        )
    if policy == "none" or "rua" not in tags:
        said = f"p={policy}" + ("" if "rua" in tags else ", and nobody gets its reports (rua)")
        fix = "p=none only watches: once the reports are clean, go on to p=quarantine"
        return Finding(domain, "dmarc", Grade.WARNING, said, fix if policy == "none" else example)
    return Finding(domain, "dmarc", Grade.FINE, f"p={policy}")


def tags_of(record: str) -> dict[str, str]:
    """`tag=value; ...` of DKIM's and DMARC's records."""
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip()}


def _upwards(domain: str) -> Iterator[str]:
    labels = domain.split(".")
    yield domain
    for start in range(max(1, len(labels) - _MOST_LABELS), len(labels) - 1):
        yield ".".join(labels[start:])


def _is_dmarc(text: str) -> bool:
    return text.split(";", maxsplit=1)[0].replace(" ", "") == "v=DMARC1"


def _is_aligned(domain: str, signed_as: str, holder: str, *, strict: bool) -> bool:
    if strict or signed_as == domain:
        return signed_as == domain
    return f".{signed_as}".endswith(f".{holder}")
