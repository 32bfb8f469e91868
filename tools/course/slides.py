"""Slides of the chapters, made from their notebooks: `make slides`.

    python -m course.slides [01_linear_regions …]

(with tools/ on the path) writes a page for each chapter into _build/slides, with all it
loads beside it in `static`: no page asks for anything over a network. reveal.js shows
the slides, the explorers are alive. `slides_deck` says what gets a slide.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import yaml
from build import BUILD, ROOT
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pygments.formatters import HtmlFormatter

from course.slides_deck import deck
from course.slides_packing import Slide
from course.slides_read import NotBuiltError, executed
from course.slides_text import html

HERE = Path(__file__).resolve().parent
FOLDER = BUILD / "slides"
MATHJAX = "sphinx-mathjax-offline", "static/mathjax/tex-svg-full.js"
"""A package, and the file in it that draws formulas by itself."""
PICTURE = re.compile(r'src="static/([^"]+)"')


def write_slides(
    folder: Path, chapters: Sequence[str], build: Path = BUILD
) -> list[Path]:
    """Write the slides of some chapters into a folder.

    Args:
        folder: is made if need be; files of the same name are replaced.
        chapters: names of notebooks, as "01_linear_regions".
        build: the folder that `make book` writes.

    Returns:
        The page of each chapter. Cost: under 3 s a chapter.

    Raises:
        ValueError: an unknown chapter.
        NotBuiltError: the run of a chapter is not there.
    """
    questions = _questions(chapters)
    scripts, styles = _of_the_site()
    pages = {
        name: page(
            deck(executed(ROOT / "book" / f"{name}.ipynb", build), question),
            scripts=[file.name for file in scripts],
            styles=[file.name for file in styles],
        )
        for name, question in questions.items()
    }
    static = folder / "static"
    static.mkdir(parents=True, exist_ok=True)
    for file in (_mathjax(), *scripts, *styles, *_own(), *_pictures(pages.values())):
        shutil.copyfile(file, static / file.name)
    code = HtmlFormatter(style="default", cssclass="code").get_style_defs()
    (static / "code.css").write_text(code, encoding="utf-8")
    for name, text in pages.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return [folder / f"{name}.html" for name in pages]


def page(
    columns: Sequence[Sequence[Slide]], *, scripts: Sequence[str], styles: Sequence[str]
) -> str:
    """The page of a chapter's slides.

    Args:
        columns: of `deck`.
        scripts: names of files in `static` that bring explorers to life.
        styles: names of files in `static` that say how explorers look.
    """
    loader = FileSystemLoader(HERE / "templates")
    templates = Environment(loader=loader, undefined=StrictUndefined, trim_blocks=True)
    templates.filters["markdown"] = html
    title = columns[0][0].title
    return templates.get_template("deck.html.j2").render(
        columns=columns, title=title, scripts=scripts, styles=styles
    )


def _mathjax() -> Path:
    package, file = MATHJAX
    return Path(str(distribution(package).locate_file(f"{package}/{file}")))


def _questions(chapters: Sequence[str]) -> dict[str, str]:
    """What each chapter asks."""
    text = (ROOT / "book" / "chapters.yml").read_text(encoding="utf-8")
    known = {one["file"]: one["question"] for one in yaml.safe_load(text)}
    for name in chapters:
        if name not in known:
            raise ValueError(f"no chapter {name!r}; there are {', '.join(known)}")
    return {name: known[name] for name in chapters}


def _of_the_site() -> tuple[list[Path], list[Path]]:
    """The book's own scripts and styles, as its settings name them."""
    text = (ROOT / "_config.yml").read_text(encoding="utf-8")
    config: dict[str, Any] = yaml.safe_load(text)["sphinx"]["config"]
    folder = ROOT / "book" / "_static"
    names = config["html_js_files"], config["html_css_files"]
    scripts, styles = ([folder / name for name in found] for found in names)
    return scripts, styles


def _pictures(pages: Iterable[str]) -> Iterator[Path]:
    """The book's pictures that some pages show, in place of live pieces."""
    names = {name for page in pages for name in PICTURE.findall(page)}
    for path in sorted((ROOT / "book" / "_static").rglob("*")):
        if path.name in names and path.suffix in (".svg", ".png"):
            yield path


def _own() -> Iterator[Path]:
    """What all decks share."""
    yield from sorted((HERE / "reveal").iterdir())
    yield from sorted((HERE / "templates").glob("slides.*"))


def main(chapters: Sequence[str]) -> int:
    """Write the slides of some chapters, or of all, and say where they are."""
    text = (ROOT / "book" / "chapters.yml").read_text(encoding="utf-8")
    every = [one["file"] for one in yaml.safe_load(text)]
    try:
        pages = write_slides(FOLDER, chapters or every)
    except (NotBuiltError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(*pages, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
