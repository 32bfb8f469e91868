"""The parts for a graphics card: every command at its smallest, and the order."""

import importlib
import json
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from places import tool

card = tool("card")


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder in the place of the checkout, with a small CIFAR-10 of noise."""
    rng = np.random.default_rng(0)
    parts = {"train": 60, "test": 40}
    images = {
        f"x_{k}": rng.integers(256, size=(n, 32, 32, 3)) for k, n in parts.items()
    }
    labels = {f"y_{k}": np.arange(n) % 10 for k, n in parts.items()}
    arrays = {k: v.astype(np.uint8) for k, v in (images | labels).items()}
    np.savez(tmp_path / "cifar10.npz", **arrays)
    monkeypatch.setenv("DLT_DATA", str(tmp_path))
    monkeypatch.setattr(card, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / card.KEPT).mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize("part", card.PARTS, ids=lambda part: part.name)
def test_every_part_runs_as_a_toy(part, elsewhere):
    words = part.command(tiny=True)
    importlib.import_module(f"helpers.{part.module}").main(words[3:])
    run = json.loads((elsewhere / part.out(tiny=True)).read_text("utf-8"))["run"]
    assert run["command"] == shlex.join(words)
    assert {name for name, value in run.items() if value is None} <= {"commit"}
    assert len(list(elsewhere.glob("_build/card/*.pt"))) == part.resumes


@pytest.mark.parametrize("part", card.PARTS, ids=lambda part: part.name)
def test_a_toy_is_the_same_command_with_options_after_it(part):
    full, toy = part.command(tiny=False)[:-2], part.command(tiny=True)[:-2]
    kept = full.index("--checkpoint") if part.resumes else len(full)
    assert toy[:kept] == full[:kept]
    assert "cuda" in full
    assert toy[len(toy) - toy[::-1].index("--device")] == "cpu"


def test_what_other_code_or_another_command_made_is_made_again(elsewhere, monkeypatch):
    part = card.PARTS[0]
    for tiny in (True, False):
        (elsewhere / part.out(tiny)).parent.mkdir(parents=True)
        (elsewhere / part.out(tiny)).touch()
    (elsewhere / card.NOTES).write_text(part.note(tiny=True) + "\n", encoding="utf-8")
    assert part.made(tiny=True)
    assert not part.made(tiny=False)
    assert not replace(part, tiny=f"{part.tiny} --seed 1").made(tiny=True)
    with monkeypatch.context() as patch:
        patch.setattr(card, "code_hash", lambda modules: "0" * 16)
        assert not part.made(tiny=True)
    (elsewhere / part.out(tiny=True)).unlink()
    assert not part.made(tiny=True)


@pytest.fixture
def runner(elsewhere, monkeypatch):
    """The tool with three parts that take a minute each, by a clock of its own."""
    made = SimpleNamespace(ran=[], status={}, clock=0.0)

    def run(words, cwd, env, timeout):
        name = words[-1]
        made.ran.append(name)
        made.clock += min(60, timeout)
        if timeout < 60:
            raise subprocess.TimeoutExpired(words, timeout)
        Path(name).touch()
        return SimpleNamespace(returncode=made.status.get(name, 0))

    module = "well_behaved.__main__"
    parts = tuple(card.Part(module, name, 60, "", "") for name in "abc")
    monkeypatch.setattr(card, "PARTS", parts)
    monkeypatch.setattr(card.Part, "out", lambda part, tiny: Path(part.name))
    monkeypatch.setattr(card.time, "perf_counter", lambda: made.clock)
    monkeypatch.setattr(card.subprocess, "run", run)
    return made


def test_the_parts_run_in_order_and_those_that_are_made_are_left_out(runner, capsys):
    runner.status["b"] = 3
    assert card.main(["tiny"]) == 1
    told = capsys.readouterr().out
    assert told.startswith("left, about 3 min on an H100 (an estimate): a, b, c\n")
    assert "took 60 s (estimated: 60 s on an H100)\n" in told
    assert "(estimated: 60 s on an H100), and failed with status 3\n" in told
    assert told.endswith("left, about 1 min on an H100 (an estimate): b\n")
    runner.status.clear()
    assert card.main(["tiny"]) == 0
    assert runner.ran == ["a", "b", "c", "b"]
    assert capsys.readouterr().out.endswith("nothing is left\n")


def test_when_the_time_is_up_the_rest_is_left_for_the_next_call(
    runner, monkeypatch, capsys
):
    monkeypatch.setattr(card, "LIMIT", 90.0)
    assert card.main([]) == 1
    assert (runner.ran, runner.clock) == (["a", "b"], 90)
    told = capsys.readouterr().out
    assert "stopped after 30 s: the time is up" in told
    assert told.endswith("left, about 2 min on an H100 (an estimate): b, c\n")
    assert card.main([]) == 1
    assert card.main([]) == 0


def test_other_words_are_refused(capsys):
    assert card.main(["huge"]) == 2
    assert "python tools/card.py tiny" in capsys.readouterr().err
