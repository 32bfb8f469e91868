"""Random numbers that depend on a seed and an image's place alone."""

import numpy as np
import torch
from torch import Tensor

from helpers.adversarial_noise.arguments import read_count


def generator(seed: int, image: int, device: torch.device) -> torch.Generator:
    """Return the generator of one image: it depends on seed and position alone."""
    seed = read_count("seed", seed, 0)
    state = np.random.SeedSequence([seed, image]).generate_state(1, np.uint64)[0]
    return torch.Generator(device).manual_seed(int(state >> np.uint64(1)))


def gaussian(image: Tensor, n: int, made: torch.Generator) -> Tensor:
    """Return n standard Gaussian vectors, [n, *image.shape]."""
    shape = (n, *image.shape)
    return torch.randn(shape, generator=made, dtype=image.dtype, device=image.device)
