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
sys.path.insert(0, {str(ROOT / "book" / "_ext")!r})
extensions = ["cores"]
html_theme = "basic"

def say(app, docname, source):
    source[0] += f"\\n\\nread by {{os.getpid()}}"

def tell(app, page, template, context, doctree):
    context["body"] = context.get("body", "") + (
        f"<p>written by {{os.getpid()}}, garbage: {{gc.isenabled()}}</p>"
    )

def setup(app):
    app.connect("source-read", say)
    app.connect("html-page-context", tell)
"""


@pytest.mark.skipif(os.name == "nt", reason="Sphinx writes in one process there")
def test_one_process_reads_and_others_write_without_collecting_garbage(tmp_path):
    source, made = tmp_path / "source", tmp_path / "made"
    source.mkdir()
    (source / "conf.py").write_text(CONFIG, encoding="utf-8")
    names = ["index", *map("page{}".format, range(30))]
    for name in names:
        text = f":orphan:\n\n{name}\n{'=' * len(name)}\n"
        (source / f"{name}.rst").write_text(text, encoding="utf-8")
    build = [sys.executable, "-m", "sphinx", "-q", "-W", str(source), str(made)]
    subprocess.run(build, check=True)
    pages = [(made / f"{name}.html").read_text(encoding="utf-8") for name in names]
    told = [page.partition("read by ")[2] for page in pages]
    readers = {text.partition("<")[0] for text in told}
    writers = {text.partition("written by ")[2].partition(",")[0] for text in told}
    assert len(readers) == 1
    assert len(writers - readers) > 1
    assert all("garbage: False" in page for page in pages)
