"""A chapter on paper: all of it is there, each thing whole, and pages have numbers."""

import re
from collections import defaultdict

import numpy as np
import pytest
from places import CHAPTER_PAGES, CLAIMING, TYPESET, WIDE, parsed, tool
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

PAPER = {"viewport": {"width": 680, "height": 930}}
"""What the margins of A4 leave."""

OPENED = """() => document.querySelectorAll("details:is(.claim, .all-claims)")
  .forEach((fold) => (fold.open = true))"""
PANELS = """() => [...document.querySelectorAll(".explorer-row > svg")]
  .map((panel) => panel.getBoundingClientRect().width
    / panel.viewBox.baseVal.width * 10)"""
HEIGHTS = """() => [...document.querySelectorAll("img:is(.plain, .of-data)")]
  .map((image) => image.getBoundingClientRect().height)"""
CLAIMS = """() => [...document.querySelectorAll("details.claim")].map((claim) => [
  claim.querySelector("summary").textContent,
  claim.querySelector("dl").checkVisibility()])"""
LIVE = """() => [...document.querySelectorAll(".live[data-live]")]
  .flatMap((piece) => [piece, piece.previousElementSibling])
  .map((part) => [part.textContent, part.checkVisibility()])"""
BEHIND = ("the paper", "accepted", "against it", "stored run", "since then")


@pytest.fixture
def on_paper(open_page):
    """Open a page as it is laid out on paper, its claims opened."""

    def open_(name):
        page = open_page(name, **PAPER)
        page.emulate_media(media="print")
        page.evaluate(OPENED)
        return page

    return open_


@pytest.fixture
def lines_of_pages(open_page, tmp_path):
    """The lines of each page of a page of the site, printed behind 41 pages."""

    def lines(name):
        page = open_page(name, **PAPER)
        page.evaluate(tool("pdf").READY, [True, True, 41])
        page.pdf(path=tmp_path / "printed.pdf", prefer_css_page_size=True)
        pages = PdfReader(tmp_path / "printed.pdf").pages
        return [page.extract_text().strip().splitlines() for page in pages]

    return lines


@pytest.mark.parametrize("name", CHAPTER_PAGES[2:5])
def test_pictures_on_paper_are_low_and_their_letters_can_be_read(on_paper, name):
    """At most 38 % of a page's 297 mm; letters of 11 pixels have 6 points or more."""
    page = on_paper(name)
    assert min(page.evaluate(PANELS)) * 11 * 72 / 96 > 6
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.wait_for_function(SHOWN)
    assert max(page.evaluate(HEIGHTS)) < 0.38 * 297 / 25.4 * 96


@pytest.mark.parametrize("name", [CHAPTER_PAGES[5], CLAIMING[-1]])
def test_what_stands_behind_a_claim_is_printed_once_on_its_page(on_paper, name):
    shown = defaultdict(list)
    for claim, behind in on_paper(name).evaluate(CLAIMS):
        shown[claim].append(behind)
    assert shown
    assert all(sorted(behind) == [False, True] for behind in shown.values())


def test_the_printed_ledger_says_all_of_every_claim(on_paper):
    claims = on_paper("book/ledger.html").evaluate(CLAIMS)
    assert claims
    assert all(behind for _, behind in claims)


@pytest.mark.parametrize("number", [2, 6, 9])
def test_what_is_to_be_moved_is_not_printed_nor_the_words_that_invite_to_it(
    on_paper, number
):
    (_, piece), (words, invited) = on_paper(CHAPTER_PAGES[number - 1]).evaluate(LIVE)
    assert words.startswith("Live on the book’s page")
    assert not piece
    assert not invited


def test_pages_have_a_head_and_nothing_that_fits_a_page_is_torn(lines_of_pages):
    pages = lines_of_pages(CHAPTER_PAGES[2])
    title = pages[0][0].partition(" — ")[0]
    assert title[1] == "."
    for number, (head, first, *_, last) in enumerate(pages, 42):
        assert head == f"{title} — Deep Learning Theory, executable {number}"
        assert not first.startswith(BEHIND)
        assert last.strip(" ▼") != "Solution"
    assert not re.search(r"\d{4}-(\d\d-)?\n", "\n".join(map("\n".join, pages)))
    boxes = [lines for lines in pages if any("Cite this" in line for line in lines)]
    assert [line.strip() for line in boxes[0]].count("}") == 2


def test_a_long_table_goes_on_over_pages_under_its_head(lines_of_pages):
    pages = lines_of_pages("book/notation.html")
    assert len(pages) > 3
    assert all("meaning in code" in " ".join(lines) for lines in pages)


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
