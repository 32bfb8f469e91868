"""Take from the built site what no page needs, and give names where the theme has none.

Styles lose the rules that no page can use, the icon fonts all but the icons shown;
pages other than the search do not load its index. What the pages load is measured by
tests/site/test_weight.py.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from pictures import lean_pictures

UNUSED = (
    "mathjax/sre",
    "mathjax/a11y/[!a]*.js",
    "mathjax/adaptors",
    "mathjax/latest.js",
    "mathjax/loader.js",
    "mathjax/mml-*.js",
    "mathjax/node-main.js",
    "mathjax/tex-*.js",
    "mathjax/input/asciimath.js",
    "mathjax/input/mml*",
    "mathjax/input/tex.js",
    "mathjax/input/tex-full.js",
    "mathjax/output/svg*",
    "mathjax/ui/[!l]*.js",
    "scripts/fontawesome.js",
    "scripts/*.map",
    "styles/*.map",
    "locales",
)
"""What the theme and MathJax bring into _static and no page needs."""

DROPPED_SCRIPTS = re.compile(
    r"<script[^>]*(?:scripts/fontawesome|design-tabs)\.js[^>]*></script>\s*"
)
"""The theme's icons as a script of 1.5 MB (its font holds them), and tabs."""

SEARCH_SCRIPTS = re.compile(
    r'<script src="[^"]*(?:searchtools|language_data|searchindex|results)\.js'
    r"[^>]*></script>\s*"
)
TOGGLE = '<summary><span class="toctree-toggle"'
"""What opens a part of the theme's contents, and has no name."""

FORMULA = '<div class="math notranslate nohighlight"'
"""A displayed formula, which scrolls where it is wide: by the keyboard too."""

TABLE = re.compile(r'(?<!table-container">)<table.*?</table>', re.DOTALL)
IN_BOX = r'<div class="pst-scrollable-table-container">\g<0></div>'
"""A table in a box that scrolls, as the theme has it around those of Markdown."""

_CLASSES = re.compile(r"""class=("[^"]*"|'[^']*'|[^\s"'>]+)""")
_WORD = re.compile(r"[\w-]+")
_CLASS = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
_MARK = re.compile(r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[{}]""")
"""A brace, or a string in which braces do not count."""

_ICON = re.compile(r"\\([ef][0-9a-f]{3})\b")
_FONT = re.compile(
    r'url\([^)]*/(fa-[\w-]+)\.woff2\) format\("woff2"\)'
    r'(?:,url\([^)]*\) format\("truetype"\))?'
)


def finish_pages(build: Path) -> None:
    """Make the pages of a build lean."""
    html = build / "html"
    for page in html.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        lean = lean_page(text, search=page.name == "search.html")
        page.write_text(lean_pictures(lean, page.parent), "utf-8")
    static = html / "_static"
    for pattern in UNUSED:
        for path in static.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    styles = [path for path in static.rglob("*.css") if "mathjax" not in path.parts]
    known = words(html)
    for style in styles:
        text = style.read_text(encoding="utf-8")
        style.write_text(lean_style(text, known), encoding="utf-8")
    lean_icons(static, styles)


def lean_page(text: str, *, search: bool) -> str:
    """A page without scripts that it does not need."""
    text = DROPPED_SCRIPTS.sub("", text)
    if not search:
        text = SEARCH_SCRIPTS.sub("", text)
    text = text.replace(FORMULA, f'{FORMULA} tabindex="0"')
    text = TABLE.sub(IN_BOX, text)
    return text.replace(
        TOGGLE, TOGGLE.replace("<summary", '<summary aria-label="pages below"')
    )


def words(html: Path) -> set[str]:
    """Every class of the pages, and every word of the scripts, which may set more."""
    found: set[str] = set()
    for page in html.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for classes in _CLASSES.findall(text):
            found.update(classes.strip("\"'").split())
        for script in re.findall(r"<script>(.*?)</script>", text, re.DOTALL):
            found.update(_WORD.findall(script))
    for script in (html / "_static").rglob("*.js"):
        found.update(_WORD.findall(script.read_text(encoding="utf-8")))
    return found


def lean_style(text: str, known: set[str]) -> str:
    """The rules of a style sheet whose classes are all known."""
    return "".join(_lean_rules(text, known))


def _lean_rules(text: str, known: set[str]) -> Iterator[str]:
    for head, body in _rules(re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)):
        if body is None:
            yield head
        elif head.lstrip().startswith(("@media", "@supports", "@layer", "@container")):
            inner = lean_style(body, known)
            if inner.strip():
                yield f"{head}{{{inner}}}"
        elif head.lstrip().startswith("@"):
            yield f"{head}{{{body}}}"
        else:
            kept = [part for part in _selectors(head) if _possible(part, known)]
            if kept:
                yield f"{','.join(kept)}{{{body}}}"


def _rules(text: str) -> Iterator[tuple[str, str | None]]:
    """Each rule as what stands before its brace and inside; None without a brace."""
    start = 0
    while start < len(text):
        brace, end = text.find("{", start), text.find(";", start)
        if brace < 0 or 0 <= end < brace:
            stop = len(text) if end < 0 else end + 1
            yield text[start:stop], None
        else:
            stop = _closing(text, brace) + 1
            yield text[start:brace], text[brace + 1 : stop - 1]
        start = stop


def _closing(text: str, brace: int) -> int:
    depth = 0
    for found in _MARK.finditer(text[brace:]):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth == 0:
            return brace + found.start()
    return len(text) - 1


def _selectors(head: str) -> list[str]:
    """A list of selectors, cut at the commas that stand in no brackets."""
    return re.split(r",(?![^(\[]*[)\]])", head)


def _possible(selector: str, known: set[str]) -> bool:
    """Whether an element can match; what stands in :not(), :is() … is passed over."""
    plain = selector
    while (inner := re.sub(r"\([^()]*\)", "", plain)) != plain:
        plain = inner
    plain = re.sub(r"\[[^\]]*\]", "", plain)
    return all(name in known for name in _CLASS.findall(plain))


def lean_icons(static: Path, styles: Iterable[Path]) -> None:
    """Keep of the icon fonts what the styles show, as one WOFF file each."""
    texts = {style: style.read_text(encoding="utf-8") for style in styles}
    shown = {int(code, 16) for text in texts.values() for code in _ICON.findall(text)}
    folder = static / "vendor" / "fontawesome" / "webfonts"
    for font in sorted(folder.glob("*.ttf")):
        _subset(font, shown)
        font.unlink()
        font.with_suffix(".woff2").unlink(missing_ok=True)
    for style, text in texts.items():
        linked = _FONT.sub(
            lambda found: (
                found[0]
                .split(",")[0]
                .replace(".woff2", ".woff")
                .replace('"woff2"', '"woff"')
            ),
            text,
        )
        style.write_text(linked, encoding="utf-8")


def _subset(path: Path, shown: set[int]) -> None:
    options = subset.Options(notdef_outline=True, layout_features=[])
    with TTFont(path) as font:
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=shown)
        cutter.subset(font)
        font.flavor = "woff"
        font.save(path.with_suffix(".woff"))
