"""The `booking` of cadenza.yaml: the page on which people book, and who tells us that they did."""

from typing import Literal

from crm.definition import WebAddress
from workspace.secrets import SecretName
from workspace.validation import Definition


class BookingSettings(Definition):
    provider: Literal["cal.com"]
    #: Which signs what it tells us: the webhook's own secret.
    secret: SecretName
    link: WebAddress
