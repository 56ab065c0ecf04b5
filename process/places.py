"""Where parts of a sequence and of the process are written, for the reasons that decisions give."""

from collections.abc import Mapping

from process.definition import Process
from sequences.definition import Sequence
from sequences.steps import BranchStep, everywhere
from workspace.problems import Path
from workspace.source import Document


def places(sequence: Sequence, document: Document) -> dict[str, str]:
    """Step id, "<branch>.<way>", "exit.<number>", "on_reply.<answer>", "enroll", "window" -> file:line."""
    paths: dict[str, Path] = {step.id: (*path, "id") for path, step in everywhere(sequence.steps)}
    paths |= {
        f"{step.id}.{number}": (*path, "branch", number)
        for path, step in everywhere(sequence.steps)
        if isinstance(step, BranchStep)
        for number in range(len(step.branch))
    }
    paths |= {f"exit.{number}": ("exit", number) for number in range(len(sequence.exit))}
    paths |= {f"on_reply.{answer}": ("on_reply", answer) for answer in sequence.on_reply}
    paths |= {"steps": ("steps",), "enroll": ("enroll",), "window": ("window",)}
    return _lines(paths, document)


def exits(process: Process, document: Document) -> dict[str, str]:
    """ "<stage>.exit.<number>", "objections.<kind>" -> file:line."""
    paths: dict[str, Path] = {
        f"{stage.name}.exit.{number}": ("stages", place, "exit", number)
        for place, stage in enumerate(process.stages)
        for number in range(len(stage.exit))
    }
    paths |= {f"objections.{kind}": ("objections", kind) for kind in process.objections or ()}
    return _lines(paths, document)


def _lines(paths: Mapping[str, Path], document: Document) -> dict[str, str]:
    return {
        part: f"{document.file}:{document.place(path, at_key=True)[0]}"
        for part, path in paths.items()
    }
