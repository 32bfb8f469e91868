"""Image data sets as tensors: digits offline, three larger ones on request."""

import importlib.util
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from numbers import Integral
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

__all__ = [
    "NAMES",
    "Dataset",
    "load",
    "random_labels",
]

_OPENML = {
    "mnist": ("mnist_784", (1, 28, 28), 60_000),
    "fashion_mnist": ("Fashion-MNIST", (1, 28, 28), 60_000),
    "cifar10": ("CIFAR_10", (3, 32, 32), 50_000),
}
"""Our name -> OpenML's name, shape of an image, size of the training part."""

NAMES = ("digits", *_OPENML)
"""The names that `load` accepts."""

_DIGITS_TRAIN = 1400
_N_CLASSES = 10
_KEYS = ("x_train", "y_train", "x_test", "y_test")

_Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Dataset:
    """A classification data set, split into training and test part.

    Attributes:
        name: where it came from.
        x_train: float32 in [0, 1], [n_train, channels, height, width].
        y_train: int64 labels 0 .. n_classes - 1, [n_train].
        x_test: as `x_train`, [n_test, channels, height, width].
        y_test: as `y_train`, [n_test].
        n_classes: number of classes.
    """

    name: str
    x_train: Tensor
    y_train: Tensor
    x_test: Tensor
    y_test: Tensor
    n_classes: int

    def flatten(self) -> "Dataset":
        """Return the data set with every image as a row: x is [n, features]."""
        return replace(
            self, x_train=self.x_train.flatten(1), x_test=self.x_test.flatten(1)
        )


def load(
    name: str = "digits",
    *,
    n_train: int | None = None,
    n_test: int | None = None,
    seed: int = 0,
) -> Dataset:
    """Load a data set with the pixels scaled to [0, 1].

    `digits` (1797 images 1x8x8 that ship with scikit-learn) is split into 1400
    training and 397 test images by `seed`. `mnist`, `fashion_mnist` (1x28x28, 60000
    and 10000) and `cifar10` (3x32x32, 50000 and 10000) keep their own split; they are
    read from `<name>.npz` in the folder that the environment variable DLT_DATA names,
    with uint8 arrays x_train [N, H, W] or [N, H, W, 3], y_train [N], x_test, y_test;
    without that file they come from OpenML, once, into scikit-learn's cache.

    Of each part, n samples are drawn by `seed`, the classes in their proportions, and
    put in random order. With one seed, a smaller choice is a subset of a larger one.

    Args:
        name: one of `NAMES`.
        n_train: number of training images, None for all.
        n_test: number of test images, None for all.
        seed: integer >= 0.

    Raises:
        ValueError: unknown name, `n_train`, `n_test` or `seed` out of range, malformed
            file.
        FileNotFoundError: no file and no download.
    """
    if name not in NAMES:
        raise ValueError(
            f"name: unknown data set {name!r}; allowed: {', '.join(NAMES)}"
        )
    _check_seed(seed)
    arrays = _digits(seed) if name == "digits" else _file_or_openml(name)
    x_train, y_train = _part(arrays, "train", n_train, seed)
    x_test, y_test = _part(arrays, "test", n_test, seed)
    return Dataset(name, x_train, y_train, x_test, y_test, _N_CLASSES)


def random_labels(dataset: Dataset, seed: int, *, fraction: float = 1.0) -> Dataset:
    """Return the data set with training labels redrawn uniformly from all classes.

    A redrawn label equals the old one with probability 1 / n_classes. The images and
    the test part stay as they are.

    Args:
        dataset: left unchanged.
        seed: integer >= 0, of a local generator.
        fraction: share of the training samples that get a new label, in [0, 1]; they
            are chosen at random, round(fraction * n_train) of them.

    Raises:
        ValueError: `fraction` outside [0, 1], or a seed that is no integer >= 0.
    """
    if not 0 <= fraction <= 1:
        raise ValueError(f"fraction must lie in [0, 1], got {fraction!r}")
    _check_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    n = len(dataset.y_train)
    chosen = torch.randperm(n, generator=generator)[: round(fraction * n)]
    y_train = dataset.y_train.clone()
    y_train[chosen] = torch.randint(
        dataset.n_classes, (len(chosen),), generator=generator
    )
    return replace(dataset, y_train=y_train)


def _check_seed(seed: int) -> None:
    if not isinstance(seed, Integral) or seed < 0:
        raise ValueError(f"seed must be an integer >= 0, got {seed!r}")


def _part(
    arrays: _Arrays, part: str, n: int | None, seed: int
) -> tuple[Tensor, Tensor]:
    """Return n images [n, C, H, W] in [0, 1] and labels [n] of one part."""
    x, y = arrays[f"x_{part}"], arrays[f"y_{part}"]
    limit = len(y)
    if n is not None and not (isinstance(n, Integral) and 1 <= n <= limit):
        raise ValueError(f"n_{part} must be an integer in 1..{limit}, got {n!r}")
    keep = np.random.default_rng(seed).permutation(_stratified_order(y, seed)[:n])
    images = x[keep].astype(np.float32, order="C") / np.float32(255)
    return torch.from_numpy(images), torch.from_numpy(y[keep].astype(np.int64))


def _stratified_order(y: np.ndarray, seed: int) -> np.ndarray:
    """Return a random order of [n] labels whose prefixes keep the proportions.

    The k-th of the c samples of a class is placed uniformly in [k/c, (k+1)/c).
    """
    rng = np.random.default_rng(seed)
    place = np.empty(len(y))
    for label in np.unique(y):
        members = rng.permutation(np.flatnonzero(y == label))
        c = len(members)
        place[members] = (np.arange(c) + rng.random(c)) / c
    return np.argsort(place)


def _digits(seed: int) -> _Arrays:
    """Return the 8x8 digits, split by seed; pixels 0..16 rescaled to 0..255."""
    from sklearn.datasets import load_digits

    images, y = load_digits(return_X_y=True)
    x = images.reshape(-1, 1, 8, 8) * (255 / 16)
    order = _stratified_order(y, seed)
    train, test = order[:_DIGITS_TRAIN], order[_DIGITS_TRAIN:]
    return dict(zip(_KEYS, (x[train], y[train], x[test], y[test]), strict=True))


def _file_or_openml(name: str) -> _Arrays:
    """Read `<name>.npz` from the folder DLT_DATA, or download from OpenML."""
    folder = os.environ.get("DLT_DATA")
    path = Path(folder) / f"{name}.npz" if folder else None
    if path is not None and path.is_file():
        return _read_npz(path)
    return _openml(name, path)


def _openml(name: str, missing: Path | None) -> _Arrays:
    """Return the data set from OpenML, kept in scikit-learn's own cache."""
    from sklearn.datasets import fetch_openml

    openml_name, shape, n_train = _OPENML[name]
    parser = "pandas" if importlib.util.find_spec("pandas") else "liac-arff"
    try:
        x, y = fetch_openml(
            openml_name,
            version=1,
            return_X_y=True,
            as_frame=False,
            parser=parser,
            n_retries=1,
        )
    except (OSError, ValueError) as error:
        looked = f"{missing} does not exist" if missing else "DLT_DATA is not set"
        raise FileNotFoundError(
            f"data set {name!r} is not available: {looked}, and the download of "
            f"{openml_name!r} from OpenML failed ({error}). Either set the environment "
            f"variable DLT_DATA to a folder that holds {name}.npz, or connect to the "
            "network and call again."
        ) from error
    images, labels = x.reshape(-1, *shape), y.astype(np.int64)
    parts = images[:n_train], labels[:n_train], images[n_train:], labels[n_train:]
    return dict(zip(_KEYS, parts, strict=True))


def _read_npz(path: Path) -> _Arrays:
    """Return the checked arrays of a file, images as [N, C, H, W]."""
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path} is not a complete .npz file")
    with np.load(path, allow_pickle=False) as file:
        arrays = {key: _entry(file, key, path) for key in _KEYS}
    for part in ("train", "test"):
        _check_part(arrays[f"x_{part}"], arrays[f"y_{part}"], part, path)
    return arrays


def _entry(file: Mapping[str, np.ndarray], key: str, path: Path) -> np.ndarray:
    """Return one array of the file; images with channels first."""
    if key not in file:
        raise ValueError(
            f"{path}: key {key!r} is missing; needed: {', '.join(_KEYS)}; "
            f"found: {', '.join(file) or 'none'}"
        )
    try:
        array = file[key]
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path}: key {key!r} is unreadable: {error}") from error
    if array.dtype != np.uint8:
        raise ValueError(f"{path}: key {key!r} must be uint8, got {array.dtype}")
    if key.startswith("y"):
        return array
    if array.ndim == 3:
        return array[:, None]
    if array.ndim == 4 and array.shape[-1] == 3:
        return array.transpose(0, 3, 1, 2)
    raise ValueError(
        f"{path}: key {key!r} must be [N, H, W] or [N, H, W, 3], "
        f"got shape {list(array.shape)}"
    )


def _check_part(x: np.ndarray, y: np.ndarray, part: str, path: Path) -> None:
    """Raise unless there is one label 0..9 for each of at least one image."""
    if y.shape != (len(x),) or len(x) == 0:
        raise ValueError(
            f"{path}: key 'y_{part}' must be [N] with the N >= 1 of 'x_{part}', "
            f"got shape {list(y.shape)} for {len(x)} images"
        )
    if y.max() >= _N_CLASSES:
        raise ValueError(
            f"{path}: key 'y_{part}' must hold labels 0..{_N_CLASSES - 1}, "
            f"got {y.max()}"
        )
