"""A connection whose other end is gone without a word: nothing more comes over it, for ever."""

import socket
import threading
from contextlib import suppress

import pytest
from django.db import connection as database

from mail import listen, mailboxes
from mail.models import Mailbox
from runtime import bell


class Line:
    """A line to a server that can go dead under those who hold it; whoever calls later gets through."""

    def __init__(self, port):
        self.calls, self._dead = 0, set()
        self._port, self._open = port, []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def go_dead(self):
        self._dead.update(range(self.calls))

    def close(self):
        for end in (self._listening, *self._open):
            end.close()

    def _accept(self):
        with suppress(OSError):
            while True:
                caller, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._port))
                self._open += [caller, server]
                for ends in ((caller, server), (server, caller)):
                    arguments = (self.calls, *ends)
                    threading.Thread(target=self._carry, args=arguments, daemon=True).start()
                self.calls += 1

    def _carry(self, call, here, there):
        with suppress(OSError):
            while said := here.recv(65_536):
                if call not in self._dead:
                    there.sendall(said)


@pytest.mark.django_db(transaction=True)
def test_case_17_a_half_open_idle_is_noticed_within_a_minute(mailbox, imap, monkeypatch):
    assert listen.LOOK + listen.ASK_AFTER + mailboxes.ANSWER_WITHIN < 60
    for module, name in ((listen, "ASK_AFTER"), (listen, "FIRST_RETRY"), (listen, "LOOK")):
        monkeypatch.setattr(module, name, 0.1)
    monkeypatch.setattr(mailboxes, "ANSWER_WITHIN", 2.0)
    line = Line(imap.port)
    Mailbox.objects.update(imap_url=f"imap://127.0.0.1:{line.port}")
    stop, rings = threading.Event(), threading.Semaphore(0)
    monkeypatch.setattr(bell, "ring", lambda *_: rings.release())
    listener = threading.Thread(target=_listening, args=(stop,))
    listener.start()

    assert rings.acquire(timeout=30)
    line.go_dead()
    while line.calls == 1:
        assert rings.acquire(timeout=30)

    stop.set()
    listener.join()
    line.close()


def _listening(stop):
    try:
        listen.Listener(stop).run()
    finally:
        database.close()
