"""Run the chapters' parts that need a graphics card, within 12 minutes.

    python tools/card.py          at the papers' sizes, on the card
    python tools/card.py tiny     the same commands, cut to toys, on the processor

The parts run in order of worth, each a command of its chapter that writes its result as
soon as it has it: into helpers/<room>/results/, or into _build/card/tiny. After twelve
minutes what runs is stopped. Called again, it leaves out what today's code has made,
and goes on within a part: chapter 7 with its next layer, the others with their next
network. `helpers.data.load` says where CIFAR-10 is read; chapter 9's toy needs it too.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from helpers.stored_runs import ROOT, code_hash

LIMIT = 12 * 60.0
"""Seconds that a call may take."""

KEPT = Path("_build", "card")
NOTES = KEPT / "made.txt"


@dataclass(frozen=True)
class Part:
    """A command whose result a card brings within reach.

    Attributes:
        module: of `helpers`, which the command runs.
        name: of its result.
        seconds: on an H100 with 80 GB. An estimate, from shorter runs.
        options: of the command, at the paper's sizes.
        tiny: options that come after these, for a toy on the processor.
        resumes: whether what is trained is kept in a file that the command reads.
    """

    module: str
    name: str
    seconds: int
    options: str
    tiny: str
    resumes: bool = False

    def out(self, tiny: bool) -> Path:
        """Where the result is written, from the root of the checkout."""
        above = KEPT / "tiny" if tiny else Path("helpers")
        return above / self.module.partition(".")[0] / "results" / f"{self.name}.json"

    def command(self, tiny: bool) -> list[str]:
        """The words of the command."""
        words = self.options.split() + (self.tiny.split() if tiny else [])
        if self.resumes:
            kept = KEPT / f"{self.name}{'_tiny' * tiny}_{self._code()}.pt"
            words += ["--checkpoint", kept.as_posix()]
        program = f"helpers.{self.module}".removesuffix(".__main__")
        out = ["--out", self.out(tiny).as_posix()]
        return ["python", "-m", program, *words, *out]

    def note(self, tiny: bool) -> str:
        """What is noted when it is made: today's code and the command."""
        return f"{self._code()} {shlex.join(self.command(tiny))}"

    def made(self, tiny: bool) -> bool:
        """Whether the result is there and noted as whole."""
        notes = ROOT / NOTES
        noted = notes.read_text(encoding="utf-8") if notes.is_file() else ""
        there = (ROOT / self.out(tiny)).is_file()
        return there and self.note(tiny) in noted.splitlines()

    def _code(self) -> str:
        return code_hash([f"helpers.{self.module}"])


def greedy(
    name: str, seconds: int, network: str, tiny: str, resumes: bool = True
) -> Part:
    """A training of chapter 7: 6 epochs a layer where the paper has 50."""
    shared = "--data cifar10 --augment --dtype bfloat16 --epochs 6 --record-every 6 "
    shared += "--probe 5000 --device cuda "
    small = "--data digits --n-train 60 --n-test 40 --width 2 --head-width 2 "
    small += "--epochs 1 --probe 60 --device cpu "
    module = "greedy_layerwise.__main__"
    return Part(module, name, seconds, shared + network, small + tiny, resumes)


def deep(name: str, seconds: int, architecture: str) -> Part:
    """Draws of chapter 3: 200 convolutions of 512 channels, without the ranks."""
    options = f"--data cifar10 --architecture {architecture} --depth 200 --width 512 "
    options += "--draws 100 --no-ranks --device cuda"
    small = "--data digits --depth 6 --width 4 --draws 2 --batch-size 4 --device cpu"
    return Part("well_behaved.__main__", name, seconds, options, small)


TRUNK = "--depth 4 --width 128 --head-width 256 --downsample 2"
PARTS = (
    greedy("card_k3", 70, f"--k 3 {TRUNK}", "--depth 2"),
    greedy("card_k2", 45, f"--k 2 {TRUNK}", "--depth 2"),
    greedy("card_k1", 90, "--k 1 --depth 5 --width 256 --downsample 2 3", "--depth 3"),
    greedy(  # 17 epochs: as many operations as card_k3
        "card_end_to_end_k3",
        70,
        f"--method end_to_end --k 3 {TRUNK} --epochs 17",
        "--depth 2",
        resumes=False,
    ),
    Part(
        "heavy_tails.batch_sizes",
        "card_mini_alexnet",
        90,
        "--epochs 15 --batch-sizes 16 500 32 100 250 --device cuda",
        "--images 60 --test-images 40 --epochs 1 --batch-sizes 30 --device cpu",
    ),
    deep("card_batch_norm", 70, "batch_norm"),
    deep("card_batch_norm_residual", 105, "batch_norm_residual"),
)
"""In order of worth."""


def left(parts: list[Part]) -> str:
    """The parts that are left, and their minutes."""
    if not parts:
        return "nothing is left"
    names = ", ".join(part.name for part in parts)
    minutes = sum(part.seconds for part in parts) / 60
    return f"left, about {minutes:.0f} min on an H100 (an estimate): {names}"


def run(part: Part, tiny: bool, limit: float) -> str:
    """Run a part for so many seconds at most; how it ended, in words."""
    words = part.command(tiny)
    print(f"{part.name}: {shlex.join(words)}", flush=True)
    cores = os.environ | {"OMP_NUM_THREADS": "1" if tiny else str(os.cpu_count())}
    began = time.perf_counter()
    try:
        done = subprocess.run(
            [sys.executable, *words[1:]], cwd=ROOT, env=cores, timeout=limit
        )
    except subprocess.TimeoutExpired:
        return f"stopped after {limit:.0f} s: the time is up"
    took = time.perf_counter() - began
    told = f"took {took:.0f} s (estimated: {part.seconds} s on an H100)"
    if done.returncode:
        return f"{told}, and failed with status {done.returncode}"
    with (ROOT / NOTES).open("a", encoding="utf-8") as notes:
        print(part.note(tiny), file=notes)
    return told


def main(arguments: list[str]) -> int:
    """Run what is not made yet, in order, until the time is up; 0 if all is made."""
    if arguments not in ([], ["tiny"]):
        print(__doc__, file=sys.stderr)
        return 2
    tiny = arguments == ["tiny"]
    end = time.perf_counter() + LIMIT
    (ROOT / KEPT / "tiny").mkdir(parents=True, exist_ok=True)
    todo = [part for part in PARTS if not part.made(tiny)]
    print(left(todo), flush=True)
    for part in todo:
        remaining = end - time.perf_counter()
        if remaining <= 0:
            break
        print(f"    {run(part, tiny, remaining)}", flush=True)
    todo = [part for part in todo if not part.made(tiny)]
    print(left(todo))
    return int(bool(todo))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
