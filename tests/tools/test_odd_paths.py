"""A book of two small chapters in a folder whose name tools take for a pattern."""

import shutil

import nbformat
import pytest
import yaml
from places import ROOT, tool

ODD = "a [2] $HOME ? * # % ü 'b"
TOC = """format: jb-book
root: book/index
parts:
- caption: Chapters
  chapters:
  - file: book/01_a
  - file: book/02_b
"""
CONFIG = {
    "title": "A book",
    "only_build_toc_files": False,
    "execute": {"execute_notebooks": "cache"},
    "sphinx": {"local_extensions": {"contents": "book/_ext"}},
}


@pytest.fixture
def build(tmp_path, monkeypatch):
    """The build tool, on that book."""
    folder = tmp_path / ODD
    made = tool("build")
    monkeypatch.setattr(made, "ROOT", folder)
    monkeypatch.setattr(made, "BUILD", folder / "_build")
    (folder / "book" / "_ext").mkdir(parents=True)
    shutil.copy(ROOT / "book" / "_ext" / "contents.py", folder / "book" / "_ext")
    (folder / "_toc.yml").write_text(TOC, encoding="utf-8")
    (folder / "_config.yml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    (folder / "book" / "index.md").write_text("# A book\n", encoding="utf-8")
    for name in ("01_a", "02_b"):
        title = nbformat.v4.new_markdown_cell(f"# {name}")
        cells = [title, nbformat.v4.new_code_cell(f"print('{name} ran', 6 * 7)")]
        notebook = nbformat.v4.new_notebook(cells=cells)
        nbformat.write(notebook, folder / "book" / f"{name}.ipynb")
    return made


def test_one_chapter_is_run_once_and_written_with_its_output_and_no_other(build):
    folder = build.ROOT / "_build" / "one" / "_build"
    folder.mkdir(parents=True)
    table = build.contents(["01_a"])
    known = dict.fromkeys(build.notebooks_of(table), "a key")
    ran, errors = build.execute(known, folder / build.CACHE)
    assert (ran, errors) == ([build.ROOT / "book" / "01_a.ipynb"], [])
    assert list(build.costs(known, folder / build.CACHE)) == ran
    assert build.write_pages(table, folder) == 0
    pages = sorted(path.name for path in (folder / "html" / "book").glob("*.html"))
    assert pages == ["01_a.html", "index.html"]
    page = folder / "html" / "book" / "01_a.html"
    assert "01_a ran 42" in page.read_text(encoding="utf-8")
    cached = folder / build.CACHE / "executed"
    assert len(list(cached.iterdir())) == 1  # so the pages came from the cache


@pytest.mark.parametrize(("name", "same"), [("a [2] * #", True), ("what?", False)])
def test_the_cache_has_a_path_without_a_question_mark(tmp_path, name, same):
    plain = tool("outputs").plain
    folder = tmp_path / name / "cache"
    found = plain(folder)
    assert (found == folder) is same
    assert "?" not in str(found)
    assert plain(folder) == found
    if not same:
        (found / "file").touch()
        assert (folder / "file").exists()
