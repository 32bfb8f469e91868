"""A plain Sequential of Linear layers and activations, read without a graph."""

from torch import Tensor, nn

from helpers.linear_regions.affine_maps import Value, linear
from helpers.linear_regions.piecewise import Network, Node
from helpers.linear_regions.vocabulary import MODULES
from helpers.networks import Abs

_NOTHING = (nn.Identity, nn.Flatten, nn.Dropout)
_ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.Hardtanh, Abs)


def read_chain(net: nn.Module, n_last: int) -> Network | None:
    """Return the network of such a module in float64, None for any other.

    A chain takes points [n_in], with n_in the length n_last of their last axis if it
    flattens what it takes. It is what most experiments count, and is read in a tenth of
    the time that torch.fx takes.

    Raises:
        ValueError: layers that do not fit each other.
    """
    if type(net) is not nn.Sequential:
        return None
    steps = [m for m in net if type(m) not in _NOTHING]
    plain = all(type(m) in (nn.Linear, *_ACTIVATIONS) for m in steps)
    if not (plain and steps and isinstance(steps[0], nn.Linear)):
        return None
    if n_last != steps[0].in_features and any(isinstance(m, nn.Flatten) for m in net):
        return None
    value = Value(0, (steps[0].in_features,))
    nodes: list[Node] = []
    for index, module in enumerate(net):
        if type(module) in _NOTHING:
            continue
        shape = value.shape
        if isinstance(module, nn.Linear):
            _check_fit(module, shape[0], index)
            shape = (module.out_features,)
            map_, _ = linear(value, *_weights(module))
        else:
            map_, _ = MODULES[type(module)](module, value)
        nodes.append(Node(map_, (value.place,), shape))
        value = Value(len(nodes), shape)
    return Network((steps[0].in_features,), tuple(nodes), value.place)


def _weights(layer: nn.Linear) -> tuple[Tensor, Tensor | None]:
    weight = layer.weight.detach().double().cpu()
    return weight, None if layer.bias is None else layer.bias.detach().double().cpu()


def _check_fit(linear: nn.Linear, given: int, index: int) -> None:
    if linear.in_features != given:
        raise ValueError(
            f"net[{index}] must take {given} inputs, the width of the layer before, "
            f"got {linear.in_features}"
        )
