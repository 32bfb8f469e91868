"""The command, on a package written for the test."""

import math

import numpy as np
import pytest

from helpers import heavy_tails as ht
from helpers.heavy_tails import pretrained
from helpers.heavy_tails.__main__ import main


def test_table_of_a_package(package, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pretrained, "STORED", tmp_path / "pretrained.json")
    layer = "one/model.fc.weight"
    main(["--package", "tiny-net", "--spectrum", layer, "--store"])
    report = ht.analyze(package["b"])
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert f"{layer:60}    150 x 120   alpha {report.alpha:.4f}" in printed
    stored = ht.pretrained_table()
    command = f"--package tiny-net --spectrum {layer} --store"
    assert stored["source"].endswith(f"python -m helpers.heavy_tails {command}")
    (row,) = stored["layers"]
    assert (row["package"], row["version"], row["layer"]) == ("tiny-net", "1.2", layer)
    assert row["alpha"] == pytest.approx(report.alpha)
    assert row["phase"] == "random-like"
    w = package["b"].astype(float)
    assert row["entry_sigma"] == pytest.approx(w.std() * math.sqrt(150))
    assert row["mean_outlier"] == pytest.approx(150 * 120 * w.mean() ** 2)
    assert row["alpha_error"] == pytest.approx(
        ht.bootstrap_power_law(ht.spectrum(w), n_draws=100, seed=0).std(ddof=1)
    )
    mixed = [ht.spectrum(ht.shuffled(w, centre=c, seed=0))[-1] for c in (False, True)]
    assert [row["shuffled_max"], row["centred_max"]] == pytest.approx(mixed)
    np.testing.assert_allclose(stored["spectra"][layer], ht.spectrum(w), rtol=1e-7)


def test_an_unknown_layer_is_an_error(package, capsys):
    with pytest.raises(SystemExit):
        main(["--package", "tiny-net", "--spectrum", "nothing"])
    assert "error: no layer nothing" in capsys.readouterr().err
