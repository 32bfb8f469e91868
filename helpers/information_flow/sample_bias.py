"""How far the plug-in entropy of n samples is below the truth on average."""

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike

from helpers.information_flow.arguments import check_count
from helpers.information_flow.scalar_channel import chi2_information

_LOG_LARGEST = 709.0  # whose exponential is finite


@dataclass(frozen=True)
class BiasLaw:
    """How far the plug-in estimator is below the truth on average; by `bias_law`.

    Attributes:
        leading: I_chi2 / (2n), the bias up to terms of order 1/n^2.
        bound: ln(1 + I_chi2 / n), never exceeded.
        chi2: I_chi2(S; S + Z).
    """

    leading: float
    bound: float
    chi2: float


def bias_law(
    n: int,
    dim: int,
    beta: float,
    atoms: ArrayLike = (-1.0, 1.0),
    probabilities: ArrayLike | None = None,
) -> BiasLaw:
    """Bias h - E h_n of the plug-in estimator for independent coordinates.

    It is E KL(smoothed samples || smoothed law), between 0 and ln(1 + I_chi2 / n), and
    I_chi2 / (2n) to leading order. With c the `chi2_information` of one coordinate,
    1 + I_chi2 = (1 + c)^d: exponential in the dimension. Our form of the negative bias
    that Goldfeld et al. find; their later work bounds risks by the same information.

    Args:
        n: number of samples.
        dim: d, number of coordinates, each on the same atoms.
        beta: standard deviation of the noise, > 0.
        atoms: of one coordinate, [k]; the default makes S a corner of the cube.
        probabilities: of the atoms, [k]; None for equal ones.

    Raises:
        ValueError: n or dim below 1, and as in `atom_information`.
    """
    check_count("n", n)
    check_count("dim", dim)
    found = chi2_information(atoms, beta, probabilities)
    if found.ndim > 0:
        raise ValueError(
            f"atoms and probabilities must be [k], got channels {list(found.shape)}"
        )
    c = float(found)
    log = dim * math.log1p(c)
    if log > _LOG_LARGEST:
        return BiasLaw(math.inf, log - math.log(n), math.inf)
    chi2 = math.expm1(log)
    return BiasLaw(chi2 / (2 * n), math.log1p(chi2 / n), chi2)
