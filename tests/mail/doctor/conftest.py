"""A name server of our own, on this machine."""

import socket
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from mail.doctor.names import Names


class NameServer:
    """Answers over UDP from `zone`: (name, kind) -> records; "servfail" answers with an error."""

    def __init__(self) -> None:
        self.zone: dict[tuple[str, str], list[str] | str] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def text(self, name: str, *texts: str) -> None:
        self.zone[name, "TXT"] = [" ".join(f'"{part}"' for part in _pieces(text)) for text in texts]

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(10)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            query, client = self._socket.recvfrom(4096)
            if not query:
                return
            self._socket.sendto(self._answer(dns.message.from_wire(query)).to_wire(), client)

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(query, recursion_available=True)
        (question,) = query.question
        kind = dns.rdatatype.to_text(question.rdtype)
        found = self.zone.get((question.name.to_text().rstrip("."), kind))
        if found == "servfail":
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif found:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *found))
        return answer


def _pieces(text: str) -> list[str]:
    """TXT records are made of strings of at most 255 bytes."""
    return [text[start : start + 255] for start in range(0, len(text), 255)]


@pytest.fixture
def server():
    server = NameServer()
    yield server
    server.close()


@pytest.fixture
def names(server):
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], server.port
    return Names(resolver)
