"""The `connections` of cadenza.yaml."""

import re
from typing import Annotated, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from connectors.base import WRITTEN, CustomType, Written
from connectors.records import names_of
from crm import normalize
from crm.limits import CHANGED, DELETED, PUSHED
from crm.policy import FIXED, OF_SOURCE, SHARED
from workspace.durations import FixedDuration
from workspace.names import Identifier
from workspace.problems import Fault, unknown
from workspace.secrets import SecretName
from workspace.validation import Definition

_VENDOR_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
#: Part of a host's name, in ASCII; some have an underscore.
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
_LONGEST_HOST = 253
_NO_WEB_ADDRESS = "is no web address; write it like https://example.com"


def _vendor_name(text: str) -> str:
    if not _VENDOR_NAME.fullmatch(text):
        raise Fault(f'"{text}" is no name of a CRM\'s field; take its internal name, not its label')
    return text


#: opt_out is do_not_contact's alone, and no other can be declared for that.
PolicyName = Literal["crm", "ours", "newest", "crm_unless_blank"]
#: The vendor's name of a property or field.
VendorName = Annotated[str, AfterValidator(_vendor_name)]


def web_address(url: str) -> str:
    """An http(s) address without credentials in it; raises Fault."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise Fault(f"{_NO_WEB_ADDRESS} or https://[2001:db8::1]", hidden=True) from error
    if parts.username or parts.password:
        raise Fault("must have no user or password in it", hidden=True)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise Fault(f'"{url}" {_NO_WEB_ADDRESS}', choices=("https", "http"))
    if not _has_port(parts):
        raise Fault(f'"{url}" is no web address: its port must be a number from 1 to 65535')
    if not _is_host(parts.hostname):
        raise Fault(f'"{url}" is no web address: no host can be called "{parts.hostname}"')
    if any(character.isspace() for character in url):
        raise Fault(f'"{url}" is no web address: a blank in it is written %20')
    return url.rstrip("/")


def _has_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def _is_host(name: str) -> bool:
    if ":" in name:  # IPv6: urlsplit has read it
        return True
    known = normalize.domain(name)
    return len(known) <= _LONGEST_HOST and all(map(_LABEL.fullmatch, known.split(".")))


WebAddress = Annotated[str, AfterValidator(web_address)]


class FieldMappings(Definition):
    """Our name -> the CRM's, where they differ from the standard or are the team's own."""

    lead: dict[Identifier, VendorName] = {}
    company: dict[Identifier, VendorName] = {}
    deal: dict[Identifier, VendorName] = {}


class FieldTypes(Definition):
    """Our name of a custom field -> its type; one without any is a text."""

    lead: dict[Identifier, CustomType] = {}
    company: dict[Identifier, CustomType] = {}
    deal: dict[Identifier, CustomType] = {}


class FieldPolicies(Definition):
    """Our field -> who has the last word when both sides changed it; see docs/sync.md."""

    lead: dict[Identifier, PolicyName] = {}
    company: dict[Identifier, PolicyName] = {}
    deal: dict[Identifier, PolicyName] = {}


class Brakes(Definition):
    """What stops and asks a person: shares of a kind's records, and records of one push."""

    changed: Annotated[float, Field(gt=0, le=1)] = CHANGED
    deleted: Annotated[float, Field(gt=0, le=1)] = DELETED
    pushed: Annotated[int, Field(gt=0)] = PUSHED


class _Settings(Definition):
    pull_every: FixedDuration
    fields: FieldMappings = FieldMappings()
    types: FieldTypes = FieldTypes()
    policies: FieldPolicies = FieldPolicies()
    brakes: Brakes = Brakes()

    @model_validator(mode="after")
    def _types_are_of_custom_fields(self) -> Self:
        for kind in WRITTEN:
            custom = self.custom(kind)
            for name in getattr(self.types, kind):
                if name not in custom:
                    message = unknown(f"custom field of a {kind}", name, custom)
                    raise Fault(message, path=("types", kind, name), choices=sorted(custom))
        return self

    @model_validator(mode="after")
    def _policies_are_of_fields_that_flow(self) -> Self:
        for kind in WRITTEN:
            fixed = FIXED.get(kind, {})
            fields = SHARED[kind] | OF_SOURCE.get(kind, frozenset()) | set(self.custom(kind))
            for name in getattr(self.policies, kind):
                path = ("policies", kind, name)
                if name in fixed:
                    raise Fault(f'"{name}" has the policy {fixed[name]}, always', path=path)
                if name not in fields:
                    choices = sorted(fields - set(fixed))
                    message = unknown(f"field of a {kind}", name, choices)
                    raise Fault(message, path=path, choices=choices)
        return self

    @model_validator(mode="after")
    def _each_field_is_mapped_once(self) -> Self:
        for kind in WRITTEN:
            first: dict[str, str] = {}
            for ours, theirs in getattr(self.fields, kind).items():
                if first.setdefault(theirs, ours) != ours:
                    message = f'"{theirs}" stands for "{first[theirs]}" already'
                    raise Fault(message, path=("fields", kind, ours))
        return self

    def custom(self, kind: Written) -> dict[str, CustomType]:
        """Our name -> the type of each custom field that is mapped."""
        names = set(getattr(self.fields, kind)) - names_of(kind)
        return {name: getattr(self.types, kind).get(name, "text") for name in sorted(names)}


class HubSpotSettings(_Settings):
    kind: Literal["hubspot"]
    #: Of a private app or a service key.
    token: SecretName | None = None
    #: In its place an OAuth app's client and the refresh token of its installation.
    client_id: SecretName | None = None
    client_secret: SecretName | None = None
    refresh_token: SecretName | None = None
    #: Where its API is, when that is not HubSpot's own address.
    url: WebAddress | None = None
    #: The app's client secret, which signs its webhooks; without it none is taken in.
    webhook_secret: SecretName | None = None
    #: The account's tier, whose API limits are kept.
    tier: Literal["free", "professional", "enterprise", "add_on"] = "free"
    #: Where HubSpot granted the account another limit than its tier's.
    calls_per_10_seconds: Annotated[int, Field(ge=20)] | None = None
    searches_per_second: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _one_login(self) -> Self:
        if self.refresh_token:
            missing = [n for n in ("client_id", "client_secret") if getattr(self, n) is None]
            if missing:
                raise Fault(f"a refresh_token needs {missing[0]} besides", path=("refresh_token",))
        if bool(self.token) is bool(self.refresh_token):
            raise Fault("needs one login", choices=("token", "refresh_token"))
        return self


class SalesforceSettings(_Settings):
    kind: Literal["salesforce"]
    url: WebAddress
    client_id: SecretName
    #: One of these: the client's own login, ...
    client_secret: SecretName | None = None
    #: ... a signed assertion for a user, with the key in PEM form, ...
    private_key: SecretName | None = None
    username: str | None = None
    audience: WebAddress | None = None
    #: ... or the refresh token that a person once granted.
    refresh_token: SecretName | None = None
    #: What the org allows in 24 hours; its own answers correct it.
    calls_per_day: Annotated[int, Field(gt=0)] = 100_000
    #: Records of an object from which on its first pull is a bulk query.
    bulk_from: Annotated[int, Field(gt=0)] = 20_000

    @model_validator(mode="after")
    def _one_login(self) -> Self:
        ways = ("client_secret", "private_key", "refresh_token")
        if not any(getattr(self, way) for way in ways):
            raise Fault("needs a login besides client_id", choices=ways)
        if self.private_key and not self.username:
            raise Fault("a private_key needs the username that it logs in", path=("private_key",))
        return self


class TrytonSettings(_Settings):
    kind: Literal["tryton"]
    url: WebAddress
    database: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+$")]
    #: Of a user application for `rest`, which the user has validated.
    key: SecretName


class CsvSettings(_Settings):
    kind: Literal["csv"]
    folder: Annotated[str, StringConstraints(min_length=1)]


ConnectionSettings = Annotated[
    HubSpotSettings | SalesforceSettings | TrytonSettings | CsvSettings, Field(discriminator="kind")
]
