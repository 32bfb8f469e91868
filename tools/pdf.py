"""Print the built site as a PDF, by Chromium.

    python tools/pdf.py                                 the book, into _build/book.pdf
    python tools/pdf.py 05_sublevel_sets                one chapter, into _build
    python tools/pdf.py --without-solutions …           solutions and hints left out

Claims and folded solutions are printed opened, explorers in their first state. A link
to what is printed is a jump, one to another page leads to the public site.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml
from pdf_links import ADDRESSED, lead_inside
from pdf_tags import merge_tags
from playwright.sync_api import Page, sync_playwright
from pypdf import PdfReader, PdfWriter
from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "_build" / "html"
BROWSERS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
)
"""The leanest first: without a window's machinery a page takes a fifth less time."""

READY = """async ([solutions, cited, printed]) => {
  document.documentElement.style.setProperty("--printed", printed);
  for (const fold of document.querySelectorAll("details:not(.hide)")) {
    const kept = fold.matches(".claim, .all-claims") || solutions;
    if (fold.matches(".cite-chapter") ? cited : kept) fold.open = true;
    else fold.remove();
  }
  await window.MathJax?.startup?.promise;
  await window.MathJax?.startup?.document?.lazyTypesetAll?.();
  document.body.getBoundingClientRect();
  await document.fonts.ready;
  for (const image of document.images) image.loading = "eager";
  await Promise.all([...document.images].map((image) => image.decode().catch(() => 0)));
}"""
"""Folded code stays folded, claims are opened; solutions and how to cite the chapter
are opened or go. The number of pages printed before this one goes on in the head
(print.css). Formulas ask for their fonts when they are laid out, and figures out of
sight wait to be asked for."""


class NotPrintedError(Exception):
    """Something is missing; the message says what, and what makes it."""


def pages_of(chapters: Sequence[str]) -> list[str]:
    """The pages to print, in the order of the contents.

    Raises:
        NotPrintedError: an unknown chapter, or a page that is not built.
    """
    table = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    entries = [entry for part in table["parts"] for entry in part["chapters"]]
    files = [table["root"], *(entry["file"] for entry in entries)]
    names = {Path(file).name: file for file in reversed(files)}
    unknown = [name for name in chapters if name not in names]
    if unknown:
        raise NotPrintedError(f"no page {unknown[0]!r}; there are {sorted(names)}")
    chosen = [names[name] for name in chapters] or [
        file for file in files if not file.startswith("book/reference/")
    ]
    for file in chosen:
        if not (SITE / f"{file}.html").exists():
            raise NotPrintedError(f"{file} is not built: run `make book` first")
    return chosen


@contextmanager
def _browser_page() -> Iterator[Page]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        raise NotPrintedError(
            "no Chromium on this machine: `apt-get install chromium` brings it"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser.new_page()
        browser.close()


def write(pages: Sequence[str], out: Path, *, solutions: bool, cited: bool) -> None:
    """Print pages of the site one after another into one file.

    It has an outline, jumps from page to page, and tags for those who have it read to
    them; solutions and how to cite each chapter if they are asked for.
    """
    book, parts, addresses = PdfWriter(), [], []
    with tempfile.TemporaryDirectory() as folder, _browser_page() as page:
        for number, name in enumerate(tqdm(pages, "pages", leave=False)):
            page.goto((SITE / f"{name}.html").as_uri())
            page.evaluate(READY, [solutions, cited, len(book.pages)])
            addresses.append(page.evaluate(ADDRESSED))
            part = Path(folder) / f"{number}.pdf"
            page.pdf(
                path=part,
                prefer_css_page_size=True,
                print_background=True,
                outline=True,
                tagged=True,
            )
            parts.append(PdfReader(part))
            book.append(parts[-1])
        merge_tags(book, parts)
        lead_inside(book, parts, addresses)
        book.compress_identical_objects()
        whole = Path(folder) / "whole.pdf"
        book.write(whole)
        shutil.move(whole, out)


def main(arguments: Sequence[str]) -> int:
    """Print what is asked for; the exit status."""
    parser = argparse.ArgumentParser(prog="tools/pdf.py", description=__doc__)
    parser.add_argument("chapters", nargs="*")
    parser.add_argument("--without-solutions", action="store_true")
    given = parser.parse_args(arguments)
    name = "-".join(given.chapters) or "book"
    out = SITE.parent / f"{name}.pdf"
    try:
        pages = pages_of(given.chapters)
        solutions, cited = not given.without_solutions, bool(given.chapters)
        write(pages, out, solutions=solutions, cited=cited)
    except NotPrintedError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
