"""The data set of Shwartz-Ziv & Tishby, from a rule instead of a file."""

import torch
from torch import Tensor

# Corners of an icosahedron: the neighbours of each, and its antipode.
_NEIGHBOURS = (
    (1, 3, 5, 10, 11), (0, 2, 3, 4, 11), (1, 3, 4, 8, 9), (0, 1, 2, 8, 10),
    (1, 2, 6, 9, 11), (0, 6, 7, 10, 11), (4, 5, 7, 9, 11), (5, 6, 8, 9, 10),
    (2, 3, 7, 9, 10), (2, 4, 6, 7, 8), (0, 3, 5, 7, 8), (0, 1, 4, 5, 6),
)  # fmt: skip
_ANTIPODES = (9, 7, 5, 6, 10, 2, 3, 1, 11, 0, 4, 8)


def szt_dataset() -> tuple[Tensor, Tensor]:
    """All 4096 words of 12 bits with the labels of Shwartz-Ziv & Tishby (2017).

    A bit lights a corner of an icosahedron. With n lit corners, e edges and q antipodal
    pairs among them, the label is 1 if and only if 114 n + 24 e - 12 q - 11 n^2 >= 430:
    our rule, which gives the labels of their file `var_u.mat`, with no file needed.

    Returns:
        x: the words in binary order, first bit most significant, as -1 and 1, float64
            [4096, 12]; y: labels 0 and 1, int64 [4096], 2118 of them ones.
    """
    bits = (torch.arange(4096)[:, None] >> torch.arange(11, -1, -1)) & 1
    lit = bits.sum(1)
    edges = sum(bits[:, i] * bits[:, list(_NEIGHBOURS[i])].sum(1) for i in range(12))
    pairs = (bits * bits[:, list(_ANTIPODES)]).sum(1)
    score = 114 * lit + 12 * edges - 6 * pairs - 11 * lit**2  # edges, pairs: twice
    return 2.0 * bits.double() - 1.0, (score >= 430).long()
