"""The rows of the stored table: large layers of packages, with shuffled twins."""

from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import distribution
from typing import Any

from tqdm import tqdm

from helpers.heavy_tails.arguments import Array
from helpers.heavy_tails.phases import phase
from helpers.heavy_tails.power_law import bootstrap_power_law
from helpers.heavy_tails.pretrained import pretrained_weights
from helpers.heavy_tails.random_layers import shuffled
from helpers.heavy_tails.reports import report_of
from helpers.heavy_tails.spectra import layer_matrices, spectrum

_LEAST = 100  # eigenvalues a spectrum must have to be worth a row
_DRAWS = 100  # of the bootstraps behind the error of alpha and behind p


def stored_rows(package: str) -> Iterator[tuple[dict[str, Any], Array]]:
    """Yield a row and the spectrum of every matrix that is large enough."""
    weights = pretrained_weights(package)
    version = distribution(package).version
    layers = {name: layer_matrices(weight)[0] for name, weight in weights.items()}
    large = {name: w for name, w in layers.items() if w.shape[1] >= _LEAST}
    for name, w in tqdm(large.items(), package, leave=False):
        x = spectrum(w)
        report = report_of(x, *w.shape, n_draws=_DRAWS)
        yield (
            {
                "package": package,
                "version": version,
                "layer": name,
                "phase": phase(report).name,
                **asdict(report),
                "alpha_error": float(
                    bootstrap_power_law(x, n_draws=_DRAWS, seed=0).std(ddof=1)
                ),
                "entry_sigma": float(w.std() * w.shape[0] ** 0.5),
                "mean_outlier": float(w.size * w.mean() ** 2),
                "shuffled_max": float(spectrum(shuffled(w, centre=False, seed=0))[-1]),
                "centred_max": float(spectrum(shuffled(w, seed=0))[-1]),
            },
            x,
        )
