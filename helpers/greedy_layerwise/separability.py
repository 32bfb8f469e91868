"""How well a linear classifier does on the features of a layer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor, as_tensor, float32, isfinite, promote_types
from torch.nn.functional import adaptive_avg_pool2d

_LARGEST = 1e150  # of a feature, in units of the largest that was fitted


@dataclass(frozen=True)
class Separability:
    """Accuracy of the best linear classifier of some features.

    Attributes:
        train: on the images it was fitted to, in [0, 1].
        test: on others; None if none were given.
    """

    train: float
    test: float | None


def linear_separability(
    features: ArrayLike | Tensor,
    labels: ArrayLike | Tensor,
    test_features: ArrayLike | Tensor | None = None,
    test_labels: ArrayLike | Tensor | None = None,
    *,
    ridge: float = 1e-3,
) -> Separability:
    """Fit multinomial logistic regression to features, averaged as the heads do.

    Belilovsky, Eickenberg & Oyallon 2019, section 4: an image's features are averaged
    over its four quadrants, then scaled to variance 1 each. The fit minimises the mean
    cross-entropy plus ridge / 2 times the squared norm of the weights, by L-BFGS.

    Args:
        features: [n, channels, height, width] with 2x2 pixels or more, or [n, d].
        labels: classes, [n]; at least two different ones.
        test_features: features of other images, shaped alike, with `test_labels`.
        test_labels: their classes.
        ridge: > 0.

    Raises:
        ValueError: bad shapes, values that are not finite, one class only, ridge <= 0.

    Cost: about 0.1 s for 1400 images of 64 averaged features and 10 classes.
    """
    if not 0 < ridge < np.inf:
        raise ValueError(f"ridge must be finite and > 0, got {ridge!r}")
    x, y = _pair(features, labels, "")
    if len(np.unique(y)) < 2:
        raise ValueError(f"labels must hold two classes or more, got {np.unique(y)}")
    regression = LogisticRegression(C=1 / (ridge * len(y)), max_iter=3000)
    unit = np.frexp(abs(x).max(axis=0))[1]
    x = np.ldexp(x, -unit)  # exact; the squares neither overflow nor vanish
    model = make_pipeline(StandardScaler(), regression).fit(x, y)
    if test_features is None and test_labels is None:
        return Separability(model.score(x, y), None)
    others, theirs = _pair(test_features, test_labels, "test_")
    if others.shape[1] != x.shape[1]:
        raise ValueError(
            f"test_features must hold {x.shape[1]} averaged features an image, as "
            f"features do, got {others.shape[1]}"
        )
    with np.errstate(over="ignore"):
        others = np.ldexp(others, -unit)
    if not (abs(others) <= _LARGEST).all():
        raise ValueError(f"test_features must be below {_LARGEST:g} times features")
    return Separability(model.score(x, y), model.score(others, theirs))


def _pair(
    features: ArrayLike | Tensor | None, labels: ArrayLike | Tensor | None, part: str
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return averaged features [n, d] and classes [n], or raise."""
    if features is None or labels is None:
        raise ValueError("test_features and test_labels must be given together")
    x, y = as_tensor(features).detach(), as_tensor(labels).cpu()
    small = x.ndim == 4 and min(x.shape[2:]) < 2
    if x.ndim not in (2, 4) or small or 0 in x.shape:
        raise ValueError(
            f"{part}features must be [n, d] or [n, channels, height, width] with 2x2 "
            f"pixels or more, got shape {list(x.shape)}"
        )
    if y.shape != x.shape[:1]:
        raise ValueError(
            f"{part}labels must be [n] for {len(x)} images, got {list(y.shape)}"
        )
    if x.is_complex():
        raise ValueError(f"{part}features must be real, got {x.dtype}")
    if not isfinite(x).all():
        raise ValueError(f"{part}features must be finite, got NaN or infinity")
    if y.is_complex() or not (y.double().round() == y).all() or abs(y).max() > 2**53:
        raise ValueError(f"{part}labels must be whole numbers, got {y}")
    if x.ndim == 4:
        x = adaptive_avg_pool2d(x.to(promote_types(x.dtype, float32)), 2).flatten(1)
    return x.double().cpu().numpy(), y.long().numpy()
