"""The post office of the mail world: takes what SMTP brings, keeps it, and delivers answers."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import Message
from hashlib import sha256
from typing import Any
from weakref import WeakKeyDictionary

from sandbox.mail.mailboxes import Mailbox
from sandbox.world import World


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """One email to one recipient, as the server took it."""

    seq: int
    sender: str
    recipient: str
    message_id: str
    #: "<enrollment token>.<step token>"; blank when the header is missing.
    step: str
    subject: str
    text: str
    message: Message

    @property
    def enrollment(self) -> str:
        return self.step.partition(".")[0]


#: Says why a recipient is refused ("550 5.1.1 ..."), or "" to take the email.
Judge = Callable[[str], str]
Listener = Callable[[Accepted], None]


class PostOffice:
    def __init__(self, world: World) -> None:
        self.world = world
        validity = int(world.start.timestamp())
        self.mailboxes = {
            rep.email.casefold(): Mailbox(rep.email, validity) for rep in world.company.reps
        }
        self.judges: list[Judge] = []
        self.listeners: list[Listener] = []

    def may_login(self, address: str, password: str) -> bool:
        known = address.casefold() in self.mailboxes
        return known and password == self.world.keys.mail_password

    def refusal(self, sender: str, recipient: str) -> str:
        """What SMTP answers to RCPT in place of 250; it is in the journal before."""
        for judge in self.judges:
            answer = judge(readable(recipient))
            if answer:
                code = answer.split()[0]
                self.world.journal.append(
                    "mail.refused",
                    **{"from": sender, "to": readable(recipient), "code": code, "answer": answer},
                )
                return answer
        return ""

    def take(self, sender: str, recipients: list[str], raw: bytes) -> None:
        """Keep an email: first in the journal, then in Sent; then tell whom it concerns."""
        message = message_from_bytes(raw)
        text = text_of(message)
        taken = []
        for address in recipients:
            recipient = readable(address)
            step = str(message.get("X-Cadenza-Step", "")).strip()
            about: dict[str, Any] = {
                "from": sender,
                "to": recipient,
                "message_id": str(message.get("Message-ID", "")).strip(),
                "step": step,
                "subject": _decoded(message.get("Subject", "")),
                "content": sha256(f"{recipient}\n{' '.join(text.split())}".encode()).hexdigest(),
                "size": len(raw),
            }
            entry = self.world.journal.append("mail.received", **about)
            taken.append(
                Accepted(
                    seq=entry["seq"],
                    sender=sender,
                    recipient=recipient,
                    message_id=about["message_id"],
                    step=step,
                    subject=about["subject"],
                    text=text,
                    message=message,
                )
            )
        if box := self.mailboxes.get(sender.casefold()):
            box.sent.append(raw, self.world.moment, ("\\Seen",))
        for accepted in taken:
            for listener in self.listeners:
                listener(accepted)

    def deliver(self, address: str, raw: bytes, **about: object) -> bool:
        """Put an email into a rep's inbox, now; False when no such mailbox is here.

        `about` goes to the journal, before anybody can read the email.
        """
        box = self.mailboxes.get(address.casefold())
        if box is None:
            return False
        self.world.journal.append("mail.delivered", to=box.address, **about)
        self.world.delivered[box.address] += 1
        box.inbox.append(raw, self.world.moment)
        return True


_offices: WeakKeyDictionary[World, PostOffice] = WeakKeyDictionary()


def office(world: World) -> PostOffice:
    """The one post office of a world."""
    if world not in _offices:
        _offices[world] = PostOffice(world)
    return _offices[world]


def readable(address: str) -> str:
    """Lower case, the domain in Unicode: "A@xn--bcher-kva.example" is "a@bücher.example"."""
    local, _, domain = address.strip().rpartition("@")
    with suppress(UnicodeError):  # it is in Unicode already
        domain = domain.encode("ascii").decode("idna")
    return f"{local}@{domain}".casefold()


def on_the_wire(address: str) -> str:
    """The address with its domain in ASCII."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.encode('idna').decode('ascii')}"


def text_of(message: Message) -> str:
    """The plain text of an email, else whatever text it has."""
    parts = [part for part in message.walk() if part.get_content_maintype() == "text"]
    plain = [part for part in parts if part.get_content_type() == "text/plain"]
    for part in plain or parts:
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            return payload.decode(part.get_content_charset("utf-8"), "replace")
    return ""


def _decoded(header: object) -> str:
    return str(make_header(decode_header(str(header))))


#: For emails that people write: CRLF, and header words of any length left as they are.
WIRE = policy.compat32.clone(linesep="\r\n", max_line_length=998)
