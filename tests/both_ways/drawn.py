"""What matplotlib draws of a figure, as marks of panels."""

import numpy as np
from both_ways.marks import SLIVER, TICK, UNCLIPPED, Panel, Picture, key, label, letters
from matplotlib.backend_bases import RendererBase

from helpers.figure_data.looks import POINT

DENSE = 4
"""Pixels of a picture for one of the page: matplotlib stretches it to whole ones."""
MINOR = 3.0
"""Ticks that are shorter are minor ones, in pixels; the page has those with labels."""


def panels_of(figure):
    """The axes of each panel in reading order; a panel's colour bars follow it."""
    panels, bars = {}, {}
    for axes in figure.axes:
        bar = _bar_of(axes)
        spot = (bar.mappable.axes if bar else axes).get_subplotspec()
        at = spot.rowspan.start, spot.colspan.start
        if bar:
            bars.setdefault(at, []).append([axes])
        else:
            panels.setdefault(at, []).append(axes)
    return [group for at in sorted(panels) for group in [panels[at], *bars.get(at, [])]]


def drawn(figure, sizes):
    """The panels of a figure as matplotlib draws them in such sizes, in pixels."""
    figure.set_layout_engine("none")
    figure.set_dpi(72 * POINT)
    panels = [Panel(size) for size in sizes]
    groups, recorder = panels_of(figure), Recorder()
    for group, panel in zip(groups, panels, strict=True):
        for axes in group:
            axes.set_position((0, 0, *np.divide(panel.size, figure.bbox.size)))
            # A page repeats the labels of a shared axis, as panels may part there.
            axes.tick_params(which="both", labelbottom=True, labelleft=True)
            for image in axes.images:  # nor does it smooth pictures
                image.set_interpolation("nearest")
            _name_parts(axes, str(len(recorder.places)))
            recorder.places.append((axes, panel))
    figure.draw(recorder)
    for group, panel in zip(groups, panels, strict=True):
        if _bar_of(group[0]):  # the page's bars have no frame
            for kind in [kind for kind in panel.marks if " label " not in kind]:
                del panel.marks[kind]
    return panels


def _bar_of(axes):
    """The colour bar that an axes is made for, if any."""
    return getattr(axes, "_colorbar", None)


def _name_parts(axes, number):
    """Groups that a renderer is told of get names where matplotlib has none."""
    axes.set_gid(number)
    axes.patch.set_gid("hidden")
    for spine in axes.spines.values():
        spine.set_gid("frame")
    for words in axes.texts:
        words.set_gid("words")
        if getattr(words, "arrow_patch", None):
            words.arrow_patch.set_gid("hidden")


class Recorder(RendererBase):
    """A renderer that notes what it is to draw; letters have no width here."""

    def __init__(self):
        super().__init__()
        self.places = []
        self._groups = []

    def open_group(self, s, gid=None):
        self._groups.append((s, gid))

    def close_group(self, s):
        self._groups.pop()

    def points_to_pixels(self, points):
        return points * POINT

    def flipy(self):
        return False

    def option_image_nocomposite(self):
        return True

    def get_image_magnification(self):
        return DENSE

    def get_text_width_height_descent(self, s, prop, ismath):
        return 0.0, 0.0, 0.0

    def draw_path(self, gc, path, transform, rgbFace=None):
        if self._is_in("PathCollection"):
            self._extents(gc, path.get_extents(transform), np.zeros((1, 2)), rgbFace)
            return
        stroke, fill = _colours(gc, rgbFace)
        frame = self._is_in("frame", "xtick", "ytick")
        kind = {"frame": "frame", None: key("line", stroke)}.get(frame, "grid")
        if stroke:
            for corners in path.to_polygons(transform, closed_only=False):
                self._add(kind, corners, gc, TICK if frame == "frame" else None)
        if fill and not frame:
            for corners in path.to_polygons(transform):
                thin = np.ptp(corners, axis=0).min() < SLIVER
                self._add(key("area", fill), corners, gc, needed=not thin)

    def draw_markers(self, gc, marker_path, marker_trans, path, trans, rgbFace=None):
        at = trans.transform(path.vertices)
        at = at[np.isfinite(at).all(axis=1)]
        if self._is_in("xtick", "ytick"):
            tick = marker_path.transformed(marker_trans).vertices
            is_major = np.ptp(tick, axis=0).max() > MINOR
            for corners in at[:, None] + tick:
                self._add("frame", corners, gc, TICK, is_major)
        elif self._is_in("line2d", "PathCollection"):
            self._extents(gc, marker_path.get_extents(marker_trans), at, rgbFace)
        else:  # as which matplotlib also draws a single area
            super().draw_markers(gc, marker_path, marker_trans, path, trans, rgbFace)

    def _extents(self, gc, extents, at, face):
        """Note the same marker at some places, with its edge."""
        stroke, fill = _colours(gc, face)
        edge = self.points_to_pixels(gc.get_linewidth()) / 2 if stroke else 0.0
        corners = [extents.min - edge, extents.max + edge]
        for place in at:
            self._add(key("marker", stroke, fill), place + corners, gc)

    def draw_image(self, gc, x, y, im, transform=None):
        rows, columns = (np.arange(n + 1) / DENSE for n in im.shape[:2])
        self._picture(x + columns, y + rows, im)

    def draw_quad_mesh(
        self, gc, master_transform, meshWidth, meshHeight, coordinates, *looks
    ):
        x = master_transform.transform(coordinates[0])[:, 0]
        y = master_transform.transform(coordinates[:, 0])[:, 1]
        _, _, facecolors, *_ = looks
        cells = np.reshape(facecolors, (meshHeight, meshWidth, 4))
        self._picture(x, y, np.round(255 * cells))

    def _picture(self, x, y, rgba):
        """Note columns and rows of colours between such edges."""
        axes, panel = self._place()
        x = _in_box(axes, panel, np.column_stack([x, 0 * x]))[:, 0]
        y = _in_box(axes, panel, np.column_stack([0 * y, y]))[:, 1]
        if x[0] > x[-1]:
            x, rgba = x[::-1], rgba[:, ::-1]
        if y[0] > y[-1]:
            y, rgba = y[::-1], rgba[::-1]
        panel.pictures.append(Picture(x, y, rgba))

    def draw_text(self, gc, x, y, s, prop, angle, ismath=False, mtext=None):
        axis = {"xtick": "x", "ytick": "y"}.get(self._is_in("xtick", "ytick"))
        if mtext is not None:  # it tells where it is held, x and y where it begins
            x, y = mtext.get_transform().transform(mtext.get_unitless_position())
        if axis:
            self._add(label(axis, letters(s)), [(x, y)], gc, needed=False)
        elif self._is_in("words"):
            self._add(f"words {letters(s)!r}", [(x, y)], gc)

    def _add(self, kind, corners, gc, reach=None, needed=True):
        """Note a mark, unless it is of those that are not compared."""
        axes, panel = self._place()
        if panel is not None:
            clipped = gc.get_clip_rectangle() is not None
            reach = (0.0 if clipped else UNCLIPPED) if reach is None else reach
            panel.add(kind, _in_box(axes, panel, corners), reach, needed)

    def _place(self):
        """The axes and the panel that is drawn in, if its marks are compared."""
        if self._is_in("legend", "hidden"):
            return None, None
        numbers = [int(gid) for s, gid in self._groups if s == "axes"]
        return self.places[numbers[0]] if numbers else (None, None)

    def _is_in(self, *names):
        """The first of such names that a group has in which this is drawn."""
        return next(
            (n for n in names if any(n in group for group in self._groups)), None
        )


def _colours(gc, face):
    """Of the edge and of the filling, each None where nothing is to be seen."""
    edge = gc.get_rgb() if gc.get_linewidth() > 0 else None
    if face is not None and (gc.get_forced_alpha() or len(face) == 3):
        face = (*face[:3], gc.get_alpha())
    return [
        tuple(rgba) if rgba is not None and rgba[3] > 0 else None
        for rgba in (edge, face)
    ]


def _in_box(axes, panel, points):
    """From pixels of the canvas, y upwards, to those of the panel's box."""
    share = (points - axes.bbox.min) / axes.bbox.size
    return (share * (1, -1) + (0, 1)) * panel.size
