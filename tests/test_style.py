"""Style: contrast, order of shades, palette pictures."""

import io

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image
from places import tool

from helpers import style


def luminance(color):
    """Relative luminance as WCAG defines it."""
    channel = np.asarray(matplotlib.colors.to_rgb(color))
    linear = np.where(
        channel <= 0.04045, channel / 12.92, ((channel + 0.055) / 1.055) ** 2.4
    )
    return linear @ [0.2126, 0.7152, 0.0722]


def on_dark(color):
    """What a colour is in the twin of a figure, which a dark page shows."""
    rgb = 255 * np.asarray(matplotlib.colors.to_rgb(color))
    return tool("pictures").turned(rgb) / 255


def contrast(a, b):
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["blue", "vermillion", "green", "black"])
def test_line_colours_stand_out_on_white(name):
    """WCAG asks 3 : 1 of a graphic's parts."""
    assert contrast(style.COLORS[name], "white") > 3


@pytest.mark.parametrize("name", style.COLORS)
def test_every_colour_stands_out_on_the_dark_page_and_is_the_same_hue(name):
    color = style.COLORS[name]
    assert contrast(on_dark(color), on_dark("white")) > 3
    if name != "black":
        before, after = (
            matplotlib.colors.rgb_to_hsv(matplotlib.colors.to_rgb(one))[0]
            for one in (color, tuple(on_dark(color)))
        )
        assert abs(before - after) < 0.03


def test_shades_are_ordered_by_lightness():
    lightness = [luminance(color) for color in style.shades(6)]
    assert np.all(np.diff(lightness) > 0)


def test_shades_stand_out_on_white_and_on_the_dark_page():
    """Just under the 3 : 1 of WCAG at the lightest, which has a label beside it."""
    for color in style.shades(6):
        assert contrast(color, "white") > 2.9
        assert contrast(on_dark(color), on_dark("white")) > 2.9


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


def heat_map():
    """A map of colours below grid lines, as the book draws it, and a line over it."""
    fig, axes = plt.subplots(1, 2, figsize=(7, 3))
    values = np.random.default_rng(0).normal(size=(30, 40))
    axes[0].imshow(values)
    fig.colorbar(axes[1].pcolormesh(values, cmap="viridis"))
    axes[0].plot([0, 39], [0, 29], color=style.COLORS["vermillion"])
    axes[1].set_title("a title")
    return fig


def lines():
    fig, ax = plt.subplots(figsize=(5, 3))
    for k, color in enumerate(style.COLORS.values()):
        ax.plot(np.sin(np.arange(100) / 10 + k), color=color)
        ax.fill_between(np.arange(100), k, k + 0.5, color=color, alpha=0.2)
    return fig


def photograph():
    """A picture of more colours than a palette holds, all over the cube."""
    fig, ax = plt.subplots(figsize=(5, 3))
    x, y = np.mgrid[0:1:300j, 0:1:400j]
    wave = np.stack([x, y, (1 + np.sin(20 * x * y)) / 2], axis=-1)
    ax.imshow(wave)
    return fig


def grey_photograph():
    """A picture that goes through all greys, slowly: steps would be seen."""
    fig, ax = plt.subplots(figsize=(5, 3))
    x, y = np.mgrid[0:1:300j, 0:1:400j]
    ax.imshow((1 + np.sin(4 * x + 3 * y)) / 2, cmap="gray")
    return fig


@pytest.fixture
def drawn(request):
    """A figure in the book's style, whatever other tests have set."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        style.use()
        fig = request.param()
        fig.draw_without_rendering()
        fig.set_layout_engine("none")  # it moves the axes a little at each drawing
        yield fig
        plt.close(fig)


BOUNDS = {heat_map: 16, lines: 16, photograph: 32, grey_photograph: 2}
every_figure = pytest.mark.parametrize("drawn", BOUNDS, indirect=True)
one_figure = pytest.mark.parametrize("drawn", [heat_map], indirect=True)


@one_figure
def test_a_crisp_figure_has_two_pixels_to_one_of_the_page(drawn):
    png, shown = style.crisp_png(drawn)
    image = Image.open(io.BytesIO(png))
    assert (image.width // 2, image.height // 2) == (shown["width"], shown["height"])
    assert 500 < shown["width"] <= 7.2 * 85  # a tenth of an inch stays around it


def exact(figure):
    """The pixels of a figure in all colours."""
    plain = io.BytesIO()
    figure.savefig(plain, format="png", dpi=170, bbox_inches="tight")
    return np.asarray(Image.open(plain).convert("RGB")).astype(int)


@pytest.mark.parametrize(
    ("drawn", "bound"), list(BOUNDS.items()), indirect=["drawn"], ids=lambda one: None
)
def test_no_pixel_of_a_crisp_figure_is_far_off(drawn, bound):
    """By more than 16 levels, 2 in images; 32 where 256 colours are few."""
    png, _ = style.crisp_png(drawn)
    ours = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    wanted = exact(drawn)
    assert np.abs(ours - wanted).max() <= bound
    codes, counts = np.unique(wanted @ (1 << 16, 1 << 8, 1), return_counts=True)
    for code in codes[np.argsort(-counts)[:20]]:  # what most pixels have is exact
        there = wanted @ (1 << 16, 1 << 8, 1) == code
        assert (ours[there] == wanted[there]).all()


@every_figure
def test_a_crisp_figure_is_the_same_each_time(drawn):
    assert style.crisp_png(drawn) == style.crisp_png(drawn)


def test_a_picture_that_a_palette_would_spoil_keeps_its_colours():
    noise = np.random.default_rng(0).integers(0, 256, (340, 340, 3), dtype=np.uint8)
    with matplotlib.rc_context():
        style.use()
        fig = plt.figure(figsize=(2, 2))
        fig.figimage(noise)
        png, _ = style.crisp_png(fig)
        image = Image.open(io.BytesIO(png))
        assert image.mode == "RGB"
        assert (np.asarray(image) == exact(fig)).all()
        plt.close(fig)


@pytest.mark.parametrize(
    ("drawn", "told"),
    [(heat_map, "of data"), (photograph, "of data"), (lines, None)],
    indirect=["drawn"],
    ids=lambda one: None,
)
def test_a_figure_says_whether_its_colours_tell_values(drawn, told):
    image = Image.open(io.BytesIO(style.crisp_png(drawn)[0]))
    assert image.info.get("Colours") == told


def test_white_stays_white_beside_the_walls_of_a_cube():
    """Their light greys share a leaf of the octree with it."""
    fig = plt.figure(figsize=(4, 3))
    fig.add_subplot(projection="3d")
    image = Image.open(io.BytesIO(style.crisp_png(fig)[0])).convert("RGB")
    plt.close(fig)
    assert image.getpixel((0, 0)) == (255, 255, 255)


@every_figure
def test_a_crisp_figure_is_smaller_than_a_plain_one_of_fewer_pixels(drawn):
    plain = io.BytesIO()
    drawn.savefig(plain, format="png", dpi=130, bbox_inches="tight")
    assert len(style.crisp_png(drawn)[0]) < len(plain.getvalue())


def test_outside_a_notebook_only_the_style_is_set():
    style.use()
    assert matplotlib.rcParams["axes.grid"]
