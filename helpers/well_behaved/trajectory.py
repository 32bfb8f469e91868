"""The moments by draw and layer, and what is derived from them."""

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from helpers.well_behaved.arguments import check_level

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class MomentTrajectory:
    """Moments by draw and layer; made by `propagate`.

    A draw is one network with one batch. States l = 0..L are the inputs and what the L
    layers (units of a residual network) return: arrays [draws, L + 1]. What happens
    within layer l (the first layer of a residual branch) is at index l - 1 of
    arrays [draws, L].

    Attributes:
        log_nu2: log nu_2(h_l) - log nu_2(h_0).
        log_mu2: log mu_2(h_l) - log mu_2(h_0).
        log_noise: log mu_2(dh_l) - log mu_2(dh_0).
        variability: mu_2(h_l) / nu_2(h_l); towards 0, a zero-dimensional signal.
        rank: effective rank Tr C / ||C||_2 of the signal; towards 1, one-dimensional.
        noise_rank: the same of the noise. None, as is `rank`, if it was not asked for.
        affine_growth: factor of chi from h_(l-1) to the pre-activations, after batch
            norm where there is one: the paper's delta_BN chi.
        activation_growth: factor of chi from there through ReLU: delta_phi chi.
        mean_abs: nu_1(|z|) of the pre-activations, centred and scaled by channel.
        kurtosis: mu_4(z), of the same.
        sign_product: E_c[nu_1(z+) nu_1(z-)] / mu_2(z), z as they are.
        mixed_signs: share of channels in which z has both signs.
        n_dead: draws left out because a layer let no signal through; the paper's
            theorem for vanilla networks leaves them out too.
    """

    log_nu2: Array
    log_mu2: Array
    log_noise: Array
    variability: Array
    rank: Array | None
    noise_rank: Array | None
    affine_growth: Array
    activation_growth: Array
    mean_abs: Array
    kurtosis: Array
    sign_product: Array
    mixed_signs: Array
    n_dead: int

    def __repr__(self) -> str:
        return f"MomentTrajectory(draws={self.n_draws}, depth={self.depth})"

    @property
    def n_draws(self) -> int:
        """Number of draws that are left."""
        return len(self.log_nu2)

    @property
    def depth(self) -> int:
        """L, the number of layers or residual units."""
        return int(self.log_nu2.shape[1]) - 1

    @property
    def log_chi(self) -> Array:
        """Logarithm of the normalized sensitivity, [draws, L + 1]."""
        return (self.log_noise - self.log_mu2) / 2

    @property
    def chi(self) -> Array:
        """Normalized sensitivity chi_l, [draws, L + 1]; inf where it overflows."""
        with np.errstate(over="ignore"):
            return np.exp(self.log_chi)

    @property
    def growth(self) -> Array:
        """The increments delta chi_l = chi_l / chi_(l-1), [draws, L]."""
        return np.exp(np.diff(self.log_chi))

    @property
    def predicted_activation_growth(self) -> Array:
        """Labatie's (1 - 2 E_c[nu_1(z+) nu_1(z-)] / mu_2(z))^(-1/2), [draws, L]."""
        return (1 - 2 * self.sign_product) ** -0.5

    def interval(self, name: str, level: float = 0.95) -> tuple[Array, Array, Array]:
        """Return mean over draws and its Student confidence interval, layer by layer.

        Args:
            name: an attribute of this class that holds an array.
            level: of confidence, between 0 and 1.

        Returns:
            mean, low and high, [L + 1] or [L] each.

        Raises:
            ValueError: unknown name, level out of range, fewer than 2 draws.
        """
        names = [f.name for f in fields(self) if f.name != "n_dead"]
        names += ["log_chi", "chi", "growth", "predicted_activation_growth"]
        values = getattr(self, name) if name in names else None
        if values is None:
            raise ValueError(f"name must be an array of these: {names}, got {name!r}")
        check_level(level)
        if self.n_draws < 2:
            raise ValueError(f"an interval needs 2 draws or more, got {self.n_draws}")
        mean = values.mean(axis=0)
        error = values.std(axis=0, ddof=1) / math.sqrt(self.n_draws)
        half = student.ppf((1 + level) / 2, self.n_draws - 1) * error
        return mean, mean - half, mean + half


def joined(blocks: list[dict[str, Array]]) -> MomentTrajectory:
    """Put blocks of draws together and leave out the dead ones."""
    arrays = {name: np.concatenate([b[name] for b in blocks]) for name in blocks[0]}
    alive = np.isfinite(arrays["log_mu2"] + arrays["log_noise"]).all(axis=1)
    if not alive.any():
        raise ValueError(
            f"all {len(alive)} networks are dead (a layer let no signal through): "
            "take a larger width or fewer layers"
        )
    arrays = {"rank": None, "noise_rank": None} | {
        name: values[alive] for name, values in arrays.items()
    }
    return MomentTrajectory(**arrays, n_dead=int((~alive).sum()))
