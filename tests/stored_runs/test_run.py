"""What a stored file says of its run: its form, and the record of one that ends."""

import re
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch

from helpers.stored_runs import PACKAGES, Run, record

RUN = Run(
    command="python -m helpers.room --out a.json",
    date="2026-01-02",
    machine="2 CPU cores",
    versions={"python": "3.11.7", "torch": "2.13.0"},
    seed=0,
    seconds=12.5,
    peak_memory_bytes=10**8,
    commit="0123456" + 33 * "a",
    code=16 * "b",
)


def test_a_run_in_words_has_all_that_it_takes_to_run_it_again():
    assert RUN.text == (
        "2026-01-02, 2 CPU cores, Python 3.11.7, torch 2.13.0, commit 0123456: "
        "python -m helpers.room --out a.json"
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"commit": RUN.commit + "-dirty"}, "commit 0123456-dirty"),
        ({"found_later": True}, "stored by commit 0123456"),
        ({"commit": None}, "commit not recorded"),
    ],
)
def test_where_the_code_comes_from_is_told(changes, words):
    assert replace(RUN, **changes).code_in_words == words


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"date": "2 Jan"}, "date"),
        ({"date": None}, "date"),
        ({"commit": "0123456"}, "commit"),
        ({"code": "b"}, "code"),
        ({"command": ""}, "needs its command"),
        ({"machine": ""}, "its machine"),
        ({"versions": {"jax": "1"}}, "versions"),
        ({"seconds": 0}, "seconds"),
        ({"peak_memory_bytes": -1}, "peak_memory_bytes"),
    ],
)
def test_what_is_not_of_the_form_is_refused(changes, told):
    with pytest.raises(ValueError, match=told):
        replace(RUN, **changes)


def test_the_record_of_a_run_that_ends():
    words = ["python", "-m", "helpers.edge_of_chaos", "a b.json"]
    run = record(words, seed=[0, 1], since=time.perf_counter() - 5)
    assert run.command == "python -m helpers.edge_of_chaos 'a b.json'"
    assert run.versions.keys() == {"python", *PACKAGES}
    assert torch.__version__.startswith(run.versions["torch"].partition("+")[0])
    assert run.versions["python"] == ".".join(map(str, sys.version_info[:3]))
    assert 5 <= run.seconds < 60
    assert run.peak_memory_bytes > 1e7
    assert run.seed == [0, 1]
    with pytest.raises(ValueError, match="python -m"):
        record(["make", "seeds"], seed=0, since=0.0)


def git(folder, *words):
    names = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run(["git", *names, *words], cwd=folder, check=True, capture_output=True)


def test_the_commit_says_whether_the_code_was_committed(tmp_path):
    room = tmp_path / "helpers" / "room.py"
    room.parent.mkdir()
    room.write_text("x = 1\n")

    def commit():
        return record(
            ["make", "seeds"], ["helpers.room"], seed=0, since=0.0, root=tmp_path
        ).commit

    assert commit() is None
    for words in (["init"], ["add", "."], ["commit", "-m", "x"]):
        git(tmp_path, *words)
    assert re.fullmatch("[0-9a-f]{40}", commit())
    (tmp_path / "notes").write_text("no code")
    assert "-dirty" not in commit()
    room.write_text("x = 2\n")
    assert commit().endswith("-dirty")
