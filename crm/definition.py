"""The `connections` of cadenza.yaml."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

from workspace.durations import FixedDuration
from workspace.names import Identifier
from workspace.problems import Fault
from workspace.secrets import SecretName
from workspace.validation import Definition

_VENDOR_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")


def _vendor_name(text: str) -> str:
    if not _VENDOR_NAME.fullmatch(text):
        raise Fault(f'"{text}" is no name of a CRM\'s field; take its internal name, not its label')
    return text


#: The vendor's name of a property or field.
VendorName = Annotated[str, AfterValidator(_vendor_name)]


def web_address(url: str) -> str:
    """An http(s) address without credentials in it; raises Fault."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise Fault(f"is no web address: {error}", hidden=True) from error
    if parts.username or parts.password:
        raise Fault("must have no user or password in it", hidden=True)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise Fault(
            f'"{url}" is no web address; write it like https://example.com',
            choices=("https", "http"),
        )
    return url.rstrip("/")


WebAddress = Annotated[str, AfterValidator(web_address)]


class FieldMappings(Definition):
    """Our name -> the CRM's, where they differ from the standard or are the team's own."""

    lead: dict[Identifier, VendorName] = {}
    company: dict[Identifier, VendorName] = {}
    deal: dict[Identifier, VendorName] = {}


class HubSpotSettings(Definition):
    kind: Literal["hubspot"]
    token: SecretName
    #: Where its API is, when that is not HubSpot's own address.
    url: WebAddress | None = None
    pull_every: FixedDuration
    fields: FieldMappings = FieldMappings()


class SalesforceSettings(Definition):
    kind: Literal["salesforce"]
    url: WebAddress
    client_id: SecretName
    client_secret: SecretName
    pull_every: FixedDuration
    fields: FieldMappings = FieldMappings()


class CsvSettings(Definition):
    kind: Literal["csv"]
    folder: Annotated[str, StringConstraints(min_length=1)]
    pull_every: FixedDuration
    fields: FieldMappings = FieldMappings()


ConnectionSettings = Annotated[
    HubSpotSettings | SalesforceSettings | CsvSettings, Field(discriminator="kind")
]
