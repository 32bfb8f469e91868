"""Explorers in a browser: marks where matplotlib has them, values, keys, address."""

import html
import re

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from both_ways import PICTURES
from places import CHAPTER_PAGES, PHONE, ROOT, WIDE, tool, unpacked

from helpers import style
from helpers.explorer import explorer
from helpers.figure_data.paths import vertices

STATIC = (ROOT / "book" / "_static").as_uri()
HEAD = f"""<!doctype html><html lang="en" data-theme="light"><meta charset="utf-8">
<title>Explorers</title><link rel="stylesheet" href="{STATIC}/explorer.css">
<script src="{STATIC}/explorer.js"></script>
<style>:root {{ --pst-color-background: #fff; --pst-color-border: #888 }}
html[data-theme=dark] {{ --pst-color-background: #121212; background: #121212;
color: #ced6dd }}</style>"""


def artists(step, scale):
    """Two panels with one of each kind of mark; the points are told to the tests."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3))
    x = np.arange(1, 6.0)
    left.plot(x, step * x, "o", label="points")
    left.plot(x, step * x**2, label="curve")
    left.scatter(x, 3 * x, marker="s", c="C2")
    left.set(yscale=scale, ylim=(0.5, 100), xlabel="width", ylabel="loss")
    right.bar(["one", "two"], [step, 2.0])
    right.set(ylim=(0, 4), title="bars")
    return figure, f"step {step}"


def drawn(step, scale):
    """Where matplotlib puts the marks: panel, kind, shares of the box, y downwards."""
    figure, _ = artists(step, scale)
    x = np.arange(1, 6.0)
    places = [
        (0, ".k.d", np.column_stack([x, step * x])),
        (0, ".l", np.column_stack([x, step * x**2])),
        (0, ".k:not(.d)", np.column_stack([x, 3 * x])),
        (1, ".b", np.array([(0, step), (1, 2.0)])),
    ]
    for panel, kind, xy in places:
        ax = figure.axes[panel]
        ax.get_ylim()
        shown = xy[(xy[:, 1] >= ax.get_ylim()[0]) & (xy[:, 1] <= ax.get_ylim()[1])]
        share = (ax.transData - ax.transAxes).transform(shown)
        yield panel, kind, np.column_stack([share[:, 0], 1 - share[:, 1]])
    plt.close(figure)


SLIDERS = {"step": [1, 2, 3], "scale": ["linear", "log"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A page with two explorers and an anchor, made by the helpers as they are."""
    with matplotlib.rc_context():
        style.use()
        made = explorer(artists, label="Marks", start={"step": 2}, **SLIDERS)
        parts = made.static_html() + "<h2 id='below'>Below</h2>" + made.static_html()
    plt.close("all")
    path = tmp_path_factory.mktemp("explorers")
    (path / "page.html").write_text(
        HEAD + "<main>" + parts + "</main>", encoding="utf-8"
    )
    return path


@pytest.fixture
def toy(open_page, folder):
    """Open the page of the two explorers; the fragment may follow."""

    def open_(fragment="", **options):
        options = {**WIDE, **options}
        return open_page(f"page.html{fragment}", base=folder.as_uri(), **options)

    return open_


PATHS = """(svg, kind) => {
  const box = svg.querySelector("svg"), { a, d } = svg.getScreenCTM();
  const width = box.width.baseVal.value, height = box.height.baseVal.value;
  return { paths: [...box.querySelectorAll(kind)].map(path => path.getAttribute("d")),
    size: [width / 10, height / 10], scale: [10 * a, 10 * d] };
}"""


def bar_ends(d):
    """The middle of the end of each upright bar of a path, in pixels of the box."""
    bars = re.findall(r"M(-?\d+) (-?\d+)h(-?\d+)v(-?\d+)", d)
    x, y, width, height = np.array(bars, float).T / 10
    return np.column_stack([x + width / 2, y + height])


@pytest.mark.parametrize("step", [1, 2, 3])
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_marks_stand_where_matplotlib_has_them(toy, step, scale):
    page = toy()
    for name, value in (("step", step), ("scale", scale)):
        slide(page, name, SLIDERS[name].index(value))
    for panel, kind, expected in drawn(step, scale):
        svg = page.locator(".explorer-row > svg").nth(panel)
        found = svg.evaluate(PATHS, kind)
        read = bar_ends if kind == ".b" else vertices
        there = np.concatenate([read(d) for d in found["paths"]])
        gaps = (expected * found["size"])[:, None] - there
        pixels = np.abs(gaps * found["scale"]).max(axis=-1)
        assert pixels.min(axis=1).max() < 1, (panel, kind)


def slide(page, name, value, root=0):
    """Set a slider as a reader's hand does."""
    slider = page.locator(".explorer").nth(root).get_by_role("slider", name=name)
    slider.evaluate(
        "(s, v) => { s.value = v; s.dispatchEvent(new Event('input')) }", value
    )


def status(page, root=0):
    return page.locator(".explorer-status").nth(root).inner_text()


def hash_of(page):
    page.wait_for_timeout(300)
    return page.evaluate("location.hash")


def test_the_state_is_in_the_address_and_comes_back(toy):
    page = toy()
    assert hash_of(page) == ""
    slide(page, "scale", 1, root=1)
    assert hash_of(page) == "#explorer-2:step=2,scale=log"
    again = toy("#explorer-2:step=3,scale=log")
    assert status(again, 1) == "step 3, scale log: step 3"
    assert status(again, 0) == "step 2, scale linear: step 2"
    again.evaluate("location.hash = '#explorer-1:step=1'")
    again.wait_for_function(
        "document.querySelector('.explorer-status').textContent.startsWith('step 1')"
    )


@pytest.mark.parametrize(
    "fragment", ["#below", "#explorer-1:step=7", "#explorer-9:%", ""]
)
def test_other_addresses_are_left_alone(toy, fragment):
    page = toy(fragment)
    assert status(page) == "step 2, scale linear: step 2"
    assert hash_of(page) == fragment
    assert page.errors == []


def test_reset_goes_back_and_clears_the_address(toy):
    page = toy("#explorer-1:step=1,scale=log")
    page.get_by_role("button", name="Reset").first.click()
    assert status(page) == "step 2, scale linear: step 2"
    assert hash_of(page) == ""


def test_play_walks_through_the_longest_slider_until_stopped(toy):
    page = toy()
    page.get_by_role("button", name="Play").first.click()
    assert status(page).startswith("step 3")
    page.wait_for_function(
        "document.querySelector('.explorer-status').textContent.startsWith('step 1')"
    )
    page.get_by_role("button", name="Pause").first.click()
    before = status(page)
    page.wait_for_timeout(900)
    assert status(page) == before


def test_who_wants_no_motion_gets_single_steps(toy):
    page = toy(reduced_motion="reduce")
    page.get_by_role("button", name="Step").first.click()
    assert status(page).startswith("step 3")
    page.wait_for_timeout(900)
    assert status(page).startswith("step 3")


def test_arrow_keys_read_values_along_and_between_curves(toy):
    page = toy()
    figure = page.get_by_role("img").first
    note = page.locator(".explorer-readout").first
    figure.press("ArrowRight")
    assert note.inner_text() == "width: 1\nloss: 3"
    figure.press("ArrowRight")
    assert note.inner_text() == "width: 2\nloss: 6"
    figure.press("ArrowLeft")
    figure.press("ArrowLeft")
    assert note.inner_text() == "x: two\ny: 2"
    figure.press("ArrowRight")
    figure.press("ArrowRight")
    figure.press("ArrowDown")
    assert note.inner_text() == "points\nwidth: 2\nloss: 4"
    figure.press("Escape")
    assert note.is_hidden()


def test_signs_and_powers_of_ten_are_read_as_such(open_page, tmp_path):
    def draw(shift, rate):
        figure, ax = plt.subplots(figsize=(4, 3))
        ax.semilogy([1, 2], [10.0 ** (shift - 7), 10.0**-3], "o", label="points")
        ax.set(ylim=(1e-12, 1), title="ends at 3e-09")
        figure.suptitle("Falls to 2e-09")
        return figure, "ends at 2e-09"

    made = explorer(draw, label="Small", shift=[-2, 0], rate=[1e-05]).static_html()
    plt.close("all")
    (tmp_path / "page.html").write_text(f"{HEAD}<main>{made}", encoding="utf-8")
    page = open_page("page.html", base=tmp_path.as_uri(), **WIDE)
    value, status = page.locator("output").first, page.locator(".explorer-status")
    for end, text in ((0, "−2"), (1, "0"), (0, "−2")):
        slide(page, "shift", end)
        assert value.inner_text() == text
        assert page.locator("output").nth(1).inner_text() == "10⁻⁵"
        values = f"shift {text}, rate 10−5"
        assert status.inner_text() == f"{values}: ends at 2\xa0×\xa010−9"
    assert page.locator(".explorer-title").inner_text() == "Falls to 2 × 10⁻⁹"
    assert page.locator(".explorer-row text").get_by_text("ends at 3 × 10−9").count()
    page.get_by_role("img").first.press("ArrowRight")
    told = page.locator(".explorer-readout").inner_text()
    assert re.fullmatch(r"points\nx: 1\ny: (\d(\.\d)? × )?10⁻(⁹|¹⁰)", told)


@pytest.mark.parametrize("options", [WIDE, {**PHONE, "has_touch": True}])
def test_the_pointer_reads_the_nearest_value(toy, options):
    page = toy(**options)
    note = page.locator(".explorer-readout").first
    panel = page.locator(".explorer-row > svg").nth(1)
    panel.scroll_into_view_if_needed()
    x, y = panel.evaluate("""svg => {
      const last = svg.querySelector(".b").getAttribute("d").split("z").at(-2);
      const [x, y, width, height] = last.match(/-?\\d+/g).map(Number);
      const end = new DOMPoint(x + width / 2, y + height);
      const point = end.matrixTransform(svg.getScreenCTM());
      return [point.x + 2, point.y - 3];
    }""")
    if options is WIDE:
        page.mouse.move(x, y)
    else:
        page.touchscreen.tap(x, y)
    assert note.inner_text() == "x: two\ny: 2"
    box, root = note.bounding_box(), page.locator(".explorer").first.bounding_box()
    assert root["x"] <= box["x"]
    assert box["x"] + box["width"] <= root["x"] + root["width"]


def test_colours_follow_the_page(toy):
    page = toy()
    blue = page.locator(".explorer-row .l").first
    stroke = "node => getComputedStyle(node).stroke"
    assert blue.evaluate(stroke) == "rgb(213, 94, 0)"
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert blue.evaluate(stroke) == "rgb(255, 142, 49)"
    words = page.locator(".explorer-row text").first
    assert words.evaluate("node => getComputedStyle(node).fill") == "rgb(206, 214, 221)"


def test_controls_are_large_enough_for_a_finger(toy):
    page = toy(**PHONE)
    for control in page.locator(".explorer input, .explorer button").all():
        assert control.bounding_box()["height"] >= 44


def test_panels_stand_below_each_other_on_a_phone(toy):
    for options, below in ((WIDE, False), (PHONE, True)):
        first, second = toy(**options).locator(".explorer-row > svg").all()[:2]
        assert (second.bounding_box()["y"] > first.bounding_box()["y"]) is below
        assert first.bounding_box()["width"] > 200


def test_an_explorer_that_is_a_picture_is_whole_on_a_phone(open_page):
    page = open_page("book/08_information_flow.html", **PHONE)
    picture = page.locator(".explorer > img").bounding_box()
    assert 0 < picture["x"] < picture["x"] + picture["width"] < 390
    wide = open_page("book/08_information_flow.html", **WIDE)
    assert wide.locator(".explorer > img").is_visible()


STATES = """(explorer, data) => {
  const sliders = [...explorer.querySelectorAll("input")];
  const counts = data.values.map(values => values.length);
  const figure = explorer.querySelector(".explorer-figure");
  const due = state => {
    if (data.images) return data.images[state];
    const [title, layout, panels] = data.states[state];
    const empty = document.createElement("div");
    empty.innerHTML = data.layouts[layout];
    empty.querySelectorAll(".explorer-row > svg").forEach((svg, i) => {
      svg.innerHTML = panels[i][1].map(k => data.pieces[k]).join("");
    });
    return empty.innerHTML;
  };
  const shown = () => data.images
    ? explorer.querySelector("img").getAttribute("src") : figure.innerHTML;
  const words = () => [...explorer.querySelectorAll(".explorer-row > svg")]
    .flatMap((svg, i) => {
      const edge = svg.getBoundingClientRect();
      return [...svg.querySelectorAll("text")].map(text => {
        const box = text.getBoundingClientRect();
        return [i, text.textContent, box.left, box.top, box.right, box.bottom,
          box.left > edge.left - 1 && box.right < edge.right + 1
          && box.top > edge.top - 1 && box.bottom < edge.bottom + 1];
      });
    });
  return [0, 0.5, 1].map(share => {
    const chosen = counts.map(n => Math.round(share * (n - 1)));
    sliders.forEach((slider, i) => {
      slider.value = chosen[i];
      slider.dispatchEvent(new Event("input"));
    });
    const state = chosen.reduce((all, value, i) => all * counts[i] + value, 0);
    const marks = ".explorer-row :is(path, image)";
    return { state, sliders: sliders.length, values: counts.length,
      status: explorer.querySelector("[role=status]").innerHTML,
      text: data.texts[state], right: shown() === due(state), words: words(),
      marks: data.images ? null : explorer.querySelectorAll(marks).length };
  });
}"""
"""Sets an explorer to its first, middle and last state: what it shows in each."""


def same_html(one, other):
    """Whether two texts say the same, however their signs are escaped."""
    return html.unescape(one) == html.unescape(other)


def assert_words_are_readable(words, where):
    """No word is cut off, none touches another."""
    for panel, text, left, top, right, bottom, whole in words:
        assert whole, (where, panel, text)
        for other_panel, other, x, y, u, v, _ in words:
            if panel == other_panel and text is not other:
                wide = min(right, u) - max(left, x)
                high = min(bottom, v) - max(top, y)
                # Boxes of letters have room above and below them.
                assert wide < 1 or high < 6, (where, text, other)


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("page", CHAPTER_PAGES)
def test_every_explorer_shows_its_first_middle_and_last_state(visit, page, size):
    opened = visit(page, size)
    explorers = opened.locator(".explorer").all()
    assert len(explorers) >= 2
    for k, one in enumerate(explorers):
        data = unpacked(one.locator("script").text_content())
        assert ("images" in data) == (one.get_attribute("aria-label") in PICTURES)
        for seen in one.evaluate(STATES, data):
            where = page, k, seen["state"]
            assert seen["sliders"] == seen["values"], where
            assert same_html(seen["status"], seen["text"]), where
            assert seen["right"], where
            assert seen["marks"] is None or seen["marks"] > 2, where
            assert_words_are_readable(seen["words"], where)
    assert opened.errors == []


@pytest.mark.parametrize("page", CHAPTER_PAGES)
def test_a_slider_answers_within_a_frame_of_the_screen(visit, page):
    """16 ms with the layout done; the best of five, at the pace of this machine."""
    answers = """() => [...document.querySelectorAll(".explorer input")].map(slider =>
      Math.min(...Array.from({ length: 5 }, () => {
        const start = performance.now();
        slider.value = slider.value === "0" ? slider.max : 0;
        slider.dispatchEvent(new Event("input"));
        slider.closest(".explorer").getBoundingClientRect();
        return performance.now() - start;
      })))"""
    opened = visit(page, WIDE)
    with tool("pace").PaceMeter() as machine:
        taken = opened.evaluate(answers)
    assert max(taken) / max(1, machine.mean) < 16


@pytest.mark.parametrize("page", CHAPTER_PAGES)
def test_every_explorer_shows_its_first_state_without_scripts(open_page, page):
    opened = open_page(page, java_script_enabled=False)
    for one in opened.locator(".explorer").all():
        shown = one.locator("img, .explorer-row > svg").all()
        assert shown
        assert all(part.bounding_box()["width"] > 100 for part in shown)
        assert re.search(r"\w", one.locator("[role=status]").inner_text())
