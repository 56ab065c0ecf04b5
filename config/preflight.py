"""Before a long-running process starts: production refuses a sandbox, by what it says of itself."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from connectors.errors import ConnectorError, Unauthorized
from crm.connections import connector_of
from crm.models import Connection
from mail import mailboxes
from mail.models import Mailbox


def refuse_sandbox() -> None:
    """Raise ImproperlyConfigured when production would talk to a sandbox.

    Each CRM and each mail server is greeted once. One that does not answer now is not the
    matter here: whoever works with it later meets the same refusal.
    """
    if settings.CADENZA_MODE == "sandbox":
        return
    found = [*_crms(), *_mail_servers()]
    if found:
        raise ImproperlyConfigured(
            "Production does not start against a sandbox:\n  " + "\n  ".join(found)
        )


def _crms() -> list[str]:
    found = []
    for connection in Connection.objects.filter(status=Connection.Status.ACTIVE):
        try:
            connector_of(connection).check()
        except Unauthorized as error:
            if "sandbox" in str(error):
                found.append(f"connection {connection.name}: {error}")
        except (ConnectorError, ValueError):
            continue
    return found


def _mail_servers() -> list[str]:
    found = []
    servers: set[str] = set()
    for mailbox in Mailbox.objects.filter(status=Mailbox.Status.ACTIVE).exclude(smtp_url=""):
        if mailbox.smtp_url in servers:
            continue
        servers.add(mailbox.smtp_url)
        try:
            mailboxes.smtp(mailbox)
        except mailboxes.Refused as error:
            if "sandbox" in str(error):
                found.append(f"mailbox {mailbox.address}: {error}")
        except (mailboxes.MailboxError, ValueError):
            continue
    return found
