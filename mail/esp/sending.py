"""Handing one email to an ESP's API: the bytes that were kept, as the fields that it takes."""

from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

from anymail.exceptions import AnymailError
from django.core.mail import EmailMultiAlternatives

from mail.esp import answers, sessions
from mail.esp.kinds import KINDS, Esp
from mail.handing import Kind, Outcome, certainly, nothing
from mail.models import Mailbox

#: Comes back with every event; the local part of our Message-ID.
TAG = "cadenza"
#: Headers that the API has fields for, or that the ESP writes.
_ITS_OWN = frozenset(
    "from to subject date mime-version content-type content-transfer-encoding".split()
)


@dataclass(frozen=True, kw_only=True)
class ByApi:
    """See mail.carriers.Carrier."""

    mailbox: Mailbox
    backend: Any
    esp: Esp

    def hand(
        self,
        *,
        sender: str,  # noqa: ARG002 - the API takes it from the email
        recipient: str,
        raw: bytes,
        commit: Callable[[], bool] = certainly,
        meanwhile: Callable[[], None] = nothing,  # noqa: ARG002 - one call asks and waits
    ) -> Outcome:
        written = message_from_bytes(raw, policy=policy.default)
        if not commit():
            return Outcome(kind=Kind.LAPSED)
        before = self.backend.session.asked
        try:
            email = _email(written, recipient, self.esp)
            self.backend.send_messages([email])
        except answers.TOLD as error:
            return answers.refused(error, self.esp)
        except (AnymailError, ValueError, TypeError, LookupError, AttributeError) as error:
            return answers.odd(error, asked=self.backend.session.asked > before)
        return answers.accepted(cast("Any", email).anymail_status, str(written["Message-ID"]))

    def drop(self) -> None:
        sessions.drop(self.mailbox)


def connect(mailbox: Mailbox) -> ByApi:
    """Raises Refused; whether the API answers is seen when an email is handed over."""
    esp = KINDS[(mailbox.esp or {})["kind"]]
    return ByApi(mailbox=mailbox, backend=sessions.backend(mailbox), esp=esp)


def _email(written: EmailMessage, recipient: str, esp: Esp) -> EmailMultiAlternatives:
    """What is on no field of the API's leaves as a header, to the letter."""
    author = written["From"].addresses[0]
    email = EmailMultiAlternatives(
        subject=str(written["Subject"]),
        body=_text(written, "plain"),
        from_email=_named(author.display_name, author.addr_spec),
        to=[recipient],
        headers={**_headers(written), **esp.headers},
    )
    html = _text(written, "html")
    if html:
        email.attach_alternative(html, "text/html")
    for part in written.iter_attachments():
        name, content = part.get_filename(), cast("bytes", part.get_payload(decode=True))
        email.attach(name, content, part.get_content_type())
    own_id = str(written["Message-ID"]).strip("<>")
    cast("Any", email).metadata = {TAG: own_id.partition("@")[0]}
    return email


def _headers(written: EmailMessage) -> dict[str, str]:
    return {name: str(value) for name, value in written.items() if name.lower() not in _ITS_OWN}


def _text(written: EmailMessage, kind: str) -> str:
    part = written.get_body((kind,))
    return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""


def _named(name: str, address: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{address}>' if name else address
