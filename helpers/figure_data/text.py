"""Words of a figure: mathtext as Unicode and as SVG, and how wide a word is."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from helpers.typeset import POWER_OF_TEN, power_of_ten

__all__ = ["Run", "plain", "runs", "svg", "width"]

RISE = {1: -40, 0: 0, -1: 30}
"""How far a superscript and a subscript are moved, in tenths of a pixel."""
SMALL = 0.72
"""Size of a superscript over that of the line."""

_SYMBOLS = {
    "approx": "≈", "cdot": "·", "circ": "∘", "dots": "…", "ell": "ℓ", "equiv": "≡",
    "exists": "∃", "forall": "∀", "geq": "≥", "ge": "≥", "gg": "≫", "in": "∈",
    "infty": "∞", "int": "∫", "langle": "⟨", "lambda": "λ", "Lambda": "Λ",
    "ldots": "…", "leftarrow": "←", "leq": "≤", "le": "≤", "ll": "≪", "mid": "|",
    "mp": "∓", "nabla": "∇", "neq": "≠", "ne": "≠", "odot": "⊙", "otimes": "⊗",
    "partial": "∂", "pm": "±", "prod": "∏", "propto": "∝", "quad": "  ", "qquad": "   ",
    "rangle": "⟩", "rightarrow": "→", "sim": "∼", "star": "⋆", "subset": "⊂",
    "sum": "∑", "times": "×", "to": "→", "top": "⊤", "varepsilon": "ε",
    "varphi": "φ", "Vert": "‖", "vert": "|",
}  # fmt: skip
_MARKS = {
    "left": "", "right": "", "limits": "", "displaystyle": "", "|": "‖",
    ",": " ", ";": " ", ":": " ", " ": " ", "!": "", "{": "{", "}": "}", "%": "%",
    "$": "$", "_": "_", "#": "#", "&": "&",
}  # fmt: skip
_ACCENTS = {
    "hat": "\u0302", "widehat": "\u0302", "bar": "\u0304", "overline": "\u0305",
    "tilde": "\u0303", "dot": "\u0307", "ddot": "\u0308", "vec": "\u20d7",
}  # fmt: skip
_UPRIGHT = {"mathrm", "mathdefault", "text", "operatorname", "mathbf", "rm", "mathsf"}
_FONTS = _UPRIGHT | {"mathit", "mathcal", "mathbb", "boldsymbol", "mathregular"}
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|.", re.DOTALL)
_DOLLAR = re.compile(r"(?<!\\)\$")
_SCRIPTS = {
    1: str.maketrans("0123456789-−+n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻⁺ⁿ"),
    -1: str.maketrans("0123456789-−+", "₀₁₂₃₄₅₆₇₈₉₋₋₊"),
}


@dataclass(frozen=True)
class Run:
    """Letters in one style: level 1 above the line, -1 below it, 0 on it."""

    text: str
    level: int = 0
    italic: bool = False


def runs(text: str) -> list[Run]:
    """Text with formulas between dollar signs, as matplotlib takes it, in pieces.

    What a formula can hold: Greek letters, common symbols and accents, fonts, roots,
    fractions (as a/b), superscripts and subscripts of one level. Beside formulas, a
    number such as 2e-09 becomes two times a power of ten.
    """
    pieces = _DOLLAR.split(text)
    if len(pieces) % 2 == 0:  # an odd dollar sign is a dollar sign
        return _words(text)
    found: list[Run] = []
    for i, piece in enumerate(pieces):
        found += _math(piece) if i % 2 else _words(piece.replace("\\$", "$"))
    return _merged(found)


def _words(text: str) -> list[Run]:
    """Words without formulas: 2e-09 in them is two times a power of ten."""
    found, end = [], 0
    for number in POWER_OF_TEN.finditer(text):
        base, power = power_of_ten(number)
        found += [Run(text[end : number.start()] + base), Run(power, level=1)]
        end = number.end()
    return [*found, Run(text[end:])]


def _math(formula: str) -> list[Run]:
    return list(_group(iter(_TOKEN.findall(formula)), 0, italic=True))


def _group(tokens: Iterator[str], level: int, *, italic: bool) -> Iterator[Run]:
    """The runs up to the brace that closes the group, or to the end."""
    for token in tokens:
        if token == "}":
            return
        yield from _piece(token, tokens, level, italic=italic)


def _piece(
    token: str, tokens: Iterator[str], level: int, *, italic: bool
) -> Iterator[Run]:
    name = token.removeprefix("\\")
    if token == "{":
        yield from _group(tokens, level, italic=italic)
    elif token in "^_":
        yield from _argument(tokens, 1 if token == "^" else -1, italic=italic)
    elif token.startswith("\\"):
        yield from _command(name, tokens, level, italic=italic)
    elif token != " ":
        text = {"-": "−", "*": "∗", "=": " = "}.get(token, token)
        yield Run(text, level, italic and text.isalpha())


def _argument(tokens: Iterator[str], level: int, *, italic: bool) -> list[Run]:
    """The runs of the next token, or of the next group."""
    token = next(tokens, "")
    while token == " ":
        token = next(tokens, "")
    return list(_piece(token, tokens, level, italic=italic)) if token else []


def _command(
    name: str, tokens: Iterator[str], level: int, *, italic: bool
) -> Iterator[Run]:
    if name in _FONTS:
        yield from _argument(tokens, level, italic=italic and name not in _UPRIGHT)
    elif name == "sqrt":
        inside = _argument(tokens, level, italic=italic)
        yield from [Run("√", level), *_enclosed(inside, level)]
    elif name in ("frac", "dfrac", "tfrac"):
        above = _argument(tokens, level, italic=italic)
        below = _argument(tokens, level, italic=italic)
        yield from [*_enclosed(above, level), Run("/", level)]
        yield from _enclosed(below, level)
    elif name in _ACCENTS:
        inside = _argument(tokens, level, italic=italic) or [Run("")]
        first = inside[0]
        yield replace(first, text=first.text + _ACCENTS[name])
        yield from inside[1:]
    else:
        text = _symbol(name)
        yield Run(text, level, italic and len(text) == 1 and text.isalpha())


def _enclosed(inside: list[Run], level: int) -> list[Run]:
    """In brackets, unless it is one symbol or one number."""
    word = "".join(run.text for run in inside)
    if len(word) == 1 or word.isdigit():
        return inside
    return [Run("(", level), *inside, Run(")", level)]


def _symbol(name: str) -> str:
    if name in _SYMBOLS or name in _MARKS:
        return _SYMBOLS.get(name, _MARKS.get(name, ""))
    case = "CAPITAL" if name[0].isupper() else "SMALL"
    try:
        return unicodedata.lookup(f"GREEK {case} LETTER {name.upper()}")
    except KeyError:
        return name  # log, max: upright words


def _merged(found: list[Run]) -> list[Run]:
    joined: list[Run] = []
    for run in found:
        last = joined[-1] if joined else None
        if last and (last.level, last.italic) == (run.level, run.italic):
            joined[-1] = replace(last, text=last.text + run.text)
        elif run.text:
            joined.append(run)
    return joined


def plain(text: str) -> str:
    """The text for a reader of plain letters: powers as ², ₃ where Unicode has them."""
    return "".join(map(_plain_run, runs(text)))


def _plain_run(run: Run) -> str:
    if not run.level:
        return run.text
    if all(ord(letter) in _SCRIPTS[run.level] for letter in run.text):
        return run.text.translate(_SCRIPTS[run.level])
    return ("^" if run.level > 0 else "_") + run.text


def svg(text: str) -> str:
    """The text as the inside of an SVG text element."""
    parts, level = [], 0
    for run in runs(text):
        names = "i" * run.italic + " p" * (run.level != 0)
        shift = RISE[run.level] - RISE[level]
        level = run.level
        attributes = f' dy="{shift}"' * (shift != 0)
        attributes += f' class="{names.strip()}"' * bool(names)
        words = html.escape(run.text, quote=False)
        parts.append(f"<tspan{attributes}>{words}</tspan>" if attributes else words)
    return "".join(parts)


def width(text: str, size: float) -> float:
    """About how wide a line is in a sans-serif font of such a size, in its unit."""
    return sum(
        size * (SMALL if run.level else 1.0) * sum(map(_advance, run.text))
        for run in runs(text)
    )


def _advance(letter: str) -> float:
    """Width of a letter over the size of the font: means of Arial and DejaVu Sans."""
    if unicodedata.combining(letter):
        return 0.0
    if letter in "iljtfI.,:;|!'()[] ":
        return 0.34
    if letter in "mwMW%@…":
        return 0.9
    return 0.7 if letter.isupper() or letter in "=+−<>≤≥≈∞√∑" else 0.58
