"""Formulas as one types them, set in HTML.

Claims are stored and printed as plain text: `sigma_w^2`, `10^-4`, `sqrt(2)/(3 pi)`.
What is surely mathematics gets its letters, indices, powers and signs; words stay.
"""

from __future__ import annotations

import html
import re

__all__ = ["POWER_OF_TEN", "in_html", "power_of_ten"]

POWER_OF_TEN = re.compile(
    r"(?<![\w.])(?:1(?=e)|(?P<factor>\d+(?:\.\d+)?))"
    r"e(?P<small>-)?\+?0*(?P<power>\d+)(?!\w)"
)
"""A number as Python prints large and small ones: `1.2e-05`; no factor for `1e-05`."""

_GREEK = {
    name: chr(code)
    for names, first in (
        ("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu", 0x3B1),
        ("nu xi omicron pi rho", 0x3BD),
        ("sigma tau upsilon phi chi psi omega", 0x3C3),
        ("Gamma Delta", 0x393),
        ("Theta", 0x398),
        ("Lambda", 0x39B),
        ("Xi", 0x39E),
        ("Pi", 0x3A0),
        ("Sigma", 0x3A3),
        ("Phi Chi Psi Omega", 0x3A6),
    )
    for code, name in enumerate(names.split(), first)
} | {"lam": "λ"}
_ACCENTS = {"": "", "~": "\N{COMBINING TILDE}", "bar": "\N{COMBINING MACRON}"}
_SIGNS = {"<=": "≤", ">=": "≥", "->": "→", "+-": "±"}
_NAMES = "|".join(sorted(_GREEK, key=len, reverse=True))
_GROUP = r"\((?:[^()]|\([^()]*\))*\)"
_LETTER = "[A-Za-zℓϑ]"
_POWER = r"-?[A-Za-z]+|-?\d+(?:\.\d+)?(?:/\d+)?"
_SCRIPT = rf"_(?:{_GROUP}|[A-Za-z]+\d?|\d+)|\^(?:{_GROUP}|{_POWER})"
_BASE = rf"(?<![\w.])(?:{_NAMES}|{_LETTER}|\d+(?:\.\d+)?(?=\^))~?|(?<=[)\]])"
_BAR = rf"(?:{_NAMES}|[A-Za-z])bar"
_ALONE = rf"(?<![\w.])(?:(?:{_NAMES})(?! method|-[a-z])|{_BAR}|[A-Z]~)"
_ATOM = re.compile(rf"\((?:\w+|(?:{_NAMES}|[A-Za-z])(?:{_SCRIPT})*)\)")
_TOKEN = re.compile(
    rf"(?<![\w.])sqrt(?P<root>{_GROUP})"
    rf"|(?P<symbol>(?:{_BASE})(?:{_SCRIPT})+|{_ALONE})"
    r"(?!\w)(?P<prime>'?(?!\w))(?P<less>-(?=\d))?"
    r"|(?<![\w.])(?P<function>[A-Za-z])'(?!\w)"
    r"|(?P<sign><=|>=|->|\+-)"
    rf"|(?P<minus>(?<= )-(?= )|(?<![\w)\].])-(?=\d|(?:{_NAMES}|[A-Z])\b))"
    r"|(?P<times>(?<=[\d%)] )[x*](?= [\d(]| (?:the )?S[ED]\b| sqrt\())"
    r"|(?P<error>(?<=\d) ± (?=\d))|(?<=\()(?P<draws>\d+) (?=draws?\))"
    rf"|{POWER_OF_TEN.pattern}"
)


def in_html(text: str) -> str:
    """A text in HTML, with what is surely mathematics set as such.

    Names of Greek letters become letters; `_` and `^` behind a letter, a number or a
    bracket become indices and powers, `sqrt(…)` a root, a minus before a number or
    between spaces a minus sign, `2e-09` two times a power of ten. The parts of such a
    number, of "1.5 ± 0.2" and of "(5 draws)" stay on one line. What is no mathematics
    is escaped, no more.
    """
    out, end = "", 0
    for found in _TOKEN.finditer(text):
        out += html.escape(text[end : found.start()]) + _set(found)
        end = found.end()
    return out + html.escape(text[end:])


def power_of_ten(found: re.Match[str]) -> tuple[str, str]:
    """Base and power of what `POWER_OF_TEN` found: "1.2 × 10", "−5", or "0", ""."""
    if found["factor"] and not float(found["factor"]):
        return "0", ""
    base = f"{found['factor']} × 10" if found["factor"] else "10"
    return base, "−" * bool(found["small"]) + found["power"]


def _set(found: re.Match[str]) -> str:
    root, function, sign, draws = found.group("root", "function", "sign", "draws")
    if root:
        return "√" + in_html(root[1:-1] if _ATOM.fullmatch(root) else root)
    if found["symbol"] is not None:
        prime, less = "′" * bool(found["prime"]), "−" * bool(found["less"])
        return _symbol(found["symbol"]) + prime + less
    if function:
        return f"{function}′"
    if sign:
        return _SIGNS[sign]
    if draws:
        return f"{draws}\N{NO-BREAK SPACE}"
    if found["power"]:
        base, power = power_of_ten(found)
        raised = f"<sup>{power}</sup>" if power else ""
        return base.replace(" ", "\N{NO-BREAK SPACE}") + raised
    if found["error"]:
        return "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}"
    return "−" if found["minus"] else "×"


def _symbol(text: str) -> str:
    """A letter, a number or a bracket's end, with its indices and powers."""
    base, *rest = re.split(f"({_SCRIPT})", text)
    name = base.removesuffix("~").removesuffix("bar")
    accent = _ACCENTS[base.removeprefix(name)]
    return _GREEK.get(name, name) + accent + "".join(map(_script, rest[::2]))


def _script(text: str) -> str:
    tag = "sub" if text[0] == "_" else "sup"
    inner = "chi^2" if text[1:] == "chi2" else re.sub(r"^\((.*)\)$", r"\1", text[1:])
    return f"<{tag}>{in_html(inner).replace('-', '−')}</{tag}>"
