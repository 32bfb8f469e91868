"""The affine map of the output in each face of a plane that a network has cut."""

from __future__ import annotations

import torch
from torch import Tensor

from helpers.linear_regions.line_cuts import Values
from helpers.linear_regions.piecewise import (
    Activation,
    Affine,
    Maximum,
    Network,
    Node,
    Rearrangement,
)
from helpers.linear_regions.plane_cuts import Step
from helpers.linear_regions.window import Plane

_ENTRIES_AT_ONCE = 1 << 24  # 128 MB


@torch.inference_mode()
def face_maps(network: Network, plane: Plane, steps: tuple[Step, ...]) -> Tensor:
    """Return the coefficients of s, t and 1 of the output, [n_faces, 3, n_out].

    Args:
        network: what cut the plane.
        plane: the slice.
        steps: the window, then one subdivision a layer; row 0, the outside, is void.
    """
    n_faces = len(steps[-1].parent)
    faces = torch.arange(n_faces, device=plane.origin.device)
    hidden = network.layers[0] if network.layers else len(network.nodes)
    widest = network.widest[hidden - 1] if network.nodes else 1
    at_once = max(1, _ENTRIES_AT_ONCE // (3 * widest))
    blocks = [_of_faces(network, plane, steps, part) for part in faces.split(at_once)]
    return torch.cat(blocks)


def _of_faces(
    network: Network, plane: Plane, steps: tuple[Step, ...], faces: Tensor
) -> Tensor:
    """Return the maps of some faces of the last step."""
    lineage = _lineage(steps, faces)
    coefficients = torch.stack([plane.u, plane.v, plane.origin])
    values = {0: coefficients.expand(len(lineage[0][0]), *coefficients.shape)}
    layer = 0
    for place, node in enumerate(network.nodes, start=1):
        if isinstance(node.map, Activation | Maximum):
            layer += 1
            own, parent = lineage[layer]
            values = {i: value[parent] for i, value in values.items()}
            piece = steps[layer].piece[own]
            values[place] = node.map.on_pieces(piece, values[node.inputs[0]])
        else:
            values[place] = _mapped(node, values)
        network.forget(values, place)
    return values[network.output].flatten(2)


def _lineage(steps: tuple[Step, ...], faces: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Return for each step the faces that hold the given ones, and their parents.

    A parent is a place in the list of the step before.
    """
    found = []
    for step in reversed(steps[1:]):
        above, place = torch.unique(step.parent[faces], return_inverse=True)
        found.append((faces, place))
        faces = above
    return [(faces, torch.arange(len(faces), device=faces.device)), *reversed(found)]


def _mapped(node: Node, values: Values) -> Tensor:
    """Apply an affine map to the coefficients, [F, 3, *shape]."""
    map_ = node.map
    assert isinstance(map_, Affine | Rearrangement)
    given = [values[i] for i in node.inputs]
    moved = map_.linear([value.flatten(0, 1) for value in given])
    moved = moved.reshape(len(given[0]), 3, *node.shape)
    if isinstance(map_, Affine) and map_.bias is not None:
        moved[:, 2] = map_([value[:, 2] for value in given])
    return moved
