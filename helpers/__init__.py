"""The computing behind the book "Deep Learning Theory, executable".

Shared rooms: activations with probes, networks, models, data, training with
training_checks, sweeps with fingerprints, explorer with figure_data, style, and claims
with its verdicts and claim_rows. One room per chapter, named as the chapter is:
linear_regions, well_behaved, … The checks behind the exercises stand above. Nothing
heavy is imported here: `from helpers import networks` loads what it needs.
"""

__all__ = [
    "activations",
    "adversarial_noise",
    "checks",
    "claim_rows",
    "claims",
    "data",
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
    "sgd_noise",
    "style",
    "sublevel_sets",
    "sweeps",
    "training",
    "training_checks",
    "verdicts",
    "well_behaved",
]
__version__ = "0.1.0"
