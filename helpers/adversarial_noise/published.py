"""Accuracies on corrupted images that the paper's authors published."""

import json
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PublishedAccuracy:
    """Accuracies of several models on corrupted images; made by `published_accuracy`.

    Attributes:
        models: what was trained, [models].
        kinds: names of the corruptions, [kinds].
        accuracy: in per cent, [kinds, severities, models]; nan where none is given.
        source: where the numbers stand.
    """

    models: tuple[str, ...]
    kinds: tuple[str, ...]
    accuracy: Array
    source: str

    def change(self, model: str, other: str = "clean") -> Array:
        """Return how far the mean over severities moves from `other` to `model`.

        Raises:
            ValueError: unknown model.
        """
        for name in (model, other):
            if name not in self.models:
                raise ValueError(f"model must be one of {self.models}, got {name!r}")
        mean: Array = self.accuracy.mean(axis=1)
        return mean[:, self.models.index(model)] - mean[:, self.models.index(other)]


def published_accuracy(dataset: str) -> PublishedAccuracy:
    """Return the accuracies on CIFAR-10-C or ImageNet-C that go with the paper.

    Args:
        dataset: "cifar10": a Wide ResNet trained on clean images, adversarially, with
            noise 0.1 and 0.4; "imagenet": Inception v3, clean and noise 0.4, each on
            corruptions made in memory and on the distributed JPEG files.

    Raises:
        ValueError: unknown data set.
    """
    path = files("helpers.adversarial_noise") / "results" / "published_accuracy.json"
    tables = json.loads(path.read_text(encoding="utf-8"))
    if dataset not in tables:
        raise ValueError(f"dataset must be one of {sorted(tables)}, got {dataset!r}")
    table = tables[dataset]
    rows = np.array([*table["accuracy"].values()], dtype=np.float64)
    return PublishedAccuracy(
        tuple(table["models"]), tuple(table["accuracy"]), rows, table["source"]
    )
