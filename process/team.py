"""cadenza.yaml as a whole: who the team is, what it is connected to, which mailboxes it has."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from connectors.base import WRITTEN
from crm.definition import ConnectionSettings, WebAddress
from mail.definition import EmailAddress, InboundSettings, MailboxSettings, TeamLimits
from mail.legal import PrivacySettings
from process.meetings.definition import BookingSettings
from process.preparation.definition import EnrichmentSettings
from process.prospecting.forms import FormSettings
from workspace.calendars import LEAD, Holidays
from workspace.names import Slug
from workspace.problems import Fault
from workspace.validation import Definition
from workspace.zones import ZoneName


def _with_paths(url: str) -> str:
    for mark in "?#":
        if mark in url:
            raise Fault(f'must have no "{mark}" in it: the paths of our pages are put behind it')
    return url


#: Of our own pages.
OwnAddress = Annotated[WebAddress, AfterValidator(_with_paths)]


class SenderSettings(Definition):
    """Who writes, as the law wants it in every email."""

    company: Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
    postal_address: Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class TrackingSettings(Definition):
    """Which links of an email lead through us, and where."""

    clicks: Annotated[bool, Field(strict=True)] = False
    opens: Annotated[bool, Field(strict=True)] = False
    url: OwnAddress | None = None  #: default: public_url


class Team(Definition):
    timezone: ZoneName  #: for leads whose own is not known, nor their company's
    holidays: Holidays = (LEAD,)  #: for windows that name none
    public_url: OwnAddress
    #: For staging: every email goes there, and to nobody else.
    redirect_to: EmailAddress = ""
    tracking: TrackingSettings = TrackingSettings()
    inbound: InboundSettings = InboundSettings()
    limits: TeamLimits = TeamLimits()
    booking: BookingSettings | None = None
    enrichment: EnrichmentSettings | None = None
    sender: SenderSettings
    #: A legal basis is asked for; None: it is not.
    privacy: PrivacySettings | None = None
    #: On websites, by the name under which they post.
    forms: dict[Slug, FormSettings] = {}
    connections: Annotated[dict[Slug, ConnectionSettings], Field(min_length=1)]
    mailboxes: Annotated[tuple[MailboxSettings, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _types_agree(self) -> Self:
        """A lead has one value of a custom field, whichever CRMs hold it."""
        first: dict[tuple[str, str], tuple[str, str]] = {}
        for name, connection in self.connections.items():
            for kind in WRITTEN:
                for field, type_ in connection.custom(kind).items():
                    other, known = first.setdefault((kind, field), (name, type_))
                    if type_ != known:
                        message = f'"{field}" is a {type_} here and a {known} in "{other}"'
                        raise Fault(message, path=("connections", name, "fields", kind, field))
        return self

    @model_validator(mode="after")
    def _forms_tell_facts(self) -> Self:
        custom = frozenset(n for one in self.connections.values() for n in one.custom("lead"))
        for name, form in self.forms.items():
            form.check_facts(custom, ("forms", name, "fields"))
        return self

    @model_validator(mode="after")
    def _enriches_what_is_mapped(self) -> Self:
        mapped = {
            f"{kind}.extra.{field}"
            for connection in self.connections.values()
            for kind in WRITTEN
            for field in connection.custom(kind)
        }
        if self.enrichment is not None:
            self.enrichment.check(mapped)
        return self

    @model_validator(mode="after")
    def _mailboxes_differ(self) -> Self:
        seen: set[str] = set()
        for number, mailbox in enumerate(self.mailboxes):
            address = mailbox.address.lower()
            if address in seen:
                message = f'two mailboxes have the address "{address}"'
                raise Fault(message, path=("mailboxes", number, "address"))
            seen.add(address)
        return self
