r"""Docstrings as they stand in the code, made into reStructuredText for napoleon.

In a docstring single backticks hold code, formulas are written as one types them, and
what is displayed is indented. Here a symbol with an index becomes mathematics, as
sigma_w^2 :math:`\sigma_w^2`, and so does what belongs to it: a root, a norm, an order
O(n^2). So does a displayed formula, and a number as Python prints it, 1e-12; signs that
one types with two letters become one (<= ≤, -> →); a list of names with what each means
becomes one, of files with bullets; a command stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile

from helpers.typeset import POWER_OF_TEN

GREEK = re.findall(
    r"\w+",
    "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi pi rho sigma "
    "tau phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega",
)
OPERATORS = re.findall(
    r"\w+", "sum min max exp ln log cos sin Tr div sqrt grad lam inf"
)
_NAMES = "|".join(sorted([*GREEK, *OPERATORS], key=len, reverse=True))
_GREEK = "|".join(GREEK)
_TEX = {name: f"\\{name} " for name in [*GREEK, *OPERATORS]} | {
    "Tr": r"\operatorname{Tr}",
    "div": r"\operatorname{div}",
    "sqrt": r"\surd ",
    "grad": r"\nabla ",
    "lam": r"\lambda ",
    "inf": r"\infty ",
    "<=": r"\le ",
    ">=": r"\ge ",
    "<-": r"\leftarrow ",
    "->": r"\to ",
    "-+": r"\mp ",
    "!=": r"\ne ",
    "⟨": r"\langle ",
    "⟩": r"\rangle ",
    "<": r"\lt ",
    ">": r"\gt ",
    "..": r"\dots ",
    "...": r"\dots ",
    "…": r"\dots ",
    "||": r"\Vert ",
    "*": r"\cdot ",
    "~": r"\sim ",
    "{": r"\{",
    "}": r"\}",
    "%": r"\%",
}
_INDEX_NAMES = {*GREEK, "min", "max", "inf"}
_ROUND = r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
_GROUP = r"\{[^{}]*\}|\((?:[^()]|\([^()]*\))*\)"
_SCRIPT = rf"[_^](?:{_GROUP}|chi2|-?(?:[A-Za-z]+|\d+)|[*+](?![A-Za-z\d(]))"
_BAR = rf"(?:{_GREEK}|[A-Za-z])bar"
_WORD = rf"(?!(?:{_NAMES}|{_BAR})(?![A-Za-z]))[A-Za-z]{{2,}}|a(?= [\da-z]{{2}})"
_ROOT = rf"sqrt(?: ?{_ROUND}| \d+(?![.\d]*\w))"
_TOKEN = re.compile(
    rf"(?P<number>{POWER_OF_TEN.pattern})|(?P<root>{_ROOT})"
    rf"|(?P<script>{_SCRIPT})|(?P<tilde>{_NAMES}|[A-Za-z])~|(?P<gap> {{2,}}(?!=))"
    rf"|(?P<bar>(?<![A-Za-z]){_BAR})(?!\w)|(?P<square>chi)2|(?P<step>d)(?=[a-z]_)"
    rf"|(?P<words> ?(?:{_WORD})(?:[ -](?:{_WORD}))* ?)|(?P<size>\d+x\d+)"
    rf"|(?P<name>{_NAMES})|(?P<other>\.{{2,3}}|[<>!]=|<-|-[>+]|\|\||.)"
)
_SYMBOL = re.compile(
    rf"(?<![\w^])(?<!\w\.)(?:(?:{_GREEK}|sum|min|max|lam|[A-Za-z])~?'*|\d+(?=\^)"
    rf"|[A-Za-z]{{2,}}(?=\^|_[a-z\d](?!\w))|(?<=[\])|⟩]))(?:{_SCRIPT})+(?!\w)'*"
    rf"|(?<!\w)(?<!\w-)(?<!--)(?<!(?<!\.)\.)"
    rf"(?:(?:{_GREEK})~?'*(?!\w)|[A-Z]~|{_BAR}'*(?!\w)|chi2(?=\())"
)
_WHOLE = re.compile(
    rf"(?P<sure>(?<![\w.]){_ROOT}|{POWER_OF_TEN.pattern}"
    rf"|(?:(?<!\w)E ?)?\|\|(?=[^\s|])[^|]+(?<=\S)\|\|(?:{_SCRIPT})*)"
    rf"|(?:(?<!\w)E ?)?(?<!\|)\|(?=[^\s|])(?:[^|]| \| )+(?<=\S)\|(?!\|)(?:{_SCRIPT})*"
    rf"|(?<!\w)O{_ROUND}"
)
"""What is set as a whole: surely, or where a part of it would be set alone."""
_PART = re.compile(rf"{_SYMBOL.pattern}|{_ROOT}|{POWER_OF_TEN.pattern}")
_OPEN = re.compile(r"(?<![\w.])(?:O|sqrt ?)\((?:[^()]|\([^()]*\))*$")
_PRODUCT = re.compile(r"<([^\s<>=-][^<>=]*,[^<>=]*[^\s<>=-])>")
_NUMBERED = re.compile(r"^( *)(\(?(?:[A-Za-z]|[ivxlcdm]+|\d+)[.)])(?= |$)")
_SECTION = re.compile(r"(Args|Attributes|Raises|Returns):$")
_ITEM = re.compile(r"( {4}[\w, *]+: )(.*)")
_COMMAND = re.compile(r"python |from [\w.]+ import ")
_FILE = re.compile(r" *(?:- )?((?:\w+\.py(?:, )?)+)(?:: | {2,})(.*)")
_ROW = re.compile(r"(\S+) {2,}(?![=<+])(\S.*)")


def tex(formula: str) -> str:
    """A formula as one types it, in TeX."""
    formula = _PRODUCT.sub(r"⟨\1⟩", formula.strip())
    return "".join(map(_tex_of, _TOKEN.finditer(formula))).strip()


def _tex_of(token: re.Match[str]) -> str:
    kind, text = token.lastgroup, token[0]
    if kind == "number":
        factor = rf"{token['factor']} \times " if token["factor"] else ""
        return f"{factor}10^{{{token['small'] or ''}{token['power']}}}"
    if kind == "root":
        inner = text.removeprefix("sqrt").strip()
        return f"\\sqrt{{{tex(inner[1:-1] if inner[0] == '(' else inner)}}}"
    if kind == "script":
        return f"{text[0]}{{{_tex_of_script(text[1:])}}}"
    if kind == "tilde":
        return f"\\tilde{{{tex(text[:-1])}}}"
    if kind == "bar":
        return f"\\bar{{{tex(text.removesuffix('bar'))}}}"
    if kind == "square":
        return r"\chi^{2}"
    if kind == "words":
        return f"\\text{{{text}}}"
    if kind == "gap":
        return r"\quad "
    return text.replace("x", r"\times ") if kind == "size" else _TEX.get(text, text)


def _tex_of_script(text: str) -> str:
    """An index or a power; letters may be a name (in) or several indices (ij)."""
    if re.fullmatch("[a-z]{2,}", text) and text not in _INDEX_NAMES:
        return text if re.fullmatch("[i-l]{2}|[ab]{2}", text) else f"\\mathrm{{{text}}}"
    return text if text == "*" else tex(re.sub(r"^[{(](.*)[})]$", r"\1", text))


def prose(line: str) -> str:
    """A line of text: its code untouched, its formulas typeset, the rest escaped."""
    parts = re.split("(`[^`]*`)", line)
    made = "".join(part if i % 2 else _typeset(part) for i, part in enumerate(parts))
    return _NUMBERED.sub(r"\1\\\2", made.removesuffix("\\ "))


def _typeset(text: str) -> str:
    text = _PRODUCT.sub(r"⟨\1⟩", text)
    out, end = "", 0
    for formula in _formulas(text):
        base = "" if formula[0][0] not in "^_" else "{}"
        out += _escaped(text[end : formula.start()])
        out += f"\\ :math:`{base}{tex(formula[0])}`\\ "
        end = formula.end()
        if text[end : end + 1] in _CLOSING:
            out += _CLOSING[text[end]]
            end += 1
    return out + _escaped(text[end:])


def _formulas(text: str) -> Iterator[re.Match[str]]:
    """The formulas in a text: what is set as a whole, and the symbols outside of it."""
    end = 0
    for whole in _WHOLE.finditer(text):
        if whole["sure"] or _PART.search(whole[0]):
            yield from _SYMBOL.finditer(text, end, whole.start())
            yield whole
            end = whole.end()
    yield from _SYMBOL.finditer(text, end)


_SIGNS = {
    r"(?<= )\|\|(?= )": "‖",
    r"([\\*|]|_(?!\w))": r"\\\1",
    r"<=": "≤",
    r">=": "≥",
    r"!=": "≠",
    r"<->": "↔",
    r"->": "→",
    r"<-": "←",
    r"-\+": "∓",
    r"\bsqrt ?(?=\()": "√",
    r"\bgrad (?=(?:log )?[A-Za-z](?![A-Za-z]))": "∇",
    r"(?:(?<=\S )|(?<=\A ))-(?= )|(?<!\w)-$": "−",
    r"(?<![\w-])-(?=\(|[A-Za-z](?![\w-]))": "−",
    r"\b([A-Za-z])''(?!\w)": r"\1″",
    r"\b([A-Za-z])'(?!\w)": r"\1′",
    r"(?<![\w-])--[a-z][\w-]*": r"`\g<0>`",
}
"""What stands in text for what one types."""
_CLOSING = {"'": "’", '"': "”"}
"""Quotes behind a formula, which would be read as opening."""


def _escaped(text: str) -> str:
    for typed, shown in _SIGNS.items():
        text = re.sub(typed, shown, text)
    return text


def restructured(lines: list[str]) -> list[str]:
    """A docstring, ready for napoleon."""
    out: list[str] = []
    section, above, rest = "", 0, list(lines)
    while rest:
        indent = _indent(rest[0])
        if _FILE.match(rest[0]) and not section:
            files = list(takewhile(_FILE.match, rest))
            out += ["", *map(_item, files), ""]
            rest = rest[len(files) :]
            continue
        if out and not out[-1].strip() and indent > above:
            shown = _block(rest, indent)
            out += displayed([line[indent:] for line in shown], " " * above)
            rest = rest[len(shown) :]
            continue
        line = rest.pop(0)
        while _OPEN.search(line) and rest and rest[0].strip():
            line = f"{line} {rest.pop(0).strip()}"
        if line.strip():
            if section == "Returns" and out[-1].strip() and indent > above > 0:
                line = " " * above + line.lstrip()  # else it defines the line above
            else:
                above = indent
            opened = _SECTION.match(line)
            section = opened[1] if opened else section if indent else ""
        out.append(_line(line, section))
    return out


def _item(line: str) -> str:
    """A file and what it holds, in a list of files to read."""
    file = _FILE.match(line)
    assert file
    names = re.sub(r"\w+\.py", r"`\g<0>`", file[1])
    return f"- {names}: {prose(file[2].removesuffix('.'))}"


def _line(line: str, section: str) -> str:
    """A line of text, or an entry of a section, whose name stays as it is."""
    if line == "Returns:":
        return ":returns:"  # napoleon takes what stands before a colon for a type
    item = _ITEM.match(line) if section not in ("", "Returns") else None
    return item[1] + prose(item[2]) if item else prose(line)


def _block(lines: list[str], indent: int) -> list[str]:
    """The lines up to the first that is indented less."""
    return list(
        takewhile(lambda line: not line.strip() or _indent(line) >= indent, lines)
    )


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def displayed(lines: list[str], margin: str) -> list[str]:
    """An indented block: commands or code, a list of names with meanings, a formula."""
    lines = [line for line in lines if line.strip()]
    if any(map(_COMMAND.match, lines)):
        kind = "console" if lines[0].startswith("python ") else "python"
        new = [f".. code-block:: {kind}", "", *(f"   {line}" for line in lines)]
    elif _ROW.match(lines[0]):
        new = []
        for line in lines:
            row = _ROW.match(line)
            term = [f"``{row[1]}``"] if row else []
            new += [*term, f"   {prose(row[2] if row else line.strip())}"]
    else:
        new = [".. math::", "", *(f"   {row}" for row in _rows(lines))]
    return [*(margin + line for line in new), ""]


def _rows(lines: list[str]) -> list[str]:
    """The lines of a formula, one below the other."""
    if len(lines) == 1:
        return [tex(lines[0])]
    rows = ["&" + r"\quad " * line.startswith(" ") + tex(line) for line in lines]
    return [*(rf"{row} \\" for row in rows[:-1]), rows[-1]]
