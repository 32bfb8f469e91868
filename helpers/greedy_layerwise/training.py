"""Training layer after layer, all at once, or end to end; what a run left."""

import os
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from helpers.data import Dataset
from helpers.greedy_layerwise.augmentation import Augment
from helpers.greedy_layerwise.checkpoint import Checkpoint
from helpers.greedy_layerwise.inputs import Inputs
from helpers.greedy_layerwise.network import (
    GreedyNetwork,
    derived_seed,
    use_channels_last,
)
from helpers.greedy_layerwise.recipe import Recipe, Run
from helpers.greedy_layerwise.stages import Fitted, fit, fit_all
from helpers.training import History

Array = NDArray[np.float64]
_RECIPE = Recipe()


@dataclass(frozen=True, eq=False)
class GreedyHistory:
    """What a training run left: the network and the records of every trained head.

    Attributes:
        network: trained, in eval mode.
        records: of each auxiliary problem, epoch by epoch: L of them, or one if the
            network was trained end to end.
        kept: index of the record whose weights the network has.
    """

    network: GreedyNetwork
    records: tuple[History, ...]
    kept: tuple[int, ...]

    @property
    def loss(self) -> Array:
        """Mean training loss of each head, with the weights kept."""
        return self._of_kept("loss")

    @property
    def accuracy(self) -> Array:
        """Training accuracy of each head, in [0, 1]."""
        return self._of_kept("accuracy")

    @property
    def test_loss(self) -> Array:
        """Mean test loss of each head."""
        return self._of_kept("test_loss")

    @property
    def test_accuracy(self) -> Array:
        """Test accuracy of each head, in [0, 1]."""
        return self._of_kept("test_accuracy")

    @property
    def seconds(self) -> Array:
        """Time in gradient steps; of all heads together where all train at once."""
        return np.array([history.seconds[-1] for history in self.records])

    def _of_kept(self, name: str) -> Array:
        pairs = zip(self.records, self.kept, strict=True)
        return np.array([getattr(history, name)[index] for history, index in pairs])


def train_greedy(
    dataset: Dataset,
    depth: int,
    width: int,
    k: int = 1,
    *,
    seed: int,
    recipe: Recipe = _RECIPE,
    start: Literal["random", "identity"] = "random",
    keep: Literal["last", "best"] = "last",
    parallel: bool = False,
    augment: Augment | None = None,
    cache_bytes: int = 2**30,
    checkpoint: str | os.PathLike[str] | None = None,
    record_every: int = 1,
    dtype: torch.dtype = torch.float32,
    device: str | torch.device = "cpu",
    progress: bool = True,
    **architecture: Any,
) -> GreedyHistory:
    """Train layer after layer, each with a head of its own and then left as it is.

    Belilovsky, Eickenberg & Oyallon 2019, algorithm 1. Layer l minimises the training
    loss of its head over block l and the head alone; finished blocks are in eval mode,
    so that their batch norm stays as it is. The same arguments give bit-identical
    weights on the same machine, and layer l does not depend on `depth`.

    The features of finished layers are computed once and kept, where that is valid
    (no `augment`) and they fit; else every step runs through the finished blocks.

    Args:
        dataset: images and classes; h_0 is the images, standardized by channel.
        depth: L.
        width: channels of the first block.
        k: hidden layers of each auxiliary problem, 1, 2 or 3.
        seed: integer >= 0 of the first weights and of the order of the images.
        recipe: epochs, batches and learning rate of each auxiliary problem.
        start: "identity" starts a layer as the identity, with the head before it, where
            it has as many channels out as in; other layers, and all for "random",
            start at random.
        keep: "best" leaves a layer at its least training loss on record, the start
            included; "last", as the paper does.
        parallel: train all layers at once, each on the current output of the one
            before (decoupled greedy learning); with start "random", keep "last".
        augment: applied to each batch of images, not to the records; draws from
            torch's global generator, which training sets, such as `crop_and_flip`.
        cache_bytes: largest size of features to keep; 0 keeps none.
        checkpoint: file of the finished layers; if it exists the run goes on from
            there, bit-identical to one without interruption. A larger depth than
            that of the file goes on too.
        record_every: epochs between records; the last epoch is always recorded.
        dtype: torch.float32, or torch.bfloat16 for automatic mixed precision.
        device: where to train.
        progress: a progress bar for each layer.
        **architecture: downsample, head_width, head_pool and batch_norm of
            `GreedyNetwork`.

    Returns:
        The network with the records of each layer.

    Raises:
        ValueError: an argument out of range, or a checkpoint of another run.
        DivergedError: a loss is not finite; the layers before are in the checkpoint.

    Cost: `cost(...)`. 4 layers of width 16 and 12 epochs on 1400 digits: 2 s for k = 1,
    4 s for k = 3, on one core.
    """
    run = Run(recipe, keep, augment, record_every, dtype, progress)
    run.check(len(dataset.x_train))
    _check_ways(start, keep, parallel, checkpoint)
    network = _network(dataset, depth, width, k, seed, device, architecture)
    inputs = _inputs(network, dataset, cache_bytes if augment is None else 0)
    if parallel:
        return _history(
            network, fit_all(network, inputs, run, derived_seed(seed, 1, 1))
        )
    own = {"width": width, "k": k, "seed": seed, "start": start, **architecture}
    file = Checkpoint(checkpoint, own | asdict(run), dataset)
    found = file.restore(network)
    for layer in range(1, depth + 1):
        block, head = network.blocks[layer - 1], network.heads[layer - 1]
        if layer > len(found):
            if start == "identity" and network.can_start_at_identity(layer):
                network.start_at_identity(layer, inputs.features())
            order = derived_seed(seed, layer, 1)
            found.append(fit(nn.Sequential(block, head), inputs, run, order))
            file.add(block, head, found[-1])
        if layer < depth:
            inputs = inputs.after(block)
    return _history(network, found)


def train_end_to_end(
    dataset: Dataset,
    depth: int,
    width: int,
    k: int = 1,
    *,
    seed: int,
    recipe: Recipe = _RECIPE,
    keep: Literal["last", "best"] = "last",
    augment: Augment | None = None,
    record_every: int = 1,
    dtype: torch.dtype = torch.float32,
    device: str | torch.device = "cpu",
    progress: bool = True,
    **architecture: Any,
) -> GreedyHistory:
    """Train the same blocks and the last head together, by the gradient of its loss.

    The control of `train_greedy`: same network, same first weights, same recipe. The
    same number of epochs gives every block as many updates; as many passes over the
    data as all layers together take are L times that number.

    Args:
        dataset: images and classes.
        depth: L.
        width: channels of the first block.
        k: hidden layers of an auxiliary problem; the last head has k - 1 convolutions.
        seed: as in `train_greedy`.
        recipe: epochs of the whole network, batches and learning rate.
        keep: "last" or "best", by training loss.
        augment: as in `train_greedy`.
        record_every: as in `train_greedy`.
        dtype: as in `train_greedy`.
        device: where to train.
        progress: one progress bar.
        **architecture: as in `train_greedy`.

    Returns:
        The network with the records of its last head; the others are untrained.

    Raises:
        ValueError: an argument out of range.
        DivergedError: the loss is not finite.
    """
    run = Run(recipe, keep, augment, record_every, dtype, progress)
    run.check(len(dataset.x_train))
    network = _network(dataset, depth, width, k, seed, device, architecture)
    inputs = _inputs(network, dataset, 2**62 if augment is None else 0)
    body = nn.Sequential(*network.blocks, network.heads[-1])
    return _history(network, [fit(body, inputs, run, derived_seed(seed, 1, 1))])


def _check_ways(start: str, keep: str, parallel: bool, checkpoint: Any) -> None:
    if start not in ("random", "identity"):
        raise ValueError(f"start must be 'random' or 'identity', got {start!r}")
    if parallel and (start, keep, checkpoint) != ("random", "last", None):
        raise ValueError(
            "parallel training needs start 'random', keep 'last' and no checkpoint, "
            f"got {start!r}, {keep!r} and {checkpoint!r}"
        )


def _network(
    dataset: Dataset,
    depth: int,
    width: int,
    k: int,
    seed: int,
    device: str | torch.device,
    architecture: dict[str, Any],
) -> GreedyNetwork:
    """Return the network at its start, ready for such images."""
    shape, n_classes = dataset.x_train.shape[1:], dataset.n_classes
    network = GreedyNetwork(
        shape, n_classes, depth, width, k, seed=seed, **architecture
    )
    network.standardize.measure(dataset.x_train)
    network.to(device)
    use_channels_last(network)
    return network


def _inputs(network: GreedyNetwork, dataset: Dataset, cache_bytes: int) -> Inputs:
    """Return what the first layer is trained on, on the network's device."""
    place = network.standardize.mean
    images = {name: getattr(dataset, name).to(place) for name in ("x_train", "x_test")}
    start = Inputs(replace(dataset, **images), nn.Sequential(), cache_bytes)
    return start.after(network.standardize)


def _history(network: GreedyNetwork, found: list[Fitted]) -> GreedyHistory:
    network.eval().requires_grad_(True)
    records, kept = zip(*((one.history, one.kept) for one in found), strict=True)
    return GreedyHistory(network, records, kept)
