"""The program in which submissions run, apart from the checks.

    python -m course.grade_stage FD SETTINGS

It loads torch and `helpers` once and forks for every submission, so that one more costs
milliseconds. It knows nothing of the checks' seed and of other submissions: whatever a
submission finds in its memory, it may find. For each message on FD (one byte, with two
descriptors) three processes stand in a row: this one, a keeper, the submission. The
keeper ends the submission, and all that it has started, when its leash is let go.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.pyplot  # noqa: F401  (loaded before the forks)
import scipy.integrate
import scipy.linalg
import scipy.optimize
import scipy.stats  # noqa: F401
import torch

import helpers
from course import grade_jail as jail
from course.grade_perform import perform
from helpers import checks

for _name in checks.__all__:
    getattr(checks, _name)  # loads the rooms behind it, before the forks


class Stage:
    """Where submissions run: how far apart, within which limits."""

    def __init__(self, limits: jail.Limits) -> None:
        self.limits = limits
        self.folder = Path(tempfile.mkdtemp(prefix="stage"))
        package = Path(helpers.__file__).resolve().parent
        installed = (Path(one) for one in sys.path if one.endswith("-packages"))
        self.shown = [Path(sys.prefix), Path(sys.base_prefix), package, *installed]
        self.why = ""  # it is not apart
        self.why = self._refusal()

    def _refusal(self) -> str:
        """Why the machine does not keep a process apart; empty if it does."""
        mine, theirs = socket.socketpair()
        if os.fork() == 0:
            try:
                jail.separate()
                theirs.sendall(self._told_by_a_child().encode() or b"\0")
            except OSError as error:
                theirs.sendall((error.strerror or str(error)).encode())
            finally:
                os._exit(0)
        theirs.close()
        os.wait()
        return mine.recv(1000).decode().strip("\0")

    def _told_by_a_child(self) -> str:
        near, far = os.pipe()
        if os.fork() == 0:
            try:
                jail.enter(self.folder, self.shown)
                jail.give_up_rights()
                for path in (os.__file__, helpers.__file__, torch.__file__):
                    Path(path).read_bytes()
            except OSError as error:
                os.write(far, (error.strerror or str(error)).encode())
            finally:
                os._exit(0)
        os.close(far)
        os.wait()
        with os.fdopen(near, encoding="utf-8") as told:
            return told.read()

    def begin(self, channel: socket.socket, leash: socket.socket) -> None:
        """Be the keeper of a submission that talks on the channel; does not return."""
        jail.adopt_orphans()
        scratch = jail.SCRATCH if not self.why else self._own_scratch()
        user = jail.becomes()
        taken, running = jail.memory_taken(), jail.threads_of(user)
        if not self.why:
            jail.separate()
        child = os.fork()
        if child == 0:
            leash.close()
            os.setsid()
            jail.first_to_be_killed()
            if not self.why:
                jail.enter(self.folder, self.shown)
            jail.limit(self.limits, taken, running)
            self._give_up_rights()
            perform(channel, scratch, self.limits.seconds)
        channel.close()
        leash.recv(1)  # returns when the checks let go of the other end, or have died
        _end(child)
        if self.why:
            shutil.rmtree(scratch, ignore_errors=True)

    def _give_up_rights(self) -> None:
        """Root may stay root only where nobody could not read Python's files."""
        if self.why and os.getuid() == 0 and not _nobody_reads(os.__file__):
            return
        jail.give_up_rights()

    def _own_scratch(self) -> Path:
        scratch = Path(tempfile.mkdtemp(prefix="submission"))
        if (user := jail.becomes()) != os.getuid():
            os.chown(scratch, user, user)
        return scratch


def serve(control: socket.socket, stage: Stage) -> None:
    """Begin a submission for each message, until the other side has ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers leave nothing behind
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 2)
        if not message:
            break
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            control.close()
            channel, leash = (socket.socket(fileno=one) for one in descriptors)
            _finally_exit(lambda: stage.begin(channel, leash))  # noqa: B023
        for one in descriptors:
            os.close(one)


def _finally_exit(work: Callable[[], None]) -> None:
    try:
        work()
    finally:
        os._exit(0)


def _end(child: int) -> None:
    """End a process and all that it has started.

    In its own namespace the end of the first process is the end of all. Elsewhere what
    it leaves behind becomes a child of this process, and is ended in turn.
    """
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            kill(child, signal.SIGKILL)
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    with contextlib.suppress(ChildProcessError):
        while True:
            if children.exists():
                for orphan in children.read_text(encoding="ascii").split():
                    os.kill(int(orphan), signal.SIGKILL)
            os.wait()


def _nobody_reads(path: str) -> bool:
    """Whether every folder above a file, and the file, is open to all."""
    file = Path(path).resolve()
    return all(one.stat().st_mode & 0o005 for one in (file, *file.parents))


def main(arguments: list[str]) -> int:
    """Say whether submissions are kept apart, and serve."""
    control = socket.socket(fileno=int(arguments[0]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the checks let go, that is enough
    torch.set_num_threads(1)
    settings: dict[str, Any] = json.loads(arguments[1])
    stage = Stage(jail.Limits(**settings["limits"]))
    if not settings["apart"]:
        stage.why = "not asked for"
    control.sendall(json.dumps({"why": stage.why}).encode() + b"\n")
    try:
        serve(control, stage)
    finally:
        shutil.rmtree(stage.folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
