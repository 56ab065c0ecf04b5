"""When the last check before a MAIL FROM began, as the sending process itself saw it."""

import smtplib
import time

from django.db import connection

RECIPIENT, END = b"RCPT TO:<", b"\r\n.\r\n"


class Watch:
    """The check is the run of reads outside a transaction that comes right before MAIL FROM.

    `tell(recipient, checked_at)` is called before a recipient's name goes to the server, and
    `give(is_given)` when an email's text does, and before the next command.
    """

    def __init__(self, tell, give=lambda _is_given: None):
        self.checked_at = None
        self._tell, self._give = tell, give

    def statement(self, execute, sql, params, many, context):
        """For `connection.execute_wrapper`."""
        reads = (
            sql.lstrip().startswith(("SELECT", "WITH", "EXECUTE"))
            and not connection.in_atomic_block
        )
        if not reads:
            self.checked_at = None
        elif self.checked_at is None:
            self.checked_at = time.monotonic()
        return execute(sql, params, many, context)

    def command(self, send):
        """In the place of `smtplib.SMTP.send`."""

        def tell_and_send(server, words):
            said = words if isinstance(words, bytes) else words.encode()
            _, found, rest = said.upper().partition(RECIPIENT)
            if found:
                recipient = said[len(said) - len(rest) :].partition(b">")[0].decode()
                self._tell(recipient, self.checked_at)
            self._give(said.endswith(END))
            return send(server, words)

        return tell_and_send

    def install(self):
        """For as long as this process lives."""
        setattr(smtplib.SMTP, "send", self.command(smtplib.SMTP.send))  # noqa: B010 - a method
        connection.execute_wrappers.append(self.statement)
