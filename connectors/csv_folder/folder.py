"""The folder: its files, counted as they are read."""

from pathlib import Path

from connectors.csv_folder.sheet import Sheet, digest_of, read_sheet
from connectors.errors import Unavailable


class Folder:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.calls = 0

    def here(self) -> Path:
        """Where it is; Unavailable when it is gone."""
        if not self._path.is_dir():
            raise Unavailable(f"there is no folder {self._path}; make it, or put it back")
        return self._path

    def digest(self, file: str) -> str:
        """Of the file as it is now; blank when there is none."""
        path = self.here() / file
        self.calls += 1
        return digest_of(path)

    def sheet(self, file: str) -> Sheet | None:
        self.calls += 1
        return read_sheet(self.here() / file)
