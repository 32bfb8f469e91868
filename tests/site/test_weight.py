"""What a first visit to a chapter moves, and when its formulas are typeset."""

import pytest
from places import CHAPTER_PAGES, TYPESET, WIDE, tool

FONTS = 0.4  # megabytes that all fonts of formulas weigh together
WHOLE = 3.0  # megabytes that a visit down to the last figure moves


def moved(page):
    """A list that grows by the bytes of each file that the page loads."""
    sizes = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on(
        "Network.loadingFinished",
        lambda event: sizes.append(event["encodedDataLength"]),
    )
    return sizes


TO_THE_END = """async () => {
  for (const figure of document.querySelectorAll(".bd-article img:not(.turned)")) {
    figure.scrollIntoView();
    await figure.decode();
  }
}"""


@pytest.mark.parametrize("name", CHAPTER_PAGES)
def test_a_first_visit_keeps_to_its_budget(chromium, server, site, name):
    """Down to the last formula, uncompressed: a host that compresses moves less."""
    context = chromium.new_context(**WIDE)
    page = context.new_page()
    sizes = moved(page)
    page.goto(f"{server}/{name}", wait_until="load")
    page.evaluate(TYPESET)
    page.wait_for_load_state("networkidle")
    total = sum(sizes) / 1e6
    page.evaluate(TO_THE_END)
    page.wait_for_load_state("networkidle")
    whole = sum(sizes) / 1e6
    context.close()
    weight = tool("weight")
    counted, figures = weight.first_visit(site / name), weight.figures(site / name)
    assert counted - 0.01 <= total <= counted + figures + FONTS
    assert total < weight.BUDGET
    assert counted + figures - 0.01 <= whole <= counted + figures + FONTS
    assert whole < WHOLE


def test_formulas_in_view_are_typeset_and_those_far_below_wait(open_page):
    page = open_page(CHAPTER_PAGES[8], **WIDE)
    page.wait_for_selector("mjx-container mjx-math")
    page.wait_for_timeout(500)
    typeset = page.locator("mjx-container mjx-math").count()
    page.evaluate(TYPESET)
    assert typeset < page.locator("mjx-container mjx-math").count() / 2


def test_printing_typesets_every_formula(open_page):
    page = open_page(CHAPTER_PAGES[8], **WIDE)
    page.wait_for_selector("mjx-container mjx-math")
    page.emulate_media(media="print")
    page.wait_for_function(
        """() => {
          const all = [...document.querySelectorAll(".bd-article mjx-container")];
          return all.length > 100 && all.every((one) => one.querySelector("mjx-math"));
        }"""
    )
