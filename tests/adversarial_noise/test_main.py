"""The command line writes one file."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest

from helpers import adversarial_noise as an
from helpers.adversarial_noise.__main__ import _parser, main


def test_the_command_line_writes_one_file(tmp_path, monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")
    output = tmp_path / "new" / "results.json"
    given = (
        "--train 300 --test 60 --epochs 3 --images 6 --draws 300 --few 1 --points 4 "
        "--width 4 --noise 0 --radius 0.3 --steps 2 --radius-epochs 2 "
        f"--dtype bfloat16 --checkpoint {tmp_path / 'networks.pt'} --output {output}"
    )
    main(given.split())
    results = json.loads(output.read_text(encoding="utf-8"))
    run = results["run"]
    assert run["command"].startswith("python -m helpers.adversarial_noise --train 300")
    assert run["machine"].endswith("CPU cores")
    plain, adversarial = results["models"]
    assert plain["noise"] == 0
    assert adversarial["radius"] == 0.3
    assert len(plain["distance"]) == len(plain["sigma"]) == plain["images"]
    assert plain["median_ratio"] == pytest.approx(
        np.median(np.divide(plain["distance"], plain["sigma"])), rel=1e-3
    )
    assert set(plain["corrupted_accuracy"]) == set(an.CORRUPTIONS)
    assert len(plain["noisy_over_bound"]) == 1
    assert not {"output", "checkpoint"} & results["settings"].keys()
    again = tmp_path / "again.json"
    main([*given.split()[:-1], str(again)])  # from the checkpoint
    assert json.loads(again.read_text(encoding="utf-8"))["models"] == results["models"]
    assert (
        max(map(len, output.read_text(encoding="utf-8").splitlines())) > 60
    )  # lists on one line


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_what_is_left_out_is_as_in_the_stored_runs(name):
    file = Path(an.__file__).parent / "results" / f"{name}.json"
    stored = json.loads(file.read_text(encoding="utf-8"))
    _, _, _, *arguments = shlex.split(stored["run"]["command"])
    read = vars(_parser().parse_args(arguments))
    assert {key: read[key] for key in stored["settings"]} == stored["settings"]
