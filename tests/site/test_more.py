"""What is wider than a phone scrolls, and a shade says on which side there is more."""

import pytest
from places import CHAPTER_PAGES, PHONE, WIDE, typeset

BOXES = {
    "formula": (CHAPTER_PAGES[6], "div.statement div.math"),
    "formula in a line": (CHAPTER_PAGES[4], ".proof span.math[data-more]"),
    "code": (CHAPTER_PAGES[7], ".cell_input pre[data-more]"),
    "code of the reference": ("book/scaling.html", ".highlight > pre"),
    "figure": (CHAPTER_PAGES[8], ".wide-picture"),
    "table": ("book/notation.html", ".pst-scrollable-table-container"),
    "report": ("book/your_network.html", ".report :has(> table)[data-more]"),
}
SHADES = """box => ["::before", "::after"].map(part => {
  const { content, backgroundImage, position } = getComputedStyle(box, part);
  return content !== "none" && backgroundImage.includes("gradient")
    && ["sticky", "absolute"].includes(position);
})"""
"""Whether there is a shade on the left and on the right, which does not move along."""
CUT = """() => [...document.querySelectorAll(".bd-article *")].filter(one =>
  one.checkVisibility() && one.clientWidth > 20 && one.scrollWidth > one.clientWidth + 2
  && ["auto", "scroll", "hidden"].includes(getComputedStyle(one).overflowX)
  && !one.closest("mjx-container, .wide-picture img") && !one.dataset.more
).map(one => one.outerHTML.slice(0, 200))"""
"""What is cut or scrolls with no sign of it."""


@pytest.mark.parametrize("kind", BOXES)
def test_a_shade_says_on_which_side_there_is_more(open_page, kind):
    name, box = BOXES[kind]
    page = open_page(name, **PHONE)
    if kind == "table":  # none of ours is wider than a phone
        page.add_style_tag(content=".bd-article table { min-width: 500px }")
    typeset(page)
    page.wait_for_selector(".bd-article [data-more]")
    box = page.locator(f".bd-article {box}").first
    box.scroll_into_view_if_needed()
    assert box.get_attribute("data-more") == "right"
    assert box.evaluate(SHADES) == [False, True]
    assert box.get_attribute("tabindex") == "0"
    box.evaluate("box => { box.scrollLeft = 8 }")
    page.wait_for_function(
        "() => document.querySelector('[data-more=\"left right\"], [data-more=left]')"
    )
    assert box.evaluate(SHADES)[0]
    box.evaluate("box => { box.scrollLeft = box.scrollWidth }")
    page.wait_for_function("() => document.querySelector('[data-more=left]')")
    assert box.evaluate(SHADES) == [True, False]


@pytest.mark.parametrize(
    "name",
    [
        *CHAPTER_PAGES[::4],
        "book/your_network.html",
        "book/teaching/02_edge_of_chaos.html",
    ],
)
def test_nothing_is_cut_without_a_sign(visit, name):
    page = visit(name, PHONE)
    typeset(page)
    page.wait_for_function(f"() => !({CUT})().length", timeout=5000)


@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "wide"])
def test_what_is_printed_wraps_and_code_keeps_its_lines(open_page, size):
    page = open_page(CHAPTER_PAGES[7], **size)
    beyond = "all => all.map(one => one.scrollWidth - one.clientWidth)"
    printed = page.locator(".cell_output :is(.stream, .text_plain) pre:not(.columns)")
    assert max(printed.evaluate_all(beyond)) <= 0
    code = page.locator("div.cell > .cell_input pre").evaluate_all(beyond)
    assert (max(code) > 100) is (size is PHONE)


def test_printed_columns_stay_columns_on_a_phone(open_page):
    """More than three lines are: each is one line of the box, which scrolls."""
    page = open_page(CHAPTER_PAGES[8], **PHONE)
    lines = page.locator(".cell_output pre").evaluate_all("""all => all.map(one => [
      one.textContent.trim().split("\\n").length, one.classList.contains("columns"),
      one.clientHeight / parseFloat(getComputedStyle(one).lineHeight)])""")
    assert {(count > 3) for count, *_ in lines} == {True, False}
    for count, columns, height in lines:
        assert columns == (count > 3)
        assert not columns or height < count + 1


def test_a_formula_that_fits_is_left_alone(open_page):
    page = open_page(CHAPTER_PAGES[3], **WIDE)
    typeset(page)
    page.evaluate("new Promise(drawn => requestIdleCallback(drawn))")
    # Measured again when its font has come.
    page.wait_for_function(
        "() => !document.querySelector('span.math:is([data-more], [tabindex])')"
    )


def test_the_table_of_the_ledger_fits_a_phone(open_page):
    box = open_page("book/ledger.html", **PHONE).locator("table.counts >> xpath=..")
    assert box.evaluate("one => one.scrollWidth <= one.clientWidth")
    assert box.get_attribute("data-more") is None
