"""A mailbox by ESP: what can be seen of its keys and webhooks without sending an email."""

from collections.abc import Iterator

from mail import mailboxes
from mail.doctor.findings import Finding, Grade
from mail.esp import sessions
from mail.esp.definition import is_login
from mail.esp.kinds import KINDS
from mail.models import Mailbox


def examine_esp(mailbox: Mailbox) -> Iterator[Finding]:
    name = (mailbox.esp or {})["kind"]
    try:
        api = sessions.backend(mailbox).api_url
    except mailboxes.Refused as error:
        yield Finding(
            mailbox.address, "esp", Grade.FAULT, str(error), "set it where the workers run"
        )
        return
    finally:
        sessions.drop(mailbox)
    said = f"its key for {api} is set; whether {name} takes it is seen when an email leaves"
    yield Finding(mailbox.address, "esp", Grade.UNKNOWN, said, "send a proof (preview --send-to)")
    yield _events(mailbox, name)


def _events(mailbox: Mailbox, name: str) -> Finding:
    proofs = KINDS[name].events_by
    try:
        given = sessions.resolved(mailbox, proofs)
    except mailboxes.Refused as error:
        fix = "set it where `cadenza web` runs"
        return Finding(mailbox.address, "events", Grade.FAULT, str(error), fix)
    secret = given.get("webhook_secret")
    if secret is not None and not is_login(secret):
        said = "its webhook_secret has no colon, so whatever calls is turned away"
        fix = "set it to user:password here and in the address that the ESP calls"
        return Finding(mailbox.address, "events", Grade.FAULT, said, fix)
    if given:
        said = f"{name} is expected to call /webhooks/esp/{mailbox.address}/tracking"
        return Finding(mailbox.address, "events", Grade.FINE, said)
    said = "none are taken in: a send in doubt waits for a person"
    return Finding(
        mailbox.address, "events", Grade.WARNING, said, f"give its esp {' or '.join(proofs)}"
    )
