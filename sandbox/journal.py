"""What the sandbox received and did, on disk before anybody hears of it."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any


class Journal:
    """One JSON object per line: seq, moment, kind, and the fields of that kind."""

    def __init__(self, path: Path, moment: Callable[[], datetime]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._moment = moment
        self._file = path.open("a", encoding="utf-8")
        self._entries: list[dict[str, Any]] = []

    def append(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Write one entry through to the operating system and return it."""
        entry = {
            "seq": len(self._entries) + 1,
            "moment": self._moment().isoformat(),
            "kind": kind,
            **fields,
        }
        self._file.write(json.dumps(entry, ensure_ascii=False, default=_plain) + "\n")
        self._file.flush()
        self._entries.append(entry)
        return entry

    def entries(self, kind: str = "", *, after: int = 0) -> Iterator[dict[str, Any]]:
        """Entries behind `after` (a seq) whose kind is or starts with `kind`, oldest first."""
        return (entry for entry in self._entries[after:] if entry["kind"].startswith(kind))

    def __len__(self) -> int:
        return len(self._entries)

    def close(self) -> None:
        self._file.close()


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
