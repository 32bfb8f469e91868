"""The built site, made lean: what no page needs goes, what one needs stays."""

import io

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from places import tool


@pytest.fixture
def lean():
    return tool("lean")


def icon_font(codes):
    """The bytes of a font with a triangle for each code."""
    names = [".notdef", *(f"icon{code:x}" for code in codes)]
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    pen.lineTo((500, 0))
    pen.lineTo((0, 500))
    pen.closePath()
    glyph = pen.glyph()
    made = FontBuilder(1000)
    made.setupGlyphOrder(names)
    made.setupCharacterMap(dict(zip(codes, names[1:], strict=True)))
    made.setupGlyf(dict.fromkeys(names, glyph))
    made.setupHorizontalMetrics(dict.fromkeys(names, (600, 0)))
    made.setupHorizontalHeader()
    made.setupNameTable({"familyName": "Icons", "styleName": "Regular"})
    made.setupOS2()
    made.setupPost()
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


FACE = (
    "@font-face{font-family:Icons;src:"
    'url(../vendor/fontawesome/webfonts/fa-solid-900.woff2) format("woff2"),'
    'url(../vendor/fontawesome/webfonts/fa-solid-900.ttf) format("truetype")}'
)


@pytest.fixture
def build(tmp_path):
    """A build with one page, one style, one font and what MathJax brings."""
    html = tmp_path / "html"
    files = {
        "page.html": "<summary><span class=\"toctree-toggle\"><i class='fa-star'></i>"
        '<script defer src="../_static/scripts/fontawesome.js?digest=1"></script>'
        '<script src="searchindex.js"></script><script src="b.js"></script>',
        "search.html": '<script src="searchindex.js"></script>',
        "_static/theme.css": FACE + '.fa-star{--fa:"\\f005"}.fa-moon{--fa:"\\f186"}',
        "_static/b.js": "node.classList.add('busy')",
        "_static/scripts/a.js.map": "x",
        "_static/mathjax/startup.js": "x",
        "_static/mathjax/tex-svg.js": "x",
        "_static/mathjax/sre/mathmaps/de.json": "x",
        "_static/vendor/fontawesome/webfonts/fa-solid-900.woff2": "x",
    }
    for name, text in files.items():
        (html / name).parent.mkdir(parents=True, exist_ok=True)
        (html / name).write_text(text)
    font = html / "_static/vendor/fontawesome/webfonts/fa-solid-900.ttf"
    font.write_bytes(icon_font([0xF005, 0xF186]))
    return tmp_path


def test_what_no_page_needs_is_dropped_and_the_rest_kept(lean, build):
    lean.finish_pages(build)
    html = build / "html"
    left = {p.relative_to(html).as_posix() for p in html.rglob("*") if p.is_file()}
    assert left == {
        *("page.html", "search.html", "_static/theme.css", "_static/b.js"),
        "_static/mathjax/startup.js",
        "_static/vendor/fontawesome/webfonts/fa-solid-900.woff",
    }


def test_the_icon_shown_is_kept_in_the_font_and_the_style(lean, build):
    lean.finish_pages(build)
    static = build / "html" / "_static"
    style = (static / "theme.css").read_text()
    assert "fa-star" in style
    assert "fa-moon" not in style
    assert 'fa-solid-900.woff) format("woff")' in style
    assert "woff2" not in style
    with TTFont(static / "vendor/fontawesome/webfonts/fa-solid-900.woff") as font:
        assert set(font.getBestCmap()) == {0xF005}


def test_a_displayed_formula_scrolls_by_the_keyboard(lean):
    formula = '<div class="math notranslate nohighlight" id="x">'
    page = lean.lean_page(formula, search=False)
    assert page == formula.replace(" id", ' tabindex="0" id')


def test_every_table_has_one_box_that_scrolls(lean):
    table = '<table class="counts"><tr><td>1</td></tr></table>'
    boxed = f'<div class="pst-scrollable-table-container">{table}</div>'
    assert lean.lean_page(f"<p>a</p>{table}", search=False) == f"<p>a</p>{boxed}"
    assert lean.lean_page(boxed, search=False) == boxed


def test_only_the_search_loads_its_index_and_toggles_have_names(lean, build):
    lean.finish_pages(build)
    html = build / "html"
    page = (html / "page.html").read_text()
    assert page.startswith('<summary aria-label="pages below">')
    assert page.endswith('<script src="b.js"></script>')
    assert "fontawesome.js" not in page
    assert "searchindex.js" not in page
    assert "searchindex.js" in (html / "search.html").read_text()


KNOWN = {"a", "b"}
STYLES = {
    ".a{x:y}.c{x:y}": ".a{x:y}",
    ".a .c,.b>p{x:y}": ".b>p{x:y}",
    "p,h1:hover{x:y}": "p,h1:hover{x:y}",
    ".a:not(.c){x:y}": ".a:not(.c){x:y}",
    ":is(.c,.d) .a{x:y}": ":is(.c,.d) .a{x:y}",
    '[class=".c"] p{x:y}': '[class=".c"] p{x:y}',
    "@media print{.a{x:y}.c{x:y}}": "@media print{.a{x:y}}",
    "@media print{.c{x:y}}": "",
    '@import "x";.a{x:"{"}': '@import "x";.a{x:"{"}',
    "@keyframes k{from{x:y}to{x:z}}": "@keyframes k{from{x:y}to{x:z}}",
    ":root{--d:.c}/* .c{} */": ":root{--d:.c}",
}


@pytest.mark.parametrize("style", STYLES)
def test_a_rule_stays_if_an_element_may_match(lean, style):
    assert lean.lean_style(style, KNOWN) == STYLES[style]


def test_classes_are_known_however_they_are_written(lean, tmp_path):
    (tmp_path / "_static").mkdir()
    (tmp_path / "a.html").write_text(
        "<p class=\"a b\"><p class='c d'><p class=e><script>add('f')</script>"
    )
    (tmp_path / "_static" / "a.js").write_text("toggle('g-h')")
    assert {"a", "b", "c", "d", "e", "f", "g-h"} <= lean.words(tmp_path)
