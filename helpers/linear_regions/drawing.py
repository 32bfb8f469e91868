"""The picture of the regions of a plane."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helpers.linear_regions.planes import PlaneRegions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection

Array = NDArray[np.float64]


def plot_plane(
    regions: PlaneRegions,
    ax: "Axes",
    values: ArrayLike | None = None,
    *,
    cmap: str = "cividis",
    linewidth: float = 0.3,
) -> "PolyCollection":
    """Fill each region with a colour and draw the boundaries between them.

    Args:
        regions: from `plane_regions`.
        ax: the axes to draw in.
        values: one number for each region, [F]; by default the rank, 0 to 1, of the
            size of the output's gradient, so that all colours are used evenly.
        cmap: name of a matplotlib colour map; the default reads well for the
            colour-blind.
        linewidth: of the boundaries, in points.

    Returns:
        The collection, for a colour bar.

    Raises:
        ValueError: `values` does not have one entry for each region.
    """
    from matplotlib.collections import PolyCollection

    colours = _steepness_rank(regions) if values is None else np.asarray(values)
    if colours.shape != (regions.count,):
        raise ValueError(
            f"values must have shape [{regions.count}], got {list(colours.shape)}"
        )
    collection = PolyCollection(
        regions.polygons, array=colours, cmap=cmap, edgecolor="white", lw=linewidth
    )
    ax.add_collection(collection)
    ax.set(xlim=_limits(regions, 0), ylim=_limits(regions, 1), aspect="equal")
    return collection


def _steepness_rank(regions: PlaneRegions) -> Array:
    steepness = np.linalg.norm(regions.maps[:, :, :2], axis=(1, 2))
    return np.unique(steepness, return_inverse=True)[1] / max(regions.count - 1, 1)


def _limits(regions: PlaneRegions, axis: int) -> tuple[float, float]:
    return regions.vertices[:, axis].min(), regions.vertices[:, axis].max()
