"""A submission as the checks see it: a name, and what its process answers."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cloudpickle

from course.grade_cells import Cell
from course.grade_channel import receive, send
from course.grade_jail import Limits
from course.grade_perform import READY, ROUNDS
from course.grade_values import decode

GRACE = 2.0  # seconds for a process that was told to stop
PATIENCE = 60.0  # seconds for a process to begin
ENDED = "your process ended: an exit, or more memory than there is"
NOT_TO_THE_END = (
    "your notebook did not come to its end: a cell ended the process, or ran on"
)


class TooLongError(BaseException):
    """An answer took too long.

    This and the next two are no Exceptions: a check would say that the student's
    function has raised them.
    """


class StoppedError(BaseException):
    """The process of a submission has ended, or has no such answer."""


class StageError(BaseException):
    """No process could be had; a fault of the machine, not of the submission."""


@contextlib.contextmanager
def stage(limits: Limits, apart: bool = True) -> Iterator[tuple[socket.socket, str]]:
    """The program in which submissions run.

    Args:
        limits: of one submission.
        apart: False leaves out what only some machines can do (see `grade_jail`).

    Yields:
        Where to ask it for a process, and why the machine does not keep submissions
        from the network and from files; "" if it does.

    Raises:
        RuntimeError: it did not start.
    """
    control, theirs = socket.socketpair()
    tools = Path(__file__).resolve().parents[1]
    paths = [str(tools), str(tools.parent), *sys.path]
    clean = {  # not the grader's own: it may hold a password
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(filter(None, paths))),
        "LANG": "C.UTF-8",
        "HOME": os.environ.get("HOME", "/"),
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "1",
    }
    settings = json.dumps({"limits": asdict(limits), "apart": apart})
    program = subprocess.Popen(
        [sys.executable, "-m", "course.grade_stage", str(theirs.fileno()), settings],
        env=clean,
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # an interrupt is for the grader alone
    )
    theirs.close()
    try:
        with control, control.makefile() as told:
            greeting = told.readline()
            if not greeting:
                raise RuntimeError("the program in which submissions run has ended")
            yield control, json.loads(greeting)["why"]
    finally:
        control.close()
        program.wait()


class Submission:
    """Runs cells in a process of its own, and asks it for answers.

    After an answer that ends the process the next question starts it again.

    Attributes:
        told: which cells failed, in the order of the notebook.
    """

    def __init__(
        self, control: socket.socket, cells: Sequence[Cell], limits: Limits
    ) -> None:
        self.told: list[str] = []
        self._control = control
        self._cells = [{"number": c.number, "code": c.code} for c in cells if c.tree]
        self._seconds = limits.seconds
        self._left = limits.seconds
        self._channel: socket.socket | None = None
        self._leash: socket.socket | None = None
        self._whole = True

    def answer(self, name: str) -> Any:
        """What the submission calls `name`: a value, or a function to be called.

        All questions about it together have the seconds of the limits.

        Raises:
            StoppedError: it has no such name, or has ended.
            TooLongError: time is up.
        """
        self._left = self._seconds
        if self._ask("callable", name):
            return self._asking(name)
        return self._ask("value", name)

    def close(self) -> None:
        """End the process."""
        for end in (self._channel, self._leash):
            if end is not None:
                end.close()
        self._channel = self._leash = None

    def _asking(self, name: str) -> Callable[..., Any]:
        return lambda *arguments: self._ask("call", name, arguments)

    def _start(self) -> None:
        self._channel, channel = socket.socketpair()
        self._leash, leash = socket.socketpair()
        try:
            socket.send_fds(self._control, [b"."], [channel.fileno(), leash.fileno()])
            channel.close()
            leash.close()
            if receive(self._channel, PATIENCE) != READY:
                raise EOFError
        except (OSError, EOFError) as error:
            raise StageError("no process for a submission could be had") from error
        try:
            send(self._channel, json.dumps(self._cells).encode())
            found = receive(self._channel, ROUNDS * self._seconds + GRACE)
            self.told = [str(one) for one in json.loads(found)]
        except (OSError, EOFError, ValueError, RecursionError, TypeError):
            self.told, self._whole = [NOT_TO_THE_END], False
            self.close()

    def _ask(self, kind: str, name: str, arguments: tuple[Any, ...] = ()) -> Any:
        if self._whole and self._channel is None:
            self._start()
        if self._channel is None:
            raise StoppedError(NOT_TO_THE_END)
        if self._left <= 0:
            raise TooLongError
        question = cloudpickle.dumps(
            (kind, name, arguments, self._left), protocol=pickle.HIGHEST_PROTOCOL
        )
        began = time.monotonic()
        try:
            send(self._channel, question)
            reply = json.loads(receive(self._channel, self._left + GRACE))
        except TimeoutError:
            self.close()
            raise TooLongError from None
        except (OSError, EOFError):
            self.close()
            raise StoppedError(ENDED) from None
        except (ValueError, RecursionError) as error:
            self.close()
            raise StoppedError(f"your answer cannot be read: {error}") from None
        finally:
            self._left -= time.monotonic() - began
        return _value(reply, name)


def _value(reply: Any, name: str) -> Any:
    """The value in a reply, or what the submission raised, raised here."""
    if not isinstance(reply, dict):
        raise StoppedError("your answer cannot be read")
    if "missing" in reply:
        raise StoppedError(f"your notebook does not define {name}")
    if "slow" in reply:
        raise TooLongError
    if "raised" in reply:
        kind, text = (str(part) for part in list(reply["raised"])[:2])
        raise type(kind if kind.isidentifier() else "Error", (Exception,), {})(text)
    return decode(reply.get("value"))
