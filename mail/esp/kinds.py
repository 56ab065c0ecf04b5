"""The ESPs: the parts that django-anymail has for each, and what each does in its own way.

A new kind is a row here and its keys in `mail.esp.definition`. Amazon SES is not among them, since
its API comes with an SDK of its own; its SMTP server serves a mailbox as any other does.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from anymail.exceptions import AnymailNotSupportedWarning

# What django-anymail says of SendGrid is that its authors have no account to test with any more.
warnings.filterwarnings("ignore", category=AnymailNotSupportedWarning)


@dataclass(frozen=True, kw_only=True)
class Esp:
    module: str  #: in anymail.backends and in anymail.webhooks
    views: str  #: what the names of its webhook views begin with
    keys: tuple[str, ...]  #: settings that its API takes, under the names that they have here
    #: Settings, any of which proves events and inbound mail -> their names in django-anymail.
    events_by: Mapping[str, str]
    mail_by: Mapping[str, str]
    raw: str  #: the field in which it brings an email in, as it was sent
    envelope: str  #: the field that says to whom it was
    options: Mapping[str, object] = field(default_factory=dict)  #: of its backend, always the same
    headers: Mapping[str, str] = field(default_factory=dict)  #: that each email has besides
    error: str = ""  #: where its answers have a code of its own, ...
    sender_faults: frozenset[int] = frozenset()  #: ... which of these blame the sender
    later: frozenset[int] = frozenset()  #: ... and which say: not now
    #: Fields of an event, and the words in them that mean: the address is given up.
    hard: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def backend(self, options: Mapping[str, object]) -> Any:
        made: Any = import_module(f"anymail.backends.{self.module}")
        return made.EmailBackend(**{**self.options, **options})

    def view(self, what: str, options: Mapping[str, object]) -> Any:
        """`what` is Tracking or Inbound."""
        views: Any = import_module(f"anymail.webhooks.{self.module}")
        return getattr(views, f"{self.views}{what}WebhookView")(**options)


_BASIC_AUTH = {"webhook_secret": "webhook_secret"}
_SIGNATURE = {"webhook_signing_key": "webhook_signing_key"}

KINDS: Mapping[str, Esp] = {
    "postmark": Esp(
        module="postmark",
        views="Postmark",
        keys=("server_token", "message_stream"),
        events_by=_BASIC_AUTH,
        mail_by=_BASIC_AUTH,
        # Without this it gives each email a Message-ID of its own, and answers name that one.
        headers={"X-PM-KeepID": "true"},
        # https://postmarkapp.com/developer/api/overview#error-codes
        error="ErrorCode",
        sender_faults=frozenset({10, 400, 401, 405, 412, 413, 1235}),
        later=frozenset({100}),
        hard={"Type": frozenset({"HardBounce", "BadEmailAddress"})},
        raw="RawEmail",
        envelope="OriginalRecipient",
    ),
    "mailgun": Esp(
        module="mailgun",
        views="Mailgun",
        keys=("api_key",),
        events_by=_SIGNATURE,
        mail_by=_SIGNATURE,
        hard={"reason": frozenset({"bounce", "suppress-bounce"})},
        raw="body-mime",
        envelope="recipient",
    ),
    "sendgrid": Esp(
        module="sendgrid",
        views="SendGrid",
        keys=("api_key",),
        events_by={**_BASIC_AUTH, "verification_key": "tracking_webhook_verification_key"},
        mail_by=_BASIC_AUTH,
        # Its events name the email's Message-ID, an id of django-anymail's own names nothing.
        options={"generate_message_id": False},
        hard={"type": frozenset({"bounce"})},
        raw="email",
        envelope="envelope",
    ),
}
