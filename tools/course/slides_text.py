"""The texts of a chapter: which blocks a slide shows, which its speaker says.

Lists, tables, displayed formulas and statements (a paragraph that begins in bold type)
are shown, and so are sentences with words in bold type; other prose and proofs are
said. A long item is shown up to the end of a sentence, and said in full.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin

Kind = Literal["heading", "list", "table", "formula", "statement", "code", "prose"]

FORMAL = ("theorem", "definition", "proposition", "corollary", "lemma")
LONGEST = 70
"""Words of a list's item or a statement that a slide shows; theorems stand whole."""

_KINDS: dict[str, Kind] = {
    "heading_open": "heading",
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "table_open": "table",
    "math_block": "formula",
    "fence": "code",
    "code_block": "code",
}
_SENTENCE = re.compile(r"(?<=[.!?])\*{0,2}\s+(?=[A-Z*$(])")
_ABBREVIATION = re.compile(r"(?:\b(?:al|vs|cf|e\.g|i\.e)|\b[A-Z])\.$")
_KEY = re.compile(r"\*\*([^*]+[.!?])\*\*|\*\*([^*]+)\*\*[.!?]")
_BADGE = re.compile(r"\[!\[[^\]]*\]\([^)]*\)\]\([^)]*\)\n*")
_FOLDED = re.compile(r"<details>.*?(</details>|\Z)", re.DOTALL)
_AFTER = re.compile(r'(<span class="math inline">[^<]*</span>)([.,;:!?)]+)')
_PROOF = re.compile(r"\*\(?(?:proof|sketch)", re.IGNORECASE)


@dataclass(frozen=True)
class Block:
    """A paragraph, list, table, formula, heading or piece of code."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Told:
    """What becomes of a text: pieces to show, each kept together, and words to say."""

    shown: tuple[str, ...] = ()
    said: str = ""


def blocks(markdown: str) -> list[Block]:
    """The blocks of a Markdown text in order, without badges and folded solutions."""
    text = _FOLDED.sub("", _BADGE.sub("", markdown))
    lines = text.split("\n")
    found = []
    for token in _parser().parse(text):
        if token.level or token.map is None or token.nesting < 0:
            continue
        block = "\n".join(lines[slice(*token.map)]).strip("\n")
        kind = _KINDS.get(token.type, "prose")
        if kind == "prose" and block.startswith("**"):
            kind = "statement"
        found.append(Block(kind, block))
    return found


def told(parts: Sequence[Block], everything: bool = False) -> Told:
    """What a slide shows of such blocks, and what its speaker says.

    Args:
        parts: blocks without headings.
        everything: show all of them, say none.
    """
    if everything:
        return Told(tuple(block.text for block in parts))
    shown: list[str] = []
    said: list[str] = []
    before: Block | None = None
    for block in parts:
        if block.kind == "formula":
            _tell_formula(block, before, shown, said)
        elif block.kind == "prose":
            _tell_prose(block, before, shown, said)
        elif block.kind == "list":
            shown.append(_shorter_items(block.text, said))
        elif block.kind == "statement":
            shown.append(_shorter(block.text, said))
        elif shown and shown[-1].endswith(":"):
            shown[-1] += f"\n\n{block.text}"
        else:
            shown.append(block.text)
        before = block
        if block.kind == "formula" and said and said[-1] == block.text:
            before = replace(block, kind="prose", text="*Proof*")
    return Told(tuple(shown), "\n\n".join(said))


def _tell_formula(
    block: Block, before: Block | None, shown: list[str], said: list[str]
) -> None:
    """A formula is shown with the words that lead to it; one of a proof is said."""
    if before is None:
        shown.append(block.text)
    elif before.kind != "prose":
        shown[-1] += f"\n\n{block.text}"
    elif _PROOF.match(before.text) and r"\boxed" not in block.text:
        said.append(block.text)
    else:
        lead = sentences(before.text)[-1]
        if lead.rstrip("*").endswith((".", "!", "?")):
            shown.append(block.text)
        elif shown and shown[-1].endswith(lead):
            shown[-1] += f"\n\n{block.text}"
        else:
            shown.append(f"{lead}\n\n{block.text}")


def _tell_prose(
    block: Block, before: Block | None, shown: list[str], said: list[str]
) -> None:
    """Prose is said; shown are its bold words, and what goes on after a formula."""
    said.append(block.text)
    if _PROOF.match(block.text):
        return
    every = sentences(block.text)
    if before is not None and before.kind == "formula" and _goes_on(block.text):
        shown[-1] += f"\n\n{every.pop(0)}"
    shown.extend(marked(every))


def _goes_on(text: str) -> bool:
    """Whether a paragraph ends the sentence of the formula above it."""
    return text.lstrip("*")[:1].islower()


def marked(every: Sequence[str]) -> Iterator[str]:
    """Of some sentences those with bold type: whole, or what is bold if it is long."""
    terms: list[str] = []
    for sentence in every:
        keys = key_sentences(sentence)
        if "**" in sentence and not keys:
            terms.append(sentence)
            continue
        if keys and terms:
            yield " ".join(terms)
            terms = []
        yield from keys
    if terms:
        yield " ".join(terms)


def key_sentences(text: str) -> list[str]:
    """What is said in bold type in six words or more, as sentences in bold type."""
    found = (one or f"{other}." for one, other in _KEY.findall(text))
    return [f"**{key[0].upper()}{key[1:]}**" for key in found if len(key.split()) >= 6]


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph; a formula's dots and abbreviations end none."""
    found, start = [], 0
    for gap in _SENTENCE.finditer(text):
        piece = text[start : gap.start()]
        inside = text[: gap.start()].count("$") % 2
        bold = text[start : gap.end()].count("**") % 2
        if inside or bold or _ABBREVIATION.search(piece):
            continue
        found.append(text[start : gap.end()].strip())
        start = gap.end()
    return [*found, text[start:].strip()]


def _shorter(text: str, said: list[str]) -> str:
    """The first sentences of a text, and bold ones; it is said whole if it is long."""
    if len(text.split()) <= LONGEST or _is_formal(text):
        return text
    said.append(text)
    first, *rest = sentences(text)
    room = LONGEST - len(first.split())
    kept = [first]
    for sentence in rest:
        room -= len(sentence.split())
        if room >= 0 or key_sentences(sentence):
            kept.append(sentence)
    return " ".join(kept)


def _is_formal(text: str) -> bool:
    """Whether a statement is a theorem or a definition."""
    head = text[2:].partition("**")[0].lower()
    return any(word in head for word in FORMAL)


def _shorter_items(text: str, said: list[str]) -> str:
    """A list with each item cut at a sentence's end."""
    return "\n".join(_shorter(item, said) for item in items(text))


def items(text: str) -> list[str]:
    """The items of a list, each with its mark."""
    return re.split(r"\n(?=(?:[-*+]|\d+[.)]) )", text)


def html(markdown: str) -> str:
    """Markdown as HTML, formulas between the marks that MathJax looks for."""
    return _together(_parser().render(markdown))


def inline_html(markdown: str) -> str:
    """A line of Markdown as HTML, without a paragraph around it."""
    return _together(_parser().renderInline(markdown))


def _together(made: str) -> str:
    """No line begins with the full stop or the comma that follows a formula."""
    return _AFTER.sub(r'<span class="unbroken">\1\2</span>', made.strip())


@cache
def _parser() -> MarkdownIt:
    parser = (
        MarkdownIt("commonmark")
        .enable("table")
        .use(dollarmath_plugin, double_inline=True, renderer=_tex)
    )
    parser.core.ruler.push("links", _without_pages)
    return parser


def _tex(content: str, options: dict[str, bool]) -> str:
    safe = content.replace("&", "&amp;").replace("<", "&lt;")
    return rf"\[{safe}\]" if options["display_mode"] else rf"\({safe}\)"


def _without_pages(state: StateCore) -> None:
    """Links to pages of the site lead nowhere from a slide: only their words stay."""
    for token in state.tokens:
        token.children = [*_kept(token.children or [])]


def _kept(children: Sequence[Token]) -> Iterator[Token]:
    leads = True
    for child in children:
        if child.type == "link_open":
            leads = str(child.attrGet("href")).startswith(("http://", "https://"))
        if leads or child.type not in ("link_open", "link_close"):
            yield child
