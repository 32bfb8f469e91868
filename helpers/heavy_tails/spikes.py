"""A rank-one signal in noise: when and where it leaves the bulk (chapter 9)."""

from dataclasses import dataclass

from helpers.heavy_tails.arguments import check_number
from helpers.heavy_tails.marchenko_pastur import MarchenkoPastur

_STRONGEST = 1e50  # signal over noise; powers of it up to 4 are computed


@dataclass(frozen=True)
class Spike:
    """What a rank-one signal in noise looks like; made by `bbp`.

    Attributes:
        position: limit of the largest eigenvalue of W^T W.
        left: limit of <u, u'>^2, u' the left singular vector, in R^N.
        right: limit of <v, v'>^2, v' the right one, in R^M.
        variance: limit of N times the variance of the largest eigenvalue; 0 where
            there is no spike: there it fluctuates on the smaller Tracy-Widom scale.
    """

    position: float
    left: float
    right: float
    variance: float


def bbp(theta: float, q: float, sigma: float = 1.0) -> Spike:
    """Return the spike of W = noise + theta u v^T, u and v of length 1.

    Baik, Ben Arous & Peche's transition for the additive model (Benaych-Georges &
    Nadakuditi 2012). With c = 1 / Q and h = (theta / sigma)^2 a spike leaves the bulk
    iff h > sqrt(c), and then

        position = sigma^2 (1 + h)(c + h) / h
        right = 1 - c (1 + h) / (h (h + c)),   left = 1 - (c + h) / (h (h + 1))
        variance = 2 sigma^4 (1 + c + 2 h)(1 - c / h^2),

    the last for Gaussian noise (derived in chapter 9). Johnstone's 2 (1 + h)^2
    (1 - c / h^2) is for another model, a spike of random amplitude.

    Args:
        theta: strength >= 0, at most 1e50 sigma.
        q: Q = N / M >= 1.
        sigma: of the noise, as in `MarchenkoPastur`.

    Raises:
        ValueError: an argument out of its range.
    """
    noise = MarchenkoPastur(q, sigma)
    check_number("theta", theta, 0)
    if theta / sigma > _STRONGEST:
        raise ValueError(
            f"theta must be at most {_STRONGEST:g} sigma, got {theta!r} for {sigma!r}"
        )
    c, h = 1 / q, (theta / sigma) ** 2
    if h * h <= c:
        return Spike(noise.edges[1], 0.0, 0.0, 0.0)
    return Spike(
        position=sigma**2 * (1 + h) * (c + h) / h,
        left=1 - (c + h) / (h * (h + 1)),
        right=1 - c * (1 + h) / (h * (h + c)),
        variance=2 * sigma**4 * (1 + c + 2 * h) * (1 - c / h**2),
    )
