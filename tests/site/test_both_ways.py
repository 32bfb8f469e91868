"""Every explorer of the built site shows what matplotlib draws, to a pixel."""

import pickle

import both_ways
import matplotlib
import pytest
from as_built import CACHE
from places import CHAPTER_PAGES, ROOT, parsed, tool, unpacked

from helpers import figure_data, style


@pytest.fixture
def book_style():
    """Matplotlib's settings are those of the notebooks, where figures are drawn."""
    with matplotlib.rc_context():
        style.use()
        yield


def explorers(site, page):
    """Each explorer of a page: its data, and what the build kept of its figures."""
    notebook = (ROOT / page).with_suffix(".ipynb")
    key = tool("keys").key(notebook, tool("build").SETTINGS)
    files = tool("execute").figures_of(notebook, key, CACHE)
    sections = parsed(site, page).select("section.explorer")
    for section, file in zip(sections, files, strict=True):
        kept = pickle.loads(file.read_bytes())
        assert section["aria-label"] == kept["label"]
        yield unpacked(section.find("script").string), kept


@pytest.mark.parametrize("page", [*CHAPTER_PAGES, "book/your_network.html"])
@pytest.mark.usefixtures("book_style")
def test_an_explorer_shows_what_matplotlib_draws(site, page):
    """In the first, the middle and the last value of its sliders."""
    compared = 0
    for data, kept in explorers(site, page):
        assert ("images" in data) == (kept["label"] in both_ways.PICTURES)
        if "images" in data:
            continue
        for number, (point, figure) in kept["figures"].items():
            where = f"{kept['label']!r} at {point}"
            html = figure_data.filled(data, number)
            assert both_ways.compared(pickle.loads(figure), html, where).marks > 0
            compared += 1
    assert compared >= 2
