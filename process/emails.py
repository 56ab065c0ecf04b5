"""The emails of a workspace: templates/email/<name>/{subject.txt,body.txt,body.html,attachments/}."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jinja2 import TemplateError

from mail.attachments import Attachment
from process.attachments import read_attachments
from workspace import layout
from workspace.problems import Invalid, Problem, unknown
from workspace.reading import Schema
from workspace.source import read_text
from workspace.templating import check_template, paths_read

#: What every body must have: the law asks for a way out and for the sender's address.
REQUIRED = ("unsubscribe_url", "sender.postal_address")
_PARTS = (layout.SUBJECT, layout.TEXT, layout.HTML)


@dataclass(frozen=True, kw_only=True)
class Template:
    name: str
    #: Blank for a template that only follows up in a thread: the thread has its subject.
    subject: str
    #: Blank for one whose text is made of its HTML.
    text: str
    html: str = ""
    attachments: tuple[Attachment, ...] = ()

    @property
    def digest(self) -> str:
        content: list[object] = [self.name, self.subject, self.text, self.html]
        if self.attachments:
            content.append(self.attached())
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def attached(self) -> list[list[str]]:
        """Name and digest of each attachment."""
        return [[one.name, one.digest] for one in self.attachments]

    def parts(self) -> Iterator[tuple[str, str]]:
        """File and source of each part that there is."""
        for part, source in zip(_PARTS, (self.subject, self.text, self.html), strict=True):
            if source:
                yield layout.template_file(self.name, part), source


def read_templates(folder: Path, problems: list[Problem]) -> dict[str, Template]:
    """All templates by name; those with a part that cannot be read are there, without it."""
    return {name: _read(folder, name, problems) for name in layout.template_names(folder)}


def check(template: Template, schema: Schema) -> Iterator[Problem]:
    for file, source in template.parts():
        found = check_template(source, file, schema)
        yield from found
        if not found and not file.endswith(layout.SUBJECT):
            yield from _missing_by_law(file, source)


def _missing_by_law(file: str, source: str) -> Iterator[Problem]:
    try:
        read = paths_read(source)
    except TemplateError:
        return
    for fact in REQUIRED:
        if fact not in read:
            yield Problem(
                file=file,
                line=1,
                column=1,
                message=f"must have {{{{ {fact} }}}}: the law asks for it in every email",
            )


def _read(folder: Path, name: str, problems: list[Problem]) -> Template:
    _unknown_files(folder, name, problems)
    sources = {}
    for part in _PARTS:
        file = layout.template_file(name, part)
        sources[part] = ""
        if not (folder / file).exists():
            if part == layout.TEXT and not _has_html(folder, name):
                problems.append(
                    _at(file, f"is missing, and so is {layout.HTML}: write one of them")
                )
            continue
        try:
            sources[part] = read_text(folder / file, file)
        except Invalid as invalid:
            problems += invalid.problems
        else:
            if not sources[part].strip():
                problems.append(_at(file, "is empty"))
    return Template(
        name=name,
        subject=sources[layout.SUBJECT].strip(),
        text=sources[layout.TEXT],
        html=sources[layout.HTML],
        attachments=read_attachments(folder, name, problems),
    )


def _has_html(folder: Path, name: str) -> bool:
    return (folder / layout.template_file(name, layout.HTML)).exists()


def _unknown_files(folder: Path, name: str, problems: list[Problem]) -> None:
    for path in sorted((folder / layout.EMAILS / name).iterdir()):
        is_known = path.name in _PARTS or (path.name == layout.ATTACHMENTS and path.is_dir())
        if not is_known and not path.name.startswith("."):
            file = layout.template_file(name, path.name)
            known = (*_PARTS, f"{layout.ATTACHMENTS}/")
            problems.append(_at(file, unknown("file", path.name, known)))


def _at(file: str, message: str) -> Problem:
    return Problem(file=file, line=1, column=1, message=message)
