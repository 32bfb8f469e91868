"""How the benchmarks take their times and keep what they found."""

import datetime
import importlib
import json
import os
import platform
import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from places import ROOT

sys.path.append(str(ROOT / "book" / "_ext"))
speed = importlib.import_module("speed")

STORED = ROOT / "book" / "_data" / "speed.json"
FILLED = 0.3
"""Seconds of calls that a time is the mean of, at least."""
PATIENCE = 3.0
"""Seconds after which three repeats are enough."""
REPEATS = 9
WARM_UP = 3.0
"""Seconds below which the first turn is short."""


@dataclass(frozen=True)
class Race:
    """Processor seconds of a call, one a repeat, and what the last calls returned."""

    ours: list[float]
    theirs: list[float]
    found: Any
    their_found: Any

    @property
    def row(self):
        """Medians, and the least, median and largest of theirs over ours."""
        row = {"seconds": float(np.median(self.ours)), "repeats": len(self.ours)}
        if not self.theirs:
            return row | {"their_seconds": None, "ratio": None}
        ratios = np.divide(self.theirs, self.ours)
        return row | {
            "their_seconds": float(np.median(self.theirs)),
            "ratio": np.percentile(ratios, [0, 50, 100]).tolist(),
        }


class Side:
    """A function without arguments, timed.

    Args:
        function: what to call.
        share: the part of the job that it does.
        read: how it tells its own time by its result, if it does.
    """

    def __init__(self, function, share=1.0, read=None):
        self.function, self.share, self.read = function, share, read

    def time(self, filled):
        """Mean time of the whole job, and what the last call returned.

        Calls fill such a time; if that takes several, the first was to warm up.
        """
        taken = []
        while not taken or sum(taken) < filled:
            start = time.process_time()
            found = self.function()
            spent = time.process_time() - start
            taken.append(self.read(found) if self.read else spent)
        return float(np.mean(taken[1:] or taken)) / self.share, found


class Bench:
    """One benchmark: full, timed and kept, or small, where both sides only run.

    Args:
        id: room/test.
        full: whether this is `make bench`.
    """

    def __init__(self, id, full):
        self.id, self.full = id, full

    def size(self, small, full):
        """The one that this run takes."""
        return full if self.full else small

    def race(self, ours, other=None):
        """Time our side and what stands beside it in turn, several times over.

        Each is a function or a `Side`. A short first turn, in which a library may load
        what it needs, does not count.
        """
        sides = [
            side if isinstance(side, Side) else Side(side)
            for side in (ours, other)
            if side is not None
        ]
        start = time.process_time()
        turns = [self._turn(sides)]
        if self.full and time.process_time() - start < WARM_UP:
            turns.clear()
        while not self._enough(len(turns), time.process_time() - start):
            turns.append(self._turn(sides))
        ours, *others = zip(*turns, strict=True)
        theirs = others[0] if others else [(None, None)]
        return Race(
            [taken for taken, _ in ours],
            [taken for taken, _ in theirs if taken],
            ours[-1][1],
            theirs[-1][1],
        )

    def _turn(self, sides):
        return [side.time(self.size(0, FILLED)) for side in sides]

    def _enough(self, turns, spent):
        least = 3 if spent > PATIENCE else REPEATS
        return turns >= self.size(1, least)

    def record(
        self, race, helper, computed, *, beside="", accuracy="", their_accuracy="",
        cost="", key="", least=0.0, within=np.inf,
    ):  # fmt: skip
        """Print one row of the page Speed and, in a full run, keep and check it.

        Args:
            race: the times.
            helper: the function of ours, room.name.
            computed: the job, with its size.
            beside: what the other side is.
            accuracy: of our result.
            their_accuracy: of the other side's.
            cost: how it grows, or what it consists of, where that is measured.
            key: tells the rows of one benchmark apart.
            least: the ratio of the two fastest turns must reach it; below what every
                processor tried so far gave.
            within: seconds that our fastest turn must keep to.
        """
        row = race.row | {
            "helper": helper,
            "computed": computed,
            "beside": beside,
            "accuracy": accuracy,
            "their_accuracy": their_accuracy,
            "cost": cost,
            "source": source(self.id.partition("/")[0]),
        }
        id = self.id + (f" {key}" if key else "")
        print(f"\n  {id}:", speed.text(speed.check(id, row)))
        if self.full:
            keep(id, row)
            assert min(race.theirs, default=np.inf) >= least * min(race.ours)
            assert min(race.ours) <= within


def exponent(work, races):
    """Least-squares slope of the log of our time against the log of the work."""
    return np.polyfit(np.log(work), np.log([min(race.ours) for race in races]), 1)[0]


def source(room):
    """Date, machine, versions and command, as a stored row carries them."""
    versions = f"torch {torch.__version__.partition('+')[0]}, numpy {np.__version__}"
    machine = f"one of {os.cpu_count()} CPU cores, Python {platform.python_version()}"
    today = datetime.date.today()
    return f"{today}, {machine}, {versions}: make bench ROOM={room}"


def keep(id, row):
    """Put a row in the place of the one with its id, or after the others."""
    rows = json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else {}
    rows[id] = row
    STORED.write_text(
        json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
