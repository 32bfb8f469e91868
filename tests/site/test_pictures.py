"""Pictures whose letters would be too small on a phone: readable, scrolled sideways."""

import matplotlib.pyplot as plt
import pytest
from places import PHONE, ROOT, WIDE

STATIC = (ROOT / "book" / "_static").as_uri()
HEAD = f"""<!doctype html><html lang="en" data-theme="light"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Pictures</title>
<link rel="stylesheet" href="{STATIC}/article.css">
<script src="{STATIC}/pictures.js"></script>
<style>img {{ max-width: 100% }} article {{ max-width: 700px }}</style>"""
SIZES = {"panels": (8, 3.4), "high": (6.9, 6), "one": (6, 4), "flat": (5.7, 2.4)}
LEAN = """<div class="cell_output"><img class="plain" id="lean" alt="lean" width="640"
height="200" loading="lazy" src="panels.png"><img class="turned" alt="lean" width="640"
height="200" loading="lazy" src="dark.png"></div>"""
MAP = """<div class="bd-content"><article class="bd-article"><div class="cell">
<div class="cell_output"><img class="of-data" alt="a map" width="600" height="375"
src="one.png"></div></div></article></div>"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A page with pictures of many panels, beside and above each other, and of one."""
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
    """How wide the pictures are, and how many scroll sideways."""
    found = [page.locator(f"#{name}").bounding_box()["width"] for name in SIZES]
    return *found, page.locator(".wide-picture").count()


def test_letters_decide_which_picture_is_wider_than_a_phone(opened):
    """Letters of 13 pixels: of 10 where they would be smaller than 7.6, on 358."""
    page = opened(PHONE)
    panels, high, *single, boxes = widths(page)
    assert (panels, high, boxes) == (round(800 * 10 / 13), round(690 * 10 / 13), 2)
    assert max(single) <= 390
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
    assert widths(page)[-1] == 0
    assert widths(opened(WIDE))[-1] == 0


@pytest.fixture
def twins(open_page, folder):
    """Open a page with a figure and its dark twin far below its top, and a map."""
    styles = "".join(
        f'<link rel="stylesheet" href="{STATIC}/{name}.css">'
        for name in ("explorer", "print")
    )
    text = (
        f'{HEAD}{styles}<script src="{STATIC}/printing.js"></script>'
        f'{MAP}<article class="bd-article"><div style="height: 9000px"></div>'
        f"{LEAN}<p>below</p></article>"
    )
    (folder / "dark.png").write_bytes((folder / "panels.png").read_bytes())
    (folder / "twins.html").write_text(text, encoding="utf-8")
    return lambda options: open_page("twins.html", base=folder.as_uri(), **options)


def loaded(page):
    """The files of the pictures that were fetched."""
    return page.evaluate(
        """() => [...document.images].filter(one => one.complete && one.naturalWidth)
        .map(one => one.className)"""
    )


def seen(page):
    """Which of the two is shown."""
    return [
        name for name in ("plain", "turned") if page.locator(f".{name}").is_visible()
    ]


@pytest.mark.parametrize("options", [PHONE, WIDE], ids=["phone", "wide"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_chooses_the_twin_and_paper_is_light(twins, options, theme):
    page = twins(options)
    page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
    assert seen(page) == ["plain" if theme == "light" else "turned"]
    assert page.locator(".wide-picture").count() == (options is PHONE)
    page.emulate_media(media="print")
    assert seen(page) == ["plain"]


def test_colours_that_tell_values_are_not_turned_in_the_dark(twins):
    page = twins(WIDE)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    look = page.locator(".of-data").evaluate("one => getComputedStyle(one).filter")
    assert look == "brightness(0.9)"


def test_a_figure_is_fetched_when_it_comes_near_and_nothing_moves(twins):
    page = twins(WIDE)
    assert loaded(page) == ["of-data"]
    place = "document.querySelector('p').getBoundingClientRect().top + scrollY"
    before = page.evaluate(place)
    page.locator("#lean").scroll_into_view_if_needed()
    page.wait_for_function(
        "(lean => lean.complete && lean.naturalWidth)(document.querySelector('#lean'))"
    )
    assert loaded(page) == ["of-data", "plain"]
    assert page.evaluate(place) == before


@pytest.mark.parametrize("sign", ["Control", "Meta"])
def test_figures_out_of_sight_are_fetched_before_a_page_is_printed(twins, sign):
    page = twins(WIDE)
    page.keyboard.press(sign)
    page.wait_for_function(
        "(lean => lean.complete && lean.naturalWidth)(document.querySelector('#lean'))"
    )
    assert loaded(page) == ["of-data", "plain"]
