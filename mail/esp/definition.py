"""The `esp` of a mailbox in cadenza.yaml."""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, StringConstraints

from connectors.endpoints import normalized_url
from crm.definition import web_address
from workspace.problems import Fault
from workspace.secrets import SecretName
from workspace.validation import Definition


def _api(url: str) -> str:
    try:
        return normalized_url(web_address(url), setting="url", allow_sandbox=False)
    except Fault:
        raise
    except ValueError as error:
        raise Fault(str(error).removeprefix("url: ")) from error


def is_login(secret: str) -> bool:
    """Whether an ESP could call with it, by basic authentication."""
    return ":" in secret


class _Settings(Definition):
    #: The key that tells the mail that it brings in from forged mail.
    mail_proof: ClassVar[str] = "webhook_secret"

    #: Where its API is, when that is not the ESP's own address; Mailgun has another one in the EU.
    url: Annotated[str, AfterValidator(_api)] | None = None


class PostmarkSettings(_Settings):
    kind: Literal["postmark"]
    server_token: SecretName
    #: `user:password`, with which it calls our webhooks.
    webhook_secret: SecretName | None = None
    #: Default: Postmark's own, `outbound`, which is for transactional mail.
    message_stream: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,100}$")] | None = None


class MailgunSettings(_Settings):
    mail_proof = "webhook_signing_key"

    kind: Literal["mailgun"]
    api_key: SecretName
    #: Signs both webhooks.
    webhook_signing_key: SecretName | None = None


class SendGridSettings(_Settings):
    kind: Literal["sendgrid"]
    api_key: SecretName
    #: `user:password`, with which it calls our webhooks.
    webhook_secret: SecretName | None = None
    #: The public key with which its events are signed; what it brings in is not.
    verification_key: SecretName | None = None


EspSettings = Annotated[
    PostmarkSettings | MailgunSettings | SendGridSettings, Field(discriminator="kind")
]
