"""Pages are read by one process and written by others, none of which collects garbage.

That what they write is what one process would is a matter of Sphinx and the theme; the
tests of the site look at it.
"""

import os
import subprocess
import sys

import pytest
from places import ROOT

CONFIG = f"""
import gc, os, sys
from sphinx.util import logging
sys.path.insert(0, {str(ROOT / "book" / "_ext")!r})
extensions = ["cores"]
html_theme = "basic"
WARNS = None

def say(app, docname, source):
    source[0] += f"\\n\\nread by {{os.getpid()}}"

def tell(app, page, template, context, doctree):
    if page == WARNS:
        logging.getLogger(__name__).warning("not written as it should be")
    context["body"] = context.get("body", "") + (
        f"<p>written by {{os.getpid()}}, garbage: {{gc.isenabled()}}</p>"
    )

def setup(app):
    app.connect("source-read", say)
    app.connect("html-page-context", tell)
"""


pytestmark = pytest.mark.skipif(
    os.name == "nt", reason="Sphinx writes in one process there"
)
NAMES = ["index", *map("page{}".format, range(30))]


@pytest.fixture
def source(tmp_path):
    """A book of its own."""
    path = tmp_path / "source"
    path.mkdir()
    (path / "conf.py").write_text(CONFIG, encoding="utf-8")
    for name in NAMES:
        text = f":orphan:\n\n{name}\n{'=' * len(name)}\n"
        (path / f"{name}.rst").write_text(text, encoding="utf-8")
    return path


def build(source):
    """Write its pages; a warning is an error."""
    words = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going"]
    places = [str(source), str(source.parent / "made")]
    return subprocess.run([*words, *places], capture_output=True, encoding="utf-8")


def test_one_process_reads_and_others_write_without_collecting_garbage(source):
    assert build(source).returncode == 0
    made = source.parent / "made"
    pages = [(made / f"{name}.html").read_text(encoding="utf-8") for name in NAMES]
    told = [page.partition("read by ")[2] for page in pages]
    readers = {text.partition("<")[0] for text in told}
    writers = {text.partition("written by ")[2].partition(",")[0] for text in told}
    assert len(readers) == 1
    assert len(writers - readers) > 1
    assert all("garbage: False" in page for page in pages)


def test_a_warning_of_a_process_that_writes_fails_the_build(source):
    config = (source / "conf.py").read_text(encoding="utf-8")
    config = config.replace("WARNS = None", f"WARNS = {NAMES[-1]!r}")
    (source / "conf.py").write_text(config, encoding="utf-8")
    failed = build(source)
    assert failed.returncode == 1
    assert "not written as it should be" in failed.stderr
