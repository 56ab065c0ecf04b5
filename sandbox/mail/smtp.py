"""The submission server of the reps: SMTP with login, on a free port of 127.0.0.1."""

import asyncio
import warnings
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sandbox.mail.post import PostOffice

HOSTNAME = "mail.brightwell-hardware.example"
BANNER = "cadenza-sandbox"
LARGEST = 25 * 1024 * 1024


async def serve(office: PostOffice) -> asyncio.Server:
    handler = _Handler(office)
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: _server(handler, loop), "127.0.0.1", 0)


class _Handler:
    """What aiosmtpd asks at each command; it takes answers as lines."""

    def __init__(self, office: PostOffice) -> None:
        self.office = office

    def login(
        self, _server: Any, _session: Session, _envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        address, password = data.login.decode(), data.password.decode()
        if not self.office.may_login(address, password):
            self.office.world.journal.append("mail.login_refused", to=address, by=mechanism)
            return AuthResult(success=False, handled=False)
        return AuthResult(success=True, auth_data=address)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.casefold() != str(session.auth_data).casefold():
            return "553 5.7.1 Sender address rejected: not owned by the user who logged in"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Sender OK"

    async def handle_RCPT(  # noqa: N802 - likewise
        self, _server: Any, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self.office.refusal(str(envelope.mail_from), address):
            return answer
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Recipient OK"

    async def handle_DATA(  # noqa: N802 - likewise
        self, _server: Any, _session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content).encode()
        self.office.world.heard()
        self.office.take(str(envelope.mail_from), list(envelope.rcpt_tos), raw)
        return "250 2.0.0 Message accepted for delivery"


def _server(handler: _Handler, loop: asyncio.AbstractEventLoop) -> SMTP:
    with warnings.catch_warnings():
        # aiosmtpd warns of logins without TLS; here everything stays on the loopback interface.
        warnings.simplefilter("ignore")
        return SMTP(
            handler,
            hostname=HOSTNAME,
            ident=f"ESMTP {BANNER}",
            data_size_limit=LARGEST,
            enable_SMTPUTF8=True,
            auth_required=True,
            auth_require_tls=False,
            authenticator=handler.login,
            loop=loop,
        )
