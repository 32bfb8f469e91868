"""Tests of helpers.models."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations, prune

from helpers.models import (
    check_agreement,
    check_evaluation,
    check_finite,
    check_per_sample,
    check_plain,
    read_classes,
    read_inputs,
    unchanged,
)


class Doubled(nn.Linear):
    """A Linear that computes something else than its class says."""

    def forward(self, x: Tensor) -> Tensor:
        """Return twice the output."""
        return 2 * super().forward(x)


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(0.5))


def test_eval_mode_passes_and_train_mode_is_named() -> None:
    net = network()
    check_evaluation(net.eval())
    net[3].train()
    with pytest.raises(ValueError, match=r"net\.3, a Dropout, is in train mode"):
        check_evaluation(net)
    check_evaluation(nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Dropout(0.0)).train())


@pytest.mark.parametrize("net", [lambda x: x, "net", None])
def test_no_module(net: object) -> None:
    with pytest.raises(TypeError, match=r"model must be a torch\.nn\.Module"):
        check_evaluation(net, "model")  # type: ignore[arg-type]


def test_batch_norm_without_running_statistics() -> None:
    net = nn.Sequential(nn.BatchNorm1d(3, track_running_stats=False)).eval()
    with pytest.raises(ValueError, match="without running statistics"):
        check_evaluation(net)


def test_parameters_and_buffers_are_finite() -> None:
    net = network()
    check_finite(net)
    net[1].running_var[0] = torch.nan
    with pytest.raises(ValueError, match=r"NaN or infinity in net\.1\.running_var"):
        check_finite(net)


def pruned() -> nn.Linear:
    return prune.random_unstructured(nn.Linear(3, 3), "weight", amount=0.5)


def hooked() -> nn.Linear:
    layer = nn.Linear(3, 3)
    layer.register_forward_hook(lambda module, inputs, output: -output)
    return layer


def replaced() -> nn.Linear:
    layer = nn.Linear(3, 3)
    layer.forward = lambda x: x  # type: ignore[method-assign]
    return layer


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (pruned(), "hooks"),
        (hooked(), "hooks"),
        (parametrizations.weight_norm(nn.Linear(3, 3)), "parametrised"),
        (replaced(), "a forward of its own"),
    ],
)
def test_layers_that_compute_something_else(layer: nn.Module, words: str) -> None:
    with pytest.raises(TypeError, match=rf"net\[0\] .*{words}"):
        check_plain(layer, "net[0]")
    check_plain(nn.Linear(3, 3), "net[0]")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_agreement(dtype: torch.dtype) -> None:
    layer = nn.Linear(5, 4, dtype=dtype)
    x = torch.randn(7, 5, dtype=dtype, generator=torch.Generator().manual_seed(0))
    read = x.double() @ layer.weight.double().T + layer.bias.double()
    check_agreement(read, layer(x))
    with pytest.raises(ValueError, match="does not compute what its layers say"):
        check_agreement(read + 0.01 * read.abs().max(), layer(x))
    with pytest.raises(ValueError, match="does not compute"):
        check_agreement(read, layer(x) * torch.nan)
    with pytest.raises(ValueError, match=r"shape \[7, 4\]"):
        check_agreement(read[:, :3], layer(x))


def test_inputs_take_the_networks_dtype_and_leave_the_callers() -> None:
    net = nn.Linear(3, 2).double()
    x = torch.ones(4, 3, requires_grad=True)
    read = read_inputs(x, net)
    assert read.dtype == torch.float64
    assert not read.requires_grad
    assert x.requires_grad


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (torch.ones(3), r"\[n, \.\.\.\] with n >= 1, got shape \[3\]"),
        (torch.ones(0, 3), r"got shape \[0, 3\]"),
        (torch.full((2, 3), torch.inf), "NaN or infinity"),
        (torch.full((2, 3), torch.nan), "NaN or infinity"),
        (torch.full((2, 3), 1e300, dtype=torch.float64), "NaN or infinity"),
    ],
)
def test_bad_inputs(x: Tensor, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_inputs(x, nn.Linear(3, 2))


def test_half_precision_anywhere() -> None:
    net = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2, dtype=torch.float16))
    with pytest.raises(ValueError, match=r"torch\.float16; allowed: float32"):
        read_inputs(torch.ones(2, 3), net)


def test_layers_without_a_shape() -> None:
    with pytest.raises(ValueError, match=r"net\.weight has no shape yet"):
        check_finite(nn.LazyLinear(2))


def test_sparse_and_complex_inputs() -> None:
    with pytest.raises(ValueError, match="x must be dense"):
        read_inputs(torch.ones(2, 3).to_sparse(), nn.Linear(3, 2))
    with pytest.raises(ValueError, match="x must be real"):
        read_inputs(torch.ones(2, 3, dtype=torch.complex64), nn.Linear(3, 2))


def test_half_precision_and_words() -> None:
    with pytest.raises(ValueError, match=r"torch\.bfloat16; allowed: float32"):
        read_inputs(torch.ones(2, 3), nn.Linear(3, 2, dtype=torch.bfloat16))
    with pytest.raises(TypeError, match="x must be a tensor of numbers"):
        read_inputs("abc", nn.Linear(3, 2))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [nn.Embedding, nn.EmbeddingBag])
def test_tokens_stay_integers(kind: type[nn.Module]) -> None:
    net = nn.Sequential(kind(5, 3)).double()
    tokens = torch.tensor([[1, 4]], dtype=torch.uint8)
    assert read_inputs(tokens, net).dtype == torch.int64
    assert read_inputs(tokens, nn.Linear(2, 2)).dtype == torch.float32
    assert read_inputs(torch.ones(1, 2), net).dtype == torch.float64


def test_what_a_pass_of_a_pruned_layer_leaves_behind_is_taken_away() -> None:
    layer = pruned()
    before = layer.weight
    with unchanged(layer):
        layer(torch.ones(1, 3))
        assert layer.weight is not before
    assert layer.weight is before


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64, torch.uint8])
def test_labels(dtype: torch.dtype) -> None:
    y = read_classes(torch.tensor([0, 2, 1], dtype=dtype), 3, 3)
    assert y.dtype == torch.int64
    assert y.tolist() == [0, 2, 1]


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (torch.tensor([0, 3]), r"0\.\.2, the classes of the network, got 3"),
        (torch.tensor([0, -1]), r"0\.\.2, the classes of the network, got -1"),
        (torch.tensor([0.0, torch.nan]), "integer label"),
        (torch.tensor([True, False]), "integer label"),
        (torch.tensor([0]), r"shape \[1\]"),
    ],
)
def test_bad_labels(y: Tensor, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_classes(y, 2, 3)


def test_labels_that_are_words() -> None:
    with pytest.raises(TypeError, match="y must be a tensor of integers"):
        read_classes(["cat", "dog"], 2, 3)  # type: ignore[arg-type]


def moves(net: nn.Sequential) -> None:
    with unchanged(net):
        net.eval()
        net[1].train()
        net(torch.randn(8, 3)).sum().backward()
        raise KeyError


def test_what_a_block_moves_is_put_back() -> None:
    net = network().train()
    net[0].weight.grad = torch.ones(4, 3)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    state = torch.random.get_rng_state()
    with pytest.raises(KeyError):
        moves(net)
    assert all(module.training for module in net.modules())
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    assert torch.equal(net[0].weight.grad, torch.ones(4, 3))
    assert torch.equal(torch.random.get_rng_state(), state)


class Gate(nn.Module):
    """Depends on the mode without a word in its class."""

    def forward(self, x: Tensor) -> Tensor:
        """Return x, or its double."""
        return 2 * x if self.training else x


def standardised(x: Tensor) -> Tensor:
    return (x - x.mean(0)) / (x.std(0, correction=0) + 1)


@pytest.mark.parametrize("n", [1, 2, 20])
@pytest.mark.parametrize(
    ("compute", "words"),
    [
        (functional.dropout, "the same output each time"),
        (standardised, "each output from its own input"),
        (lambda x: functional.batch_norm(x, None, None, training=True), "own input"),
    ],
)
def test_outputs_that_depend_on_chance_or_on_the_batch(
    compute: object, words: str, n: int
) -> None:
    x = torch.rand(n, 30, generator=torch.Generator().manual_seed(0)) + 1
    with pytest.raises(ValueError, match=words):
        check_per_sample(compute, x)  # type: ignore[arg-type]
    check_per_sample(lambda x: x.sum(1), x)


def test_a_mode_that_only_the_outputs_show() -> None:
    gate, x = Gate(), torch.ones(3, 2)
    with pytest.raises(ValueError, match="model must be in eval mode"):
        check_per_sample(gate, x, [gate], "model")
    assert gate.training
    check_per_sample(gate.eval(), x, [gate], "model")
