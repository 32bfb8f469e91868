"""Moments of signal and noise by draw, as the layers are passed."""

import torch
from torch import Tensor


def signal_power(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return nu_2 and mu_2 of each draw: mean over channels of the data moments."""
    flat = x.flatten(1, -2)
    mean = flat.mean(1, keepdim=True)
    return flat.square().mean((1, 2)), (flat - mean).square().mean((1, 2))


def noise_power(dx: Tensor) -> Tensor:
    """Return the second moment of the noise of each draw, [r]."""
    return dx.square().flatten(1).mean(1)


def effective_rank(x: Tensor, *, centre: bool) -> Tensor:
    """Return Tr C / ||C||_2 over samples and positions of each draw, [r]."""
    a = x.flatten(1, -2)
    if centre:
        a = a - a.mean(1, keepdim=True)
    gram = a @ a.mT if a.shape[1] <= a.shape[2] else a.mT @ a
    spectrum = torch.linalg.eigvalsh(gram)
    rank: Tensor = spectrum.sum(-1) / spectrum[..., -1]
    return rank


def activation_moments(z: Tensor) -> dict[str, Tensor]:
    """Return the moment ratios of pre-activations, the mean over channels, [r].

    mean_abs nu_1(|z|) and kurtosis mu_4(z), of centred channels of unit variance;
    sign_product nu_1(z+) nu_1(z-) over mu_2(z); mixed_signs, the share of channels in
    which both signs occur.
    """
    flat = z.flatten(1, -2)
    centred = flat - flat.mean(1, keepdim=True)
    square = centred.square()
    variance = square.mean(1)
    tiny = torch.finfo(z.dtype).tiny
    safe = variance.clamp_min(tiny)
    positive = flat.clamp_min(0).mean(1)
    negative = positive - flat.mean(1)
    mixed = (positive > 0) & (flat.amin(1) < 0)
    return {
        "mean_abs": (centred.abs().mean(1) / safe.sqrt()).mean(1),
        "kurtosis": ((square / safe[:, None]).square().mean(1)).mean(1),
        "sign_product": (positive * negative).mean(1) / variance.mean(1),
        "mixed_signs": mixed.to(z.dtype).mean(1),
    }
