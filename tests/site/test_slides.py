"""The slides of the chapters, made from the built book, in a browser from a file."""

import pytest
from places import CHAPTERS, tool

SLIDE = {"viewport": {"width": 1280, "height": 720}}
EACH = """() => Reveal.getSlides().map(section => {
  const { h, v } = Reveal.getIndices(section);
  Reveal.slide(h, v);
  const box = element => element.getBoundingClientRect();
  const slide = section.querySelector(".slide");
  const body = slide.querySelector(".body");
  const { left, top, right, bottom } = box(slide);
  const beyond = [...slide.querySelectorAll(
    ":not(script, mjx-assistive-mml, mjx-assistive-mml *)")]
    .filter(element => box(element).width && box(element).height)
    .filter(element => box(element).left < left - 1 || box(element).top < top - 1
      || box(element).right > right + 1 || box(element).bottom > bottom + 1)
    .map(element => element.outerHTML.slice(0, 80));
  const claims = [...slide.querySelectorAll(".claim .measured")];
  return {
    beyond,
    empty: !body.innerText.trim() && !body.querySelector("img, svg, canvas"),
    letters: Math.min(...[body, ...claims].map(
      element => parseFloat(getComputedStyle(element).fontSize))),
  };
})"""


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_deck_has_25_to_35_slides_each_whole_and_large_enough(
    site, tmp_path, open_page, chapter
):
    tool("course.slides").write_slides(tmp_path, [chapter], site.parent)
    page = open_page(f"{chapter}.html", base=tmp_path.as_uri(), **SLIDE)
    page.wait_for_selector("body[data-ready]", timeout=120_000)
    slides = page.evaluate(EACH)
    assert 25 <= len(slides) <= 35
    assert [slide["beyond"] for slide in slides if slide["beyond"]] == []
    assert not any(slide["empty"] for slide in slides)
    assert min(slide["letters"] for slide in slides) >= 14
    assert (page.foreign, page.errors) == ([], [])
