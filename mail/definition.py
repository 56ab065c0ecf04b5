"""The `mailboxes` of cadenza.yaml."""

import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from connectors.endpoints import normalized_url
from mail import address
from mail.esp.definition import EspSettings
from mail.pacing import Limits, RampUp
from workspace.durations import Duration, FixedDuration
from workspace.problems import Fault
from workspace.secrets import SecretName
from workspace.validation import Definition

SMTP_SCHEMES = ("smtp+starttls", "smtps", "smtp")
IMAP_SCHEMES = ("imaps", "imap+starttls", "imap")

_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")
_SELECTOR = re.compile(r"[A-Za-z0-9]+([.-]+[A-Za-z0-9]+)*")
_PERCENT = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,2}))? ?(?:%|percent)")
_WHOLE = 10_000
_TENANT = re.compile(r"[A-Za-z0-9]+([.-][A-Za-z0-9]+)*")


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise Fault(f'"{text}" is no email address')
    return text


def _smtp(url: str) -> str:
    return _server(url, SMTP_SCHEMES)


def _imap(url: str) -> str:
    return _server(url, IMAP_SCHEMES)


def _server(url: str, schemes: tuple[str, ...]) -> str:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        # The library quotes what it could not read, which may be a password with a "/" in it.
        raise Fault(
            "is no server's address; its port is a number up to 65535, and a password has a field "
            "of its own",
            hidden=True,
        ) from error
    if parts.username or parts.password:
        raise Fault(
            "must have no user or password in it; they have fields of their own", hidden=True
        )
    if parts.scheme not in schemes or not parts.hostname or parts.path or parts.query:
        raise Fault(
            f'"{url}" is no address of this kind of server; write it like '
            f"{schemes[0]}://mail.example.com; valid schemes: {', '.join(schemes)}",
            choices=schemes,
        )
    return url


EmailAddress = Annotated[str, AfterValidator(_address)]
Cap = Annotated[int, Field(strict=True, gt=0, le=100_000)]


def _domain(name: str) -> str:
    try:
        return address.envelope(f"postmaster@{name}").partition("@")[2]
    except ValueError:
        raise Fault(f'"{name}" is no domain such as example.com') from None


def _selector(name: str) -> str:
    if not _SELECTOR.fullmatch(name):
        raise Fault(f'"{name}" is no selector such as cadenza1: letters, digits, "-" and "."')
    return name


class DkimSettings(Definition):
    """Signing by ourselves, for a mailbox whose server does not sign."""

    domain: Annotated[str, AfterValidator(_domain)]
    selector: Annotated[str, AfterValidator(_selector)]
    key: SecretName  #: an RSA key in PEM, or the path of its file


def _token_url(url: str) -> str:
    try:
        return normalized_url(url, setting="token_url", allow_sandbox=False)
    except ValueError as error:
        raise Fault("is no https:// address", hidden=True) from error


def _tenant(name: str) -> str:
    if not _TENANT.fullmatch(name):
        raise Fault(f'"{name}" is no tenant; take the id or a domain of the directory')
    return name


class OAuthSettings(Definition):
    """Login at Google's or Microsoft's servers by tokens in place of a password."""

    kind: Literal["google", "microsoft"]
    tenant: Annotated[str, AfterValidator(_tenant)] | None = None  #: of Microsoft: the directory
    client_id: SecretName
    #: Microsoft's public clients have none.
    client_secret: SecretName | None = None
    #: None: `cadenza mailbox login` wins one.
    refresh_token: SecretName | None = None
    #: Where tokens are refreshed, when that is not the vendor's own address.
    token_url: Annotated[str, AfterValidator(_token_url)] | None = None

    @model_validator(mode="after")
    def _as_the_vendor_has_it(self) -> Self:
        if self.kind == "microsoft" and self.tenant is None:
            raise Fault("microsoft needs a tenant besides", path=("kind",))
        if self.kind == "google" and self.tenant is not None:
            raise Fault("only microsoft has tenants", path=("tenant",))
        if self.kind == "google" and self.client_secret is None:
            raise Fault("google needs a client_secret besides", path=("kind",))
        return self


def _share(written: object) -> object:
    """Of "0.3%", 30: hundredths of a percent."""
    match = _PERCENT.fullmatch(written) if isinstance(written, str) else None
    hundredths = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0")) if match else 0
    if not 0 < hundredths <= _WHOLE:
        raise Fault(f'"{written}" is no share of emails; write it like 5% or 0.3%, above 0%')
    return hundredths


Share = Annotated[int, BeforeValidator(_share)]


class PauseAt(Definition):
    """The shares of a mailbox's emails above which it pauses, see mail.reputation; 100%: never."""

    bounces: Share = 500
    complaints: Share = 30


class RampUpSettings(Definition):
    """How many emails a new mailbox sends on its first day, and how many more after each."""

    start: Cap = 10
    add: Cap = 5


class MailboxSettings(Definition):
    """A rep's mailbox. The emails of the leads that `owner` has in the CRM leave from it."""

    address: EmailAddress
    name: str = ""
    owner: EmailAddress = ""  #: the rep's email in the CRM; default: the address
    smtp: Annotated[str, AfterValidator(_smtp)] = ""
    esp: EspSettings | None = None  #: sends in place of an SMTP server
    #: Without it, and without `pipe`, the ESP brings in what arrives.
    imap: Annotated[str, AfterValidator(_imap)] = ""
    #: In place of `imap`: the local mail server hands each email to `cadenza inbound receive`.
    pipe: bool = False
    username: str = ""  #: default: the address
    password: SecretName | None = None
    oauth: OAuthSettings | None = None  #: in place of a password
    dkim: DkimSettings | None = None
    #: Whether its server delivers ada+anything@ to ada@, and takes it for a sender, too.
    plus_addressing: Literal["none", "replies", "all"] = "none"
    per_day: Cap = 100
    per_hour: Cap = 25
    per_minute: Cap | None = None
    gap: FixedDuration = Duration(amount=90, unit="second")
    ramp_up: RampUpSettings | None = None
    pause_at: PauseAt = PauseAt()

    @property
    def ramp(self) -> RampUp | None:
        """As if it had never sent."""
        return RampUp(**self.ramp_up.model_dump()) if self.ramp_up else None

    @property
    def limits(self) -> Limits:
        return Limits(
            per_day=self.per_day,
            per_hour=self.per_hour,
            per_minute=self.per_minute,
            gap=self.gap.elapsed,
            whose=self.address,
        )

    @model_validator(mode="before")
    @classmethod
    def _named_after_address(cls, data: object) -> object:
        own = data.get("address") if isinstance(data, dict) else None
        if isinstance(own, str) and _ADDRESS.fullmatch(own):
            return {"owner": own, "username": own, **data}  # type: ignore[dict-item]  # a dict
        return data

    @model_validator(mode="after")
    def _one_login(self) -> Self:
        given = [name for name in ("password", "oauth") if getattr(self, name) is not None]
        if (self.smtp or self.imap) and len(given) != 1:
            raise Fault(
                "needs one login, a password or oauth, and not both", choices=("password", "oauth")
            )
        if given and not (self.smtp or self.imap):
            raise Fault("is for smtp and imap, and there is neither", path=(given[0],))
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.per_hour > self.per_day:
            raise Fault(f"{self.per_hour} is more than per_day, {self.per_day}", path=("per_hour",))
        if self.per_minute is not None and self.per_minute > self.per_hour:
            message = f"{self.per_minute} is more than per_hour, {self.per_hour}"
            raise Fault(message, path=("per_minute",))
        if self.ramp_up is not None and self.ramp_up.start > self.per_day:
            message = f"{self.ramp_up.start} is more than per_day, {self.per_day}"
            raise Fault(message, path=("ramp_up", "start"))
        local = self.address.rpartition("@")[0]
        most = address.LONGEST_LOCAL - address.SUBADDRESS
        if self.plus_addressing != "none" and len(local) > most:
            message = f'"{local}" is too long for it: the most is {most} characters'
            raise Fault(message, path=("plus_addressing",))
        return self

    @model_validator(mode="after")
    def _one_sender(self) -> Self:
        if bool(self.smtp) == (self.esp is not None):
            raise Fault("needs one that sends, smtp or esp, and not both", choices=("smtp", "esp"))
        if self.esp is not None and self.dkim is not None:
            raise Fault("is for smtp; what an ESP sends it also signs", path=("dkim",))
        return self

    @model_validator(mode="after")
    def _one_reader(self) -> Self:
        if self.pipe and (self.imap or self.esp):
            raise Fault(
                f"{self.address} is read by {'imap' if self.imap else 'its esp'} already",
                path=("pipe",),
            )
        if self.smtp and not (self.imap or self.pipe):
            message = (
                f"{self.address} needs `imap` or `pipe: true` to be read, and neither is there"
            )
            raise Fault(message, choices=("imap", "pipe"))
        if self.imap or self.esp is None:
            return self
        if getattr(self.esp, self.esp.mail_proof) is None:
            raise Fault(
                f"without imap {self.esp.kind} brings in what arrives, and that needs "
                f"{self.esp.mail_proof}",
                path=("esp",),
            )
        return self


class SharedCaps(Definition):
    """What one recipient domain, or one company, gets from all mailboxes together."""

    per_hour: Cap | None = None
    per_day: Cap | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.per_hour is None and self.per_day is None:
            raise Fault("needs per_hour or per_day")
        if self.per_hour is not None and self.per_day is not None and self.per_hour > self.per_day:
            raise Fault(f"{self.per_hour} is more than per_day, {self.per_day}", path=("per_hour",))
        return self


class TeamLimits(Definition):
    per_domain: SharedCaps | None = None
    per_company: SharedCaps | None = None


def _endpoint(url: str) -> str:
    try:
        return normalized_url(url, setting="intent_hook", allow_sandbox=False)
    except ValueError as error:
        raise Fault(str(error), hidden=True) from error


class HookSettings(Definition):
    """A model of the team's own that says what an answer means, see mail.intent_hook."""

    url: Annotated[str, AfterValidator(_endpoint)]
    token: SecretName | None = None  #: sent as `Authorization: Bearer`


class InboundSettings(Definition):
    intent_hook: HookSettings | None = None
