"""The authors' files against means by hand."""

import numpy as np
import pytest

from helpers import adversarial_noise as an


def test_published_accuracy():
    """Means of five severities as computed by hand from the authors' files."""
    cifar = an.published_accuracy("cifar10")
    assert cifar.accuracy.shape == (15, 5, 4)
    means = dict(zip(cifar.kinds, cifar.accuracy.mean(axis=1), strict=True))
    for kind, by_hand in {
        "fog": (90.38, 72.63, 71.53, 51.80),
        "contrast": (92.16, 77.00, 58.89, 41.52),
        "shot_noise": (59.34, 82.75, 91.83, 84.64),
        "glass_blur": (51.14, 80.17, 79.61, 77.87),
    }.items():
        assert means[kind] == pytest.approx(by_hand, abs=0.006)
    assert cifar.accuracy.mean(axis=(0, 1)) == pytest.approx(
        [76.28, 80.95, 81.19, 74.72], abs=0.006
    )
    change = dict(zip(cifar.kinds, cifar.change("noise 0.1"), strict=True))
    assert change["fog"] == pytest.approx(71.53 - 90.38, abs=0.01)
    imagenet = an.published_accuracy("imagenet")
    assert imagenet.accuracy.shape == (15, 5, 4)
    assert imagenet.accuracy[imagenet.kinds.index("gaussian_noise"), 4].tolist() == [
        9.588, 57.45, 9.324, 9.058,
    ]  # fmt: skip
    missing = np.isnan(imagenet.accuracy).any(axis=(1, 2))
    assert {k for k, m in zip(imagenet.kinds, missing, strict=True) if m} == {
        "snow", "frost", "jpeg_compression", "motion_blur",
    }  # fmt: skip
    assert "github.com/nicf/corruption-robustness" in imagenet.source
    with pytest.raises(ValueError, match="dataset must be one of"):
        an.published_accuracy("mnist")
    with pytest.raises(ValueError, match="model must be one of"):
        cifar.change("noise 9")
