"""The pages of the built site on a phone, and by the rules of WCAG."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from places import PAGES, WIDE

PHONE = {"viewport": {"width": 390, "height": 844}}
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
ONE_WORD_OF_EACH_COLOUR = """() => {
  const words = [...document.querySelectorAll(".highlight span[class]")];
  const ground = word => getComputedStyle(word.closest("pre")).backgroundColor;
  const kinds = words.map(word => `${word.className} on ${ground(word)}`);
  const again = words.filter((_, i) => kinds.indexOf(kinds[i]) < i);
  again.forEach(word => word.replaceWith(...word.childNodes));
}"""
"""Axe needs half a minute for all the coloured words in a chapter's code."""


def violations(page, rules):
    """What axe finds: the rule and the first place."""
    options = {"runOnly": rules, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    return [(rule["id"], rule["nodes"][0]["html"]) for rule in found]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_fits_a_phone(open_page, page):
    opened = open_page(page, **PHONE)
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("page", PAGES)
def test_a_page_breaks_no_rule_of_accessibility(open_page, page):
    """All rules in light; in dark the one that asks for colours."""
    opened = open_page(page, color_scheme="light", **WIDE)
    opened.wait_for_function("window.MathJax?.startup?.promise || true")
    opened.evaluate(ONE_WORD_OF_EACH_COLOUR)
    assert violations(opened, LEVELS) == []
    opened.add_style_tag(content="* { transition: none !important }")
    opened.emulate_media(color_scheme="dark")
    opened.wait_for_selector("html[data-theme=dark]")
    assert violations(opened, ["color-contrast"]) == []
