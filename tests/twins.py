"""Slow, obvious twins of the exact counters: one region, one neuron at a time."""

from itertools import pairwise

import numpy as np
import torch
from torch import nn

from helpers.networks import Abs


def read(net):
    """Return [(W, b, kinks, slopes, offsets)] for the hidden layers, then (W, b)."""
    modules = list(net)
    hidden = [
        (*affine(linear), *pieces(phi))
        for linear, phi in zip(modules[:-1:2], modules[1::2], strict=True)
    ]
    return hidden, affine(modules[-1])


def affine(linear):
    weight = linear.weight.detach().numpy()
    bias = (
        np.zeros(len(weight)) if linear.bias is None else linear.bias.detach().numpy()
    )
    return weight, bias


def pieces(phi):
    """Return (kinks, slopes, offsets), the slopes and offsets measured."""
    if isinstance(phi, nn.Hardtanh):
        kinks = [phi.min_val, phi.max_val]
    else:
        assert isinstance(phi, nn.ReLU | nn.LeakyReLU | Abs)
        kinks = [0.0]
    inside = np.array([kinks[0] - 1, *np.add(kinks[1:], kinks[:-1]) / 2, kinks[-1] + 1])
    step = 2.0**-10
    value, ahead = (phi(torch.tensor(z)).numpy() for z in (inside, inside + step))
    slopes = (ahead - value) / step
    return kinks, slopes, value - slopes * inside


def line_breakpoints(net, start, end):
    """Breakpoints on one segment: every neuron tried in every cell of every layer."""
    hidden, _ = read(net)
    cells = [(0.0, 1.0, end - start, start)]  # x = velocity * t + constant on [a, b]
    for weight, bias, kinks, slopes, offsets in hidden:
        refined = []
        for a, b, velocity, constant in cells:
            dz, z = weight @ velocity, weight @ constant + bias
            times = {a, b}
            for neuron in range(len(z)):
                for kink in kinks:
                    if dz[neuron] != 0:
                        t = (kink - z[neuron]) / dz[neuron]
                        if a < t < b:
                            times.add(t)
            knots = sorted(times)
            for left, right in pairwise(knots):
                middle = z + dz * (left + right) / 2
                piece = np.searchsorted(kinks, middle)
                velocity = slopes[piece] * dz
                constant = slopes[piece] * z + offsets[piece]
                refined.append((left, right, velocity, constant))
        cells = refined
    return np.array([right for _, right, _, _ in cells[:-1]])


def plane_polygons(net, origin, u, v, extent):
    """Polygons of a window and the output's affine map in each, region by region."""
    hidden, (w_out, b_out) = read(net)
    s0, s1, t0, t1 = extent
    window = np.array([(s0, t0), (s1, t0), (s1, t1), (s0, t1)], dtype=float)
    regions = [(window, np.column_stack([u, v, origin]))]
    for weight, bias, kinks, slopes, offsets in hidden:
        refined = []
        for polygon, h in regions:
            z = weight @ h
            z[:, 2] += bias
            parts = [polygon]
            for row in z:
                for kink in kinks:
                    parts = [
                        part
                        for whole in parts
                        for part in cut(whole, row[0], row[1], row[2] - kink)
                    ]
            for part in parts:
                s, t = np.mean(part, axis=0)
                piece = np.searchsorted(kinks, z @ (s, t, 1))
                after = slopes[piece][:, None] * z
                after[:, 2] += offsets[piece]
                refined.append((part, after))
        regions = refined
    polygons = [polygon for polygon, _ in regions]
    maps = np.array([w_out @ h + b_out[:, None] * [0, 0, 1] for _, h in regions])
    return polygons, maps


def cut(polygon, a, b, c):
    """Split a convex polygon along a s + b t + c = 0; one or two polygons."""
    gaps = polygon @ (a, b) + c
    if gaps.min() >= 0 or gaps.max() <= 0:
        return [polygon]
    above, below = [], []
    for i, (point, gap) in enumerate(zip(polygon, gaps, strict=True)):
        if gap * gaps[i - 1] < 0:
            share = gap / (gap - gaps[i - 1])
            crossing = point + share * (polygon[i - 1] - point)
            above.append(crossing)
            below.append(crossing)
        if gap >= 0:
            above.append(point)
        if gap <= 0:
            below.append(point)
    return [np.array(above), np.array(below)]


def linear_distance(weight, bias, image, label, box=None):
    """Distance to the nearest error of a linear classifier, class by class.

    In a box the shortest step is clip(s g) for a scale s >= 0, and g . clip(s g) grows
    linearly between the scales at which a pixel reaches the box: sort these.
    """
    found = []
    for j in set(range(len(bias))) - {label}:
        g = weight[j] - weight[label]
        target = -(g @ image + bias[j] - bias[label])
        if box is None:
            found.append(target / np.linalg.norm(g))
            continue
        room = np.where(g > 0, box[1] - image, image - box[0])
        scales = np.append(0, np.sort(room / np.abs(g)))
        gains = [(np.minimum(np.abs(g) * s, room) * np.abs(g)).sum() for s in scales]
        if gains[-1] >= target:
            scale = np.interp(target, gains, scales)
            found.append(np.linalg.norm(np.minimum(np.abs(g) * scale, room)))
    return min(found, default=np.inf)
