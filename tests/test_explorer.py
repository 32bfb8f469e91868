"""Explorers: static HTML with every state, widgets that survive a failing draw."""

import base64
import io
import json
import math
import time
import traceback
from contextlib import suppress

import matplotlib.pyplot as plt
import pytest
from bs4 import BeautifulSoup
from PIL import Image
from places import unpacked

from helpers.explorer import FRAMES_VARIABLE, explorer


def draw(depth, noise):
    """A figure whose headline is the product of its two sliders."""
    figure, ax = plt.subplots(figsize=(2, 1))
    ax.plot([0, depth], [0, noise])
    return figure, f"product {depth * noise:g}"


@pytest.fixture
def toy():
    return explorer(
        draw, label="A <toy>", start={"noise": 0.5}, depth=[1, 4], noise=[0.1, 0.5, 2.0]
    )


def parsed(toy):
    page = BeautifulSoup(toy.static_html(), "html.parser")
    return page, unpacked(page.find("script").string)


def round_one(x):
    """A figure that is no data: its axes are polar."""
    figure = plt.figure(figsize=(2, 1))
    figure.add_subplot(projection="polar")
    return figure, f"angle {x}"


def test_static_html_holds_a_state_for_every_combination(toy):
    _, data = parsed(toy)
    assert data["texts"] == [
        f"depth {d}, noise {n:g}: product {d * n:g}"
        for d in (1, 4)
        for n in (0.1, 0.5, 2.0)
    ]
    assert data["names"] == ["depth", "noise"]
    assert data["values"] == [["1", "4"], ["0.1", "0.5", "2"]]
    assert len({json.dumps(state) for state in data["states"]}) == 6


def test_static_html_shows_its_first_state_without_a_script(toy):
    page, data = parsed(toy)
    figure = page.find(role="img")
    assert figure["aria-label"] == "A <toy>. depth 1, noise 0.5: product 0.5"
    (_, pieces), *_ = data["states"][1][2]
    inside = "".join(data["pieces"][number] for number in pieces)
    shown = BeautifulSoup(inside, "html.parser")
    assert figure.select_one(".explorer-row > svg").decode_contents() == str(shown)
    assert page.find(role="status").text == "depth 1, noise 0.5: product 0.5"
    assert [slider["value"] for slider in page.find_all("input")] == ["0", "1"]
    assert [slider["max"] for slider in page.find_all("input")] == ["1", "2"]
    assert page.img is None


def test_what_is_no_data_stays_a_picture_at_double_density():
    page, data = parsed(explorer(round_one, label="Round", x=[1, 2]))
    assert page.img["alt"] == "Round. x 1: angle 1"
    assert page.img["src"] == data["images"][0]
    assert page.img["width"] == "160"
    frames = [pixels(uri) for uri in data["images"]]
    assert {frame.size for frame in frames} == {(320, 160)}
    assert {frame.mode for frame in frames} == {"P"}
    assert "states" not in data
    assert not plt.get_fignums()


def pixels(uri):
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


def test_a_frame_of_the_widget_is_a_picture(toy):
    frame = toy.frame((4, 2.0))
    assert pixels(frame.image).size == (160, 80)
    assert frame.text == "depth 4, noise 2: product 8"


def test_text_cannot_close_the_script_element():
    hostile = explorer(
        lambda x: (plt.figure(figsize=(1, 1)), "</script><b>"), label="x", x=[1]
    )
    page, data = parsed(hostile)
    assert page.b is None
    assert data["texts"] == ["x 1: &lt;/script&gt;&lt;b&gt;"]
    assert page.find(role="status").text == "x 1: </script><b>"
    assert page.find(role="img")["aria-label"] == "x. x 1: </script><b>"


def test_a_slider_named_for_a_greek_letter_shows_it():
    """Also the line below the figure, and the text for who does not see it."""
    made = explorer(
        lambda **_: (plt.figure(figsize=(1, 1)), "q_1 <= 2"), label="x", sigma_w=[1, 2]
    )
    page, data = parsed(made)
    assert page.select_one("label span").decode_contents() == "σ<sub>w</sub>"
    assert data["texts"][1] == "σ<sub>w</sub> 2: q<sub>1</sub> ≤ 2"
    assert page.find(role="status").decode_contents() == data["texts"][0]
    assert page.find(role="img")["aria-label"] == "x. σw 1: q1 ≤ 2"


def test_names_and_values_are_shown_as_words():
    made = explorer(
        lambda **_: plt.figure(figsize=(1, 1)), label="x", skip_of=["batch_norm"]
    )
    assert parsed(made)[1]["texts"] == ["skip of batch norm"]


def test_a_frame_is_drawn_once_then_kept():
    drawn = []

    def slow(x):
        drawn.append(x)
        return plt.figure(figsize=(1, 1))

    made = explorer(slow, label="once", x=[1, 2])
    made.widget()
    slider = made.widget().children[0]
    slider.value = 2
    start = time.perf_counter()
    for value in (1, 2) * 5:
        slider.value = value
    assert (time.perf_counter() - start) / 10 < 0.1
    assert drawn == [1, 2]
    assert not plt.get_fignums()


def test_the_widget_says_that_it_computes():
    seen = []

    def watching(x):
        seen.append(box.children[-1].value if box else "")
        return plt.figure(figsize=(1, 1))

    box = None
    box = explorer(watching, label="busy", x=[1, 2]).widget()
    box.children[0].value = 2
    assert seen == ["", '<p role="status">computing …</p>']


def test_an_exception_is_shown_and_the_sliders_stay_usable():
    def fragile(x):
        if x == 2:
            raise ZeroDivisionError("no <two>")
        return plt.figure(figsize=(1, 1)), "fine"

    slider, _, picture, status = (
        lambda box: (box.children[0], box, *box.children[1:])
    )(explorer(fragile, label="fragile", x=[1, 2, 3]).widget())
    slider.value = 2
    assert "could not draw: ZeroDivisionError: no &lt;two&gt;" in status.value
    assert picture.value == ""
    slider.value = 3
    assert "x 3: fine" in status.value
    assert "<img" in picture.value


def fragile(x, y=0):
    """Fails at 2, after it has made a figure."""
    figure = plt.figure(figsize=(1, 1))
    if x == 2:
        raise ZeroDivisionError("no <two>")
    return figure, "fine"


def told(error):
    return "".join(traceback.format_exception(error))


def test_an_error_in_draw_names_the_values():
    made = explorer(fragile, label="frail", x=[1, 2], y=[0.1, 0.5])
    for fails in (made.static_html, lambda: made.frame((2, 0.1))):
        with pytest.raises(ZeroDivisionError) as caught:
            fails()
        assert "explorer 'frail': draw(x=2, y=0.1)" in told(caught.value)
        assert caught.value.__notes__ == ["explorer 'frail': draw(x=2, y=0.1)"]
    box = made.widget()
    box.children[0].value = 2
    assert "no &lt;two&gt;; at x 2, y 0.1" in box.children[-1].value


def stray(x):
    """Leaves a second figure open."""
    plt.figure(figsize=(1, 1))
    return plt.figure(figsize=(1, 1))


@pytest.mark.parametrize("function", [fragile, stray, round_one])
def test_the_readers_own_figures_stay_open(function):
    own = plt.figure(figsize=(1, 1))
    try:
        made = explorer(function, label="own", x=[1, 2])
        box = made.widget()
        box.children[0].value = 2
        with suppress(ZeroDivisionError):
            made.static_html()
        assert plt.get_fignums() == [own.number]
        assert plt.gcf() is own
    finally:
        plt.close(own)


def test_a_figure_that_the_reader_made_is_shown_and_stays_open():
    own = plt.figure(figsize=(1, 1))
    try:
        made = explorer(lambda x: own, label="own", x=[1])
        made.widget()
        made.static_html()
        assert plt.get_fignums() == [own.number]
    finally:
        plt.close(own)


def test_one_value_is_a_slider_too():
    made = explorer(draw, label="one", depth=[1], noise=[0.5])
    assert [slider["max"] for slider in parsed(made)[0].find_all("input")] == ["0"] * 2
    assert "product 0.5" in made.widget().children[-1].value


def test_only_the_build_computes_every_state(monkeypatch, capsys):
    drawn = []

    def watching(x):
        drawn.append(x)
        return plt.figure(figsize=(1, 1))

    made = explorer(watching, label="build", x=[1, 2, 3])
    monkeypatch.delenv(FRAMES_VARIABLE, raising=False)
    made._ipython_display_()
    assert drawn == [1]
    monkeypatch.setenv(FRAMES_VARIABLE, "all")
    made._ipython_display_()
    assert drawn == [1, 1, 2, 3]
    assert not plt.get_fignums()
    assert capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (lambda: 3, "int"),
        (lambda: None, "NoneType"),
        (lambda: plt.figure().add_subplot(), "Axes"),
        (lambda: [plt.figure()], "list"),
        (lambda: (plt.figure(),), r"\(Figure\)"),
        (lambda: (plt.figure(), "a", "b"), r"\(Figure, str, str\)"),
        (lambda: (plt.figure(), 0.5), r"\(Figure, float\)"),
        (lambda: ("a", plt.figure()), r"\(str, Figure\)"),
    ],
)
def test_draw_must_return_a_figure(given, kind):
    made = explorer(lambda x: given(), label="bad", x=[1])
    with pytest.raises(TypeError, match=rf"return a matplotlib Figure.*got {kind}\n"):
        made.static_html()
    assert not plt.get_fignums()


@pytest.mark.parametrize("values", [3, "abc", None, [[1], [2]]])
def test_a_slider_takes_a_sequence_of_hashable_values(values):
    with pytest.raises(TypeError, match=r"slider .x. needs (a sequence|hashable)"):
        explorer(draw, label="bad", x=values)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "needs at least one slider"),
        ({"x": []}, "slider 'x' needs values that all differ .* got \\[\\]"),
        ({"x": [1, 1]}, "slider 'x' needs values that all differ"),
        ({"x": [1, "1"]}, "slider 'x' needs values that all differ as they are shown"),
        ({"x": [1 / 3, 0.3333333]}, "all differ as they are shown, in six digits"),
        ({"x": [math.nan, math.nan]}, "slider 'x' needs values that all differ"),
        ({"x": [1], "start": {"y": 1}}, "start sets y=1; the sliders are"),
        ({"x": [1], "start": {"x": 2}}, "start sets x=2; the sliders are"),
        ({"x": range(16), "y": range(16)}, "256 frames; at most 250"),
    ],
)
def test_bad_sliders_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        explorer(draw, label="bad", **arguments)


def test_draw_must_be_callable():
    with pytest.raises(TypeError, match="draw must be callable, got int"):
        explorer(3, label="bad", x=[1])
