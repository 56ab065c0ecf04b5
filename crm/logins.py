"""The tokens that refreshes win: encrypted in the database, refreshed by one worker at a time."""

import base64
from collections.abc import Mapping
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from tenacity import Retrying, retry_if_exception_type, stop_before_delay, wait_fixed

from connectors import retry
from connectors.errors import RateLimited
from connectors.logins import Mint, Minted
from crm import lease
from crm.models import KeptLogin

#: Seconds to wait for another worker's refresh, and how often it is looked at.
_PATIENCE, _LOOK_EVERY = 20.0, 0.2


class KeptTokens:
    """In the row of `logins` that has these keys.

    `first` is the refresh token of the workspace; another one there begins anew.
    """

    def __init__(self, logins: type[KeptLogin], keys: Mapping[str, object], first: str) -> None:
        self._logins, self._keys, self._first = logins, keys, first

    def current(self) -> str:
        return _opened(self._row().access_token)

    def renew(self, used: str, mint: Mint) -> str:
        return Retrying(
            retry=retry_if_exception_type(_SomebodyElseError),
            wait=wait_fixed(_LOOK_EVERY),
            stop=stop_before_delay(_PATIENCE),
            sleep=retry.rest,
            reraise=True,
        )(self._renew, used, mint)

    def keep(self, minted: Minted) -> None:
        """What was won otherwise than by a refresh."""
        self._keep(self._row(), minted)

    def _renew(self, used: str, mint: Mint) -> str:
        row = self._row()
        known = _opened(row.access_token)
        if known and known != used:
            return known
        with lease.taken(self._logins, row.pk, "claimed_until") as mine:
            if mine is None:
                raise _SomebodyElseError("another worker refreshes the login", retry_after=5.0)
            known = _opened(mine.access_token)
            if known and known != used:
                return known
            minted = mint(_opened(mine.refresh_token) or self._first)
            self._keep(mine, minted)
            return minted.access_token

    def _keep(self, mine: KeptLogin, minted: Minted) -> None:
        mine.access_token = _sealed(minted.access_token)
        if minted.refresh_token:
            mine.refresh_token = _sealed(minted.refresh_token)
        mine.save(update_fields=["access_token", "refresh_token"])

    def _row(self) -> KeptLogin:
        origin = sha256(self._first.encode()).hexdigest()
        rows = self._logins._default_manager  # noqa: SLF001 - Django's public name
        row, _ = rows.get_or_create(**self._keys, defaults={"origin": origin})
        if row.origin != origin:
            row.origin, row.access_token, row.refresh_token = origin, "", ""
            row.save(update_fields=["origin", "access_token", "refresh_token"])
        return row


class _SomebodyElseError(RateLimited):
    """Look again in a moment."""


def _sealed(text: str) -> str:
    return _fernet().encrypt(text.encode()).decode()


def _opened(sealed: str) -> str:
    """Blank when it cannot be opened: CADENZA_SECRET_KEY was another one, so it is won anew."""
    try:
        return _fernet().decrypt(sealed.encode()).decode() if sealed else ""
    except InvalidToken:
        return ""


def _fernet() -> Fernet:
    key = sha256(b"logins " + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
