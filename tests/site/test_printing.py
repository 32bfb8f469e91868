"""A chapter on paper: figures, live map and the letters of formulas are there."""

import numpy as np
import pytest
from places import CHAPTER_PAGES, TYPESET, WIDE, parsed
from pypdf import PdfReader

LOADED = """async () => {
  await MathJax.startup.promise;
  await document.fonts.ready;
  return [...document.fonts].filter((face) => face.status === "loaded")
    .map((face) => face.family);
}"""

FETCHED = """() => {
  const faces = [...document.fonts].map((face) => face.status);
  return faces.filter((status) => status === "loaded").length > 11
    && !faces.includes("loading");
}"""
SHOWN = """() => [...document.querySelectorAll("img:is(.plain, .of-data)")]
  .every((image) => image.complete && image.naturalWidth)"""


@pytest.mark.parametrize("name", CHAPTER_PAGES)
def test_the_fonts_of_formulas_out_of_sight_are_there_before_they_are_typeset(
    open_page, name
):
    """Printing typesets them and does not wait for a font."""
    page = open_page(name, **WIDE)
    page.wait_for_function(FETCHED)
    before = set(page.evaluate(LOADED))
    page.evaluate(TYPESET)
    page.evaluate("document.body.getBoundingClientRect()")
    assert set(page.evaluate(LOADED)) == before


def test_a_printed_chapter_has_every_figure_and_its_live_map(open_page, site, tmp_path):
    """From a page that nobody has scrolled; the map has a picture of its own."""
    page = open_page(CHAPTER_PAGES[0], **WIDE)
    page.wait_for_function("document.querySelector('.live canvas')")
    page.keyboard.press("Control")
    page.wait_for_function(SHOWN)
    page.pdf(path=tmp_path / "printed.pdf", print_background=True)
    printed = [
        image.image.convert("RGB")
        for part in PdfReader(tmp_path / "printed.pdf").pages
        for image in part.images
    ]
    figures = parsed(site, CHAPTER_PAGES[0]).select("img:is(.plain, .of-data)")
    assert len(printed) == len(figures) + 1
    assert all(len(np.unique(np.asarray(image), axis=0)) > 4 for image in printed)


def test_a_dark_page_is_printed_as_a_light_one(open_page):
    """Dark grounds stay off the paper, and light letters would be left."""
    page = open_page(CHAPTER_PAGES[4], **WIDE)
    theme = "document.documentElement.dataset.theme"
    ink = """getComputedStyle(
      document.querySelector(".bd-article pre .n, .bd-article pre span")).color"""
    light = page.evaluate(ink)
    page.evaluate(f"{theme} = 'dark'")
    assert page.evaluate(ink) != light
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(ink) == light
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(theme) == "dark"
