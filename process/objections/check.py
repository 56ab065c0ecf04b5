"""What `objections` of process.yaml name: answers, sequences, and the facts of their templates."""

from collections.abc import Iterator

from process.check_templates import template_problems
from process.definition import Process
from process.known import Known
from process.objections.definition import Objection
from workspace.problems import Path, Problem, unknown
from workspace.source import Document


def check_objections(process: Process, document: Document, known: Known) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for kind, objection in (process.objections or {}).items():
        at: Path = ("objections", kind)
        yield from _names(document, at, objection, process, known)
        written = {
            (*at, "response"): objection.response,
            (*at, "play", "title"): objection.play.title,
        }
        yield from template_problems(document, written, known.schema)
        before = first.setdefault(objection.answer, kind)
        if before != kind:
            message = f'{_dotted((*at, "answer"))}: "{objection.answer}" opens {before} already'
            yield document.problem((*at, "answer"), message, value=objection.answer)


def _names(
    document: Document, at: Path, objection: Objection, process: Process, known: Known
) -> Iterator[Problem]:
    named = [((*at, "answer"), "answer", objection.answer, tuple(process.answers))]
    if objection.play.enroll is not None and known.sequences is not None:
        sequences = tuple(sorted(known.sequences))
        named.append(((*at, "play"), "sequence", objection.play.enroll, sequences))
    for path, what, name, choices in named:
        if name not in choices:
            message = f"{_dotted(path)}: {unknown(what, name, choices)}"
            yield document.problem(path, message, value=name, choices=choices)


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))
