"""Each kind of artist: its marks stand where matplotlib's own transforms put it."""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from PIL import Image

from helpers.figure_data import Unsupported, read, svg
from helpers.figure_data.paths import vertices

TENTH = 0.0501
"""Half a tenth of a pixel and what adds up in floating point."""


def panel(ax):
    return read(ax.figure)["rows"][0][0]


def marks(ax, kind):
    return [m for m in panel(ax)["axes"][0]["marks"] if m["kind"] == kind]


def mark(ax, kind):
    (found,) = marks(ax, kind)
    return found


def pixels(ax, xy, transform=None):
    """Where matplotlib puts points, in pixels of the box, y downwards."""
    ax.get_xlim()
    display = (transform or ax.transData).transform(np.asarray(xy, float))
    share = ax.transAxes.inverted().transform(display)
    width, height = panel(ax)["box"]
    return np.stack([share[..., 0] * width, (1 - share[..., 1]) * height], axis=-1)


def away(points, corners):
    """Distance of each point from a line through corners, in pixels."""
    starts, steps = corners[:-1], np.diff(corners, axis=0)
    gaps = points[:, None] - starts
    along = (gaps * steps).sum(-1) / np.maximum((steps**2).sum(-1), 1e-12)
    nearest = starts + np.clip(along, 0, 1)[..., None] * steps
    return np.linalg.norm(points[:, None] - nearest, axis=-1).min(axis=1)


@pytest.mark.parametrize("scale", ["linear", "log", "symlog"])
@pytest.mark.parametrize("turned", [False, True])
def test_a_line_goes_where_matplotlib_draws_it(ax, scale, turned):
    x = np.linspace(0.5, 40, 60)
    y = 2 + 1.9 * np.sin(x)
    ax.plot(x, y)
    ax.set(xscale=scale, yscale=scale)
    if turned:
        ax.invert_xaxis()
    line, there = vertices(mark(ax, "line")["d"]), pixels(ax, np.column_stack([x, y]))
    # Corners that lie on the line to a tenth of a pixel may be left out.
    assert away(there, line).max() < 0.1 + TENTH
    assert away(line, there).max() < 0.1 + TENTH


def test_a_line_has_gaps_and_its_own_looks(ax):
    ax.plot([0, 1, np.nan, 2, 3], [0, 1, 0, 1, 0], "--", color="#0072B2", lw=2)
    line = mark(ax, "line")
    assert line["d"].count("M") == 2
    assert line["color"] == "blue"
    assert line["width"] == 2.2
    assert line["dash"] == pytest.approx([8.1, 3.5], abs=0.1)


@pytest.mark.parametrize("where", ["pre", "mid", "post"])
def test_steps_have_the_corners_of_a_staircase(ax, where):
    ax.step([0, 1, 2, 4], [1, 3, 2, 5], where=where)
    corners = {
        "pre": [(0, 1), (0, 3), (1, 3), (1, 2), (2, 2), (2, 5), (4, 5)],
        "mid": [(0, 1), (0.5, 1), (0.5, 3), (1.5, 3), (1.5, 2), (3, 2), (3, 5), (4, 5)],
        "post": [(0, 1), (1, 1), (1, 3), (2, 3), (2, 2), (4, 2), (4, 5)],
    }[where]
    drawn = vertices(mark(ax, "line")["d"])
    assert np.abs(drawn - pixels(ax, corners)).max() < TENTH


def test_a_dense_curve_keeps_the_extremes_of_each_column(ax):
    x = np.linspace(0, 1, 50_000)
    y = np.random.default_rng(0).normal(size=x.size)
    ax.plot(x, y)
    drawn = vertices(mark(ax, "line")["d"])
    there = pixels(ax, np.column_stack([x, y]))
    width = panel(ax)["box"][0]
    assert len(drawn) < 4 * width + 4
    column, ours = np.floor(there[:, 0]), np.floor(drawn[:, 0] + 1e-9)
    for k in np.unique(column)[1:-1]:
        near = drawn[np.abs(ours - k) <= 1, 1]
        assert near.min() < there[column == k, 1].min() + 0.2
        assert near.max() > there[column == k, 1].max() - 0.2


def test_a_curve_far_outside_is_cut_off_where_it_leaves(ax):
    ax.plot([0, 1, 2], [0, 1e9, 0])
    ax.set(xlim=(0, 2), ylim=(0, 1))
    drawn = vertices(mark(ax, "line")["d"])
    assert np.abs(drawn).max() < 400
    assert np.abs(drawn[0] - pixels(ax, (0, 0))).max() < TENTH


def test_a_curve_beyond_the_limits_leaves_nothing(ax):
    ax.plot([0, 1, 2], [5, 6, 9])
    ax.plot([0, 1, np.nan, 1], [5, 6, 0, 0.5])
    ax.set(xlim=(0, 2), ylim=(0, 1))
    assert not marks(ax, "line")


@pytest.mark.parametrize(
    ("form", "kind"), [("o", "dots"), ("s", "markers"), ("x", "markers")]
)
def test_markers_stand_at_their_points(ax, form, kind):
    xy = np.array([(0, 1), (1, 3), (4, 2)])
    ax.plot(*xy.T, form, color="#D55E00", ms=6, label="seen")
    found = mark(ax, kind)
    assert np.abs(vertices(found["d"]) - pixels(ax, xy)).max() < TENTH
    assert found["color"] == "vermillion"
    assert found["name"] == "seen"


def test_a_line_between_markers_is_no_curve_of_values(ax):
    ax.plot([0, 1], [0, 1], "o-", mfc="white", mec="black", markevery=[1])
    assert not marks(ax, "line")
    assert len(vertices(mark(ax, "rule")["d"])) == 2
    ring = mark(ax, "markers")
    assert len(vertices(ring["d"])) == 1
    assert (ring["fill"], ring["color"]) == ("paper", "ink")


def test_markers_of_no_size_are_none(ax):
    ax.plot([0, 1], [0, 1], "kD-", ms=0, label="curve")
    ax.legend()
    (only,) = panel(ax)["axes"][0]["marks"]
    assert only["kind"] == "line"
    (row,) = panel(ax)["axes"][0]["legend"]["rows"]
    assert [key["kind"] for key in row["key"]] == ["rule"]


def test_a_cloud_is_one_path_for_each_size_and_colour(ax):
    xy = np.random.default_rng(1).uniform(size=(20, 2))
    ax.scatter(*xy.T, s=[9, 25] * 10, c=["C0"] * 10 + ["C1"] * 10)
    found = marks(ax, "dots")
    assert len(found) == 4
    there = pixels(ax, xy)
    drawn = np.concatenate([vertices(one["d"]) for one in found])
    gaps = np.linalg.norm(there[:, None] - drawn, axis=-1)
    assert gaps.min(axis=1).max() < 2**0.5 * TENTH
    assert {one["width"] for one in found} == {1.1 * 3 + 1.1, 1.1 * 5 + 1.1}


def test_a_cloud_coloured_by_values_keeps_the_colours_of_the_map(ax):
    ax.scatter([0, 1], [0, 1], c=[0.0, 1.0], cmap="cividis")
    assert {one["color"] for one in marks(ax, "dots")} == {"#00224e", "#fee838"}
    assert all(one["data"] for one in marks(ax, "dots"))


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_band_has_the_outline_of_its_polygon(ax, scale):
    x = np.linspace(1, 9, 30)
    band = ax.fill_between(x, x, 2 * x, alpha=0.3)
    ax.set(yscale=scale)
    there = pixels(ax, band.get_paths()[0].vertices)
    outline = vertices(mark(ax, "area")["d"])
    closed = np.vstack([outline, outline[:1]])
    assert away(there, closed).max() < 0.1 + TENTH
    assert mark(ax, "area")["alpha"] == 0.3


def test_bars_stand_on_named_categories(ax):
    ax.bar(["line", "curve", "ours"], [1, 10, 100], color=["C0", "C1", "C0"])
    ax.set(yscale="log", ylim=(0.1, 1000))
    found = {one["fill"]: one["d"] for one in marks(ax, "bars")}
    assert set(found) == {"blue", "vermillion"}
    left, foot = vertices(found["vermillion"])[0]
    assert abs(left - pixels(ax, (0.6, 1))[0]) < TENTH
    height = float(found["vermillion"].partition("v")[2].partition("h")[0]) / 10
    assert abs(foot + height - pixels(ax, (1, 10))[1]) < 2 * TENTH
    axis = panel(ax)["axes"][0]["x"]
    assert [label for _, label in axis["ticks"]] == ["line", "curve", "ours"]
    assert axis["names"]


def test_bars_that_lie_go_to_their_value(ax):
    ax.barh(["a", "b"], [2.0, 5.0])
    d = mark(ax, "beams")["d"]
    widths = [
        float(part.partition("h")[2].partition("v")[0]) / 10
        for part in d.split("z")[:-1]
    ]
    assert widths == pytest.approx(
        [pixels(ax, (v, 0))[0] - pixels(ax, (0, 0))[0] for v in (2, 5)], abs=2 * TENTH
    )


def test_a_histogram_is_one_path(ax):
    ax.hist(np.random.default_rng(0).normal(size=500), 40)
    assert mark(ax, "bars")["d"].count("M") > 20


def opened(uri):
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


@pytest.mark.parametrize("origin", ["upper", "lower"])
def test_an_image_has_its_own_pixels_between_its_corners(ax, origin):
    values = np.arange(12.0).reshape(3, 4)
    shown = ax.imshow(values, extent=(-2, 6, 1, 4), origin=origin, aspect="auto")
    found = mark(ax, "image")
    x, y, width, height = np.array(found["at"]) / 10
    corners = pixels(ax, [(-2, 4), (6, 1)])
    assert np.abs(corners - [(x, y), (x + width, y + height)]).max() < 2 * TENTH
    rgba = shown.to_rgba(values, bytes=True)
    seen = np.asarray(opened(found["uri"]).convert("RGBA"))
    assert (seen == (rgba if origin == "upper" else rgba[::-1])).all()


def test_what_an_image_leaves_out_is_clear_and_many_colours_stay(ax):
    ax.imshow(np.ma.masked_less(np.eye(3), 0.5))
    clear = np.asarray(opened(mark(ax, "image")["uri"]).convert("RGBA"))[..., 3]
    assert (clear == 255 * np.eye(3)).all()
    ax.images[0].remove()
    picture = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    ax.imshow(picture)
    assert (np.asarray(opened(mark(ax, "image")["uri"])) == picture).all()


def test_a_mesh_is_an_image_and_an_uneven_one_is_sampled(ax):
    values = np.array([[0.0, 1], [2, 3]])
    mesh = ax.pcolormesh([0, 1, 2], [0, 1, 2], values)
    rgba = mesh.to_rgba(values, bytes=True)[::-1]
    assert (np.asarray(opened(mark(ax, "image")["uri"]).convert("RGBA")) == rgba).all()
    mesh.remove()
    ax.pcolormesh([1, 10, 1000], [0, 1, 2], values)
    ax.set(xscale="log", xlim=(1, 1000))
    seen = np.asarray(opened(mark(ax, "image")["uri"]).convert("RGBA"))
    assert seen.shape[1] == 330
    assert (seen[0, [0, 109, 111, -1]] == rgba[0, [0, 0, 1, 1]]).all()


def test_lines_and_spans_across_the_axes_reach_both_sides(ax):
    ax.plot([0, 4], [0, 4])
    ax.axhline(1)
    ax.axvline(3)
    ax.axvspan(1, 2, lw=0)
    width, height = panel(ax)["box"]
    level, upright = (vertices(one["d"]) for one in marks(ax, "rule"))
    assert np.ptp(level, axis=0).tolist() == [width, 0]
    assert abs(level[0, 1] - pixels(ax, (0, 1))[1]) < TENTH
    assert np.ptp(upright, axis=0).tolist() == [0, height]
    span = vertices(mark(ax, "area")["d"])
    assert span.max(0) == pytest.approx([pixels(ax, (2, 0))[0], height], abs=TENTH)
    assert span.min(0) == pytest.approx([pixels(ax, (1, 0))[0], 0], abs=TENTH)


def test_words_stand_at_their_place_in_data_or_in_the_axes(ax):
    ax.set(xlim=(0, 4), ylim=(0, 2))
    ax.text(1, 1, "here", ha="center", rotation=90)
    ax.text(0.5, 0.5, "middle", transform=ax.transAxes)
    first, second = marks(ax, "text")
    assert np.abs(np.array(first["at"]) / 10 - pixels(ax, (1, 1))).max() < TENTH
    assert (first["align"][0], first["rotate"]) == ("center", 90)
    assert second["at"] == [round(5 * side) for side in panel(ax)["box"]]


def test_an_arrow_ends_just_before_what_it_points_at(ax):
    ax.set(xlim=(0, 4), ylim=(0, 2))
    ax.annotate("note", (3, 0.5), (1, 1.5), arrowprops={"arrowstyle": "->"})
    ax.annotate("above", (3, 0.5), (0, 20), textcoords="offset points")
    target = pixels(ax, (3, 0.5))
    tip = vertices(mark(ax, "area")["d"])[0]
    assert np.linalg.norm(tip - target) == pytest.approx(2, abs=0.2)
    note, above = marks(ax, "text")
    assert np.abs(np.array(note["at"]) / 10 - pixels(ax, (1, 1.5))).max() < TENTH
    assert np.array(above["at"]) / 10 == pytest.approx(target - [0, 22], abs=TENTH)


def test_error_bars_are_lines_with_caps(ax):
    ax.errorbar([1, 2], [3, 5], yerr=[0.5, 1], fmt="o", capsize=3)
    stems = vertices(mark(ax, "rule")["d"])
    ends = [(1, 2.5), (1, 3.5), (2, 4), (2, 6)]
    assert np.abs(stems - pixels(ax, ends)).max() < TENTH
    caps = np.concatenate([vertices(one["d"]) for one in marks(ax, "markers")])
    assert sorted(map(tuple, caps)) == sorted(map(tuple, stems))


def test_a_circle_and_a_polygon_keep_their_shape(ax):
    ax.set(xlim=(-2, 2), ylim=(-2, 2), aspect="equal")
    ax.add_patch(plt.Circle((0, 0), 1, fill=False, color="C1"))
    circle = mark(ax, "area")
    width = panel(ax)["box"][0]
    radii = np.linalg.norm(vertices(circle["d"]) - width / 2, axis=1)
    assert radii == pytest.approx(width / 4, abs=0.3)
    assert (circle["fill"], circle["color"]) == ("none", "vermillion")


def test_contours_run_where_the_function_has_their_levels(ax):
    grid = np.linspace(-2, 2, 81)
    x, y = np.meshgrid(grid, grid)
    ax.contour(grid, grid, x**2 + y**2, [1.0, 2.25], colors="0.5")
    drawn = vertices(mark(ax, "rule")["d"], spacing=4)
    width, height = panel(ax)["box"]
    values = (drawn / [width, height] - 0.5) * [4, -4]
    radii = np.linalg.norm(values, axis=1)
    assert np.minimum(abs(radii - 1), abs(radii - 1.5)).max() < 0.02


def test_tiles_of_a_map_keep_their_colours(ax):
    squares = [[(i, 0), (i + 1, 0), (i + 1, 1), (i, 1)] for i in range(3)]
    tiles = PolyCollection(squares, array=[0.0, 1, 0], cmap="cividis", ec="white")
    ax.add_collection(tiles)
    ax.set(xlim=(0, 3))
    found = mark(ax, "tiles")
    assert [hue for hue, _ in found["tiles"]] == ["#00224e", "#fee838"]
    assert 'style="--s:#fff"' in svg.mark(found)  # on a dark page too
    corners = vertices(found["tiles"][1][1])
    assert np.abs(corners - pixels(ax, squares[1])).max() < TENTH


def test_polygons_of_many_colours_tell_values_and_keep_them(ax):
    squares = [[(i, 0), (i + 1, 0), (i + 1, 1), (i, 1)] for i in range(3)]
    colours = ["#00224e", "#7d7c78", "#fee838"]
    ax.add_collection(PolyCollection(squares, facecolors=colours))
    ax.set(xlim=(0, 3))
    assert [hue for hue, _ in mark(ax, "tiles")["tiles"]] == colours


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda ax: ax.quiver([0], [0], [1], [1]), "Quiver"),
        (lambda ax: ax.table([["a"]]), "Table"),
        (lambda ax: ax.inset_axes([0, 0, 1, 1]), "Axes"),
        (lambda ax: ax.hexbin([0, 1], [0, 1]), "PolyCollection with a place"),
        (lambda ax: ax.set_yscale("logit"), "logit"),
        (lambda ax: ax.plot([0, 1], marker="o", markevery=0.1), "markevery"),
    ],
)
def test_what_cannot_be_said_is_named(ax, draw, message):
    draw(ax)
    with pytest.raises(Unsupported, match=message):
        read(ax.figure)
