"""A submission's process: what it answers, what ends it, what it cannot do."""

import os
import signal
import socket
import time
from pathlib import Path

import numpy as np
import pytest
from places import CHAPTERS, ROOT, tool

submission = tool("course.grade_submission")
jail = tool("course.grade_jail")
cells = tool("course.grade_cells")
LIMITS = jail.Limits(seconds=3, memory=0.5, processes=12)
SLEEPER = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', {!r}, {!r}])"
SLEEP = "import time; time.sleep(60)"
ONLY_APART = pytest.mark.parametrize("stage", [True], ids=["apart"], indirect=True)


@pytest.fixture(scope="module", params=[True, False], ids=["apart", "limits alone"])
def stage(request):
    """The program in which submissions run, with and without namespaces."""
    with submission.stage(LIMITS, apart=request.param) as (control, why):
        if request.param and why:
            pytest.skip(f"this machine keeps no process apart: {why}")
        yield control, request.param


@pytest.fixture
def hand_in(stage):
    """Start a submission with these cells."""
    started = []

    def start(*sources, limits=LIMITS):
        made = [
            cells.Cell(number, source, cells.parsed(source), True)
            for number, source in enumerate(sources, start=1)
        ]
        started.append(submission.Submission(stage[0], made, limits))
        return started[-1]

    yield start
    for one in started:
        one.close()


def told(file):
    """What the system says of a process; nothing if it ends meanwhile."""
    try:
        return file.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def gone(process, seconds=10):
    """Whether a process of the machine has ended within so many seconds."""
    for _ in range(int(seconds * 20)):
        state = told(Path(f"/proc/{process}/stat")).rpartition(b")")[2].split()
        if not state or state[0] == b"Z":
            return True
        time.sleep(0.05)
    return False


def marked(word):
    """The processes of the machine that have a word in their command line."""
    return [
        int(found.parent.name)
        for found in Path("/proc").glob("[0-9]*/cmdline")
        if word.encode() in told(found)
    ]


def test_values_and_functions_are_found_by_name(hand_in):
    one = hand_in("x = [1, 2.5]", "def f(a, g):\n    return g(a) + len(x)")
    assert one.answer("x") == [1, 2.5]
    assert one.answer("f")(np.ones(2), lambda a: 10 * a) == pytest.approx([12, 12])
    assert one.told == []
    with pytest.raises(submission.StoppedError, match="does not define other"):
        one.answer("other")


def test_an_exception_crosses_by_name_and_text(hand_in):
    one = hand_in("class Odd(Exception): pass\ndef f():\n    raise Odd('no')")
    with pytest.raises(Exception, match="no") as raised:
        one.answer("f")()
    assert raised.type.__name__ == "Odd"


def test_cells_that_fail_are_told_and_the_others_run(hand_in):
    one = hand_in("1 / 0", "y = 2", "raise SystemExit(1)")
    assert one.answer("y") == 2
    assert one.told == [
        "code cell 1 raised ZeroDivisionError: division by zero",
        "code cell 3 raised SystemExit: 1",
    ]


def test_after_an_end_the_next_question_starts_anew(hand_in):
    one = hand_in("import os\ndef f():\n    os._exit(0)\ndef g():\n    return 1")
    with pytest.raises(submission.StoppedError, match="your process ended"):
        one.answer("f")()
    assert one.answer("g")() == 1


def test_all_questions_of_an_exercise_have_the_time_together(hand_in):
    one = hand_in("import time\ndef f():\n    time.sleep(0.4)\ndef g():\n    return 1")
    one._seconds = 1
    slow = one.answer("f")
    with pytest.raises(submission.TooLongError):
        [slow() for _ in range(10)]
    assert one.answer("g")() == 1


def test_a_forged_answer_is_refused(hand_in):
    forge = """
import os, struct
def f(length=2**40):
    data = struct.pack("!Q", length) + b"{" * 100
    for number in range(3, 30):
        try: os.write(number, data)
        except OSError: pass
def g(): return f(100)
"""
    one = hand_in(forge)
    with pytest.raises(submission.StoppedError, match="larger than 64 MiB"):
        one.answer("f")()
    with pytest.raises(submission.StoppedError, match="cannot be read"):
        one.answer("g")()


def test_what_it_starts_ends_with_it(hand_in):
    """Even a process that has left its session and its parent."""
    word = f"w{os.getpid()}{time.monotonic_ns()}"
    start = f"""
import os, sys, subprocess, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, [sys.executable, "-c", "{SLEEP}", "{word}"])
    os._exit(0)
time.sleep(0.3)
x = 1
"""
    one = hand_in(start)
    assert one.answer("x") == 1
    found = marked(word)
    assert found
    one.close()
    assert all(gone(process) for process in found)


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded")
def test_the_process_ends_when_the_checks_are_killed(stage):
    """The keeper waits for the other end of its leash, whoever lets go of it."""
    control, _ = stage
    near, far = os.pipe()
    grader = os.fork()
    if grader == 0:
        word = f"k{os.getpid()}"
        code = f"{SLEEPER.format(SLEEP, word)}\nx = 1"
        one = submission.Submission(
            control, [cells.Cell(1, code, cells.parsed(code), True)], LIMITS
        )
        one.answer("x")
        os.write(far, word.encode())
        time.sleep(60)
    word = os.read(near, 100).decode()
    time.sleep(0.2)
    found = marked(word)
    os.kill(grader, signal.SIGKILL)
    os.waitpid(grader, 0)
    assert found
    assert all(gone(process) for process in found)


def test_files_have_a_largest_size(hand_in):
    one = hand_in("def f():\n    open('big', 'wb').write(b'0' * (65 * 2**20))")
    with pytest.raises(Exception, match=r"File too large|process ended"):
        one.answer("f")()


def test_it_has_a_folder_of_its_own_to_write_to(hand_in):
    draw = """
import matplotlib.pyplot as plt
from pathlib import Path
plt.plot([1, 2]); plt.savefig("a.png"); plt.show()
x = Path("a.png").stat().st_size
"""
    one = hand_in(draw)
    assert one.answer("x") > 1000, one.told


def test_the_graders_environment_is_not_its_own(hand_in, monkeypatch):
    assert "PYTEST_CURRENT_TEST" in os.environ
    one = hand_in("import os\nx = sorted(os.environ)")
    assert "PYTEST_CURRENT_TEST" not in one.answer("x")


@ONLY_APART
def test_no_network(hand_in):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        socket.create_connection(("127.0.0.1", port)).close()  # it is there
        one = hand_in(
            "import socket\n"
            f"def f(): socket.create_connection(('127.0.0.1', {port}), 1)"
        )
        with pytest.raises(Exception, match=r"unreachable|refused"):
            one.answer("f")()


@ONLY_APART
def test_of_the_files_only_what_python_needs(hand_in, tmp_path):
    secret = tmp_path / "scores.csv"
    secret.write_text("x", encoding="utf-8")
    secret.chmod(0o666)
    inside = ROOT / "helpers" / "checks" / "outcome.py"
    one = hand_in(
        "import os",
        f"a = os.path.exists({str(secret)!r}), os.path.exists('/proc/1')",
        f"b = open({str(inside)!r}).read()[:3]",
        f"def f(): open({str(inside)!r}, 'a')",
        "def g(): os.mkdir('/here')",
        "c = os.listdir('/home') if os.path.exists('/home') else []",
    )
    assert one.answer("a") == (False, False)
    assert one.answer("b") == '"""'
    assert one.answer("c") == []
    for name in ("f", "g"):
        with pytest.raises(Exception, match=r"Read-only|Permission"):
            one.answer(name)()


@ONLY_APART
def test_it_has_no_rights_to_undo_that(hand_in):
    undo = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def f():
    if libc.mount(b"none", b"/", None, 0x1000 | 0x20, None) == -1:
        raise OSError(os.strerror(ctypes.get_errno()))
def g(): return os.getpid(), os.geteuid()
"""
    one = hand_in(undo)
    with pytest.raises(Exception, match="not permitted"):
        one.answer("f")()
    process, user = one.answer("g")()
    assert (process, user) == (1, os.geteuid() or jail.NOBODY)


@pytest.mark.parametrize(
    ("users", "becomes"),
    [
        ("0 0 4294967295\n", jail.NOBODY),
        ("0 1000 1\n", 0),
        ("0 1000 1\n1 100000 65536\n", jail.NOBODY),
    ],
    ids=["the machine's", "a container of one user", "a container of many"],
)
def test_root_becomes_nobody_where_there_is_one(tmp_path, monkeypatch, users, becomes):
    path = tmp_path / "uid_map"
    path.write_text(users, encoding="ascii")
    monkeypatch.setattr(jail.os, "getuid", lambda: 0)
    assert jail.becomes(path) == becomes
    assert jail.becomes(tmp_path / "none") == jail.NOBODY
    monkeypatch.setattr(jail.os, "getuid", lambda: 1000)
    assert jail.becomes(path) == 1000


@ONLY_APART
def test_every_solution_of_the_book_passes_through(stage):
    """All checked exercises at once, the chapters' own cells left out."""
    checks, plan = tool("course.grade_checks"), tool("course.plan")
    reader = tool("course.exercises")
    found = [
        exercise
        for chapter in [*CHAPTERS, "your_network"]
        for exercise in reader.exercises(ROOT / "book" / f"{chapter}.ipynb")
        if exercise.check and exercise.code
    ]
    sources = ["import numpy as np", *(one.code for one in found)]
    made = [
        cells.Cell(number, source, cells.parsed(source), True)
        for number, source in enumerate(sources, start=1)
    ]
    one = submission.Submission(stage[0], made, jail.Limits(seconds=60))
    grading = checks.Grading(
        tuple(plan.Task(exercise, 1) for exercise in found), (), 5, LIMITS
    )
    messages = [checks.row(task, one, made, grading).message for task in grading.tasks]
    one.close()
    assert len(found) >= 25
    assert set(messages) == {"passed"}, messages
