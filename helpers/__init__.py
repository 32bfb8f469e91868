"""The computing behind the book "Deep Learning Theory, executable".

Shared rooms: networks, data, training, sweeps, explorer, claims, verdicts,
claim_rows, checks, style.
One module per chapter, named as the chapter is: linear_regions, well_behaved, …
Nothing heavy is imported here: `from helpers import networks` loads what it needs.
"""

__all__ = [
    "adversarial_noise",
    "checks",
    "claim_rows",
    "claims",
    "data",
    "edge_of_chaos",
    "encoder_decoder",
    "explorer",
    "greedy_layerwise",
    "heavy_tails",
    "information_flow",
    "linear_regions",
    "networks",
    "sgd_noise",
    "style",
    "sublevel_sets",
    "sweeps",
    "training",
    "verdicts",
    "well_behaved",
]
__version__ = "0.1.0"
