"""The submission's own process: it runs the cells, then answers what it is asked.

First comes one message of JSON, the cells; then pickled questions. Pickles go this way
alone, from the checks to the submission; what goes back is JSON, see `grade_values`.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import socket
import time
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from course.grade_channel import receive, send
from course.grade_values import encode
from helpers import checks

READY = b"ready"
ROUNDS = 3  # all cells together have so many times as long as one


class Slow(BaseException):
    """Time is up; not an Exception, which a submission may catch."""


class Shell:
    """What `get_ipython()` gives: magics and commands of the system do nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments, **options: None


def perform(channel: socket.socket, scratch: Path, seconds: float) -> NoReturn:
    """Run a submission; ends with the process."""
    try:
        _move_in(scratch)
        signal.signal(signal.SIGALRM, _time_is_up)
        scope = {
            "__name__": "__main__",
            "get_ipython": Shell,
            "display": lambda *shown, **options: None,
            "np": np,
            "checks": checks,
        }
        os.register_at_fork(after_in_child=channel.close)  # one process answers
        send(channel, READY)
        cells = json.loads(receive(channel))
        send(channel, json.dumps(run(cells, scope, seconds)).encode())
        while True:
            send(channel, answered(receive(channel), scope))
    finally:
        os._exit(0)


def run(
    cells: list[dict[str, Any]], scope: dict[str, Any], seconds: float
) -> list[str]:
    """Run the cells in their order, past those that fail; say which failed."""
    told = []
    end = time.monotonic() + ROUNDS * seconds
    for cell in cells:
        left = min(seconds, end - time.monotonic())
        try:
            signal.setitimer(signal.ITIMER_REAL, max(left, 0.01))
            exec(compile(cell["code"], f"cell {cell['number']}", "exec"), scope)
        except Slow:
            told.append(f"code cell {cell['number']} ran longer than {left:.3g} s")
        except BaseException as error:
            told.append(f"code cell {cell['number']} raised {_shown(error)}")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    return told


def answered(question: bytes, scope: dict[str, Any]) -> bytes:
    """The answer to (kind, name, arguments, seconds), as JSON.

    Kinds: "callable", whether the name is a function; "value", what it stands for;
    "call", what it returns.
    """
    kind, name, arguments, seconds = pickle.loads(question)
    if name not in scope:
        return json.dumps({"missing": True}).encode()
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        value = scope[name]
        if kind == "callable":
            value = callable(value)
        if kind == "call":
            value = value(*arguments)
        reply: dict[str, Any] = {"value": encode(value)}
    except Slow:
        reply = {"slow": True}
    except BaseException as error:
        error.__traceback__ = None  # lets go of what filled the memory
        reply = {"raised": [type(error).__name__, str(error)[:300]]}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return json.dumps(reply).encode()


def _move_in(scratch: Path) -> None:
    """A folder of its own, and nothing to read from or to write to."""
    os.chdir(scratch)
    for name in ("HOME", "TMPDIR", "MPLCONFIGDIR"):
        os.environ[name] = str(scratch)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)


def _time_is_up(*_: object) -> None:
    raise Slow


def _shown(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]
