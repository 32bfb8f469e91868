"""The moments after each module of one network, and what is derived from them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class ModuleMoments:
    """Moments of signal and noise by module; made by `propagate_module`.

    State 0 is the input, states 1..L are the outputs of modules, one for each call, in
    the order in which the calls end: a container follows what it contains, and the last
    state is the output of the whole network. The signal is the same in all draws of the
    noise. A moment is nan where a signal that is constant over the data leaves it
    undefined.

    Attributes:
        names: of the modules, as in `named_modules`: "" is the whole network; the
            input is called "input". [L + 1], as all that follow.
        kinds: classes of the modules.
        calls: 0 for the first call of a module, 1 for its second, ...
        log_nu2: log nu_2(h_l) - log nu_2(h_0), [L + 1].
        log_mu2: log mu_2(h_l) - log mu_2(h_0), [L + 1].
        log_noise: log mu_2(dh_l) - log mu_2(dh_0), [draws, L + 1].
        variability: mu_2(h_l) / nu_2(h_l); towards 0, a zero-dimensional signal.
        rank: effective rank Tr C / ||C||_2 of the signal; towards 1, one-dimensional.
        noise_rank: the same of the noise, [draws, L + 1]. None, as is `rank`, if it was
            not asked for.
        mean_abs: nu_1(|h|), of channels centred and scaled.
        kurtosis: mu_4(h), of the same.
        sign_product: E_c[nu_1(h+) nu_1(h-)] / mu_2(h), h as they are.
        mixed_signs: share of channels in which h has both signs.
        skipped: (name, why) of modules without a state.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    calls: tuple[int, ...]
    log_nu2: Array
    log_mu2: Array
    log_noise: Array
    variability: Array
    rank: Array | None
    noise_rank: Array | None
    mean_abs: Array
    kurtosis: Array
    sign_product: Array
    mixed_signs: Array
    skipped: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        return (
            f"ModuleMoments(draws={self.n_draws}, states={len(self.names)}, "
            f"skipped={len(self.skipped)})"
        )

    @property
    def n_draws(self) -> int:
        """Number of draws of the noise."""
        return len(self.log_noise)

    @property
    def log_chi(self) -> Array:
        """Logarithm of the normalized sensitivity, [draws, L + 1]."""
        with np.errstate(invalid="ignore"):
            return (self.log_noise - self.log_mu2) / 2

    @property
    def chi(self) -> Array:
        """Normalized sensitivity chi_l, [draws, L + 1]; inf where it overflows."""
        with np.errstate(over="ignore"):
            return np.exp(self.log_chi)

    def rows(self) -> list[dict[str, Any]]:
        """Return name, kind, call and moments of each state; noise by its mean.

        chi is the geometric mean over the draws, noise_rank the mean.
        """
        columns = {
            "chi": np.exp(self.log_chi.mean(axis=0)),
            "variability": self.variability,
            "rank": self.rank,
            "noise_rank": _over_draws(self.noise_rank),
            "mean_abs": self.mean_abs,
            "kurtosis": self.kurtosis,
            "sign_product": self.sign_product,
            "mixed_signs": self.mixed_signs,
        }
        shown = {k: v.tolist() for k, v in columns.items() if v is not None}
        shown = {"name": self.names, "kind": self.kinds, "call": self.calls} | shown
        return [
            dict(zip(shown, row, strict=True))
            for row in zip(*shown.values(), strict=True)
        ]


def _over_draws(values: Array | None) -> Array | None:
    return None if values is None else values.mean(axis=0)
