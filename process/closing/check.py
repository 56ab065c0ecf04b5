"""The facts that the task of a handoff reads."""

from collections.abc import Iterator

from process.check_templates import template_problems
from process.definition import Process
from process.known import Known
from workspace.problems import Path, Problem
from workspace.source import Document


def check_handoff(process: Process, document: Document, known: Known) -> Iterator[Problem]:
    if process.handoff is not None:
        title: Path = ("handoff", "title")
        written = {title: process.handoff.title, ("handoff", "say"): process.handoff.say}
        yield from template_problems(document, written, known.schema)
