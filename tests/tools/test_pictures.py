"""Figures of the built pages: what the browser is told, and their dark twins."""

import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image, PngImagePlugin
from places import tool

from helpers import style

WRITTEN = (
    '<p><img alt="a {0} with words" src="../_images/{0}.png" '
    'style="width: 20px; height: 10px;" /></p>'
)
COLORS = np.array([[255, 255, 255], [0, 0, 0], [230, 159, 0]], np.uint8)


@pytest.fixture
def pictures():
    return tool("pictures")


@pytest.fixture
def folder(tmp_path):
    """The folder of a page beside that of its pictures: lines, a map, a photograph."""
    (tmp_path / "_images").mkdir()
    few = Image.fromarray(np.arange(800, dtype=np.uint8).reshape(20, 40) % 3)
    few.putpalette(COLORS.tobytes())
    told = PngImagePlugin.PngInfo()
    told.add_text("Colours", "of data")
    few.save(tmp_path / "_images" / "line.png")
    few.save(tmp_path / "_images" / "map.png", pnginfo=told)
    few.convert("RGB").save(tmp_path / "_images" / "true.png")
    (tmp_path / "book").mkdir()
    return tmp_path / "book"


def shown(pictures, folder, name):
    text = pictures.lean_pictures(WRITTEN.format(name), folder)
    return BeautifulSoup(text, "html.parser")("img")


@pytest.mark.parametrize("name", ["line", "true"])
def test_a_figure_gets_a_twin_of_the_same_size(pictures, folder, name):
    plain, twin = shown(pictures, folder, name)
    assert (plain["class"], twin["class"]) == (["plain"], ["turned"])
    for one in (plain, twin):
        assert one["alt"] == f"a {name} with words"
        assert (one["width"], one["height"], one["loading"]) == ("20", "10", "lazy")
    with Image.open(folder / twin["src"]) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    wanted = pictures.turned(COLORS)
    assert (pixels == wanted[np.arange(800).reshape(20, 40) % 256 % 3]).all()


def test_colours_that_tell_values_stay(pictures, folder):
    (only,) = shown(pictures, folder, "map")
    assert only["class"] == ["of-data"]
    assert only["loading"] == "lazy"
    assert not list(folder.parent.glob("_images/map.png.*"))


def test_a_page_that_was_made_lean_stays_as_it_is(pictures, folder):
    once = pictures.lean_pictures(WRITTEN.format("line"), folder)
    assert pictures.lean_pictures(once, folder) == once


def test_white_becomes_the_ground_and_black_the_ink(pictures):
    white, black, orange = pictures.turned(COLORS)
    assert white.tolist() == [18, 18, 18]  # the theme's #121212
    assert black.tolist() == np.round(255 * pictures.INK).tolist()
    assert orange[0] > orange[1] > orange[2]


def luminance(rgb):
    """Of a colour, as WCAG 2.1 has it."""
    share = np.asarray(rgb) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def palette(pictures):
    """The book's colours by name, turned."""
    rgb = {
        name: [int(hue[i : i + 2], 16) for i in (1, 3, 5)]
        for name, hue in style.COLORS.items()
    }
    return {name: pictures.turned(np.array(hue, np.uint8)) for name, hue in rgb.items()}


def test_every_colour_of_the_book_stands_out_on_the_dark(pictures):
    for name, hue in palette(pictures).items():
        assert contrast(hue, (18, 18, 18)) > 4, name


def test_blue_and_sky_stay_apart(pictures):
    """As far as on white, where 2.2 is what they have."""
    turned = palette(pictures)
    assert contrast(turned["blue"], turned["sky"]) > 2


def test_a_band_of_pale_colour_shows_on_the_dark(pictures):
    band = np.array([217, 234, 243], np.uint8)  # blue at 15 per cent
    assert contrast(pictures.turned(band), (18, 18, 18)) > 1.6


def test_the_rim_of_a_line_lies_between_the_line_and_the_ground(pictures):
    """All is linear along a mixture with white but 0.8 (w^2 - w^4), at most 0.2, which
    w - w^1.5 of the ground and (1 - w)^2 of deep colours lessen."""
    share = np.linspace(0, 1, 11)[:, None]
    for color in COLORS[1:]:
        mixed = np.round(share * 255 + (1 - share) * color)
        ends = share * 18 + (1 - share) * pictures.turned(color)
        off = np.abs(pictures.turned(mixed) - ends).max()
        assert off < 255 * 0.2 + 3  # and three roundings
