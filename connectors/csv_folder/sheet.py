"""One CSV file: its rows with their places, and changes that leave every other byte alone."""

import codecs
import csv
import fcntl
import hashlib
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connectors.errors import Refused, Unavailable

_DELIMITERS = ",;\t"
_LONGEST_FIELD = 2**20


@dataclass(frozen=True, kw_only=True)
class Row:
    line: int
    #: By column name; a short row lacks its last columns.
    values: Mapping[str, str]
    #: The row as it stands in the file, line break included.
    raw: str
    #: What is wrong with the row itself; blank when nothing is.
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    #: Of the file's bytes: another digest, another content.
    digest: str
    delimiter: str = ","
    newline: str = "\n"
    bom: bool = False
    header: str = ""

    def with_rows(self, changed: Mapping[int, Mapping[str, str]]) -> bytes:
        """The file with the values of the rows at these places replaced, all else as it was."""
        parts = [self.header]
        for place, row in enumerate(self.rows):
            values = changed.get(place)
            parts.append(row.raw if values is None else self._written({**row.values, **values}))
        return self._encoded("".join(parts))

    def with_more(self, added: Sequence[Mapping[str, str]]) -> bytes:
        """The file with rows appended behind its last one."""
        text = self.header + "".join(row.raw for row in self.rows)
        if text and not text.endswith(("\n", "\r")):
            text += self.newline
        return self._encoded(text + "".join(self._written(values) for values in added))

    def place(self, line: int, column: str) -> str:
        """`file:line:column` for messages; columns count from 1."""
        at = self.columns.index(column) + 1 if column in self.columns else 1
        return f"{self.path.name}:{line}:{at}"

    def _written(self, values: Mapping[str, str]) -> str:
        file = io.StringIO(newline="")
        # The writer quotes what its line terminator holds: with CRLF, either of the two.
        writer = csv.writer(file, delimiter=self.delimiter, lineterminator="\r\n")
        writer.writerow([values.get(column, "") for column in self.columns])
        return file.getvalue().removesuffix("\r\n") + self.newline

    def _encoded(self, text: str) -> bytes:
        return (codecs.BOM_UTF8 if self.bom else b"") + text.encode()


def read_sheet(path: Path) -> Sheet | None:
    """The file as it is now; None when there is none.

    Raises Refused naming the place of what makes the whole file unreadable.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unavailable(f"{path.name}: {error.strerror or error}") from error
    return _parsed(path, content)


def digest_of(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise Unavailable(f"{path.name}: {error.strerror or error}") from error


def new_sheet(path: Path, columns: Sequence[str]) -> Sheet:
    """A file with a header alone, not written yet."""
    return Sheet(
        path=path, columns=tuple(columns), rows=(), digest="", header=",".join(columns) + "\n"
    )


def replace_file(path: Path, content: bytes) -> None:
    """Write beside the file, then put it in its place: a reader sees the old one or the new one."""
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            beside.chmod(path.stat().st_mode & 0o777)
        beside.replace(path)
    except OSError as error:
        raise Unavailable(f"{path.name}: {error.strerror or error}") from error


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Nobody else of ours writes into the folder meanwhile; the kernel frees it if we die."""
    try:
        file = (folder / ".cadenza.lock").open("a")
    except OSError as error:
        raise Unavailable(f"{folder.name}: {error.strerror or error}") from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _parsed(path: Path, content: bytes) -> Sheet:
    bom = content.startswith(codecs.BOM_UTF8)
    try:
        text = content.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Refused(f"{path.name}:{line}:1: is not UTF-8; save it as CSV UTF-8") from error
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count) if first else ","
    records = list(_records(path, text, delimiter))
    if not records:
        raise Refused(f"{path.name}:1:1: the file is empty; its first row names the columns")
    _, header, raw = records[0]
    columns = tuple(name.strip() for name in header)
    _check_columns(path, columns)
    return Sheet(
        path=path,
        columns=columns,
        rows=tuple(_row(columns, *record) for record in records[1:]),
        digest=hashlib.sha256(content).hexdigest(),
        delimiter=delimiter,
        newline="\r\n" if first.endswith("\r") else "\n",
        bom=bom,
        header=raw,
    )


def _records(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str], str]]:
    """Line, cells and raw text of each record; a record may go over several lines."""
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            taken.append(line)
            yield line

    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(lines(), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells, "".join(taken)
            taken.clear()
            line = reader.line_num + 1
    except csv.Error as error:
        raise Refused(f"{path.name}:{line}:1: {error}") from error


def _row(columns: tuple[str, ...], line: int, cells: Sequence[str], raw: str) -> Row:
    fault = ""
    if len(cells) > len(columns):
        fault = f"more values ({len(cells)}) than columns ({len(columns)})"
    return Row(line=line, values=dict(zip(columns, cells, strict=False)), raw=raw, fault=fault)


def _check_columns(path: Path, columns: tuple[str, ...]) -> None:
    for at, name in enumerate(columns, start=1):
        if name and columns.index(name) + 1 != at:
            raise Refused(f"{path.name}:1:{at}: the column {name!r} stands there twice")
