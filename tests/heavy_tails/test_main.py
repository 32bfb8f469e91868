"""The command, on a package and on files written for the test."""

import json
import math

import numpy as np
import pytest
import torch

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


def test_a_package_line_by_line(package, capsys):
    main(["--package", "tiny-net", "--draws", "0"])
    printed = capsys.readouterr().out.splitlines()
    report = ht.analyze(package["b"])
    line = f"{'one/model.fc.weight':60}    150 x 120   alpha {report.alpha:.4f}"
    assert printed[0].startswith(line)
    assert [line.split()[0] for line in printed] == [
        "one/model.fc.weight", "one/count", "two/a", "two/half", "two/ids", "1"
    ]  # fmt: skip
    assert "too small: 5 eigenvalues where 8 are needed" in printed[2]
    assert printed[-1].startswith("1 of 5 weights fitted, mean alpha")


def test_files_are_printed_and_kept(tmp_path, capsys):
    w = {k: torch.tensor(ht.heavy_tailed_matrix(30, 20, 2.0, seed=k)) for k in (0, 1)}
    state = {"a": w[0], "zero": torch.zeros(9, 9), "qkv.weight": w[1].repeat(2, 1)}
    torch.save(state, tmp_path / "m.pt")
    kept = {kind: tmp_path / f"t.{kind}" for kind in ("csv", "json", "png")}
    main([str(tmp_path / "m.pt"), "--draws", "10", "--csv", str(kept["csv"]), "--json",
          str(kept["json"]), "--plot", str(kept["png"]), "--split-qkv"])  # fmt: skip
    table = ht.analyze_model(state, n_draws=10, split_qkv=True)
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1] == table.summary
    assert len(printed) == len(table) + 1 == 6
    stored = json.loads(kept["json"].read_text(encoding="utf-8"))["layers"]
    assert [row["alpha"] for row in stored] == [row.alpha for row in table]
    assert kept["csv"].read_text(encoding="utf-8").count("\n") == 6
    assert kept["png"].read_bytes().startswith(b"\x89PNG")


def test_several_paths_and_a_broken_one(tmp_path, capsys):
    torch.save({"w": torch.tensor(ht.heavy_tailed_matrix(30, 20, 2.0, seed=0))},
               tmp_path / "a.pt")  # fmt: skip
    (tmp_path / "b.pt").write_bytes(b"PK\x03\x04")
    main([str(tmp_path / "b.pt"), str(tmp_path / "a.pt"), "--draws", "0"])
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith(f"{tmp_path / 'b.pt'}:b.pt")
    assert "file: cannot be read with weights_only=True" in printed[0]
    assert printed[2].startswith("1 of 2 weights fitted")


def test_a_name_does_not_command_the_terminal(tmp_path, capsys):
    torch.save({"a\x1b[31m\n": torch.zeros(9, 9)}, tmp_path / "a.pt")
    main([str(tmp_path / "a.pt")])
    assert capsys.readouterr().out.startswith("a?[31m? ")
    assert "a?[31m?" in repr(ht.analyze_file(tmp_path / "a.pt"))


REFUSED = {
    "give a file, a folder or --package NAME": [],
    "path must be a file or folder, got nowhere": ["nowhere"],
    "package 'no-such-net' is not installed": ["--package", "no-such-net"],
    "--store and --spectrum go with --package alone": ["a.pt", "--store"],
    "n_draws must be an integer >= 2, got 1": ["nowhere", "--draws", "1"],
    "no weight of 2 dimensions or more there": ["."],
    "path must be a file or folder, got missing": [".", "missing"],
    "FILE must lie in a folder that exists, got no/t.csv": [".", "--csv", "no/t.csv"],
}


@pytest.mark.parametrize("told", REFUSED)
def test_bad_input_is_told_what_is_wrong(told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(REFUSED[told])
    assert f"error: {told}" in capsys.readouterr().err


def test_help_names_every_way(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    for word in (".safetensors", "--csv", "--json", "--plot", "--package", "examples:"):
        assert word in told
