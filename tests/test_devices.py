"""Tests of helpers.devices."""

import pytest
import torch

from helpers.devices import read_device, same_random_state, seed_generators


def test_the_random_state_is_put_back_after_an_error_too() -> None:
    devices = [torch.device("cpu")]
    if torch.cuda.is_available():
        devices.append(torch.device("cuda", torch.cuda.current_device()))
    for device in devices:
        torch.manual_seed(3)
        drawn = torch.rand(2, device=device), torch.rand(2)
        torch.manual_seed(3)
        with pytest.raises(KeyError), same_random_state(device):
            raise KeyError(torch.rand(5, device=device), torch.rand(5))
        again = torch.rand(2, device=device), torch.rand(2)
        assert all(torch.equal(a, b) for a, b in zip(drawn, again, strict=True))


def test_a_device_that_is_not_here_is_told():
    assert read_device("cpu") == torch.device("cpu")
    with pytest.raises(ValueError, match="device cannot be 'x' here"):
        read_device("x")


def test_a_seed_gives_the_same_draws() -> None:
    place = torch.device("cpu")
    with same_random_state(place):
        seed_generators(5, place)
        first = torch.rand(3)
        seed_generators(5, place)
        assert torch.equal(torch.rand(3), first)
        seed_generators(6, place)
        assert not torch.equal(torch.rand(3), first)
