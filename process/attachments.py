"""The files that an email carries along: templates/email/<name>/attachments/."""

from collections.abc import Iterator
from pathlib import Path

from mail import address
from mail.attachments import Attachment
from workspace import layout
from workspace.problems import Problem

#: Bytes of one email's files. In base64 they are a third more, and Postfix, unless it is told
#: otherwise, takes 10,240,000 bytes in all.
LARGEST = 7_000_000
#: From here on `check` warns.
LARGE = 1_000_000


def read_attachments(folder: Path, name: str, problems: list[Problem]) -> tuple[Attachment, ...]:
    """Those of a template, by name; without what cannot be attached, which is told."""
    directory = layout.template_file(name, layout.ATTACHMENTS)
    if not (folder / directory).is_dir():
        return ()
    found = []
    for path in sorted((folder / directory).iterdir()):
        if path.name.startswith("."):
            continue
        file = f"{directory}/{_printed(path.name)}"
        if _leads_out(path, folder):
            problems.append(_problem(file, "leads out of the workspace; copy the file itself here"))
            continue
        content = _read(path, file, problems)
        if content:
            found.append(Attachment(name=path.name, content=content))
    total = _size(found)
    if total > LARGEST:
        message = f"the files have {total:,} bytes together; {LARGEST:,} are the most in one email"
        problems.append(_problem(directory, message))
    return tuple(found)


def lint(name: str, attachments: tuple[Attachment, ...]) -> Iterator[Problem]:
    total = _size(attachments)
    if total > LARGE:
        message = (
            f"the files have {total:,} bytes together, which are kept with every email; filters "
            "grow wary of large emails from strangers: link to them instead"
        )
        yield _problem(layout.template_file(name, layout.ATTACHMENTS), message, lint="large")


def _read(path: Path, file: str, problems: list[Problem]) -> bytes:
    try:
        address.refuse_control(path.name, "file name")
        path.name.encode()
    except ValueError:
        problems.append(_problem(file, "has a character in its name that no email can carry"))
        return b""
    if not path.is_file():
        problems.append(_problem(file, "is no file; only files can be attached"))
        return b""
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        problems.append(_problem(file, f"cannot be read: {error.strerror or error}"))
        return b""
    if not content:
        problems.append(_problem(file, "is empty"))
    if len(content) > LARGEST:
        problems.append(_problem(file, f"has more than {LARGEST:,} bytes, the most in one email"))
        return b""
    return content


def _leads_out(path: Path, folder: Path) -> bool:
    """What is in git may be a link to any file of the machine that reads it."""
    try:
        return not path.resolve().is_relative_to(folder.resolve())
    except RuntimeError:  # it leads to itself
        return False


def _size(attachments: list[Attachment] | tuple[Attachment, ...]) -> int:
    return sum(len(one.content) for one in attachments)


def _printed(name: str) -> str:
    """On one line of any terminal."""
    return name if name.isprintable() else ascii(name)[1:-1]


def _problem(file: str, message: str, lint: str = "") -> Problem:
    return Problem(file=file, line=1, column=1, message=message, lint=lint)
