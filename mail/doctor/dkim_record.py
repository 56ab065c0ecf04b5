"""The public halves of the keys that emails are signed with (RFC 6376 3.6.1)."""

import os
from base64 import b64decode, b64encode
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from mail import dkim
from mail.doctor.dmarc import tags_of
from mail.doctor.findings import Finding, Grade
from mail.doctor.names import Names
from mail.doctor.providers import Provider
from workspace import secrets

#: Shorter ones are verified today, and refused by some tomorrow.
RECOMMENDED = 2048


@dataclass(frozen=True, kw_only=True)
class Ours:
    """A mailbox's `dkim` setting; the key as in cadenza.yaml."""

    domain: str
    selector: str
    key: str


def examine_ours(ours: Ours, names: Names) -> Finding:
    """Whether what we sign can be verified; raises NoAnswer."""
    name = f"{ours.selector}._domainkey.{ours.domain}"
    try:
        key = dkim.read_key(secrets.resolve(ours.key, os.environ)).public_key()
    except ValueError as error:  # BadKey or MissingSecret: neither shows the key
        return Finding(
            name, "dkim", Grade.FAULT, f"the key: {error}", "set the secret, or make a key"
        )
    publish = f'publish the TXT record of {name}: "{record(key)}"'
    tags = _published(name, names)
    if tags is None:
        return Finding(name, "dkim", Grade.FAULT, "no DKIM record", publish)
    if _numbers(tags["p"]) != key.public_numbers():
        said = (
            "is not the half of the key that we sign with" if tags["p"] else "revoked: p= is empty"
        )
        return Finding(name, "dkim", Grade.FAULT, said, publish)
    if "y" in tags.get("t", "").split(":"):
        return Finding(name, "dkim", Grade.WARNING, "is marked as a test (t=y)", 'take out "t=y"')
    if key.key_size < RECOMMENDED:
        fix = f"make one of {RECOMMENDED} under another selector: openssl genrsa {RECOMMENDED}"
        return Finding(name, "dkim", Grade.WARNING, f"has {key.key_size} bits", fix)
    return Finding(name, "dkim", Grade.FINE, f"our key, {key.key_size} bits")


def examine_theirs(domain: str, names: Names, provider: Provider | None) -> Finding:
    """Whether the mailbox's server signs, as far as that can be seen; raises NoAnswer."""
    if provider is None:
        fix = "send a proof (preview --send-to) and look for DKIM-Signature, or set up dkim"
        said = "its server signs, or nobody: under which selector cannot be known"
        return Finding(domain, "dkim", Grade.UNKNOWN, said, fix)
    for selector in provider.selectors:
        name = f"{selector}._domainkey.{domain}"
        tags = _published(name, names)
        if tags and tags.get("p"):
            return Finding(name, "dkim", Grade.FINE, f"the key of {provider.name}")
    said = f"no key of {provider.name} under {' or '.join(provider.selectors)}"
    return Finding(domain, "dkim", Grade.FAULT, said, f"turn signing on: {provider.turn_on}")


def record(key: RSAPublicKey) -> str:
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={b64encode(der).decode()}"


def _published(name: str, names: Names) -> dict[str, str] | None:
    found = [tags for tags in map(tags_of, names.texts(name)) if "p" in tags]
    return found[0] if found else None


def _numbers(text: str) -> object:
    try:
        key = load_der_public_key(b64decode("".join(text.split())))
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key.public_numbers() if isinstance(key, RSAPublicKey) else None
