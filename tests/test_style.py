"""Style: contrast, order of shades, palette pictures."""

import io

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from helpers import style


def luminance(color):
    """Relative luminance as WCAG defines it."""
    channel = np.asarray(matplotlib.colors.to_rgb(color))
    linear = np.where(
        channel <= 0.04045, channel / 12.92, ((channel + 0.055) / 1.055) ** 2.4
    )
    return linear @ [0.2126, 0.7152, 0.0722]


def inverted(color):
    """What the dark page's filter makes of a colour: CSS invert, then hue-rotate."""
    c, s = np.cos(np.pi), np.sin(np.pi)
    weights = np.array([0.213, 0.715, 0.072])
    rotate = (
        np.tile(weights, (3, 1))
        + c * (np.eye(3) - weights)
        + s
        * np.array(
            [[-0.213, -0.715, 0.928], [0.143, 0.14, -0.283], [-0.787, 0.715, 0.072]]
        )
    )
    flipped = 0.93 + (1 - 2 * 0.93) * np.asarray(matplotlib.colors.to_rgb(color))
    return np.clip(rotate @ flipped, 0, 1)


def contrast(a, b):
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["blue", "vermillion", "green", "black"])
def test_line_colours_stand_out_on_white_and_on_the_dark_page(name):
    """WCAG asks 3 : 1 of a graphic's parts; dark pages turn lightness round."""
    color = style.COLORS[name]
    assert contrast(color, "white") > 3
    assert contrast(inverted(color), inverted("white")) > 3


def test_shades_are_ordered_by_lightness():
    lightness = [luminance(color) for color in style.shades(6)]
    assert np.all(np.diff(lightness) > 0)


def test_shades_stand_out_on_white_and_on_the_dark_page():
    """Just under the 3 : 1 of WCAG at the lightest, which has a label beside it."""
    for color in style.shades(6):
        assert contrast(color, "white") > 2.9
        assert contrast(inverted(color), inverted("white")) > 2.9


def test_shades_needs_one():
    with pytest.raises(ValueError, match="n must be at least 1, got 0"):
        style.shades(0)


def test_use_sets_a_white_ground_for_figures():
    with matplotlib.rc_context():
        style.use()
        figure = plt.figure()
        assert figure.get_facecolor() == (1, 1, 1, 1)
        plt.close(figure)


@pytest.mark.parametrize(("top", "kept"), [(99, True), (100, False)])
def test_minor_ticks_stay_where_they_may_be_all_there_are(top, kept):
    figure, ax = plt.subplots()
    ax.set(xlim=(top, 1), ylim=(0, 1), xscale="log")
    style.without_minor_ticks(ax)
    assert bool(ax.get_xticks(minor=True).size) == kept
    assert ax.get_xticks().size > 0
    plt.close(figure)


def test_palette_png_is_small_and_keeps_the_size():
    figure, ax = plt.subplots(figsize=(4, 2))
    ax.plot(np.sin(np.arange(100)))
    plain = io.BytesIO()
    figure.savefig(plain, format="png", dpi=90)
    png = style.palette_png(figure, dpi=90)
    plt.close(figure)
    assert Image.open(io.BytesIO(png)).size == (360, 180)
    assert len(png) < 0.7 * len(plain.getvalue())


def test_thumbnail_shows_nothing_and_carries_a_picture(capsys):
    figure = plt.figure(figsize=(8, 4))
    style.thumbnail(figure)
    plt.close(figure)
    assert "image/png" in capsys.readouterr().out


@pytest.fixture
def figure():
    """A picture in matplotlib's own style, whatever other tests have set."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        fig, ax = plt.subplots(figsize=(5, 3), layout="constrained")
        ax.imshow(np.random.default_rng(0).normal(size=(30, 40)), cmap="cividis")
        yield fig
        plt.close(fig)


def test_a_crisp_figure_has_two_pixels_to_one_of_the_page(figure):
    png, shown = style.crisp_png(figure)
    image = Image.open(io.BytesIO(png))
    assert (image.width // 2, image.height // 2) == (shown["width"], shown["height"])
    assert 300 < shown["width"] <= 520  # 5 inches at 100, empty margins cut


def test_a_crisp_figure_keeps_white_and_all_but_a_shade_of_each_colour(figure):
    """An octree of 256 leaves tells 4 levels of each channel: an error below 64."""
    png, _ = style.crisp_png(figure)
    ours = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    plain = io.BytesIO()
    figure.savefig(plain, format="png", dpi=170, bbox_inches="tight")
    exact = np.asarray(Image.open(plain).convert("RGB")).astype(int)
    assert (ours[0, 0] == 255).all()
    assert np.abs(ours - exact).max() < 64
    assert np.abs(ours - exact).mean() < 3


def test_white_stays_white_beside_the_walls_of_a_cube():
    """Their light greys share a leaf of the octree with it."""
    fig = plt.figure(figsize=(4, 3))
    fig.add_subplot(projection="3d")
    image = Image.open(io.BytesIO(style.crisp_png(fig)[0])).convert("RGB")
    plt.close(fig)
    assert image.getpixel((0, 0)) == (255, 255, 255)


def test_a_crisp_figure_is_smaller_than_a_plain_one_of_fewer_pixels(figure):
    plain = io.BytesIO()
    figure.savefig(plain, format="png", dpi=130, bbox_inches="tight")
    assert len(style.crisp_png(figure)[0]) < len(plain.getvalue())


def test_outside_a_notebook_only_the_style_is_set():
    style.use()
    assert matplotlib.rcParams["axes.grid"]
