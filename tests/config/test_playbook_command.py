import json

import pytest

from tests.config.test_cli import run


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "acme"
    assert run(tmp_path, "init", str(path)).returncode == 0
    return path


def test_the_playbook_of_the_starter(folder, tmp_path):
    book = tmp_path / "book"

    done = run(folder, "playbook", str(book), "--json")

    found = json.loads(done.stdout)
    assert found["folder"] == str(book)
    assert found["files"] == sorted(
        path.relative_to(book).as_posix()
        for path in book.rglob("*.*")
        if path.suffix in {".html", ".css"}
    )


def test_a_workspace_with_mistakes_makes_none(folder, tmp_path):
    process = folder / "process.yaml"
    process.write_text(process.read_text().replace("owner: marketing", "ower: marketing"))

    done = run(folder, "playbook", str(tmp_path / "book"))

    assert done.returncode == 1
    assert done.stderr.startswith("process.yaml:")
    assert not (tmp_path / "book").exists()


def test_the_workspace_itself_is_no_playbook(folder):
    before = sorted(folder.rglob("*"))

    done = run(folder, "playbook", str(folder))

    assert done.returncode == 2
    assert "nothing was written" in " ".join(done.stderr.replace("│", " ").split())
    assert sorted(path for path in folder.rglob("*") if ".cadenza" not in path.parts) == [
        path for path in before if ".cadenza" not in path.parts
    ]
