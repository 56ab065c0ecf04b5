"""Holding IDLE on inboxes, so that an answer is read within a second. Only rings the bell.

A mailbox is claimed by its row, so any number of listeners share the mailboxes. Sweeps read the
inboxes anyway: a listener that dies costs minutes, never an answer.
"""

import imaplib
import logging
import os
import socket
import threading
from contextlib import suppress
from uuid import uuid4

from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Q
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from mail import mailboxes
from mail.models import Mailbox
from runtime import bell, clock

log = logging.getLogger(__name__)

#: Real seconds. A claim is renewed well before it runs out.
CLAIM = 90.0
RENEW = 20.0
#: So often the server is asked whether it lives, and the row whether it is still ours; with the wait
#: for the answer a half-open connection is found within a minute. It also keeps within the 29 minutes
#: of RFC 2177.
ASK_AFTER = 35.0
#: How long one look at the socket takes at most: so soon a listener stops.
LOOK = 1.0
#: Mailboxes that one listener holds: a thread each.
MOST = 200
FIRST_RETRY = 5.0
LONGEST_RETRY = 300.0

#: The next round asks the database again.
_NO_DATABASE = (DatabaseError, InterfaceError)
_FAILURES = (mailboxes.MailboxError, OSError, IMAPClientError, imaplib.IMAP4.error)


class Listener:
    """Claims mailboxes and holds a thread on each of them until `stop` is set."""

    def __init__(self, stop: threading.Event, name: str = "") -> None:
        self.stop = stop
        self.name = name or f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._threads: dict[int, threading.Thread] = {}

    def run(self) -> None:
        """Blocks until stopped, then lets its mailboxes go."""
        while not self.stop.is_set():
            with suppress(*_NO_DATABASE):
                for mailbox_id in self._claim():
                    self._hold(mailbox_id)
            self.stop.wait(RENEW)
        for thread in self._threads.values():
            thread.join(timeout=mailboxes.ANSWER_WITHIN)
        Mailbox.objects.filter(listener=self.name).update(listener="", listened_until=0)

    def _claim(self) -> list[int]:
        """Renew what is held and take what nobody holds; the ids of all."""
        now = clock.monotonic()
        mine = Q(listener=self.name) | Q(listened_until__lt=now)
        active = Mailbox.objects.filter(mine, status=Mailbox.Status.ACTIVE).exclude(imap_url="")
        for mailbox_id in active.order_by("listened_until").values_list("pk", flat=True)[:MOST]:
            Mailbox.objects.filter(mine, pk=mailbox_id).update(
                listener=self.name, listened_until=now + CLAIM
            )
        return list(
            Mailbox.objects.filter(
                listener=self.name, status=Mailbox.Status.ACTIVE, listened_until__gt=now
            ).values_list("pk", flat=True)
        )

    def _hold(self, mailbox_id: int) -> None:
        thread = self._threads.get(mailbox_id)
        if thread is None or not thread.is_alive():
            thread = threading.Thread(
                target=self._listen, args=[mailbox_id], name=f"idle-{mailbox_id}", daemon=True
            )
            self._threads[mailbox_id] = thread
            thread.start()

    def _listen(self, mailbox_id: int) -> None:
        """Idle on one mailbox, over any number of connections, for as long as it is ours."""
        wait = FIRST_RETRY
        try:
            while mailbox := self._mine(mailbox_id):
                try:
                    self._idle(mailbox)
                    wait = FIRST_RETRY
                except _FAILURES as error:
                    log.info("listening to mailbox %s failed: %s", mailbox_id, error)
                    self.stop.wait(wait)
                    wait = min(wait * 2, LONGEST_RETRY)
        finally:
            connection.close()

    def _mine(self, mailbox_id: int) -> Mailbox | None:
        if self.stop.is_set():
            return None
        with suppress(*_NO_DATABASE):
            return Mailbox.objects.filter(
                pk=mailbox_id,
                listener=self.name,
                listened_until__gt=clock.monotonic(),
                status=Mailbox.Status.ACTIVE,
            ).first()
        return None

    def _idle(self, mailbox: Mailbox) -> None:
        """Until stopped or no longer ours; raises what ends the connection."""
        client = mailboxes.open_imap(mailbox)
        try:
            client.select_folder("INBOX", readonly=True)
            bell.ring("read_mailbox", [mailbox.pk])  # what came while nobody listened
            client.idle()
            asked_at = clock.monotonic()
            while not self.stop.is_set():
                said = _heard(client)
                if clock.monotonic() - asked_at > ASK_AFTER:
                    if not self._mine(mailbox.pk):
                        return
                    said += _ask(client)
                    asked_at = clock.monotonic()
                if _is_mail(said):
                    bell.ring("read_mailbox", [mailbox.pk])
        finally:
            with suppress(*_FAILURES):
                client.shutdown()


def _heard(client: IMAPClient) -> list[tuple[object, ...]]:
    """What the server said within LOOK seconds; raises when the connection is dead."""
    began = clock.monotonic()
    said: list[tuple[object, ...]] = client.idle_check(timeout=LOOK)
    if not said and clock.monotonic() - began < LOOK / 2:
        # A closed connection answers nothing, at once, for ever:
        # https://github.com/mjs/imapclient/issues/565
        return _ask(client)
    if any(word[0] == b"BYE" for word in said):
        raise mailboxes.Unreachable("the server said goodbye")
    return said


def _ask(client: IMAPClient) -> list[tuple[object, ...]]:
    """Whether the server lives; what it had to say besides."""
    _, said = client.idle_done()
    client.noop()
    client.idle()
    return list(said)


def _is_mail(said: list[tuple[object, ...]]) -> bool:
    return any(len(word) > 1 and word[1] in {b"EXISTS", b"RECENT"} for word in said)
