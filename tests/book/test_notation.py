"""One notation: what a chapter's formulas use is in the table of notation.md, once.

The test compares spellings, not meanings: that a chapter means what the row says is for
its author to see, who has to enter the chapter there to pass.
"""

import json
import re

import pytest
from places import ROOT

BOOK = ROOT / "book"
GREEK = (
    "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|"
    "sigma|tau|upsilon|phi|chi|psi|omega|ell"
)
FONT = r"\\math(?:bb|bf|cal|rm)\s*(?:\{\w\}|\w(?![a-z]))"
PLAIN = rf"(?:{FONT}|\\(?i:(?:var)?(?:{GREEK}))(?![A-Za-z])|[A-Za-z])"
LETTER = rf"\\(?:hat|bar|tilde)\s*(?:\{{{PLAIN}\}}|{PLAIN})|{PLAIN}"
GROUP = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}|\\[A-Za-z]+|\\?."
WORDS = r"\\(?:text|begin|end)\{[^}]*\}|\\mathrm\s*\{\w\w+\}|\\[rl]Vert_."
INCREMENT = r"\\delta(?:_\\phi|_\{\\rm BN\})?\s*\\chi"  # one symbol in chapter 3
TOKEN = re.compile(
    rf"{WORDS}|d(?={LETTER})|({INCREMENT}|{LETTER})((?:'*[_^](?:{GROUP}))*)|\\[A-Za-z]+|.",
    re.DOTALL,
)
MATH = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$", re.DOTALL)
QUOTED = re.compile(r"[Pp]aper(?:s? writes?|'s) (?:\$[^$]+\$(?:, | and )?)+")


def formulas(text):
    """The formulas of a text, but for those in which it quotes its paper's notation."""
    text = re.sub(r"```\{math\}(.+?)```", r"$$\1$$", text, flags=re.DOTALL)
    text = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    return ["".join(m.groups("")) for m in MATH.finditer(QUOTED.sub("", text))]


def kinds(script):
    """How the table may spell a script: as it is, or with i or ell for any index."""
    first = re.sub(r"\\top|[{}\s']", "", script.replace(r"\rm ", r"\rm:")).split(",")[0]
    if re.fullmatch(r"(\\ell|L|\\kappa)([-+]1)?", first):
        return [r"\ell"]
    if re.fullmatch(r"\d", first):
        return [first, r"\ell", "i"]
    return ["i"] if re.fullmatch(r"[ijkmpt]([-+]1)?", first) else [first]


def symbols(formula, table=None):
    """The symbols of a formula as the table spells them; without it, as written."""
    for letter, scripts in TOKEN.findall(formula):
        if not letter:
            continue
        name = r"\delta\chi" if re.match(INCREMENT, letter) else letter
        name = re.sub(r"\s|[{}]", "", name)
        script = dict(re.findall(rf"([_^])({GROUP})", scripts, re.DOTALL))
        low = [f"_{kind}" for kind in kinds(script.get("_", "")) if kind]
        high = [f"^{kind}" for kind in kinds(script.get("^", "")) if kind][:1]
        ways = [a + b for b in [*high, ""] for a in [*low, ""]]
        way = ways[0] if table is None else ""
        way = next((w for w in ways if name + w in (table or ())), way)
        yield name + way
        for sign, inside in script.items():
            if table is not None and (
                sign not in way or kinds(inside)[0] in ("i", r"\ell")
            ):
                yield from symbols(inside, table)


def read_table(text):
    """Each row's symbols and chapters, and the letters that are free."""
    lines = re.findall(r"^\| (\$.+?) \|.*\| ([^|]+) \|$", text, re.MULTILINE)
    rows = [
        ([next(symbols(cell)) for cell in formulas(names)], chapters.split(", "))
        for names, chapters in lines
    ]
    listed = re.search(r"^Free letters: (.+)$", text, re.MULTILINE).group(1)
    return rows, {name for cell in formulas(listed) for name in symbols(cell)}


def faults(notation, notebooks):
    """What is wrong, one line each; notebooks holds the Markdown cells by chapter."""
    rows, free = read_table(notation)
    names = [name for row, _ in rows for name in row]
    found = [f"{name} stands in two rows" for name in {*names} if names.count(name) > 1]
    found += [f"{name} is in the table and free" for name in {*names} & free]
    used = {}
    for chapter, cells in notebooks.items():
        for cell in cells:
            for name in (s for f in formulas(cell) for s in symbols(f, {*names})):
                used.setdefault((name, chapter), " ".join(cell.split()[:6]))
    listed = {
        (name, chapter)
        for row, chapters in rows
        for name in row
        for chapter in chapters
    }
    for (name, chapter), start in used.items():
        bare = re.sub(r"\\(hat|bar|tilde)", "", name)
        if name in names and (name, chapter) not in listed:
            found.append(
                f"{chapter}, '{start} ...': {name} has a row without this chapter"
            )
        if name not in names and bare not in free:
            found.append(f"{chapter}, '{start} ...': {name} is not in the table")
    for row, chapters in rows:
        gone = [name for name in row if not any((name, c) in used for c in chapters)]
        found += [f"{name} is in the table and nowhere used" for name in gone]
        for chapter in chapters:
            if not any((name, chapter) in used for name in row):
                found.append(f"{chapter} uses nothing of the row {', '.join(row)}")
    return found


def markdown(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(c["source"]) for c in cells if c["cell_type"] == "markdown"]


def test_every_symbol_means_one_thing_and_is_in_the_table():
    notebooks = {
        str(int(path.stem[:2])): markdown(path) for path in BOOK.glob("[0-9]*.ipynb")
    }
    notebooks["meet"] = markdown(BOOK / "how_they_meet.ipynb")
    notebooks["yours"] = markdown(BOOK / "your_network.ipynb")
    assert not faults((BOOK / "notation.md").read_text(encoding="utf-8"), notebooks)


TABLE = r"""
Free letters: $a$, $t$, $\ell$

| $\beta_q$ | slope | | 1 |
| $\chi_1$, $h^{\rm s}_\ell$, $\tilde{\mathbf B}$ | three | | 1, 2 |
"""
FINE = r"""A cell with $$\chi_1+\hat a\,h_{\ell-1}^{\rm s}\text{ or so}\,dt,$$ `$x$` and
$\tilde{\mathbf B}_3$. The paper's $x$ is out; the paper writes $y$ and $\theta_y$."""


@pytest.mark.parametrize(
    ("row", "planted", "message"),
    [
        ("", r"See $\zeta$", r"2, 'See $\zeta$ ...': \zeta is not in the table"),
        ("", r"So $\beta_q$", r"\beta_q has a row without this chapter"),
        ("", r"So $\beta_w$", r"\beta is not in the table"),
        ("", r"So $h_{\rm t}$", "h is not in the table"),
        ("", "```{math}\nx\n```", "x is not in the table"),
        (r"| $\chi_1$ | again | | 1 |", "", r"\chi_1 stands in two rows"),
        ("| $t$ | time | | 1 |", "", "t is in the table and free"),
        (r"| $\xi$ | depth | | 1 |", "", r"\xi is in the table and nowhere used"),
        (
            r"| $\xi$, $\chi_2$ | two | | 1, 2 |",
            r"$\chi_2$",
            r"1 uses nothing of the row",
        ),
    ],
)
def test_a_symbol_against_the_table_is_found(row, planted, message):
    cells = {"1": [FINE, r"$\beta_q^2$"], "2": [FINE]}
    assert not faults(TABLE, cells)
    found = faults(TABLE + row + "\n", {**cells, "2": [FINE, planted]})
    assert any(message in fault for fault in found)
