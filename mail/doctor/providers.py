"""What the large providers ask their customers to publish, by the host that mail is handed to.

https://support.google.com/a/answer/33786, https://support.google.com/a/answer/174124,
https://learn.microsoft.com/defender-office-365/email-authentication-about
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Provider:
    name: str
    hosts: tuple[str, ...]  #: ends of its host names
    spf: str  #: what an SPF record has to include
    selectors: tuple[str, ...]  #: under which it signs
    turn_on: str  #: where its customer turns signing on


PROVIDERS = (
    Provider(
        name="Google",
        hosts=(".gmail.com", ".google.com", ".googlemail.com"),
        spf="_spf.google.com",
        selectors=("google",),
        turn_on="Admin console > Apps > Google Workspace > Gmail > Authenticate email",
    ),
    Provider(
        name="Microsoft",
        hosts=(".office365.com", ".outlook.com", ".office.com"),
        spf="spf.protection.outlook.com",
        selectors=("selector1", "selector2"),
        turn_on="Defender portal > Email & collaboration > Policies > Email authentication > DKIM",
    ),
)


def provider_of(host: str) -> Provider | None:
    found = (one for one in PROVIDERS if f".{host.lower()}".endswith(one.hosts))
    return next(found, None)
