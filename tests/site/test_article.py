"""A chapter as an article: notes beside links, what is folded, how it is shared."""

import re

import pytest
from places import CHAPTER_PAGES, PHONE, TYPESET, WIDE, parsed, typeset
from playwright.sync_api import expect

HEIGHT = 16_000  # pixels at a width of 1300, in letters as wide as Arial's
WIDER_THAN_ARIAL = """() => {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `100px ${getComputedStyle(document.body).fontFamily}`;
  return Math.max(1, pen.measureText("abcdefghijklmnopqrstuvwxyz").width / 1273);
}"""
"""Where no Arial, nor one of its measures, is installed, texts take more lines."""


@pytest.mark.parametrize("how", ["hover", "focus"])
def test_a_citation_shows_its_entry_until_it_is_left(open_page, how):
    page = open_page(CHAPTER_PAGES[1], **WIDE)
    page.wait_for_function("window.MathJax?.startup?.promise")
    page.evaluate(TYPESET)  # so that nothing moves under the pointer
    link = page.locator("a.shown", has_text="Jakub & Nica (2024)").first
    note = page.get_by_role("tooltip")
    assert note.count() == 0
    getattr(link, how)()
    expect(note).to_contain_text("Depth Degeneracy in Neural Networks")
    assert link.get_attribute("aria-describedby") == note.get_attribute("id")
    page.keyboard.press("Escape")
    assert note.count() == 0
    assert link.get_attribute("aria-describedby") is None


def test_a_term_shows_its_definition_with_typeset_formulas(open_page):
    page = open_page(CHAPTER_PAGES[1], **WIDE)
    page.wait_for_function("window.MathJax?.startup?.promise")
    page.evaluate(TYPESET)
    link = page.locator("a.shown[href^='#term-']").first
    link.hover()
    page.wait_for_selector("[role=tooltip] mjx-container mjx-math")
    assert page.get_by_role("tooltip").locator("[id]").count() == 0


def test_every_note_has_a_target(site):
    for name in CHAPTER_PAGES:
        page = parsed(site, name)
        links = page.select("a.shown")
        assert links, name
        ids = {tag["id"] for tag in page.select("[id]")}
        assert {link["href"][1:] for link in links} <= ids


@pytest.mark.parametrize("name", CHAPTER_PAGES)
def test_a_page_says_what_it_is_and_how_to_cite_it(site, name):
    page = parsed(site, name)
    said = {
        tag["property"]: tag["content"] for tag in page.select("meta[property^='og:']")
    }
    assert said["og:title"] == page.h1.find(string=True)
    assert said["og:url"].endswith(name)
    assert 20 < len(said["og:description"]) < 300
    assert "\\" not in said["og:description"]
    picture = said["og:image"].rpartition("/")[2]
    assert (site / "_images" / picture).exists()
    assert picture != "regions.png"
    cited = page.select_one("details.cite-chapter pre").text
    assert re.match(r"@incollection\{executable_\w+,", cited)
    assert len(re.findall(r"^  title = \{", cited, re.MULTILINE)) == 2  # its paper too
    assert said["og:url"] in cited


def test_the_list_of_all_claims_is_folded_and_opens(open_page):
    page = open_page(CHAPTER_PAGES[4], **WIDE)
    fold = page.locator("details.all-claims")
    assert fold.count() == 1
    assert not fold.locator("details.claim").first.is_visible()
    fold.locator("> summary").press("Enter")
    assert fold.locator("details.claim").first.is_visible()


def test_folded_code_stands_in_the_margin_and_makes_no_page_wider(open_page):
    page = open_page(CHAPTER_PAGES[4], **WIDE)
    summary = page.locator("div.cell > details.hide > summary").nth(3)
    box = summary.bounding_box()
    column = page.locator("article p").nth(3).bounding_box()
    assert box["x"] >= column["x"] + column["width"]
    assert box["width"] >= 24
    assert box["height"] >= 24
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width == WIDE["viewport"]["width"]


@pytest.mark.parametrize("name", CHAPTER_PAGES)
def test_a_chapter_is_not_longer_than_it_was_made(visit, name):
    page = visit(name, {"viewport": {"width": 1300, "height": 900}})
    typeset(page)
    height = page.evaluate("document.documentElement.scrollHeight")
    assert height < HEIGHT * page.evaluate(WIDER_THAN_ARIAL)


@pytest.mark.parametrize("name", CHAPTER_PAGES[:2])
def test_figures_keep_their_shape_on_a_phone(visit, name):
    page = visit(name, PHONE)
    shapes = page.evaluate(
        """async () => {
          const shown = "div.cell_output img:not(.turned)";
          const all = [...document.querySelectorAll(shown)];
          for (const picture of all) {
            picture.scrollIntoView();
            await picture.decode();
          }
          return all.map(picture => { const { width, height } = picture;
            return [width / height, picture.naturalWidth / picture.naturalHeight]; });
        }"""
    )
    assert len(shapes) > 5
    for shown, drawn in shapes:
        assert shown == pytest.approx(drawn, rel=0.02)


def ends(place):
    """Where an element begins and ends on the screen, from left to right."""
    box = place.bounding_box()
    return box["x"], box["x"] + box["width"]


def test_a_wide_formula_shows_its_beginning_and_scrolls_to_its_end(open_page):
    page = open_page(CHAPTER_PAGES[6], **PHONE)
    page.wait_for_function("window.MathJax?.startup?.promise")
    page.evaluate(TYPESET)
    frame = page.locator("div.statement div.math").first
    formula = frame.locator("mjx-math").first
    room, whole = ends(frame), ends(formula)
    assert whole[0] >= room[0] - 1
    assert whole[1] > room[1]
    frame.evaluate("frame => { frame.scrollLeft = frame.scrollWidth }")
    assert ends(formula)[1] <= room[1] + 1


def test_an_explorer_of_one_column_stands_beside_its_sliders(open_page):
    page = open_page(CHAPTER_PAGES[4], **WIDE)
    explorer = page.locator(".explorer").first
    sliders = ends(explorer.locator(".explorer-controls"))
    assert sliders[1] <= ends(explorer.locator(".explorer-figure"))[0]
    narrow = open_page(CHAPTER_PAGES[4], **PHONE).locator(".explorer").first
    above = narrow.locator(".explorer-controls").bounding_box()
    below = narrow.locator(".explorer-figure").bounding_box()
    assert above["y"] + above["height"] <= below["y"]


def test_the_page_for_lost_readers_stands_alone(site):
    page = parsed(site, "404.html")
    assert not page.select("script, link, img")
    assert all(link["href"].startswith("https://") for link in page.select("a"))
    assert page.svg


@pytest.mark.parametrize("name", [CHAPTER_PAGES[1], CHAPTER_PAGES[5], CHAPTER_PAGES[8]])
def test_a_live_piece_stands_in_its_chapter(open_page, name):
    page = open_page(name, **WIDE)
    piece = page.locator(".live[data-live]")
    expect(piece.locator("[role=status]")).to_have_text(re.compile(r"\d"))
    assert piece.locator("[role=img]").is_visible()
    assert page.errors == []


def test_the_mark_of_a_heading_takes_no_room(open_page):
    """It would wrap to a line of its own below a heading that fills its line."""
    page = open_page(CHAPTER_PAGES[3], **WIDE)
    grown = page.locator(
        ".bd-article :is(h1, h2, h3):has(> a.headerlink)"
    ).evaluate_all(
        """all => all.map(one => {
          one.style.width = "max-content";
          const { width, height } = one.getBoundingClientRect();
          one.style.width = `${Math.floor(width)}px`;
          one.querySelector("a.headerlink").remove();
          one.style.width = "max-content";
          return width - one.getBoundingClientRect().width;
        })"""
    )
    assert len(grown) > 10
    assert max(grown) < 1
    narrow = open_page(CHAPTER_PAGES[3], **PHONE)
    assert not narrow.locator(".bd-article a.headerlink").first.is_visible()


def test_what_a_cell_prints_has_one_ground_and_stands_off_its_claim(open_page):
    page = open_page(CHAPTER_PAGES[4], **WIDE)
    boxes = page.locator(".cell_output .highlight").evaluate_all(
        """all => all.map(one => one.getBoundingClientRect().height
          - one.querySelector("pre").getBoundingClientRect().height)"""
    )
    assert max(boxes) < 1
    gaps = page.locator("div.cell:has(.stream) + div.cell .claims").evaluate_all(
        """all => all.map(one => {
          const before = one.closest("div.cell").previousElementSibling;
          const above = before.getBoundingClientRect().bottom;
          return one.getBoundingClientRect().top - above;
        })"""
    )
    assert gaps
    assert min(gaps) >= 6


@pytest.mark.parametrize("name", ["sublevel_sets", "training"])
def test_links_to_the_neighbours_are_whole_on_a_phone(open_page, name):
    page = open_page(f"book/reference/{name}.html", **PHONE)
    beyond = page.locator(".prev-next-area a").evaluate_all(
        "all => all.map(one => one.scrollWidth - one.clientWidth)"
    )
    assert max(beyond) <= 0


def test_the_word_that_shows_code_ends_at_the_margin_of_a_phone(open_page):
    page = open_page(CHAPTER_PAGES[4], **PHONE)
    words = page.locator("div.cell > details.hide > summary > p:visible").first
    assert ends(words)[1] == pytest.approx(390 - 16, abs=1)


def test_the_page_for_lost_readers_looks_as_the_book_does(open_page):
    for scheme in ("light", "dark"):
        looks = []
        for name in ("404.html", "book/notation.html"):
            page = open_page(name, **WIDE, color_scheme=scheme)
            body, link = (
                page.locator("body"),
                page.locator(":is(main, article) a[href]").last,
            )
            looks.append(
                [
                    body.evaluate("one => getComputedStyle(one).color"),
                    body.evaluate("one => getComputedStyle(one).backgroundColor"),
                    body.evaluate("one => getComputedStyle(one).fontFamily"),
                    link.evaluate("one => getComputedStyle(one).color"),
                ]
            )
        lost, book = looks
        assert lost == book or (scheme == "light" and lost[1] == "rgba(0, 0, 0, 0)")
