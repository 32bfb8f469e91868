"""The parts for a graphics card: every command at its smallest, and the order."""

import importlib
import json
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from places import tool

card = tool("card")


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder in the place of the checkout, for what the parts write."""
    monkeypatch.setattr(card, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / card.KEPT).mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize("part", card.PARTS, ids=lambda part: part.name)
def test_every_part_runs_as_a_toy_and_is_then_made(part, elsewhere):
    words = part.command(tiny=True)
    program = importlib.import_module(f"{words[2]}.__main__")
    assert not part.made(tiny=True)
    program.main(words[3:])
    assert part.made(tiny=True)
    assert not part.made(tiny=False)
    run = json.loads((elsewhere / part.out(tiny=True)).read_text("utf-8"))["run"]
    assert {name for name, value in run.items() if value is None} <= {"commit"}
    assert len(list(elsewhere.glob("_build/card/*.pt"))) == part.resumes


@pytest.mark.parametrize("part", card.PARTS, ids=lambda part: part.name)
def test_a_toy_is_the_same_command_with_options_after_it(part):
    full, toy = part.command(tiny=False)[:-2], part.command(tiny=True)[:-2]
    kept = full.index("--checkpoint") if part.resumes else len(full)
    assert toy[:kept] == full[:kept]
    assert "cuda" in full
    assert toy[len(toy) - toy[::-1].index("--device")] == "cpu"


def test_a_result_counts_if_whole_and_of_this_command_and_code(elsewhere):
    part = next(one for one in card.PARTS if one.room == "well_behaved")
    words = part.command(tiny=True)
    importlib.import_module(f"{words[2]}.__main__").main(words[3:])
    path = elsewhere / part.out(tiny=True)
    stored = json.loads(path.read_text(encoding="utf-8"))

    def made(**changed):
        path.write_text(json.dumps(stored | changed), encoding="utf-8")
        return part.made(tiny=True)

    assert made()
    assert not made(draws=stored["draws"][:1])
    assert not made(run=stored["run"] | {"code": "0" * 16})
    assert not made(run=stored["run"] | {"command": "python -m helpers.well_behaved"})


@pytest.fixture
def runner(elsewhere, monkeypatch):
    """The tool with three parts that take a minute each, by a clock of its own."""
    made = SimpleNamespace(done=set(), ran=[], status={}, clock=0.0)

    def run(words, cwd, env, timeout):
        name = words[-1]
        made.ran.append(name)
        made.clock += min(60, timeout)
        if timeout < 60:
            raise subprocess.TimeoutExpired(words, timeout)
        if not made.status.get(name):
            made.done.add(name)
        return SimpleNamespace(returncode=made.status.get(name, 0))

    parts = tuple(card.Part("room", name, 60, "", "") for name in "abc")
    monkeypatch.setattr(card, "PARTS", parts)
    monkeypatch.setattr(card.Part, "out", lambda part, tiny: Path(part.name))
    monkeypatch.setattr(card.Part, "made", lambda part, tiny: part.name in made.done)
    monkeypatch.setattr(card.time, "perf_counter", lambda: made.clock)
    monkeypatch.setattr(card.subprocess, "run", run)
    return made


def test_the_parts_run_in_order_and_those_that_are_made_are_left_out(runner, capsys):
    runner.done.add("b")
    assert card.main(["tiny"]) == 0
    assert runner.ran == ["a", "c"]
    told = capsys.readouterr().out
    assert told.startswith("left, about 2 min on an H100 (an estimate): room/a, room/c")
    assert "took 60 s (estimated: 60 s on an H100)" in told
    assert told.endswith("nothing is left\n")
    assert card.main([]) == 0
    assert runner.ran == ["a", "c"]


def test_when_the_time_is_up_the_rest_is_left_for_the_next_call(
    runner, monkeypatch, capsys
):
    monkeypatch.setattr(card, "LIMIT", 90.0)
    assert card.main([]) == 1
    assert (runner.ran, runner.clock) == (["a", "b"], 90)
    told = capsys.readouterr().out
    assert "stopped after 30 s: the time is up" in told
    assert told.endswith("left, about 2 min on an H100 (an estimate): room/b, room/c\n")
    assert card.main([]) == 1
    assert card.main([]) == 0


def test_a_part_that_fails_does_not_stop_the_others(runner, capsys):
    runner.status["b"] = 3
    assert card.main([]) == 1
    assert runner.ran == ["a", "b", "c"]
    assert "and failed with status 3" in capsys.readouterr().out


def test_other_words_are_refused(capsys):
    assert card.main(["huge"]) == 2
    assert "python tools/card.py tiny" in capsys.readouterr().err
