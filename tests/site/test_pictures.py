"""Pictures of panels side by side on a phone: readable, and scrolled sideways."""

import matplotlib.pyplot as plt
import pytest
from places import PHONE, ROOT, WIDE

STATIC = (ROOT / "book" / "_static").as_uri()
HEAD = f"""<!doctype html><html lang="en" data-theme="light"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Pictures</title>
<link rel="stylesheet" href="{STATIC}/article.css">
<script src="{STATIC}/pictures.js"></script>
<style>img {{ max-width: 100% }} article {{ max-width: 700px }}</style>"""
SIZES = {"panels": (8, 3.4), "one": (6.4, 4)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A page with a picture of two panels and one of a single panel."""
    path = tmp_path_factory.mktemp("pictures")
    for name, size in SIZES.items():
        figure = plt.figure(figsize=size)
        figure.savefig(path / f"{name}.png")
        plt.close(figure)
    cells = "".join(
        f'<div class="cell"><div class="cell_output"><img id="{name}" alt="{name}" '
        f'style="width: {100 * width:g}px; height: {100 * height:g}px" '
        f'src="{name}.png"></div></div>'
        for name, (width, height) in SIZES.items()
    )
    page = f'{HEAD}<main><article class="bd-article">{cells}</article></main>'
    (path / "page.html").write_text(page, encoding="utf-8")
    return path


@pytest.fixture
def opened(open_page, folder):
    """Open the page."""

    def open_(options):
        page = open_page("page.html", base=folder.as_uri(), **options)
        page.wait_for_function("[...document.images].every(image => image.complete)")
        return page

    return open_


def widths(page):
    """How wide the pictures are, and whether something scrolls sideways."""
    found = [page.locator(f"#{name}").bounding_box()["width"] for name in SIZES]
    return *found, page.locator(".wide-picture").count()


def test_panels_are_wider_than_a_phone_and_a_single_one_is_not(opened):
    page = opened(PHONE)
    panels, one, boxes = widths(page)
    assert (panels, boxes) == (640, 1)
    assert one <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("options", [PHONE, WIDE], ids=["phone", "wide"])
def test_none_is_stretched(opened, options):
    """Pages state the size of a picture, and shrink its width alone."""
    page = opened(options)
    for name, (width, height) in SIZES.items():
        box = page.locator(f"#{name}").bounding_box()
        assert box["width"] / box["height"] == pytest.approx(width / height, rel=0.01)


def test_the_keyboard_scrolls_them(opened):
    page = opened(PHONE)
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.wide-picture').scrollLeft > 0")


def test_on_a_wide_screen_nothing_scrolls_also_after_a_turn(opened):
    page = opened(PHONE)
    page.set_viewport_size(WIDE["viewport"])
    page.wait_for_function("!document.querySelector('.wide-picture')")
    assert widths(page)[2] == 0
    assert widths(opened(WIDE))[2] == 0
