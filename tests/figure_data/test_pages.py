"""States of an explorer as pieces of SVG: shared, laid out, in safe colours."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from bs4 import BeautifulSoup
from matplotlib.colors import to_rgb
from places import ROOT

from helpers import style
from helpers.figure_data import filled, pictures, read
from helpers.figure_data.svg import contrast, dark

SHEET = (ROOT / "book" / "_static" / "explorer.css").read_text(encoding="utf-8")


def state(draw, **options):
    figure, ax = plt.subplots(figsize=(5, 3), **options)
    draw(ax)
    data = read(figure)
    plt.close(figure)
    return data


def line(slope):
    def draw(ax):
        ax.plot([0, 1, 2], [0, slope, 1], label="line")
        ax.set(xlim=(0, 2), ylim=(0, 3), xlabel="x", ylabel="y")

    return draw


def svg(data, number):
    return BeautifulSoup(filled(data, number), "html.parser")


def test_states_share_what_is_equal():
    data = pictures([state(line(k)) for k in range(4)])
    panels = [shown[0][1] for _, _, shown in data["states"]]
    assert len(set.intersection(*map(set, panels))) == len(panels[0]) - 1
    assert len(data["pieces"]) == len(panels[0]) + 3
    assert len(data["layouts"]) == len(data["scales"]) == 1


def test_a_panel_has_room_for_the_words_of_every_state():
    def wide(ax):
        ax.set(ylim=(0, 1), yticks=[0.5], yticklabels=["a long name of a value"])

    narrow = pictures([state(line(1))])
    both = pictures([state(line(1)), state(wide)])

    def left(data):
        return int(re.search(r'viewBox="(-\d+)', data["layouts"][0])[1])

    assert left(both) < left(narrow) < 0


def test_a_mark_that_is_not_clipped_shows_beyond_the_box_in_its_order():
    def draw(ax):
        ax.plot([0, 1], [0, 1], "C0")
        ax.plot(0, 0, "C1D", clip_on=False)
        ax.plot([0, 1], [1, 0], "C2")
        ax.set(xlim=(0, 1), ylim=(0, 1))

    parts = svg(pictures([state(draw)]), 0).select(".explorer-row > svg > svg")
    assert [part.get("overflow") for part in parts] == [None, "visible", None]
    assert [len(part.select(".l, .k")) for part in parts] == [1, 1, 1]
    assert parts[0]["width"] == parts[1]["width"] == parts[2]["width"]


@pytest.mark.parametrize(
    ("right", "stroke"), [(2, "--s:#000"), (1.5, "--s:currentcolor")]
)
def test_black_stays_black_in_the_dark_above_colours_that_fill_the_box(right, stroke):
    def draw(ax):
        ax.pcolormesh(np.linspace(0, right, 4), [0, 1, 2], np.arange(6).reshape(2, 3))
        ax.plot([0, 2], [0, 2], "k")
        ax.set(xlim=(0, 2), ylim=(0, 2))

    drawn = svg(pictures([state(draw)]), 0).select_one(".l")
    assert drawn["style"] == stroke


def test_another_arrangement_of_panels_is_another_layout():
    two = plt.subplots(1, 2, figsize=(6, 3))[0]
    data = pictures([state(line(1)), read(two)])
    assert [number for _, number, _ in data["states"]] == [0, 1]
    assert svg(data, 1).find_all("svg", recursive=False) == []
    assert len(svg(data, 1).select(".explorer-row > svg")) == 2


def test_scales_turn_places_into_values():
    data = pictures([state(line(1))])
    (axes,) = data["scales"][0]
    assert axes["box"] == [330.0, 186.0]
    assert axes["x"] == {"label": "x", "limits": [0.0, 2.0], "scale": ["linear"]}


def test_a_legend_stands_at_one_place_in_all_states():
    def rising(ax):
        ax.plot([0, 1], [0, 1], label="a")
        ax.legend()

    def falling(ax):
        ax.plot([0, 1], [1, 0.05], label="a")
        ax.legend()

    data = pictures([state(rising), state(falling)])
    places = {svg(data, k).select_one("rect.n")["x"] for k in (0, 1)}
    assert len(places) == 1


def test_labels_that_would_touch_are_left_out():
    def crowded(ax):
        ax.set_xticks(np.arange(12), [f"number {k}" for k in range(12)])

    shown = svg(pictures([state(crowded)]), 0).find_all("text", class_="t")
    words = [t.text for t in shown if t.text.startswith("number")]
    assert words == [f"number {k}" for k in range(0, 12, 2)]


def test_long_titles_are_broken_into_lines():
    data = pictures([state(lambda ax: ax.set_title("a finding in many words " * 4))])
    assert len(svg(data, 0).find_all("text", class_="h")) == 2


def test_words_of_a_figure_cannot_end_an_element():
    data = pictures([state(lambda ax: ax.set(title="a < b & </svg>"))])
    assert svg(data, 0).find("text", class_="h").text == "a < b & </svg>"


def colours(block):
    return dict(re.findall(r"--dlt-(\w+): (#\w+)", block))


def test_the_sheet_has_the_palette_and_twins_that_show_in_the_dark():
    light, turned = re.findall(r"\{([^}]*--dlt-blue:[^}]*)\}", SHEET)
    named = {k: v.lower() for k, v in style.COLORS.items() if k != "black"}
    assert colours(light) == named
    assert set(colours(turned)) == set(named)
    for hue in colours(turned).values():
        assert contrast(to_rgb(hue), (0.071,) * 3) > 4.5


@pytest.mark.parametrize("hue", ["#0d0887", "#5302a3", "#8b0aa5", "#333333", "#d62728"])
def test_other_colours_show_in_the_dark_too(hue):
    assert contrast(to_rgb(dark(hue)), (0.071,) * 3) > 3


def test_a_light_grey_band_is_a_dark_grey_band_in_the_dark():
    assert contrast(to_rgb(dark("#e0e0e0")), (0.071,) * 3) < 2
