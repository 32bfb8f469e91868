"""Training a convolutional network one layer at a time.

The helper of chapter 7, on Belilovsky, Eickenberg & Oyallon, "Greedy Layerwise Learning
Can Scale to ImageNet" (ICML 2019). Layer l gets a head of its own; block and head are
trained together on the features of the layers before, which stay as they are. The
paper writes x_j for h_l, z_j for the logits f_l, J for the depth L and M for the width.

Read in this order:

    layers.py          the shapes of every layer
    network.py         blocks and heads, and the start at the identity
    recipe.py          how an auxiliary problem is minimised
    augmentation.py    crops and mirror images
    inputs.py          what a layer is trained on: kept features, frozen blocks
    joint_batch.py     one batch over several processes
    stages.py          the fit of one auxiliary problem, or of all at once
    checkpoint.py      finished layers in a file, to go on from
    training.py        layer by layer, all at once, end to end
    ensemble.py        all heads together
    separability.py    a linear classifier on the features of a layer
    costs.py           operations and memory of each way of training
    laws.py            how errors add up, and what a head cannot see
    arguments.py       the check of a count
    __main__.py        the command

As a program it does a whole run and writes what came of it as JSON, on one device or,
under torchrun, on several:

    python -m helpers.greedy_layerwise --data cifar10 --k 3 --depth 4 --width 128
"""

from helpers.greedy_layerwise.augmentation import crop_and_flip
from helpers.greedy_layerwise.costs import WAYS, Cost, cost
from helpers.greedy_layerwise.ensemble import layer_ensemble
from helpers.greedy_layerwise.laws import error_bound, is_blind, two_pixels
from helpers.greedy_layerwise.network import GreedyNetwork, space_to_depth
from helpers.greedy_layerwise.recipe import Recipe
from helpers.greedy_layerwise.separability import Separability, linear_separability
from helpers.greedy_layerwise.training import (
    GreedyHistory,
    train_end_to_end,
    train_greedy,
)

__all__ = [
    "WAYS",
    "Cost",
    "GreedyHistory",
    "GreedyNetwork",
    "Recipe",
    "Separability",
    "cost",
    "crop_and_flip",
    "error_bound",
    "is_blind",
    "layer_ensemble",
    "linear_separability",
    "space_to_depth",
    "train_end_to_end",
    "train_greedy",
    "two_pixels",
]
