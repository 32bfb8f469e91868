"""Draw the pictures on the chapters' cards: one idea each, no words, as SVG.

    python tools/thumbnails.py      writes book/_static/cards/*.svg

Lines take the colour of the text around them (currentColor), so that a card is right in
light and in dark. Chapters 2, 6 and 9 show the same picture where a browser cannot run
their live piece.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from helpers import (
    edge_of_chaos,
    encoder_decoder,
    heavy_tails,
    linear_regions,
    networks,
    sgd_noise,
    style,
    well_behaved,
)

ROOT = Path(__file__).resolve().parent.parent
CARDS = ROOT / "book" / "_static" / "cards"
WIDTH, HEIGHT, MARGIN = 320, 200, 12
Array = NDArray[np.float64]


def color(name: str) -> str:
    """A colour of the palette, lighter on dark pages; "ink" is that of the text."""
    if name == "ink":
        return "currentColor"
    return f"var(--dlt-{name},{style.COLORS[name].lower()})"


class Frame:
    """Where points fall on the card."""

    def __init__(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        self._low = np.array([x[0], y[0]])
        self._size = np.array([x[1] - x[0], y[1] - y[0]])

    def at(self, points: ArrayLike) -> Array:
        """Points [n, 2] in whole pixels, y downwards."""
        part = (np.asarray(points, float) - self._low) / self._size
        inner = np.array([WIDTH, HEIGHT]) - 2 * MARGIN
        placed = MARGIN + part * inner
        placed[:, 1] = HEIGHT - placed[:, 1]
        rounded: Array = np.round(placed)
        return rounded

    def line(
        self, points: ArrayLike, name: str, width: float = 4, dash: str = ""
    ) -> str:
        """A curve through points."""
        look = f"fill:none;stroke:{color(name)};stroke-width:{width}"
        dashed = f";stroke-dasharray:{dash}" if dash else ""
        path = " ".join(f"{x:.0f},{y:.0f}" for x, y in self.at(points))
        return f'<polyline style="{look}{dashed}" points="{path}"/>'

    def dots(self, points: ArrayLike, name: str, size: float = 5) -> str:
        """A dot at each point."""
        look = (
            f"fill:none;stroke:{color(name)};stroke-width:{size};stroke-linecap:round"
        )
        path = "".join(f"M{x:.0f} {y:.0f}h0" for x, y in self.at(points))
        return f'<path style="{look};stroke-linecap:round" d="{path}"/>'

    def area(
        self, points: ArrayLike, name: str, opacity: float, edge: float = 0
    ) -> str:
        """A polygon, filled; edge is the width of its outline."""
        look = f"fill:{color(name)};fill-opacity:{opacity:.2g};stroke:{color(name)}"
        path = "L".join(f"{x:.0f} {y:.0f}" for x, y in self.at(points))
        return f'<path style="{look};stroke-width:{edge:g}" d="M{path}Z"/>'


WINDOW = (-1.6, 1.6, -1.0, 1.0)


def regions() -> Iterable[str]:
    """Chapter 1: the plane, cut by a random ReLU network."""
    net = networks.mlp([2, 6, 6, 1], sigma_w=math.sqrt(2), sigma_b=0.6, seed=3)
    found = linear_regions.plane_regions(net, [0, 0], [1, 0], [0, 1], WINDOW)
    frame = Frame((-1.6, 1.6), (-1, 1))
    names = ("blue", "sky", "orange", "vermillion", "green", "purple")
    for k, polygon in enumerate(found.polygons):
        yield frame.area(polygon, names[k % len(names)], 0.4, 1)


def angles() -> Iterable[str]:
    """Chapter 2: the angle of two inputs, layer by layer, at three weight scales."""
    frame = Frame((0, 30), (0, 100))
    edge = edge_of_chaos.edge_of_chaos("tanh", 0.2).sigma_w
    for sigma_w, name in ((0.9, "blue"), (edge, "ink"), (2.5, "vermillion")):
        path = edge_of_chaos.correlation_trajectory("tanh", sigma_w, 0.2, 0.5, 30)
        degrees = np.rad2deg(np.arccos(np.clip(path.c, -1, 1)))
        yield frame.line(np.column_stack([np.arange(31), degrees]), name, 5)


def sensitivity() -> Iterable[str]:
    """Chapter 3: noise grows as a power of depth with skips, exponentially without."""
    frame = Frame((0, 60), (0, 13))
    inputs = np.random.default_rng(0).normal(size=(256, 32))
    few: dict[str, Any] = {"n_draws": 4, "ranks": False, "noise_ranks": False}
    for kind, name in (("batch_norm", "vermillion"), ("batch_norm_residual", "blue")):
        found = well_behaved.propagate(kind, 60, 32, inputs, seed=0, **few)  # type: ignore[arg-type]
        mean = np.asarray(found.log_chi).mean(axis=0)
        shown = np.column_stack([np.arange(len(mean)), mean])
        yield frame.line(shown, name, 5)


def jump() -> Iterable[str]:
    """Chapter 4: a jump in noise, and a frame that keeps the jump."""
    frame = Frame((0, 63), (-2, 2))
    clean = torch.where(torch.arange(64) < 32, 1.0, -1.0)
    noise = 0.45 * torch.randn(64, generator=torch.Generator().manual_seed(1))
    kept = encoder_decoder.haar_threshold(clean + noise, 1.2)
    index = np.arange(64)
    yield frame.dots(np.column_stack([index, (clean + noise).numpy()]), "sky", 7)
    yield frame.line(np.column_stack([index, kept.numpy()]), "ink", 4)


def valley() -> Iterable[str]:
    """Chapter 5: the straight way climbs, another stays in the valley."""
    frame = Frame((-2.4, 2.4), (-1.5, 1.5))
    turn = np.linspace(0, 2 * math.pi, 49)
    ring = np.column_stack([np.cos(turn), np.sin(turn)])
    band = np.concatenate([1.45 * ring, 0.75 * ring[::-1]])
    yield frame.area(band * [1.5, 0.95], "blue", 0.2)
    half = 1.1 * ring[:25] * [1.5, 0.95]
    yield frame.line(half[[0, -1]], "vermillion", 4, "10 7")
    yield frame.line(half, "blue", 5)
    yield frame.dots(half[[0, -1]], "ink", 16)


def basins() -> Iterable[str]:
    """Chapter 6: particles that leave a sharp basin for a flat one."""
    frame = Frame((-3.57, 3.07), (-2.2, 1.75))
    turn = np.linspace(0, 2 * math.pi, 41)
    ring = np.column_stack([np.cos(turn), np.sin(turn)])
    diagonals = np.array([[1.0, -1.0], [1.0, 1.0]]) / math.sqrt(2)
    for level in (0.8, 3.0, 6.0):
        sharp = ring * np.sqrt(level / np.array([10.0, 100.0]))
        yield frame.line(1 + sharp @ diagonals, "ink", 1.5)
        yield frame.line(-1 + ring * math.sqrt(level) / 2.2, "ink", 1.5)
    run = sgd_noise.TwoBasins().escape("hessian", runs=220, seed=1)
    ends, left = run.paths[:, -1], run.exit_step > 0
    yield frame.dots(ends[left], "vermillion", 5)
    yield frame.dots(ends[~left], "blue", 5)


def staircase() -> Iterable[str]:
    """Chapter 7: what a linear classifier gets right on pixels and each layer."""
    stored = _stored("greedy_layerwise", "cifar10_k3")["linear_separability"]
    frame = Frame((0, len(stored) - 0.2), (0, 0.72))
    for k, found in enumerate(stored):
        tall = found["test"]
        corners = [(k, 0), (k, tall), (k + 0.8, tall), (k + 0.8, 0)]
        yield frame.area(corners, "blue", 0.25 + 0.15 * k)


def compression() -> Iterable[str]:
    """Chapter 8: what the last layer knows of the input, as it trains; stored."""
    stored = _stored("information_flow", "penalty")["kinds"]
    frame = Frame((0, 2), (0, 8))
    for kind, name in (("orthonormal", "blue"), ("plain", "vermillion")):
        runs = np.array(stored[kind]["information"])
        for run in runs[:20]:
            yield frame.line(np.column_stack([[0, 1, 2], run]), name, 1)
        yield frame.line(np.column_stack([[0, 1, 2], runs.mean(axis=0)]), name, 6)


def spectrum() -> Iterable[str]:
    """Chapter 9: the bulk of noise under its law, and one signal outside."""
    frame = Frame((0, 4.6), (0, 0.95))
    w = heavy_tails.spiked_matrix(800, 400, 1.5, seed=1)[0]
    values = heavy_tails.spectrum(w)
    count, ends = np.histogram(values, np.linspace(0, 4.6, 47), density=True)
    for height, left, right in zip(count, ends, ends[1:], strict=False):
        if height:
            tall = max(float(height), 0.06)  # one eigenvalue is to be seen
            name = "sky" if left < 3 else "vermillion"
            box = [(left, 0), (left, tall), (right, tall), (right, 0)]
            yield frame.area(box, name, 0.8)
    law = heavy_tails.MarchenkoPastur(2)
    grid = np.linspace(*law.edges, 40)
    yield frame.line(np.column_stack([grid, law.density(grid)]), "ink", 4)


def halfspace() -> Iterable[str]:
    """Chapter 10: noisy copies around an image, few beyond the nearest error."""
    frame = Frame((-4.8, 4.8), (-3, 3))
    points = np.random.default_rng(2).normal(size=(170, 2))
    away = np.array([math.cos(0.5), math.sin(0.5)])
    side, reach = np.array([-away[1], away[0]]), 1.6
    beyond = points @ away > reach
    yield frame.dots(points[~beyond], "sky", 6)
    yield frame.dots(points[beyond], "vermillion", 8)
    foot = reach * away
    yield frame.line([foot - 2.6 * side, foot + 2.6 * side], "ink", 3)
    yield frame.line([0 * foot, foot], "ink", 4)
    yield frame.dots([(0, 0)], "ink", 14)


DRAWN: dict[str, Callable[[], Iterable[str]]] = {
    "01_linear_regions": regions,
    "02_edge_of_chaos": angles,
    "03_well_behaved": sensitivity,
    "04_encoder_decoder": jump,
    "05_sublevel_sets": valley,
    "06_sgd_noise": basins,
    "07_greedy_layerwise": staircase,
    "08_information_flow": compression,
    "09_heavy_tails": spectrum,
    "10_adversarial_noise": halfspace,
}


def card(chapter: str) -> str:
    """The picture of a chapter, as the text of an SVG file."""
    inside = "\n".join(DRAWN[chapter]())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">\n'
        f"{inside}\n</svg>\n"
    )


def _stored(room: str, run: str) -> dict[str, Any]:
    path = ROOT / "helpers" / room / "results" / f"{run}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def main() -> None:
    """Write every picture."""
    CARDS.mkdir(parents=True, exist_ok=True)
    for chapter in DRAWN:
        (CARDS / f"{chapter}.svg").write_text(card(chapter), encoding="utf-8")


if __name__ == "__main__":
    main()
