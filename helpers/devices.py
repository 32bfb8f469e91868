"""Where torch computes, and the random state that it has there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["read_device", "same_random_state", "seed_generators"]


def read_device(device: str | torch.device, name: str = "device") -> torch.device:
    """Return a device that torch has here; raise ValueError for another."""
    try:
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"{name} cannot be {device!r} here: {error}") from None


@contextmanager
def same_random_state(device: torch.device) -> Iterator[None]:
    """Put back torch's global random state, on the CPU and on a device.

    Args:
        device: where the block computes: cpu, cuda, mps, xpu or another that has a
            generator.
    """
    state = torch.random.get_rng_state()
    backend = (
        None if device.type in ("cpu", "meta") else torch.get_device_module(device)
    )
    place = () if device.type == "mps" else (device,)
    there = backend.get_rng_state(*place) if backend else None
    try:
        yield
    finally:
        torch.random.set_rng_state(state)
        if backend:
            backend.set_rng_state(there, *place)


def seed_generators(seed: int, device: torch.device) -> None:
    """Seed torch's generators of the CPU and of a device, and of no other."""
    torch.default_generator.manual_seed(seed)
    if device.type == "mps":
        torch.mps.manual_seed(seed)
    elif device.type != "cpu":
        backend = torch.get_device_module(device)
        with backend.device(device):
            backend.manual_seed(seed)
