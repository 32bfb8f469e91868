"""Messages between the checks and a submission's process: a length, then the bytes."""

from __future__ import annotations

import socket
import struct
import time

MOST = 2**26  # bytes of one message
_LENGTH = struct.Struct("!Q")


def send(channel: socket.socket, data: bytes) -> None:
    """Send one message."""
    channel.sendall(_LENGTH.pack(len(data)) + data)


def receive(channel: socket.socket, seconds: float | None = None) -> bytes:
    """The next message.

    Raises:
        TimeoutError: it is not here in so many seconds.
        EOFError: the other side has ended.
        ValueError: it is longer than MOST.
    """
    end = None if seconds is None else time.monotonic() + seconds
    (length,) = _LENGTH.unpack(_exactly(channel, _LENGTH.size, end))
    if length > MOST:
        raise ValueError(f"the answer is larger than {MOST // 2**20} MiB")
    return _exactly(channel, length, end)


def _exactly(channel: socket.socket, count: int, end: float | None) -> bytes:
    found = bytearray()
    while len(found) < count:
        if end is not None:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            channel.settimeout(left)
        part = channel.recv(min(2**20, count - len(found)))
        if not part:
            raise EOFError
        found += part
    return bytes(found)
