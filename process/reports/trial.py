"""A second text for a step: a copy of the team's folder, or the folder itself, with an experiment."""

import shutil
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from process import blueprint
from process.reports.rates import Rate
from sequences.email_step import EmailStep
from sequences.steps import everywhere
from workspace import layout
from workspace.problems import Fault
from workspace.problems import Path as Keys
from workspace.reading import Schema
from workspace.source import Document, read_yaml

#: What a workspace is made of.
_PARTS = (
    layout.TEAM, layout.PROCESS, layout.SEQUENCES, layout.EMAILS, layout.LISTS, layout.TESTS,
)  # fmt: skip
_HINT = "{#- The second text of an experiment: change what you want to know about, then this line. -#}\n"


@dataclass(frozen=True, kw_only=True)
class Trial:
    sequence: str
    step: str
    control: str
    variant: str
    file: str  #: the sequence's, relative
    base: str
    smallest: str


def design(folder: Path, schema: Schema, sequence: str, step: str, rate: Rate) -> Trial:
    """Raises Fault where the step has variants already, or is none of the folder's."""
    loaded = blueprint.load(folder, schema=schema)
    definition = loaded.sequences.get(sequence)
    steps = everywhere(definition.steps) if definition else ()
    found = next((one for _, one in steps if one.id == step), None)
    if not isinstance(found, EmailStep):
        raise Fault(f"{sequence}, {step}: no email step of this workspace is called so any more")
    if found.has_variants:
        raise Fault(f"{sequence}, {step} has variants already; see: cadenza report experiments")
    [control] = found.email
    base = min(60, max(1, round(100 * (rate.value or 0))))
    return Trial(
        sequence=sequence,
        step=step,
        control=control,
        variant=_free_name(control, loaded.templates),
        file=_file_of(folder, sequence),
        base=f"{base} percent",
        smallest=f"{max(1, round(base / 2))} percent",
    )


def write(trial: Trial, folder: Path, target: Path, schema: Schema) -> None:
    """Into a new or empty folder, or the workspace itself; nothing that `check` refuses.

    Raises Fault when the target holds something else, Invalid when the result has problems.
    """
    in_place = target.resolve() == folder.resolve()
    if not in_place and target.exists() and any(target.iterdir()):
        raise Fault(f"{target} is neither empty nor the workspace; nothing was written")
    with tempfile.TemporaryDirectory() as drafts:
        draft = Path(drafts) / "workspace"
        _copy(folder, draft)
        _edit(trial, draft)
        blueprint.load(draft, schema=schema)
        if in_place:
            emails = Path(layout.EMAILS, trial.variant)
            shutil.copytree(draft / emails, folder / emails)
            shutil.copyfile(draft / trial.file, folder / trial.file)
        else:
            shutil.copytree(draft, target, dirs_exist_ok=True)


def _copy(folder: Path, draft: Path) -> None:
    for part in _PARTS:
        if (folder / part).is_dir():
            shutil.copytree(folder / part, draft / part)
        elif (folder / part).exists():
            (draft / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / part, draft / part)


def _edit(trial: Trial, draft: Path) -> None:
    control, variant = (draft / layout.EMAILS / name for name in (trial.control, trial.variant))
    shutil.copytree(control, variant)
    for part in (layout.TEXT, layout.HTML):
        if (variant / part).exists():
            (variant / part).write_text(_HINT + (variant / part).read_text())
    document = read_yaml(draft / trial.file, trial.file)
    (draft / trial.file).write_text(_with_variant(document, trial))


def _with_variant(document: Document, trial: Trial) -> str:
    """The file as it is written, but for the step's email."""
    path = (*_path_of(document, trial.step), "email")
    line, column = document.place(path)
    _, indent = document.place(path, at_key=True)
    lines = document.text.split("\n")
    before, rest = lines[line - 1][: column - 1], lines[line - 1][column - 1 :]
    quotes = 2 if rest[:1] in {"'", '"'} else 0
    after = rest[len(trial.control) + quotes :]
    variants = f"{before}{{ {trial.control}: 1, {trial.variant}: 1 }}"
    terms = f"experiment: {{ base: {trial.base}, smallest: {trial.smallest} }}"
    is_inline = bool(before[: indent - 1].strip(" -"))
    if is_inline:
        lines[line - 1] = f"{variants}, {terms}{after}"
    else:
        lines[line - 1] = f"{variants}{after}\n{' ' * (indent - 1)}{terms}"
    return "\n".join(lines)


def _path_of(document: Document, step: str) -> Keys:
    def search(steps: object, path: Keys) -> Keys | None:
        for number, each in enumerate(steps if isinstance(steps, list) else ()):
            here = (*path, number)
            if each.get("id") == step:
                return here
            for way, inner in enumerate(each.get("branch") or ()):
                found = search(inner.get("steps"), (*here, "branch", way, "steps"))
                if found:
                    return found
        return None

    data = document.data
    found = search(data.get("steps") if isinstance(data, dict) else None, ("steps",))
    if found is None:
        raise Fault(f"{document.file} has no step {step}")
    return found


def _file_of(folder: Path, sequence: str) -> str:
    for file in layout.sequence_files(folder):
        data = read_yaml(folder / file, file).data
        if isinstance(data, dict) and data.get("name") == sequence:
            return file
    raise Fault(f"no file of this workspace has the sequence {sequence}")


def _free_name(control: str, taken: Collection[str]) -> str:
    names = (f"{control}-{number}" for number in count(2))
    return next(name for name in names if name not in taken)
