"""`--as-built`: what the build ran is read, all else runs; a failure stays one."""

import as_built
import nbformat
import pytest
from nbval.plugin import IPyNbFile, NbCellError
from places import tool

CODE = ("x = 6 * 7", "print(x)")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A notebook that was run under "a key", and the cache."""
    folder = tmp_path_factory.mktemp("built")
    cells = [nbformat.v4.new_code_cell(code) for code in CODE]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "a.ipynb")
    ran, _ = tool("execute").execute({folder / "a.ipynb": "a key"}, folder / "cache")
    assert ran
    return folder / "a.ipynb", folder / "cache"


@pytest.fixture
def collected(built, request):
    """Collect the cells as nbval does: a function of the notebook's path."""

    def collect(path=built[0]):
        return list(IPyNbFile.from_parent(request.session, path=path).collect())

    return collect


def keyed(monkeypatch, key):
    monkeypatch.setattr(tool("keys"), "key", lambda path, settings: key)


def test_what_the_build_ran_is_read_without_a_kernel(built, collected, monkeypatch):
    keyed(monkeypatch, "a key")
    items = collected()
    assert as_built.let_stand(items, built[1]) == [built[0]]
    for item in items:
        item.parent.setup()
        item.runtest()
    assert len(items) == 2
    assert items[0].parent.kernel is None


@pytest.mark.parametrize("key", ["a key", "another key"])
def test_another_key_or_another_cell_is_run(built, collected, monkeypatch, key):
    keyed(monkeypatch, key)
    path = built[0]
    if key == "a key":
        path = built[0].with_name("other.ipynb")
        changed = nbformat.read(built[0], 4)
        changed.cells[0].source = "x = 6 * 8"
        nbformat.write(changed, path)
    items = collected(path)
    assert as_built.let_stand(items, built[1]) == []
    assert all("runtest" not in vars(item) for item in items)


def test_without_a_build_all_are_run(collected, tmp_path):
    assert as_built.let_stand(collected(), tmp_path / "no cache") == []


def test_a_cell_that_failed_or_did_not_run_fails(built, collected, monkeypatch):
    keyed(monkeypatch, "a key")
    item = collected()[1]
    run = as_built.kept(*built)
    as_built.read(item, run)
    error = {"ename": "E", "evalue": "no", "traceback": ["where it was"]}
    run.cells[1].outputs.append(nbformat.v4.new_output("error", **error))
    with pytest.raises(NbCellError, match="Failed in the build") as raised:
        as_built.read(item, run)
    assert raised.value.inner_traceback == "where it was"
    run.cells[1].outputs.pop()
    run.cells[1].execution_count = None
    with pytest.raises(NbCellError, match="did not run"):
        as_built.read(item, run)
    run.cells[1].source = "print(x + 1)"
    with pytest.raises(NbCellError, match="another cell"):
        as_built.read(item, run)
