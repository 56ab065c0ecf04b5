"""templates/email/<name>/attachments: what is wrong with it, what it changes, and who shows it."""

import os
from email import message_from_bytes, policy

import pytest

from crm.facts import FIELDS
from mail.models import AttachedFile, EmailTemplate
from process import apply, attachments, planning, preview, sample
from process.blueprint import Invalid, load

NAME = "approach-cold-opening"
DIRECTORY = f"templates/email/{NAME}/attachments"


@pytest.fixture
def folder(starter):
    (starter / DIRECTORY).mkdir()
    return starter / DIRECTORY


@pytest.fixture
def loading(starter, folder):
    """Load the starter, its opening having these files."""

    def of(**files):
        for name, content in files.items():
            (folder / name).write_bytes(content)
        return load(starter, schema=FIELDS)

    return of


def told(loading, **files):
    with pytest.raises(Invalid) as caught:
        loading(**files)
    return [str(problem).removeprefix(f"{DIRECTORY}") for problem in caught.value.problems]


def test_files_are_attached_by_name_and_hidden_ones_are_not(loading):
    found = loading(**{"b.pdf": b"2", "a.pdf": b"1", ".DS_Store": b"x"}).templates[NAME]

    assert [(one.name, one.content) for one in found.attachments] == [
        ("a.pdf", b"1"),
        ("b.pdf", b"2"),
    ]


@pytest.mark.parametrize("change", [{"a.pdf": b"2"}, {"b.pdf": b"1"}])
def test_a_changed_file_makes_another_version_of_the_sequences_that_send_it(
    loading, starter, change
):
    before = load(starter, schema=FIELDS).digests
    first = loading(**{"a.pdf": b"1"}).digests

    second = loading(**change).digests

    assert len({before["approach-cold"], first["approach-cold"], second["approach-cold"]}) == 3
    assert before["won-handoff"] == first["won-handoff"] == second["won-handoff"]


def test_no_link_leads_out_of_the_workspace(loading, folder, starter, tmp_path_factory):
    secret = tmp_path_factory.mktemp("machine") / "secret"
    secret.write_text("hunter2")
    (starter / "shared.pdf").write_bytes(b"1")
    (folder / "key.pdf").symlink_to(secret)
    (folder / "loop.pdf").symlink_to(folder / "loop.pdf")
    (folder / "shared.pdf").symlink_to(starter / "shared.pdf")

    problems = told(loading)

    assert problems == [
        "/key.pdf:1:1: leads out of the workspace; copy the file itself here",
        "/loop.pdf:1:1: is no file; only files can be attached",
    ]


def test_what_cannot_be_attached_is_told(loading, folder, monkeypatch):
    monkeypatch.setattr(attachments, "LARGEST", 10)
    (folder / "more").mkdir()

    problems = told(
        loading,
        **{"empty.pdf": b"", "big.pdf": b"x" * 11, "a\nb.pdf": b"x", "six.pdf": b"x" * 6},
        **{"seven.pdf": b"x" * 7},
    )

    assert problems == [
        ":1:1: the files have 13 bytes together; 10 are the most in one email",
        "/a\\nb.pdf:1:1: has a character in its name that no email can carry",
        "/big.pdf:1:1: has more than 10 bytes, the most in one email",
        "/empty.pdf:1:1: is empty",
        "/more:1:1: is no file; only files can be attached",
    ]


def test_a_name_that_is_no_text_is_told(loading, folder):
    try:
        (folder / os.fsdecode(b"\xff.pdf")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes no such name")

    assert told(loading) == [
        "/\\udcff.pdf:1:1: has a character in its name that no email can carry"
    ]


def test_an_unknown_file_beside_it_is_still_one(loading, starter):
    (starter / "templates" / "email" / NAME / "attachment").write_bytes(b"x")

    (problem,) = told(loading)

    assert problem == (
        f"templates/email/{NAME}/attachment:1:1: "
        'unknown file "attachment"; did you mean "attachments/"? '
        "valid: attachments/, body.html, body.txt, subject.txt"
    )


def test_large_files_are_warned_of_unless_the_sequence_means_them(loading, starter):
    large = {"a.pdf": b"x" * 1_000_001}

    warned = [str(one) for one in loading(**large).warnings if one.lint == "large"]
    file = starter / "sequences" / "approach-cold.yaml"
    file.write_text(f"ignore: [large]\n{file.read_text()}")
    ignored = [one for one in loading().warnings if one.lint == "large"]

    assert warned == [
        f"{DIRECTORY}:1:1: warning: the files have 1,000,001 bytes together, which are kept with "
        "every email; filters grow wary of large emails from strangers: link to them instead "
        "(large)"
    ]
    assert ignored == []


@pytest.mark.django_db
def test_apply_keeps_the_files_that_workers_attach(loading):
    blueprint = loading(**{"a.pdf": b"1", "b.pdf": b"1"})

    apply.configure(blueprint)
    apply._activate(blueprint, blueprint.sequences["approach-cold"])

    row = EmailTemplate.objects.get(name=NAME)
    (kept,) = AttachedFile.objects.all()
    assert row.attachments == [["a.pdf", kept.digest], ["b.pdf", kept.digest]]
    assert bytes(kept.content) == b"1"


@pytest.mark.django_db
def test_plan_and_preview_name_the_files(loading):
    blueprint = loading(**{"one pager.pdf": b"1"})

    planned = planning.plan(blueprint)
    lead, deal = sample.sample(blueprint)
    emails = preview.preview(blueprint, NAME, lead, deal)

    carried = {one.sequence: one.attachments for one in planned.sequences if one.attachments}
    mail = message_from_bytes(emails[0].raw, policy=policy.default)
    assert carried == {"approach-cold": {NAME: ["one pager.pdf"]}}
    assert [part.get_filename() for part in mail.iter_attachments()] == ["one pager.pdf"]
    assert AttachedFile.objects.count() == 0
