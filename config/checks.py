"""What refuses to start, each with an id and what to do."""

from importlib.util import find_spec
from pathlib import Path

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

#: The folders that are our packages. Their names are common words, so others may have them too.
PACKAGES = (
    "config",
    "connectors",
    "console",
    "crm",
    "mail",
    "process",
    "runtime",
    "sequences",
    "workers",
    "workspace",
)
MODES = ("production", "sandbox")


@register()
def packages_are_ours(**_asked: object) -> list[CheckMessage]:
    """Each of our package names leads to this checkout, not to an installed stranger."""
    return [
        Error(
            f"`{name}` is imported from {found}, not from {settings.CHECKOUT / name}",
            hint="Uninstall the package of that name, or run Cadenza in an environment of its own.",
            id="cadenza.E001",
        )
        for name in PACKAGES
        if (found := _folder(name)) != settings.CHECKOUT / name
    ]


@register()
def mode_is_known(**_asked: object) -> list[CheckMessage]:
    if settings.CADENZA_MODE in MODES:
        return []
    return [
        Error(
            f"CADENZA_MODE is {settings.CADENZA_MODE!r}",
            hint=f"It is one of {', '.join(MODES)}.",
            id="cadenza.E002",
        )
    ]


def _folder(name: str) -> Path | None:
    spec = find_spec(name)
    origin = spec.origin if spec else None
    return Path(origin).resolve().parent if origin else None
