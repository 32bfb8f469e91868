"""Every page of the built site by the rules of WCAG."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from places import PAGES, WIDE, typeset

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
MARK_ONE_TEXT_OF_EACH_KIND = """() => {
  const clear = "rgba(0, 0, 0, 0)", looks = new Map([[null, { opacity: 1 }]]);
  const look = element => {
    if (!looks.has(element)) {
      const around = look(element.parentElement), own = getComputedStyle(element);
      looks.set(element, {
        ground: own.backgroundColor === clear ? around.ground : own.backgroundColor,
        pictured: around.pictured || own.backgroundImage !== "none",
        opacity: around.opacity * own.opacity,
      });
    }
    return looks.get(element);
  };
  const kind = (element, i) => {
    const own = getComputedStyle(element);
    const { ground, pictured, opacity } = look(element);
    return [own.color, own.fontSize, own.fontWeight, ground, opacity,
            pictured ? i : ""].join();
  };
  const holdsText = node => node.nodeType === Node.TEXT_NODE && node.data.trim();
  const shown = element => {
    const box = element.getBoundingClientRect();
    return element.checkVisibility({visibilityProperty: true, opacityProperty: true})
      && box.width > 1 && box.height > 1 && box.right > 0 && box.bottom > 0;
  };
  const firsts = new Map();
  [...document.querySelectorAll("body *")].forEach((element, i) => {
    if (![...element.childNodes].some(holdsText) || !shown(element)) return;
    const found = kind(element, i);
    if (!firsts.has(found)) firsts.set(found, element);
  });
  firsts.forEach(element => { element.dataset.kept = ""; });
  return firsts.size;
}"""
LEAVE_THREE_FORMULAS = """() =>
  [...document.querySelectorAll(".math")].slice(3).forEach(one => one.replaceWith("x"))
"""
LEAVE_FEW_ALIKE = """() => {
  const kept = element => element.closest("[data-kept]")
    || element.querySelector("[data-kept]");
  document.querySelectorAll("pre span, code span").forEach(one =>
    kept(one) || one.replaceWith(...one.childNodes));
}"""
"""Three formulas are as good as hundreds, and words of code have a colour and nothing
else: with all of them axe needs three times as long."""
DROP_THE_REST = """() => document.querySelectorAll("body *").forEach(element => {
  if (!element.closest("[data-kept]") && !element.querySelector("[data-kept]"))
    element.remove();
})"""
"""Contrast hangs on colour, ground, size and weight: of the thousands of texts of a
chapter one of each kind is kept, since axe needs 10 ms for each."""
STILL = "* { transition: none !important }"


def violations(page, **options):
    """What axe finds: the rule and the first place."""
    options |= {"resultTypes": ["violations"]}
    found = page.evaluate("options => axe.run(document, options)", options)
    return [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]]


def scheme(page, name):
    """Turn the page light or dark."""
    page.emulate_media(color_scheme=name)
    page.wait_for_selector(f"html[data-theme={name}]")


def audit(opened):
    """What breaks a rule: all of them in light, in dark too the one about colours.

    Little is left of the page after it.
    """
    opened.add_style_tag(content=STILL)
    opened.evaluate(Axe().axe_script)
    for name in ("dark", "light"):
        scheme(opened, name)
        assert opened.evaluate(MARK_ONE_TEXT_OF_EACH_KIND) > 3
    opened.evaluate(LEAVE_FEW_ALIKE)
    without_contrast = {"color-contrast": {"enabled": False}}
    found = violations(opened, runOnly=LEVELS, rules=without_contrast)
    opened.evaluate(DROP_THE_REST)
    for name in ("light", "dark"):
        scheme(opened, name)
        found += violations(opened, runOnly=["color-contrast"])
    return found


@pytest.mark.parametrize("page", PAGES)
def test_a_page_breaks_no_rule_of_accessibility(visit, page):
    opened = visit(page, WIDE)
    opened.evaluate(LEAVE_THREE_FORMULAS)
    typeset(opened)
    assert opened.foreign == []
    assert opened.errors == []
    assert audit(opened) == []
    visit.leave()


def test_a_planted_fault_is_found(open_page):
    """Also where it is one of many alike: in code, after formulas, in the dark."""
    opened = open_page("book/teaching.html", color_scheme="light", **WIDE)
    opened.evaluate("""() => document.querySelector("article").insertAdjacentHTML(
      "beforeend", `<img src="x.png"><input><pre tabindex="0"><span>a</span>
      <span style="color: #767676">only light enough on white</span></pre>
      <p style="color: #bbb">pale</p>`)""")
    rules = [rule for rule, _ in audit(opened)]
    assert {*rules} == {"image-alt", "label", "color-contrast"}
    assert rules.count("color-contrast") == 2
