"""Looking seldom at what is dear to look at: each process by itself."""

from dataclasses import dataclass

from runtime import clock


@dataclass
class Seldom:
    every: float  #: real seconds between two looks
    looked_at: float | None = None

    def is_time(self) -> bool:
        """Whether to look now, which counts as a look; always by a clock that is set."""
        now = clock.monotonic()
        if clock.is_real() and self.looked_at is not None and now - self.looked_at < self.every:
            return False
        self.looked_at = now
        return True
