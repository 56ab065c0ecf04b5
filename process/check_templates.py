"""Templates that stand in a file of definitions: a title, a location, an answer to an objection."""

from collections.abc import Iterator, Mapping

from workspace.problems import Fault, Path, Problem
from workspace.reading import Schema
from workspace.source import Document
from workspace.templating import check_template


def template_problems(
    document: Document, written: Mapping[Path, str | None], schema: Schema
) -> Iterator[Problem]:
    """Of the templates at these places of a file of definitions."""
    for path, text in written.items():
        for fault in template_faults(text or "", document.file, schema):
            message = f"{_dotted(path)}: {fault}"
            yield document.problem(
                path, message, value=text or "", choices=fault.choices, offset=fault.offset
            )


def template_faults(text: str, file: str, schema: Schema) -> Iterator[Fault]:
    """What is wrong in a template that stands in a file of definitions, by its offset there."""
    for problem in check_template(text, file, schema):
        lines = text.split("\n")[: problem.line - 1]
        offset = sum(len(line) + 1 for line in lines) + problem.column - 1
        yield Fault(problem.message, choices=problem.choices, offset=offset)


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))
