"""Slides: what is shown and said, the order, and a deck in a browser from a file."""

import base64
import io
import re
from itertools import pairwise

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from places import ROOT, tool

from helpers.explorer import explorer
from helpers.verdicts import VERDICTS, Claim

ends = tool("course.slides_ends")
verdicts = tool("course.slides_claims")
decks = tool("course.slides_deck")
slides = tool("course.slides")

CHAPTER = "01_linear_regions"
TITLE = (
    "# 7. Toys\n\n[![Badge](_static/b.svg)](https://example.org)\n\n"
    "**Paper.** A. Author, [Toys](https://example.org/p), ICML 2019.\n\n"
    "**After this chapter you can** count toys; and name them."
)
QUESTION = "## The question\n\nToys abound. Before you look: how many are there?"
THEORY = (
    "Most are red.\n\n## Theory\n\nLet $n$ count them.\n\n"
    "**Theorem 1.** For all $n<9$,\n\n$$a_n\\le\\sum_k\\frac1k,$$\n\nwhere $k\\ge1$."
    " More.\n\n*Proof.* Then\n\n$$b=2$$\n\n$\\square$\n\n- one\n- two\n\n[Here](x.md)."
)
PRACTICE = "## Practice\n\nNow **all the toys of the world are counted**. Easy.\n"
LIVE = (
    'Now pull.\n\n<div class="live" data-live="angle">\n\n'
    '![Two "toys"](_static/cards/02_edge_of_chaos.svg)\n\n</div>\n\nThey part.'
)
END = (
    "## Exercises\n\n### Exercise 1 (warm-up): red toys\n\nCount.\n\n"
    "<details><summary>Solution</summary>\n\nThree.\n</details>\n\n"
    "## References\n\n- A book."
)


def claim(number, **changes):
    """A claim's output, as a notebook holds it."""
    fields = {
        "id": f"7.{number}",
        "statement": f"toy {number} < `x`",
        "source": "paper",
        "place": "theorem 1",
        "paper": "about one",
        "measured": 1.0,
        "stderr": 0.1,
        "seeds": 5,
        "interval": (0.5, 1.5),
        "because": "so",
        "against": "",
    }
    made = Claim(**(fields | changes))
    row = made._repr_mimebundle_()[1]["claim"]
    return nbformat.v4.new_output(
        "display_data", {"text/html": "<table></table>"}, metadata={"claim": row}
    )


def figure():
    """The output of a cell with a figure."""
    fig, ax = plt.subplots(figsize=(7, 3.6))
    ax.plot([1, 2])
    png = io.BytesIO()
    fig.savefig(png)
    plt.close(fig)
    data = {"image/png": base64.b64encode(png.getvalue()).decode()}
    return nbformat.v4.new_output("display_data", data)


def sliders(label="Turn the toy"):
    """The output of a cell with an explorer."""

    def draw(step):
        fig, ax = plt.subplots(figsize=(6, 3.5))
        ax.plot(np.arange(5), step * np.arange(5.0))
        return fig, f"step {step}"

    made = explorer(draw, label=label, step=[1, 2, 3]).static_html()
    plt.close("all")
    return nbformat.v4.new_output("display_data", {"text/html": made})


def code(*outputs, source="x = 1", **metadata):
    return nbformat.v4.new_code_cell(source, outputs=list(outputs), metadata=metadata)


def notebook(*cells):
    """A notebook of Markdown texts and of cells, between a title and an end."""
    every = (TITLE, QUESTION, *cells, END)
    made = nbformat.v4.new_notebook()
    for one in every:
        new = nbformat.v4.new_markdown_cell(one) if isinstance(one, str) else one
        made.cells.append(new)
    return made


@pytest.fixture(scope="module")
def toy():
    """Something of each kind."""
    alt = {"mystnb": {"image": {"alt": 'Toys "rise".'}}}
    return notebook(
        code(figure(), **alt),
        THEORY,
        code(*(claim(i) for i in range(1, 6))),
        PRACTICE,
        code(figure()),
        code(sliders()),
        LIVE,
        code(claim(6, holds=False, measured=3.0), claim(7)),
    )


def made(book):
    """Kind, title and words of every slide."""
    columns = decks.deck(book, "How many toys?")
    return [
        (slide.kind, slide.title, BeautifulSoup(slide.body, "html.parser").get_text())
        for column in columns
        for slide in column
    ]


def test_the_slides_come_in_the_order_of_the_chapter(toy):
    kinds = [(kind, title) for kind, title, _ in made(toy)]
    assert kinds == [
        ("title", "7. Toys"),
        ("text", "After this chapter you can"),
        ("question", "The question"),
        ("figure", ""),
        ("text", "Theory"),
        ("claims", "Claims 7.1 and 7.2"),
        ("claims", "Claims 7.3, 7.4 and 7.5"),
        ("figure", "Practice"),
        ("explorer", "Turn the toy"),
        ("live", "Live"),
        ("claims", "Claims 7.6 and 7.7"),
        ("text", "Exercises"),
        ("text", "The chapter's 7 claims"),
    ]


def test_a_slide_shows_what_it_should(toy):
    shown = {title or kind: words for kind, title, words in made(toy)}
    assert "A. Author, Toys, ICML 2019." in shown["7. Toys"]
    assert "count toys" in shown["After this chapter you can"]
    assert shown["The question"].split("?")[0] == "How many toys"
    assert "Before you look: how many are there?" in shown["The question"]
    assert "where \\(k\\ge1\\)." in shown["Theory"]
    assert "\\[b=2\\]" not in shown["Theory"]
    assert "one\ntwo" in shown["Theory"]
    assert shown["Practice"].strip() == "All the toys of the world are counted."
    assert "toy 6 < x" in shown["Claims 7.6 and 7.7"]
    assert "✗ not reproduced" in shown["Claims 7.6 and 7.7"]
    assert (
        "measured 3 ± 0.1 (5 draws); accepted 0.5 to 1.5" in shown["Claims 7.6 and 7.7"]
    )
    assert "red toys (warm-up)" in shown["Exercises"]
    assert "Three" not in str(shown)
    assert "✓ reproduced67.1, 7.2" in shown["The chapter's 7 claims"]


def test_what_is_not_shown_is_said(toy):
    columns = decks.deck(toy, "How many toys?")
    notes = {slide.title: slide.notes for column in columns for slide in column}
    assert notes["The question"].startswith("Toys abound.")
    assert "Let $n$ count them." in notes["Theory"]
    assert "$$b=2$$" in notes["Theory"]
    assert notes["Practice"].endswith("Easy.")
    assert notes["Turn the toy"] == "Now pull."
    assert notes["Live"] == "They part."
    assert notes[""] == "Most are red."


def test_tags_override():
    text_cell = nbformat.v4.new_markdown_cell(
        "Some prose.", metadata={"tags": ["slide"]}
    )
    quiet = nbformat.v4.new_markdown_cell("- a list", metadata={"tags": ["no-slide"]})
    printed = nbformat.v4.new_output("stream", name="stdout", text="done < 1\n")
    found = made(
        notebook(
            "## Tags",
            text_cell,
            quiet,
            code(figure(), claim(1), tags=["no-slide"]),
            code(printed, source="shown = 1", tags=["slide-code"]),
            code(printed, source="hidden = 1", tags=["slide"]),
            code(printed, source="hidden = 1"),
        )
    )
    shown = [words for kind, _, words in found if kind in ("text", "output")]
    bodies = [" ".join(words.split()) for words in shown]
    assert bodies[1:4] == ["Some prose.", "shown = 1 done < 1", "done < 1"]
    assert "a list" not in str(bodies)
    assert found[-1][1] == "The chapter's 1 claims"


def test_a_section_without_slides_gives_none():
    found = made(notebook("## Empty\n\nProse.", code(), "## Full\n\n- x"))
    assert [title for _, title, _ in found][3:5] == ["Full", "Exercises"]


def test_one_claim_stands_below_the_figure_of_its_section():
    found = made(notebook("## One", code(figure()), code(claim(1))))
    assert [kind for kind, _, _ in found][3:5] == ["figure", "text"]
    assert "7.1 toy 1" in found[3][2]


def test_a_claim_does_not_pass_a_text_on_its_way_to_a_place():
    full = "\n".join(f"- {'word ' * 20}" for _ in range(6))
    found = made(
        notebook("## Two\n\n- a\n\n$$b$$", code(sliders()), full, code(claim(1)))
    )
    assert [kind for kind, _, _ in found][3:7] == ["text", "explorer", "text", "claims"]


def test_a_long_list_goes_on_on_the_next_slide():
    points = "\n".join(f"- {'word ' * 30}{i}" for i in range(20))
    found = made(notebook(f"## Long\n\n{points}"))
    parts = [words for _, _, words in found if "word" in words]
    assert 3 <= len(parts) <= 5
    assert [int(n) for n in re.findall(r"\d+", "".join(parts))] == list(range(20))
    titles = [title for _, title, _ in found]
    assert not any(a == b != "" for a, b in pairwise(titles))


def test_every_verdict_has_a_sign_of_its_kind():
    signs = {}
    for verdict in VERDICTS:
        page = BeautifulSoup(verdicts.badge_html(verdict), "html.parser")
        signs.setdefault(page.span["class"][1], set()).add(page.b.text)
    assert (signs["for"], signs["open"], signs["against"]) == ({"✓"}, {"≈"}, {"✗"})


def test_without_a_title_there_are_no_slides():
    with pytest.raises(ValueError, match="begins with '# ' and its title, got 'Hello'"):
        ends.opening("Hello")


def test_an_unknown_chapter_is_told_the_known_ones(tmp_path):
    with pytest.raises(
        ValueError, match="no chapter '1'; there are 01_linear_regions,"
    ):
        slides.write_slides(tmp_path / "slides", ["1"], tmp_path)


def test_what_is_not_built_asks_for_make_book(tmp_path):
    folder = tmp_path / "slides"
    with pytest.raises(slides.NotBuiltError, match="`make book` runs it"):
        slides.write_slides(folder, [CHAPTER], tmp_path)
    assert not folder.exists()


@pytest.fixture
def page(toy, chromium, tmp_path, monkeypatch):
    """The toy's deck, opened from its file; its requests and errors are collected."""
    monkeypatch.setattr(slides, "executed", lambda *_: toy)
    (path,) = slides.write_slides(tmp_path, [CHAPTER], tmp_path)
    context = chromium.new_context(viewport={"width": 1280, "height": 720})
    opened = context.new_page()
    opened.asked, opened.errors = [], []
    opened.on("request", lambda request: opened.asked.append(request.url))
    opened.on("pageerror", lambda error: opened.errors.append(str(error)))
    opened.on(
        "console",
        lambda line: line.type == "error" and opened.errors.append(line.text),
    )
    opened.goto(path.as_uri())
    opened.wait_for_selector("body[data-ready]")
    yield opened
    context.close()


BEYOND = """() => {
  const slide = Reveal.getCurrentSlide().querySelector(".slide");
  const box = element => element.getBoundingClientRect();
  const { left, top, right, bottom } = box(slide);
  const seen = ":not(script, mjx-assistive-mml, mjx-assistive-mml *)";
  return [...slide.querySelectorAll(seen)]
    .filter(element => box(element).width && box(element).height)
    .filter(element => box(element).left < left - 1 || box(element).top < top - 1
      || box(element).right > right + 1 || box(element).bottom > bottom + 1)
    .map(element => element.outerHTML.slice(0, 80));
}"""


def test_a_deck_from_a_file_asks_nobody_and_shows_every_slide_whole(page):
    count = page.evaluate("Reveal.getTotalSlides()")
    assert count == 13
    seen = []
    for _ in range(count):
        assert page.evaluate(BEYOND) == []
        words = page.evaluate(
            "Reveal.getCurrentSlide().querySelector('.body').innerText"
        )
        pictures = page.locator(".present .present .body :is(img, svg)").count()
        assert words.strip() or pictures
        seen.append(page.evaluate("Reveal.getSlidePastCount()"))
        page.keyboard.press("PageDown")
    assert seen == list(range(count))
    assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []
    assert page.errors == []


def test_formulas_are_typeset_and_figures_are_large(page):
    page.evaluate("Reveal.slide(2, 0)")
    formulas = page.locator(".present .present .body mjx-container[display] > svg")
    assert formulas.count() == 1
    page.evaluate("Reveal.slide(1, 1)")
    box = page.locator(".present .present .body > img").bounding_box()
    assert box["height"] > 600


def test_an_explorer_turns_and_gives_the_keys_back(page):
    page.evaluate("Reveal.slide(3, 1)")
    page.wait_for_function("location.hash === '#/3/1'")
    present = page.locator(".present .present")
    page.set_viewport_size({"width": 1920, "height": 1080})
    before = present.locator(".explorer-figure").inner_html()
    slider = present.get_by_role("slider", name="step")
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2)
    assert present.locator(".explorer-status").inner_text() == "step 3: step 3"
    assert present.locator(".explorer-figure").inner_html() != before
    assert present.locator(".explorer-figure").bounding_box()["width"] > 600
    page.wait_for_timeout(300)  # explorers write their state into their own address
    assert page.evaluate("location.hash") == "#/3/1"
    page.keyboard.press("PageDown")
    assert page.evaluate("Reveal.getIndices()")["v"] == 2


def test_a_live_piece_runs_and_gives_the_keys_back(page):
    page.evaluate("Reveal.slide(3, 2)")
    present = page.locator(".present .present")
    status = present.locator(".live [role=status]")
    assert status.inner_text().startswith("At the edge: after 50 layers")
    boxes = [box.bounding_box() for box in present.locator(".live svg").all()]
    assert [box["width"] > 500 for box in boxes] == [True, True]
    slider = present.locator(".live input").first
    box = slider.bounding_box()
    page.mouse.click(box["x"] + 4, box["y"] + box["height"] / 2)
    assert status.inner_text().startswith("Ordered: ")
    page.keyboard.press("PageDown")
    assert page.evaluate("Reveal.getIndices()")["v"] == 3


def test_claims_can_be_read_from_the_last_row(page):
    page.evaluate("Reveal.slide(2, 1)")
    size = "e => parseFloat(getComputedStyle(e).fontSize)"
    claims = page.locator(".present .present .claim")
    assert claims.locator(".statement").first.evaluate(size) >= 26
    assert claims.locator(".measured").first.evaluate(size) >= 20


def test_values_stand_beside_their_point_on_a_large_screen(page):
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.evaluate("Reveal.slide(3, 1)")
    figure = page.locator(".present .present .explorer-figure")
    figure.focus()
    for _ in range(25):
        page.keyboard.press("ArrowRight")
    assert page.evaluate("Reveal.getIndices()")["v"] == 1
    dot = page.locator(".present .explorer-dot").bounding_box()
    note = page.locator(".present .explorer-readout").bounding_box()
    assert 0 <= note["x"] - (dot["x"] + dot["width"]) < 30
    assert 0 <= dot["y"] - (note["y"] + note["height"]) < 20


def test_the_speaker_reads_the_prose(page):
    page.evaluate("Reveal.slide(2, 0)")
    notes = page.evaluate("Reveal.getSlideNotes()")
    assert "count them" in notes
    assert "<svg" in notes
    with page.context.expect_page() as opening:
        page.keyboard.press("s")
    speaker = opening.value
    speaker.wait_for_function("document.body.innerText.includes('count them')")


def test_print_gives_a_page_for_each_slide(page):
    page.goto(page.url.partition("#")[0] + "?print-pdf")
    page.wait_for_selector("body[data-ready]")
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 13


def test_what_the_decks_carry_is_small_and_has_its_licence():
    folder = ROOT / "tools" / "course" / "reveal"
    assert (folder / "LICENSE").read_text(encoding="utf-8").startswith("Copyright")
    assert sum(path.stat().st_size for path in folder.iterdir()) < 3e5
