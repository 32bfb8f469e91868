"""The pages of the built site on a phone, and by the rules of WCAG."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from places import PAGES, TYPESET, WIDE

PHONE = {"viewport": {"width": 390, "height": 844}}
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
MARK_ONE_TEXT_OF_EACH_KIND = """() => {
  const chain = element => element ? [element, ...chain(element.parentElement)] : [];
  const kind = (element, i) => {
    const own = getComputedStyle(element);
    const around = chain(element).map(one => getComputedStyle(one));
    const ground = around.find(style => style.backgroundColor !== "rgba(0, 0, 0, 0)");
    const pictures = around.some(style => style.backgroundImage !== "none") ? i : "";
    const opacity = around.reduce((product, style) => product * style.opacity, 1);
    return [own.color, own.fontSize, own.fontWeight, ground?.backgroundColor, opacity,
            pictures].join();
  };
  const holdsText = node => node.nodeType === Node.TEXT_NODE && node.data.trim();
  const shown = element => {
    const box = element.getBoundingClientRect();
    return element.checkVisibility({visibilityProperty: true, opacityProperty: true})
      && box.width > 1 && box.height > 1 && box.right > 0 && box.bottom > 0;
  };
  const seen = new Set();
  [...document.querySelectorAll("body *")].forEach((element, i) => {
    if (![...element.childNodes].some(holdsText) || !shown(element)) return;
    const found = kind(element, i);
    if (!seen.has(found)) element.dataset.kept = "";
    seen.add(found);
  });
  return seen.size;
}"""
DROP_THE_REST = """() => document.querySelectorAll("body *").forEach(element => {
  if (!element.closest("[data-kept]") && !element.querySelector("[data-kept]"))
    element.remove();
})"""
"""Contrast hangs on colour, ground, size and weight: of the thousands of texts of a
chapter one of each kind is kept, since axe needs 10 ms for each."""
QUIET = {"reduced_motion": "reduce"}
STILL = "* { transition: none !important }"


def violations(page, **options):
    """What axe finds: the rule and the first place."""
    options |= {"resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    return [(rule["id"], rule["nodes"][0]["html"]) for rule in found]


def typeset(page):
    """Typeset every formula of a page that has some."""
    if page.evaluate("Boolean(window.MathJax)"):
        page.wait_for_function("MathJax.startup?.promise")
        page.evaluate(TYPESET)


def scheme(page, name):
    """Turn the page light or dark."""
    page.emulate_media(color_scheme=name)
    page.wait_for_selector(f"html[data-theme={name}]")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_loads_clean_with_the_network_cut_and_fits_a_phone(open_page, page):
    opened = open_page(page, **PHONE, **QUIET)
    opened.wait_for_load_state("networkidle")
    typeset(opened)
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390
    assert opened.foreign == []
    assert opened.errors == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_breaks_no_rule_of_accessibility(open_page, page):
    """All rules in light; in dark too the one that asks for colours."""
    opened = open_page(page, color_scheme="light", **WIDE, **QUIET)
    typeset(opened)
    assert opened.foreign == []
    assert opened.errors == []
    opened.add_style_tag(content=STILL)
    without_contrast = {"color-contrast": {"enabled": False}}
    assert violations(opened, runOnly=LEVELS, rules=without_contrast) == []
    for name in ("light", "dark"):
        scheme(opened, name)
        assert opened.evaluate(MARK_ONE_TEXT_OF_EACH_KIND) > 3
    opened.evaluate(DROP_THE_REST)
    for name in ("dark", "light"):
        scheme(opened, name)
        assert violations(opened, runOnly=["color-contrast"]) == []
