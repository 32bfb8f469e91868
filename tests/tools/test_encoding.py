"""Files are UTF-8 in any locale: what reads or writes text says so."""

import ast
import os
import subprocess
import sys

import pytest
from places import ROOT

TEXT = {"read_text": 1, "write_text": 2, "open": 3}
"""By name, as an argument in which place the encoding may come without its name."""
STREAMS = {"fdopen", "NamedTemporaryFile", "TemporaryFile"}
RUN = {"run", "Popen", "check_output", "check_call"}
OTHERS = {"Image", "os", "desk"}  # their `open` opens no file of text
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
FILES = sorted(
    path
    for folder in ("helpers", "tools", "book/_ext")
    for path in (ROOT / folder).rglob("*.py")
)


def is_binary(call):
    values = [*call.args, *(word.value for word in call.keywords)]
    modes = [getattr(value, "value", None) for value in values]
    return any(
        isinstance(m, str) and set(m) <= set("rwxab+") and "b" in m for m in modes
    )


def leaves_it_to_the_locale(call):
    """Whether a call reads or writes text without saying how."""
    words = {word.arg for word in call.keywords}
    name = getattr(call.func, "attr", getattr(call.func, "id", None))
    owner = getattr(getattr(call.func, "value", None), "id", None)
    if "encoding" in words or owner in OTHERS:
        return False
    if name in RUN:
        return bool(words & {"text", "universal_newlines"})
    if name in TEXT:
        return len(call.args) < TEXT[name] and not is_binary(call)
    return name in STREAMS and not is_binary(call)


def faults(code):
    return [
        node.lineno
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call) and leaves_it_to_the_locale(node)
    ]


@pytest.mark.parametrize(
    "call",
    [
        "p.read_text()",
        "p.write_text(x)",
        "open(p)",
        "p.open('w')",
        "run(x, text=True)",
        "fdopen(3)",
    ],
)
def test_a_call_that_leaves_it_to_the_locale_is_found(call):
    assert faults(call) == [1]


@pytest.mark.parametrize(
    "call",
    [
        "p.read_text(encoding='utf-8')",
        "p.write_text(x, 'utf-8')",
        "open(p, 'rb')",
        "run(x)",
        "Image.open(p)",
    ],
)
def test_a_call_that_does_not_is_not(call):
    assert faults(call) == []


def test_every_file_is_read_and_written_as_utf_8():
    code = {path: path.read_text(encoding="utf-8") for path in FILES}
    found = {path.relative_to(ROOT): faults(text) for path, text in code.items()}
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_a_build_reads_and_finishes_its_pages_where_the_locale_knows_only_ascii(
    tmp_path,
):
    page = tmp_path / "html" / "page.html"
    page.parent.mkdir()
    page.write_text("Gauß — ∂ <summary>", encoding="utf-8")
    code = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(ROOT / "tools")!r})
import build, home, keys
assert sys.getfilesystemencoding() == "ascii", sys.getfilesystemencoding()
build.inputs_hash()
for notebook in build.notebooks_of(build.contents([])):
    keys.key(notebook, build.SETTINGS)
build.finish_pages(Path({str(tmp_path)!r}))
home.write_any_letter()
print("\\u00b1")
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | ASCII,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.stderr == ""
    assert done.stdout == "\\xb1\n"
    assert "Gauß — ∂" in page.read_text(encoding="utf-8")
