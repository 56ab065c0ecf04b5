"""Access tokens that run out and are won anew: who keeps them, and how one is won.

A refresh token may be good for one use only, so of all workers one refreshes at a time and the
others take what it won: that is the keeper's business, here it is only asked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Minted:
    """What a token endpoint answered."""

    access_token: str
    #: The next refresh token; blank: the one that was used stays good.
    refresh_token: str = ""
    #: Seconds that the access token is good for; 0: the answer did not say.
    good_for: float = 0


#: From the refresh token to what it buys. Raises ConnectorError.
Mint = Callable[[str], Minted]


class Tokens(Protocol):
    """Keeps one login's tokens for all workers."""

    def current(self) -> str:
        """The access token that was won last; blank before the first."""

    def renew(self, used: str, mint: Mint) -> str:
        """An access token that is not `used`, won by `mint` unless somebody else has won one.

        Raises what `mint` raises, or RateLimited when somebody else takes long.
        """


class OwnTokens:
    """For a connector that stands alone: kept as long as it lives."""

    def __init__(self, refresh_token: str) -> None:
        self._refresh_token = refresh_token
        self._access_token = ""

    def current(self) -> str:
        return self._access_token

    def renew(self, used: str, mint: Mint) -> str:
        if self._access_token and self._access_token != used:
            return self._access_token
        minted = mint(self._refresh_token)
        self._refresh_token = minted.refresh_token or self._refresh_token
        self._access_token = minted.access_token
        return self._access_token
