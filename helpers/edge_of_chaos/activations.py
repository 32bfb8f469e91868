"""The activations of which the mean field is known, by name or of one's own."""

from collections.abc import Mapping
from types import MappingProxyType

from helpers.activations import TABLE, Activation

ACTIVATIONS: Mapping[str, Activation] = MappingProxyType(
    {name: entry.function for name, entry in TABLE.items() if entry.function}
)
"""Activation name -> `Activation`; leaky_relu has slope 0.01, elu alpha 1."""

_JUMPING = ("sign", "step", "heaviside", "threshold", "round", "floor", "ceil", "trunc")

Named = str | Activation


def resolve(activation: Named) -> Activation:
    """Return the activation of that name, or raise."""
    if isinstance(activation, Activation):
        return activation
    if not isinstance(activation, str):
        raise TypeError(
            "activation must be a name or an Activation, which brings its derivatives, "
            f"got {activation!r}"
        )
    if activation.lower() in _JUMPING:
        raise ValueError(
            f"activation {activation!r} jumps, and its V[phi'] says nothing of that; "
            f"allowed: {', '.join(sorted(ACTIVATIONS))}, or an Activation"
        )
    if activation not in ACTIVATIONS:
        raise ValueError(
            f"unknown activation {activation!r}; allowed: "
            f"{', '.join(sorted(ACTIVATIONS))}, or an Activation"
        )
    return ACTIVATIONS[activation]
