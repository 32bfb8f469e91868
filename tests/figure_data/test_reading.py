"""Figures read without drawing: panels, scales, ticks, legends, colour bars, twins."""

import json

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from helpers.figure_data import Unsupported, read
from helpers.figure_data.looks import POINT


def panels(figure):
    return [panel for row in read(figure)["rows"] for panel in row]


def only(ax):
    return read(ax.figure)["rows"][0][0]["axes"][0]


def labels(axis):
    return [label for _, label in axis["ticks"]]


def test_nothing_is_drawn_or_laid_out(ax, monkeypatch):
    def forbidden(*_):
        raise AssertionError("a renderer was asked for")

    monkeypatch.setattr(FigureCanvasAgg, "get_renderer", forbidden)
    monkeypatch.setattr(FigureCanvasAgg, "draw", forbidden)
    ax.plot([1, 2, 3], label="a")
    ax.text(0, 1, "word")
    ax.annotate("there", (1, 2), (0, 3), arrowprops={"arrowstyle": "->"})
    ax.legend()
    ax.figure.colorbar(ax.scatter([1], [1], c=[1.0]))
    ax.figure.suptitle("title")
    before = ax.get_position().bounds
    read(ax.figure)
    assert ax.get_position().bounds == before


def test_what_is_read_is_plain_json(ax):
    ax.plot([1, 2, 3], "o-", label="a")
    ax.bar(["a", "b"], [1, 2])
    ax.fill_between([0, 1], [1, 2])
    ax.imshow(np.eye(2))
    ax.set(aspect="auto")
    ax.legend()
    data = read(ax.figure)
    assert json.loads(json.dumps(data)) == data


@pytest.mark.parametrize(
    "limits",
    [
        {"xlim": (0, 1), "ylim": (-0.2, 3.4)},
        {"xlim": (0, 60), "ylim": (1e-7, 2), "yscale": "log"},
        {"xlim": (3, 20), "xscale": "log", "ylim": (0, 3e6)},
        {"xlim": (-100, 100), "xscale": "symlog"},
        {"xticks": [1, 2, 4], "yticks": []},
        {"xlim": (5, 0)},
    ],
)
def test_ticks_are_those_that_matplotlib_draws_in_a_box_of_this_size(limits):
    figure = plt.figure(figsize=(5, 3), layout="none")
    ax = figure.add_subplot()
    ax.set(**limits)
    found = only(ax)
    width, height = panels(figure)[0]["box"]
    ax.set_position([0, 0, width / 72 / POINT / 5, height / 72 / POINT / 3])
    figure.canvas.draw()
    for name, axis, length in (("x", ax.xaxis, width), ("y", ax.yaxis, height)):
        index = "xy".index(name)
        drawn = [
            (tick.get_loc(), tick.label1.get_text())
            for minor in (False, True)
            for tick in (axis.get_minor_ticks() if minor else axis.get_major_ticks())
            if tick.label1.get_text()
        ]
        corner = ax.get_xlim()[0], ax.get_ylim()[0]
        point = np.tile(corner, (len(drawn), 1)).astype(float)
        point[:, index] = [at for at, _ in drawn]
        share = (ax.transData - ax.transAxes).transform(point)[:, index]
        share = share if name == "x" else 1 - share
        expected = sorted(
            (round(10 * length * at), text)
            for at, (_, text) in zip(share, drawn, strict=True)
            if -1e-6 <= at <= 1 + 1e-6
        )
        assert [tuple(tick) for tick in found[name]["ticks"] if tick[1]] == expected


def test_scales_and_limits_are_told(ax):
    ax.set(xscale="symlog", yscale="log", xlim=(-10, 10), ylim=(1, 100))
    found = only(ax)
    assert found["x"]["scale"] == ["symlog", 2.0, 1.0, 10.0]
    assert found["y"]["scale"] == ["log"]
    assert found["y"]["limits"] == [1.0, 100.0]


@pytest.mark.parametrize(("top", "last"), [(1.0, "1.0"), (0.999, "0.8")])
def test_a_tick_just_beyond_the_limits_is_not_there(ax, top, last):
    """A third of a pixel is enough, as it is to matplotlib."""
    ax.set(xlim=(0, top))
    assert labels(only(ax)["x"])[-1] == last


def test_a_factor_of_all_ticks_is_told(ax):
    ax.set(ylim=(0, 3e7))
    assert only(ax)["y"]["offset"] == "1e7"


def test_panels_follow_the_grid_of_subplots():
    figure, axes = plt.subplots(2, 2, figsize=(6, 5), width_ratios=(1, 2))
    for ax, title in zip(axes.flat, "abcd", strict=True):
        ax.set_title(title)
    rows = read(figure)["rows"]
    assert [[p["axes"][0]["title"] for p in row] for row in rows] == [
        ["a", "b"],
        ["c", "d"],
    ]
    left, right = (panel["box"][0] for panel in rows[0])
    assert right == pytest.approx(2 * left)


def test_equal_axes_get_the_shape_of_their_limits(ax):
    ax.set(xlim=(0, 4), ylim=(0, 3), aspect="equal")
    width, height = panels(ax.figure)[0]["box"]
    assert height / width == pytest.approx(3 / 4, rel=1e-3)


def test_a_shared_axis_keeps_its_labels_for_panels_below_each_other():
    figure, (left, _) = plt.subplots(1, 2, sharey=True)
    left.barh(["a", "b"], [1, 2])
    assert labels(panels(figure)[1]["axes"][0]["y"]) == ["b", "a"]
    assert not panels(figure)[1]["axes"][0]["y"]["bare"]


def test_twin_axes_share_a_panel(ax):
    ax.plot([0, 1], [0, 1])
    twin = ax.twinx()
    twin.semilogy([0, 1], [1, 100])
    twin.set_ylabel("right")
    (panel,) = panels(ax.figure)
    first, second = panel["axes"]
    assert (first["y"]["side"], second["y"]["side"]) == ("left", "right")
    assert second["y"]["scale"] == ["log"]
    assert second["x"]["bare"] or not second["x"]["ticks"]


def test_a_colour_bar_belongs_to_the_panel_it_explains(ax):
    shown = ax.imshow(np.eye(2), vmin=0, vmax=2)
    ax.figure.colorbar(shown, label="height")
    (panel,) = panels(ax.figure)
    (bar,) = panel["bars"]
    assert bar["axis"]["label"] == "height"
    ticks = {label: at for at, label in bar["axis"]["ticks"]}
    assert ticks["0.0"] == round(10 * panel["box"][1])
    assert ticks["2.0"] == 0


def test_the_best_place_of_a_legend_is_the_emptiest_corner(ax):
    x = np.linspace(0, 1, 50)
    ax.plot(x, x, label="up")
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.legend()
    covers = only(ax)["legend"]["covers"]
    assert len(covers) == 10
    assert covers[1] == covers[3] == 0 < min(covers[0], covers[2])


def test_a_legend_has_a_row_for_each_handle_with_its_looks(ax):
    ax.plot([0, 1], "s--", color="C1", label="line")
    ax.fill_between([0, 1], [0, 1], color="C2", label="band")
    ax.scatter([0], [0], color="C0", label="cloud")
    ax.bar([0], [1], color="C3", label="bar")
    ax.legend(loc="lower right", ncols=2, title="what")
    found = only(ax)["legend"]
    assert (found["title"], found["place"], found["columns"]) == ("what", 4, 2)
    assert [row["text"] for row in found["rows"]] == ["line", "band", "cloud", "bar"]
    kinds = [[key["kind"] for key in row["key"]] for row in found["rows"]]
    assert kinds == [["rule", "markers"], ["area"], ["dots"], ["area"]]
    assert found["rows"][1]["key"][0]["fill"] == "green"


def test_title_and_legend_of_the_figure_are_told(ax):
    ax.plot([0, 1], label="a")
    ax.figure.suptitle("over all")
    ax.figure.legend(title="weights", loc="outside right center")
    data = read(ax.figure)
    assert data["title"] == "over all"
    assert data["legend"]["title"] == "weights"


@pytest.mark.parametrize("projection", ["polar", "3d"])
def test_other_projections_are_refused(projection):
    figure = plt.figure()
    figure.add_subplot(projection=projection)
    with pytest.raises(Unsupported, match="axes"):
        read(figure)


def test_axes_and_words_outside_the_grid_are_refused(ax):
    ax.figure.text(0.5, 0.5, "somewhere")
    with pytest.raises(Unsupported, match="Text of the figure"):
        read(ax.figure)
    figure = plt.figure()
    figure.add_axes((0, 0, 1, 1))
    with pytest.raises(Unsupported, match="outside the grid"):
        read(figure)
