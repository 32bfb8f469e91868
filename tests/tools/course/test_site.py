"""The site that students get."""

import json

import pytest
from places import tool

FOLD = "<details><summary>Solution</summary>\n<p>x = 1</p>\n</details>"


@pytest.fixture
def site(tmp_path):
    """A built site of one chapter."""
    made = tmp_path / "html"
    for folder in ("book", "_static", "_sources/book"):
        (made / folder).mkdir(parents=True)
    (made / "index.html").write_text("<p>start</p>", encoding="utf-8")
    (made / "book" / "06_a.html").write_text(
        f"<p>before</p>{FOLD}<p>after</p>", encoding="utf-8"
    )
    (made / "book" / "ledger.html").write_text(
        "<details><summary>More</summary></details>",
        encoding="utf-8",
    )
    (made / "_static" / "a.js.map").write_text("{}", encoding="utf-8")
    cells = [{"source": ["Task.\n", FOLD, "\n## Ledger"]}, {"source": "x"}]
    source = made / "_sources" / "book" / "06_a.ipynb"
    source.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    return made


def test_solutions_are_left_out_of_pages_and_sources(site, tmp_path):
    tool("course.site").copy_site(site, tmp_path / "copy")
    page = (tmp_path / "copy" / "book" / "06_a.html").read_text(encoding="utf-8")
    assert page == "<p>before</p><p>after</p>"
    source = (tmp_path / "copy" / "_sources" / "book" / "06_a.ipynb").read_text(
        encoding="utf-8"
    )
    texts = ["".join(cell["source"]) for cell in json.loads(source)["cells"]]
    assert texts == ["Task.\n\n## Ledger", "x"]


def test_the_rest_is_as_it_was_but_for_source_maps(site, tmp_path):
    tool("course.site").copy_site(site, tmp_path / "copy")
    for name in ("index.html", "book/ledger.html"):
        assert (tmp_path / "copy" / name).read_text(encoding="utf-8") == (
            site / name
        ).read_text(encoding="utf-8")
    assert not (tmp_path / "copy" / "_static" / "a.js.map").exists()
    assert FOLD in (site / "book" / "06_a.html").read_text(encoding="utf-8")


def test_without_a_site_the_command_that_builds_it_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="has no site: `make book` builds it"):
        tool("course.site").copy_site(tmp_path, tmp_path / "copy")
