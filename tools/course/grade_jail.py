"""What the process of a submission may do, and what it sees of the machine.

Everywhere it has limits (memory, processes, size of a file). Where Linux allows it, it
also lives in namespaces of its own: no network, no process but its own, and of the
files only what Python needs, to be read, with one scratch folder to write to. A grader
who is root hands it over to the user nobody.

    separate()            # in the process that waits; its children are apart
    enter(folder, shown)  # in the child
    limit(limits, memory_taken(), threads_of(user))
    give_up_rights()
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import resource
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

SCRATCH = Path("/scratch")
NOBODY = 65534
_SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
_NEW_USER = 0x10000000
_NEW_REST = 0x00020000 | 0x08000000 | 0x20000000 | 0x40000000  # mounts, IPC, PIDs, net
_BIND, _RECURSIVE, _PRIVATE, _NOSUID_NODEV = 0x1000, 0x4000, 0x40000, 0x2 | 0x4
_DETACH, _AT_FDCWD, _AT_RECURSIVE, _READ_ONLY = 2, -100, 0x8000, 1
_MOUNT_SETATTR = 442  # the same number on every machine
_DUMPABLE, _SUBREAPER, _NO_NEW_PRIVILEGES = 4, 36, 38
_CAPABILITIES_V3 = 0x20080522


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    Attributes:
        seconds: of one cell, and of all calls that the check of one exercise makes;
            all cells together have three times as long.
        memory: GiB that a process may take beyond what Python and torch have taken.
        file: MiB of a file that it writes.
        processes: and threads.
    """

    seconds: float = 20
    memory: float = 4
    file: int = 64
    processes: int = 32


def separate() -> None:
    """Give the children of this process namespaces of their own.

    Raises:
        OSError: the machine does not allow it.
    """
    user, group = os.getuid(), os.getgid()
    if user == 0:
        _call("unshare", _NEW_REST)
        return
    _call("unshare", _NEW_USER | _NEW_REST)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")


def enter(folder: Path, shown: Iterable[Path]) -> None:
    """See nothing but `shown`, read-only, and an empty folder SCRATCH.

    Args:
        folder: an empty folder, in which the new tree is put together.
        shown: files and folders to see, beside those of the system.

    Raises:
        OSError: the machine does not allow it.
    """
    _call("mount", b"none", b"/", None, _RECURSIVE | _PRIVATE, None)
    _in_memory(folder, "mode=755,size=1m")
    for path in _outermost([*map(Path, _SYSTEM + _DEVICES), *shown]):
        _show(path, folder)
    for name in ("scratch", "dev/shm"):
        (folder / name).mkdir(parents=True)
    if not (folder / "tmp").exists():
        (folder / "tmp").symlink_to(SCRATCH)
    os.chdir(folder)
    _call("pivot_root", b".", b".")
    _call("umount2", b".", _DETACH)
    os.chdir("/")
    flags = (ctypes.c_uint64 * 4)(_READ_ONLY)
    _call("syscall", _MOUNT_SETATTR, _AT_FDCWD, b"/", _AT_RECURSIVE, flags, 32)
    _in_memory(SCRATCH, "mode=1777,size=256m")
    _in_memory(Path("/dev/shm"), "mode=1777,size=64m")


def give_up_rights() -> None:
    """Become another user if root, and lose whatever the namespaces gave."""
    if becomes() != os.getuid():
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    if sys.platform == "linux":
        _call("prctl", _NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        header = (ctypes.c_uint32 * 2)(_CAPABILITIES_V3, 0)
        _call("capset", header, (ctypes.c_uint32 * 6)())


def becomes(users: Path = Path("/proc/self/uid_map")) -> int:
    """The user that a submission runs as: nobody, if root is one who can become it.

    In a container of one user, that user is called root and there is no other.

    Args:
        users: lines of the first user here, the same outside, and how many follow.
    """
    if os.getuid() != 0:
        return os.getuid()
    with contextlib.suppress(OSError):
        rows = [line.split() for line in users.read_text(encoding="ascii").splitlines()]
        if not any(int(a) <= NOBODY < int(a) + int(count) for a, _, count in rows):
            return 0
    return NOBODY


def limit(limits: Limits, taken: int, running: int) -> None:
    """Set the limits of this process and of those it starts.

    Args:
        limits: see there.
        taken: bytes of memory that this process has, see `memory_taken`.
        running: processes and threads that its user has, see `threads_of`.
    """
    memory = taken + int(limits.memory * 2**30)
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_FSIZE, limits.file * 2**20),
        (resource.RLIMIT_NPROC, running + limits.processes),
        (resource.RLIMIT_AS, memory),
    ):
        if sys.platform == "linux" or what != resource.RLIMIT_AS:
            resource.setrlimit(what, (most, most))


def memory_taken() -> int:
    """Bytes of address space of this process; 0 where Linux does not say it."""
    with contextlib.suppress(OSError):
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
        return int(pages) * resource.getpagesize()
    return 0


def threads_of(user: int) -> int:
    """Processes and threads that a user has now; 1000 where Linux does not say it."""
    found = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if process.stat().st_uid == user:
                found += len(os.listdir(process / "task"))
    return found if Path("/proc/self/task").exists() else 1000


def first_to_be_killed() -> None:
    """When memory runs out, let the kernel end this process before all others."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def adopt_orphans() -> None:
    """Become the parent of what the children leave behind, to find and end it."""
    with contextlib.suppress(OSError):
        _call("prctl", _SUBREAPER, 1, 0, 0, 0)


def close_to_others() -> None:
    """Let no other process of the same user read this one's memory."""
    with contextlib.suppress(OSError):
        _call("prctl", _DUMPABLE, 0, 0, 0, 0)


def _call(name: str, *arguments: object) -> None:
    """Call a function of the C library, or raise what went wrong."""
    function = getattr(ctypes.CDLL(None, use_errno=True), name, None)
    if function is None:
        raise OSError(errno.ENOSYS, f"{name}: {os.strerror(errno.ENOSYS)}")
    if function(*arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _in_memory(folder: Path, options: str) -> None:
    kind, where = b"tmpfs", os.fsencode(folder)
    _call("mount", kind, where, kind, _NOSUID_NODEV, options.encode())


def _outermost(paths: Iterable[Path]) -> list[Path]:
    """The paths that exist and lie in no other."""
    found: list[Path] = []
    for path in sorted(set(paths)):
        inside = any(path.is_relative_to(one) for one in found if not one.is_symlink())
        if path.exists() and not inside:
            found.append(path)
    return found


def _show(path: Path, folder: Path) -> None:
    """Put a path of the machine at its place in the new tree."""
    place = folder / path.relative_to("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        place.symlink_to(path.readlink())
        return
    place.mkdir() if path.is_dir() else place.touch()
    source, target = os.fsencode(path), os.fsencode(place)
    _call("mount", source, target, None, _BIND | _RECURSIVE, None)
