"""Expected regions and distances of random ReLU networks, in closed form."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helpers.linear_regions.reading import check_count as _check_count
from helpers.linear_regions.reading import finite

_HE = math.sqrt(2)
_LARGEST = 1e100  # a few such numbers have a finite product
_FARTHEST = 1e50
_HALF_SPHERE = 2 * math.pi  # its area, and its perimeter too


def breakpoint_scale(
    layer: int,
    sigma_b: float,
    n_in: int,
    *,
    distance: float = 0.0,
    sigma_w: float = _HE,
) -> float:
    """Return gamma_l, the width of the Cauchy law of layer l's breakpoints on a line.

    Our derivation, for ReLU at infinite width, W_l ~ N(0, sigma_w^2 / n_{l-1}) and
    b ~ N(0, sigma_b^2); with c = sigma_w^2 / 2,

        gamma_l^2 = distance^2
            + n_in sigma_b^2 (1 + .. + c^{l-1}) / (sigma_w^2 c^{l-1}),

    which for He initialisation (c = 1) is distance^2 + l n_in sigma_b^2 / 2.

    Args:
        layer: l, 1 or more.
        sigma_b: scale of the biases, 0 or more.
        n_in: number of inputs.
        distance: distance from the line to the origin, 0 or more.
        sigma_w: scale of the weights, above 0.

    Raises:
        ValueError: an argument out of its range.
    """
    _check_count(1, layer=layer, n_in=n_in)
    _check_not_negative(sigma_b=sigma_b, distance=distance)
    _check_positive(sigma_w=sigma_w)
    if sigma_b == 0:
        return float(distance)
    with np.errstate(over="ignore"):
        total = (np.float64(2 / sigma_w**2) ** np.arange(layer)).sum()
        width = np.float64(sigma_b / sigma_w) * np.sqrt(n_in * total)
    if not np.isfinite(width):
        raise ValueError(
            f"sigma_w must not be so small that gamma_l overflows in layer {layer}, "
            f"got {sigma_w!r}"
        )
    return math.hypot(distance, width)


def breakpoint_density(t: ArrayLike, scale: float) -> NDArray[np.float64]:
    """Return the expected breakpoints per neuron and unit of length, at t on a line.

    The Cauchy law scale / (pi (scale^2 + t^2)), by the Kac-Rice formula: our
    derivation, at infinite width; exact in layer 1 at every width. It integrates to 1:
    on a whole line each neuron has one breakpoint in expectation, whatever its layer.

    Args:
        t: distance along the line from the point nearest the origin.
        scale: gamma_l, from `breakpoint_scale`, above 0.

    Raises:
        TypeError: `t` no real numbers.
        ValueError: `scale` not above 0, `t` not finite.
    """
    _check_positive(scale=scale)
    distance = np.hypot(scale, finite("t", t).numpy())
    density: NDArray[np.float64] = scale / distance / distance / np.pi
    return density


def expected_breakpoints(
    widths: Sequence[int],
    sigma_b: float,
    start: ArrayLike,
    end: ArrayLike,
    *,
    sigma_w: float = _HE,
) -> NDArray[np.float64]:
    """Return the expected number of breakpoints of each hidden layer on a segment.

    Layer l has n_l (arctan(b / gamma_l) - arctan(a / gamma_l)) / pi on the part [a, b]
    of a line, measured from its point nearest the origin: the integral of
    `breakpoint_density`. Our derivation, for ReLU networks with independent Gaussian
    weights and biases; exact in layer 1, the limit of infinite width in the others.
    With sigma_b = 0 on a line through the origin all of them fall on the origin.

    Args:
        widths: hidden widths [n_1, .., n_L].
        sigma_b: scale of the biases, 0 or more.
        start: one end of the segment, [n_in].
        end: the other end, [n_in], different from `start`.
        sigma_w: scale of the weights, W_l ~ N(0, sigma_w^2 / n_{l-1}), above 0.

    Returns:
        [L].

    Raises:
        ValueError: an argument out of its range, or start equal to end.
    """
    p, q = finite("start", start).numpy(), finite("end", end).numpy()
    if p.ndim != 1 or p.shape != q.shape or np.array_equal(p, q):
        raise ValueError(
            "start and end must be two different points of shape [n_in], "
            f"got shapes {p.shape} and {q.shape}"
        )
    if max(np.abs(p).max(), np.abs(q).max()) > _FARTHEST:
        raise ValueError(
            f"start and end must be at most {_FARTHEST:g} in size, got {start!r:.80} "
            f"and {end!r:.80}"
        )
    direction = (q - p) / np.abs(q - p).max()
    direction /= np.linalg.norm(direction)
    a, b = p @ direction, q @ direction
    distance = np.float64(np.linalg.norm(p - a * direction))
    _check_count(1, **{f"widths[{i}]": width for i, width in enumerate(widths)})
    gamma = [
        breakpoint_scale(layer, sigma_b, len(p), distance=distance, sigma_w=sigma_w)
        for layer in range(1, len(widths) + 1)
    ]
    angle = np.arctan2(b, gamma) - np.arctan2(a, gamma)
    expected: NDArray[np.float64] = np.asarray(widths) * angle / np.pi
    return expected


def expected_plane_regions(n_neurons: int, area: float, perimeter: float) -> float:
    """Return the expected number of activation regions in a window of a plane.

    With N neurons, 1 + N P / (2 pi) + N (N - 1) A / (4 pi), where A and P are the
    area and the perimeter of a convex window on the sphere (`window_on_sphere`). Our
    derivation, for ReLU networks of infinite width at He initialisation with small
    biases: each neuron draws a random great circle. Exact for one hidden layer without
    biases. A whole plane has A = P = 2 pi: 1 + N + N (N - 1) / 2, Zaslavsky's count
    for N lines.

    Args:
        n_neurons: N, 0 or more.
        area: A, in [0, 2 pi].
        perimeter: P, in [0, 2 pi].

    Raises:
        ValueError: an argument out of its range.
    """
    _check_count(0, n_neurons=n_neurons)
    for name, value in {"area": area, "perimeter": perimeter}.items():
        if not 0 <= value <= _HALF_SPHERE * (1 + 1e-12):
            raise ValueError(f"{name} must be between 0 and 2 pi, got {value}")
    pairs = n_neurons * (n_neurons - 1) / 2
    return 1 + (n_neurons * perimeter + pairs * area) / (2 * math.pi)


def expected_distance(n_neurons: int, norm: float, n_in: int) -> float:
    """Return the expected distance to the nearest boundary at zero bias.

    norm sqrt(pi / 2) / (N E chi_{n_in - 1}), where chi_k is the length of a standard
    Gaussian vector in k dimensions. Our derivation, for ReLU at He initialisation: the
    least of N nearly independent |z| / ||grad z|| is nearly exponential.

    Args:
        n_neurons: N, 1 or more.
        norm: |x|, 0 or more.
        n_in: number of inputs, 2 or more.

    Raises:
        ValueError: an argument out of its range.
    """
    _check_count(1, n_neurons=n_neurons)
    _check_not_negative(norm=norm)
    _check_count(2, n_in=n_in)
    log_ratio = math.lgamma(n_in / 2) - math.lgamma((n_in - 1) / 2)
    return norm * math.sqrt(math.pi) / (2 * n_neurons * math.exp(log_ratio))


def density_bound(
    n_neurons: int, sigma_b: float, *, c_grad: float = _HE, n_kinks: int = 1
) -> float:
    """Return the upper bound on the density of boundaries, T N C_grad C_bias.

    Hanin & Rolnick 2019, codimension k = 1: expected volume of the boundary in K over
    the volume of K; on a line, expected breakpoints per unit of length. C_grad bounds
    E ||grad z(x)||, C_bias = 1 / (sigma_b sqrt(2 pi)) the density of a Gaussian bias.
    The theorem has 2 C_grad C_bias; for k = 1 the factor 2 is not needed (ours).

    Args:
        n_neurons: N, 0 or more.
        sigma_b: scale of the biases, 0 or more; the bound is inf at 0.
        c_grad: C_grad, above 0; sqrt(2) at He initialisation, in any layer (ours).
        n_kinks: T, kinks of the activation, 1 for ReLU and 2 for hard tanh.

    Raises:
        ValueError: an argument out of its range.
    """
    _check_count(0, n_neurons=n_neurons)
    _check_not_negative(sigma_b=sigma_b)
    _check_count(1, n_kinks=n_kinks)
    _check_positive(c_grad=c_grad)
    if sigma_b == 0:
        return math.inf
    return n_kinks * n_neurons * c_grad / (float(sigma_b) * math.sqrt(2 * math.pi))


def distance_bound(
    n_neurons: int, sigma_b: float, *, c_grad: float = _HE, n_kinks: int = 1
) -> float:
    """Return the lower bound on the expected distance to the nearest boundary.

    1 / (4 T N C_grad C_bias). Hanin & Rolnick 2019 prove C / N; the constant is ours:
    P(distance <= d) <= 2 d T N C_grad C_bias by a union bound, then integrate over d.

    Args:
        n_neurons: N, 1 or more.
        sigma_b: scale of the biases, 0 or more.
        c_grad: as in `density_bound`.
        n_kinks: as in `density_bound`.

    Raises:
        ValueError: an argument out of its range.
    """
    _check_count(1, n_neurons=n_neurons)
    return 1 / (4 * density_bound(n_neurons, sigma_b, c_grad=c_grad, n_kinks=n_kinks))


def _check_not_negative(**arguments: float) -> None:
    for name, value in arguments.items():
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} must be finite and at least 0, got {value}")
        if value > _LARGEST:
            raise ValueError(f"{name} must be at most {_LARGEST:g}, got {value}")


def _check_positive(**arguments: float) -> None:
    for name, value in arguments.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} must be finite and above 0, got {value}")
        if not 1 / _LARGEST <= value <= _LARGEST:
            raise ValueError(
                f"{name} must lie in [{1 / _LARGEST:g}, {_LARGEST:g}], got {value}"
            )
