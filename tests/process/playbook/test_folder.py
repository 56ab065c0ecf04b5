import pytest

from process.playbook import folder as on_disk

FILES = {"index.html": "one", "stages/approach.html": "two"}


def held(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.name != on_disk.MARKER
    }


def test_it_is_written_anew_and_what_is_no_longer_made_goes(tmp_path):
    on_disk.write(tmp_path / "book", FILES)
    (tmp_path / "book" / "notes.txt").write_text("mine")

    on_disk.write(tmp_path / "book", {"index.html": "three"})

    assert held(tmp_path / "book") == {"index.html": "three", "notes.txt": "mine"}


def test_a_folder_with_something_else_is_left_as_it_is(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(on_disk.OccupiedError) as refused:
        on_disk.write(tmp_path, FILES)

    assert str(refused.value) == (
        f"{tmp_path} is not empty and no playbook (it has no .cadenza-playbook); nothing was written"
    )
    assert held(tmp_path) == {"mine.txt": "mine"}


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("mine")

    with pytest.raises(on_disk.OccupiedError) as refused:
        on_disk.write(tmp_path / "file", FILES)

    assert str(refused.value) == f"{tmp_path / 'file'} is no folder; nothing was written"


@pytest.mark.parametrize("link", ["index.html", "stages"])
def test_a_link_leads_nowhere(tmp_path, link):
    on_disk.write(tmp_path / "book", {"rules.html": "one"})
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "book" / link).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(on_disk.OccupiedError) as refused:
        on_disk.write(tmp_path / "book", {"index.html": "one", "stages/approach.html": "two"})

    assert str(refused.value).endswith("leads out of the folder; nothing was written")
    assert held(tmp_path) == {"book/rules.html": "one"}


def test_a_forged_list_takes_nothing_away(tmp_path):
    (tmp_path / "precious.html").write_text("mine")
    on_disk.write(tmp_path / "book", FILES)
    (tmp_path / "book" / on_disk.MARKER).write_text("../precious.html\n/etc/passwd\nindex.html\n")

    on_disk.write(tmp_path / "book", {"rules.html": "three"})

    assert held(tmp_path) == {
        "precious.html": "mine",
        "book/rules.html": "three",
        "book/stages/approach.html": "two",
    }
