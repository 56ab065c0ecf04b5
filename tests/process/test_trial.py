"""An experiment for a step: written only where `check` accepts it, and nothing else is touched."""

import pytest

from config import starter
from crm.facts import FIELDS
from process import blueprint
from process.reports import trial
from process.reports.rates import Rate
from sequences.email_step import EmailStep
from sequences.steps import everywhere
from workspace.problems import Fault, Invalid

RATE = Rate(hits=8, of=100)


@pytest.fixture
def team(tmp_path):
    starter.copy(tmp_path / "team")
    return tmp_path / "team"


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def steps(folder):
    for name, sequence in blueprint.load(folder, schema=FIELDS).sequences.items():
        for _, step in everywhere(sequence.steps):
            if isinstance(step, EmailStep) and not step.has_variants:
                yield name, step.id


def test_every_step_of_the_library_gets_an_experiment_that_check_accepts(team, tmp_path):
    before = contents(team)
    for number, (sequence, step) in enumerate(steps(team)):
        made, target = trial.design(team, FIELDS, sequence, step, RATE), tmp_path / str(number)

        trial.write(made, team, target, FIELDS)

        loaded = blueprint.load(target, schema=FIELDS)
        [found] = [s for _, s in everywhere(loaded.sequences[sequence].steps) if s.id == step]
        assert found.email == {made.control: 1, made.variant: 1}
        assert (found.experiment.base, found.experiment.smallest) == ("8 percent", "4 percent")
        after = contents(target)
        changed = {path for path in before if after[path] != before[path]}
        assert {str(path) for path in changed} == {made.file}
        new = {path.parts[:3] for path in after.keys() - before.keys()}
        assert new == {("templates", "email", made.variant)}
    assert contents(team) == before


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("  - id: a\n    email: won-handoff-thanks  # why\n",
         "  - id: a\n    email: { won-handoff-thanks: 1, won-handoff-thanks-2: 1 }  # why\n"
         "    experiment: { base: 8 percent, smallest: 4 percent }\n"),
        ('  - { id: a, email: "won-handoff-thanks" }\n',
         "  - { id: a, email: { won-handoff-thanks: 1, won-handoff-thanks-2: 1 }, "
         "experiment: { base: 8 percent, smallest: 4 percent } }\n"),
        ("  - email: won-handoff-thanks\n    id: a\n",
         "  - email: { won-handoff-thanks: 1, won-handoff-thanks-2: 1 }\n"
         "    experiment: { base: 8 percent, smallest: 4 percent }\n    id: a\n"),
    ],
)  # fmt: skip
def test_in_place_only_the_step_is_edited(team, written, wanted):
    head = "name: mine\nstage: Follow-up\nsteps:\n"
    (team / "sequences" / "mine.yaml").write_text(head + written)
    before = contents(team)

    trial.write(trial.design(team, FIELDS, "mine", "a", RATE), team, team, FIELDS)

    assert (team / "sequences" / "mine.yaml").read_text() == head + wanted
    after = contents(team)
    assert sum(after[path] != before[path] for path in before) == 1


def test_what_stands_there_is_never_written_over(team, tmp_path):
    made = trial.design(team, FIELDS, "won-handoff", "thanks", RATE)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")

    with pytest.raises(Fault) as fault:
        trial.write(made, team, tmp_path / "other", FIELDS)

    assert str(fault.value) == (
        f"{tmp_path / 'other'} is neither empty nor the workspace; nothing was written"
    )
    assert list((tmp_path / "other").iterdir()) == [tmp_path / "other" / "notes.txt"]


def test_a_running_experiment_and_an_unknown_step_are_refused(team):
    with pytest.raises(Fault) as fault:
        trial.design(team, FIELDS, "approach-cold", "opening", RATE)
    assert str(fault.value) == (
        "approach-cold, opening has variants already; see: cadenza report experiments"
    )

    with pytest.raises(Fault) as fault:
        trial.design(team, FIELDS, "approach-cold", "nothing", RATE)
    assert str(fault.value) == (
        "approach-cold, nothing: no email step of this workspace is called so any more"
    )


def test_a_workspace_with_problems_gets_no_experiment(team, tmp_path):
    made = trial.design(team, FIELDS, "won-handoff", "thanks", RATE)
    (team / "process.yaml").write_text("stages: []\n")

    with pytest.raises(Invalid):
        trial.write(made, team, tmp_path / "trial", FIELDS)

    assert not (tmp_path / "trial").exists()
