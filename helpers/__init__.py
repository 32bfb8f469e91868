"""The computing behind the book "Deep Learning Theory, executable".

Shared rooms: activations with probes, networks, models, arrays, devices, data, training
with training_checks, sweeps with fingerprints, explorer with figure_data, style, and
claims with its verdicts, claim_rows, typeset and stored_runs. One room per chapter,
named as the chapter is: linear_regions, well_behaved, … Above stand the checks behind
the exercises, and report, which turns the chapters' instruments to a network of yours.
Nothing heavy is imported here: `from helpers import networks` loads what it needs.

A package of the same name that was installed over this one, or removed again, may have
taken files of ours: then the import fails and says so.
"""

from pathlib import Path as _Path

__all__ = [
    "activations",
    "adversarial_noise",
    "arrays",
    "checks",
    "claim_rows",
    "claims",
    "data",
    "devices",
    "edge_of_chaos",
    "encoder_decoder",
    "explorer",
    "figure_data",
    "fingerprints",
    "greedy_layerwise",
    "heavy_tails",
    "information_flow",
    "linear_regions",
    "models",
    "networks",
    "probes",
    "report",
    "sgd_noise",
    "stored_runs",
    "style",
    "sublevel_sets",
    "sweeps",
    "training",
    "training_checks",
    "typeset",
    "verdicts",
    "well_behaved",
]
__version__ = "0.1.0"

_HERE = _Path(__file__).parent
_lost = [
    name
    for name in __all__
    if not (_HERE / name).is_dir() and not (_HERE / f"{name}.py").is_file()
]
if _lost:
    raise ImportError(
        f"the book's package in {_HERE} has lost {', '.join(_lost)}: another package "
        "named `helpers` was installed or removed there; `pip uninstall helpers "
        "deep-learning-theory-helpers`, install the book's again, restart the kernel"
    )
