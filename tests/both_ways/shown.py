"""What a page shows of a figure, as marks of panels: its SVG, read back."""

import base64
import io
import re
from xml.etree import ElementTree

import numpy as np
from both_ways.marks import TICK, UNCLIPPED, Panel, Picture, key, label
from matplotlib.colors import to_rgba
from PIL import Image

from helpers.style import COLORS

TENTHS = 10
LOWERED = 4.0
"""The label of a tick beside its axis stands so far below it, in pixels."""
COMMAND = re.compile(r"([A-Za-z])([^A-Za-z]*)")
NUMBER = re.compile(r"-?\d+")
TURN = np.linspace(0, np.pi, 13)


def shown(html):
    """The panels of a state in reading order; a panel's colour bars follow it."""
    for row in ElementTree.fromstring(f"<div>{html}</div>"):
        for panel in row:
            if panel.find("svg") is not None:  # else it is the legend of the figure
                yield _panel(panel)
                for part in panel.findall("g"):
                    if part.find("image") is not None:
                        yield _bar(part)


def _panel(svg):
    panel = Panel(_pixels(svg.find("svg"), "width", "height"))
    for part in svg.findall("svg"):
        reach = UNCLIPPED if part.get("overflow") == "visible" else 0.0
        for element in part:
            _read_mark(panel, element, reach)
    in_legend = False
    for element in svg:
        kind = element.get("class")
        in_legend = kind == "n" or (in_legend and kind != "x")
        if kind == "x":
            _add_lines(panel, "frame", element, TICK)
        elif kind == "t" and not in_legend:
            _add_label(panel, element)
        elif kind == "f":
            words = "".join(element.itertext())
            panel.add(f"words {words!r}", [_pixels(element, "x", "y")])
    return panel


def _bar(group):
    """A colour bar: its picture fills it."""
    panel = Panel(_pixels(group.find("image"), "width", "height"))
    _read_mark(panel, group.find("image"))
    for element in group.iterfind("text[@class='t']"):
        _add_label(panel, element)
    return panel


def _pixels(element, *names):
    return tuple(int(element.get(name)) / TENTHS for name in names)


def _read_mark(panel, element, reach=0.0):
    """Note what one element inside the box shows."""
    if element.tag == "image":
        x, y, width, height = _pixels(element, "x", "y", "width", "height")
        data = base64.b64decode(element.get("href").partition(",")[2])
        rgba = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))
        rows, columns = rgba.shape[:2]
        edges = (x + width * np.linspace(0, 1, columns + 1),
                 y + height * np.linspace(0, 1, rows + 1))  # fmt: skip
        panel.pictures.append(Picture(*edges, rgba))
    elif element.tag == "g":  # tiles, which share their edge
        for tile in element:
            _add_lines(panel, key("area", _rgba(tile.get("fill"), element)), tile)
            if stroke := _paint(element, "s"):
                _add_lines(panel, key("line", stroke), tile)
    elif element.get("class") == "g":
        _add_lines(panel, "grid", element)
    elif "k" in element.get("class").split():
        _add_markers(panel, element, reach)
    else:
        for kind, name in (("line", "s"), ("area", "f")):
            if paint := _paint(element, name):
                _add_lines(panel, key(kind, paint), element, reach)


def _paint(element, name):
    """The colour of an element's stroke (s) or filling (f) on a light page, or None."""
    paints = dict(part.split(":") for part in element.get("style").split(";"))
    value = paints.get(f"--{name}", "none")
    return None if value == "none" else _rgba(value, element)


def _rgba(value, element):
    if named := re.fullmatch(r"var\(--dlt-(\w+)\)", value):
        value = COLORS[named[1]]
    own = {"currentcolor": "#000000", "var(--pst-color-background)": "#ffffff"}
    return to_rgba(own.get(value, value), float(element.get("opacity", 1)))


def _add_lines(panel, kind, element, reach=0.0):
    for lines in polylines(element.get("d")):
        for corners in lines:
            panel.add(kind, corners, reach)


def _add_markers(panel, element, reach):
    kind = key("marker", _paint(element, "s"), _paint(element, "f"))
    edge = float(element.get("stroke-width", 0)) / TENTHS / 2
    for lines in polylines(element.get("d")):
        corners = np.concatenate(lines)
        ends = [corners.min(axis=0) - edge, corners.max(axis=0) + edge]
        panel.add(kind, ends, reach)


def _add_label(panel, element):
    axis = "x" if element.get("text-anchor") == "middle" else "y"
    x, y = _pixels(element, "x", "y")
    panel.add(label(axis, "".join(element.itertext())), [(x, y - LOWERED)])


def polylines(d):
    """The lines of a path of SVG, in pixels: a list of them for each M."""
    found = []
    for letter, numbers in COMMAND.findall(d):
        values = [int(number) / TENTHS for number in NUMBER.findall(numbers)]
        if letter == "M":
            found.append([[tuple(values)]])
            continue
        line = found[-1][-1]
        x, y = line[-1]
        if letter == "m":
            found[-1].append([(x + values[0], y + values[1])])
        elif letter == "z":
            line.append(line[0])
        elif letter == "a":  # half a circle, whose ends are level
            half = values[5] / 2
            arc = x + half - half * np.cos(TURN), y - half * np.sin(TURN)
            line.extend(zip(*(one.tolist() for one in arc), strict=True))
        else:
            across = values[::2] if letter == "l" else values * (letter == "h")
            down = values[1::2] if letter == "l" else values * (letter == "v")
            rest = [0.0] * len(values)
            u, v = (np.cumsum(steps or rest) for steps in (across, down))
            line.extend(zip((x + u).tolist(), (y + v).tolist(), strict=True))
    return [[np.array(line) for line in lines] for lines in found]
