"""The networks of chapter 7: blocks that halve or keep the image, a head for each."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from helpers.greedy_layerwise.arguments import check_count
from helpers.greedy_layerwise.joint_batch import JointBatchNorm
from helpers.greedy_layerwise.layers import Layer, layout

_CHUNK = 256  # images per forward pass


class Standardize(nn.Module):
    """Centre each channel and scale it to variance 1, as over the training images."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels, 1, 1))
        self.register_buffer("deviation", torch.ones(channels, 1, 1))

    def measure(self, images: Tensor) -> None:
        """Take mean and deviation of such images; a constant channel keeps its scale.

        Args:
            images: [n, channels, height, width].
        """
        deviation, mean = torch.std_mean(images, (0, 2, 3), correction=0, keepdim=True)
        self.mean.copy_(mean[0])
        self.deviation.copy_(torch.where(deviation[0] > 0, deviation[0], 1.0))

    def forward(self, images: Tensor) -> Tensor:
        """Return h_0 of the images, shaped as they are."""
        return (images - self.mean) / self.deviation


class GreedyNetwork(nn.Module):
    """A convolutional trunk that can be trained layer by layer, with its heads.

    Belilovsky, Eickenberg & Oyallon 2019, section 3. With h_0 the image, standardized
    by channel, block and head of layer l = 1..L are

        h_l = relu(W_l P_l h_(l-1) + b_l)      W_l a 3x3 convolution, zero padding
        f_l = V A g(h_l)                       g: k - 1 convolutions with relu

    P_l is the identity or `space_to_depth`; A averages over the four quadrants, V is
    linear, f_l are the logits of the classes. So f_l is a network of k hidden layers on
    h_(l-1). Layer l is drawn from `seed` and l alone (torch's own scheme): a deeper
    network starts with the layers of a shallower one.

    Args:
        image_shape: (channels, height, width).
        n_classes: number of classes, >= 2.
        depth: L, the number of layers.
        width: channels n_1 of the first block; they double at every downsampling but
            one at layer 1.
        k: hidden layers of each auxiliary problem, 1, 2 or 3.
        downsample: layers that start with `space_to_depth`; those beyond depth are of
            no effect. The paper has (2,) on CIFAR-10 for k > 1.
        head_width: channels of the head's convolutions at layer 1, doubled with the
            block's; None for `width`.
        head_pool: factor by which the head averages before it convolves, 1 as in the
            paper.
        batch_norm: before every relu; None as in the paper, if k > 1.
        seed: integer >= 0.

    Raises:
        ValueError: an argument out of range, an odd side to be halved, or fewer than
            2x2 pixels for a head.
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        n_classes: int,
        depth: int,
        width: int,
        k: int = 1,
        *,
        downsample: Sequence[int] = (2,),
        head_width: int | None = None,
        head_pool: int = 1,
        batch_norm: bool | None = None,
        seed: int,
    ) -> None:
        super().__init__()
        self.layers = layout(
            image_shape,
            depth,
            width,
            k,
            downsample=downsample,
            head_width=head_width,
            head_pool=head_pool,
        )
        check_count("n_classes", n_classes, 2)
        check_count("seed", seed, 0)
        self.k = k
        normal = k > 1 if batch_norm is None else batch_norm
        self.blocks, self.heads = nn.ModuleList(), nn.ModuleList()
        with torch.random.fork_rng([]):
            for number, layer in enumerate(self.layers, 1):
                torch.default_generator.manual_seed(derived_seed(seed, number))
                self.blocks.append(_block(layer, normal))
                self.heads.append(_head(layer, n_classes, head_pool, normal))
        self.standardize = Standardize(image_shape[0])

    @property
    def depth(self) -> int:
        """L, the number of layers."""
        return len(self.layers)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of every head, [n, n_classes, L]."""
        h, logits = self.standardize(images), []
        for block, head in zip(self.blocks, self.heads, strict=True):
            h = block(h)
            logits.append(head(h))
        return torch.stack(logits, dim=-1)

    def features(self, images: Tensor, layer: int) -> Tensor:
        """Return h_layer, [n, n_layer, height, width]; h_0 for layer 0.

        Computed in eval mode, in which the network stays, and without a graph.

        Raises:
            ValueError: layer outside 0..L.
        """
        if layer not in range(self.depth + 1):
            raise ValueError(f"layer must be in 0..{self.depth}, got {layer!r}")
        self.eval()
        trunk = nn.Sequential(self.standardize, *self.blocks[:layer])
        return applied(trunk, images.to(self.standardize.mean))

    def start_at_identity(self, layer: int, inputs: Tensor) -> None:
        """Make block `layer` the identity on h >= 0, and its head the one before it.

        The start behind the paper's proposition 3.1: f_layer = f_(layer-1). The 3x3
        kernels are Dirac deltas; batch norm gets the statistics of the inputs and
        undoes them, so that the identity is exact in eval mode.

        Args:
            layer: in 2..L.
            inputs: h_(layer-1) of the training images, [n, channels, height, width].

        Raises:
            ValueError: the layer is the first, or it changes the number of channels,
                for then no identity exists.
        """
        if not self.can_start_at_identity(layer):
            raise ValueError(
                f"layer {layer!r} has no identity start: it needs a layer before it "
                "and as many channels out as in"
            )
        for part in self.blocks[layer - 1].children():
            if isinstance(part, nn.Conv2d) and part.bias is not None:
                nn.init.dirac_(part.weight)
                nn.init.zeros_(part.bias)
            elif isinstance(part, JointBatchNorm):
                _undo(part, inputs)
        self.heads[layer - 1].load_state_dict(self.heads[layer - 2].state_dict())

    def can_start_at_identity(self, layer: int) -> bool:
        """Whether layer, in 1..L, may start as the identity."""
        if layer not in range(1, self.depth + 1):
            raise ValueError(f"layer must be in 1..{self.depth}, got {layer!r}")
        into, out = self.layers[layer - 1].channels
        return layer > 1 and into == out


def space_to_depth(images: Tensor) -> Tensor:
    """The invertible downsampling P: every 2x2 pixels become four channels.

    A permutation of the entries, hence an isometry; `torch.nn.functional.pixel_shuffle`
    with factor 2 is its inverse.

    Args:
        images: [n, channels, height, width], even sides.

    Returns:
        [n, 4 channels, height / 2, width / 2].

    Raises:
        ValueError: another shape.
    """
    if images.ndim != 4 or any(side % 2 for side in images.shape[2:]):
        raise ValueError(
            "images must be [n, channels, height, width] with even sides, got "
            f"{list(images.shape)}"
        )
    return nn.functional.pixel_unshuffle(images, 2)


def derived_seed(*numbers: int) -> int:
    """An integer seed that depends on all the numbers."""
    state = np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0]
    return int(state >> np.uint64(1))


def use_channels_last(module: nn.Module) -> None:
    """Lay the filters of convolutions out with the channels last, in place."""
    # torch's types lack memory_format
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


@torch.no_grad()
def applied(module: nn.Module, inputs: Tensor) -> Tensor:
    """Return module(inputs) in eval mode, in chunks, without a graph."""
    module.eval()
    return torch.cat([module(part) for part in inputs.split(_CHUNK)])


def _block(layer: Layer, batch_norm: bool) -> nn.Sequential:
    block = nn.Sequential()
    if layer.downsample:
        block.add_module("down", nn.PixelUnshuffle(2))
    block.add_module("conv", nn.Conv2d(*layer.channels, 3, padding=1))
    if batch_norm:
        block.add_module("norm", JointBatchNorm(layer.channels[1]))
    block.add_module("relu", nn.ReLU())
    return block


def _head(layer: Layer, n_classes: int, pool: int, batch_norm: bool) -> nn.Sequential:
    modules: list[nn.Module] = [nn.AvgPool2d(pool)] if pool > 1 else []
    for into, out in pairwise(layer.head):
        modules.append(nn.Conv2d(into, out, 3, padding=1))
        modules += [JointBatchNorm(out)] if batch_norm else []
        modules.append(nn.ReLU())
    modules += [nn.AdaptiveAvgPool2d(2), nn.Flatten()]
    return nn.Sequential(*modules, nn.Linear(4 * layer.head[-1], n_classes))


@torch.no_grad()
def _undo(norm: JointBatchNorm, inputs: Tensor) -> None:
    """Give batch norm the statistics of the inputs and the scale that undoes them."""
    variance, mean = torch.var_mean(inputs, (0, 2, 3), correction=0)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
    norm.weight.copy_((variance + norm.eps).sqrt())
    norm.bias.copy_(mean)
