"""Whether the code behind a stored file has changed, and what a page says of it."""

from dataclasses import replace

import nbformat
import pytest

from helpers.stored_runs import Run, claim_hashes, code_hash, since, write

CLAIM = 'claim("1.1", "x", measured={}, interval=(0, 1), because="y")'
RUN = Run(
    "python -m helpers.room", "2026-01-02", "2 CPU cores", {}, 0, None, None, 40 * "a",
    16 * "0",
)  # fmt: skip
ROOM = "its helpers, or what these import"
LINES = "the lines of the page that measure it"


def notebook(root, measured):
    cells = ["from helpers import room", CLAIM.format(measured)]
    made = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
    nbformat.write(made, root / "book" / "01_room.ipynb")


@pytest.fixture
def root(tmp_path):
    """A book of one chapter, with two stored files of today's code."""
    for name in ("__init__", "__main__"):
        path = tmp_path / "helpers" / "room" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")
    (tmp_path / "book").mkdir()
    notebook(tmp_path, 0.5)
    lines = claim_hashes(tmp_path / "book" / "01_room.ipynb")["1.1"]
    row = {"measured": 0.5, "stderr": None, "seeds": None, "lines": lines}
    for name, module, measured in (
        ("run", "helpers.room.__main__", {"mean": 1}),
        ("claims", "helpers.room", {"claims": {"1.1": row}}),
    ):
        run = replace(RUN, code=code_hash([module], tmp_path))
        write(stored(tmp_path, name), run, measured)
    return tmp_path


def stored(root, name):
    return root / "helpers" / "room" / "results" / f"{name}.json"


def changed(root):
    """What has changed behind the run, the claims' file and its row."""
    run, claims = (since(stored(root, name), root) for name in ("run", "claims"))
    return run.changed(), claims.changed(), claims.changed("1.1")


def test_nothing_has_changed_at_first(root):
    assert changed(root) == ("", "", "")
    assert since(stored(root, "claims"), root).told("1.1") == ""


def test_the_room_concerns_every_row(root):
    (root / "helpers" / "room" / "__init__.py").write_text("x = 2\n")
    assert changed(root) == (ROOM, ROOM, ROOM)


def test_the_command_concerns_its_own_file(root):
    (root / "helpers" / "room" / "__main__.py").write_text("x = 2\n")
    assert changed(root) == (ROOM, "", "")


def test_the_page_concerns_its_own_claim(root):
    notebook(root, 0.6)
    file = "the lines of the page for 1 of its claims"
    assert changed(root) == ("", file, LINES)
    assert since(stored(root, "claims"), root).changed("1.2") == ""


def test_the_reader_is_told_that_the_number_stands_and_when_it_was_measured(root):
    notebook(root, 0.6)
    assert since(stored(root, "claims"), root).told("1.1") == (
        f"changed: {LINES}. The number stands as measured on 2026-01-02 (commit "
        "aaaaaaa); today's code may give another."
    )


def test_what_was_not_recorded_is_told(root):
    write(stored(root, "run"), replace(RUN, commit=None, code=None), {})
    told = since(stored(root, "run"), root).told()
    assert "not recorded which code measured it" in told
    assert "commit not recorded" in told
