"""Merge the tags of PDFs that were put together: pypdf leaves them behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pypdf import PageObject, PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DictionaryObject,
    NameObject,
    NumberObject,
)

ROOT, KIDS, PARENTS = map(NameObject, ("/StructTreeRoot", "/K", "/ParentTree"))
NUMBERS, PARENT = map(NameObject, ("/Nums", "/P"))
PAGE_KEY, LINK_KEY = NameObject("/StructParents"), NameObject("/StructParent")
"""Where a page, and a link on it, keep their number in the tree of parents."""


def merge_tags(book: PdfWriter, parts: Iterable[PdfReader]) -> None:
    """Give a book the structure of the files whose pages it has, one after another.

    Language and preferences are those of the first file.

    Args:
        book: holds all pages of `parts`, appended in this order from these readers.
        parts: tagged, as Chromium prints them.

    Raises:
        ValueError: a part without tags.
    """
    parts = list(parts)
    tree, document, numbers = DictionaryObject(), DictionaryObject(), ArrayObject()
    kids, pages, first = ArrayObject(), iter(book.pages), 0
    above, where = book._add_object(tree), book._add_object(document)
    for part in parts:
        if ROOT not in part.root_object:
            raise ValueError(f"every part must be tagged, got {part.stream}")
        own: Any = part.root_object[ROOT].clone(book)
        for kid in _listed(own.raw_get(KIDS)):
            kid.get_object()[PARENT] = where
            kids.append(kid)
        own_numbers = list(_numbered(own[PARENTS]))
        for number, parent in own_numbers:
            numbers.extend((NumberObject(number + first), parent))
        for page in part.pages:
            _count_on(next(pages), page, first)
        first += max((number for number, _ in own_numbers), default=-1) + 1
    document.update({
        NameObject("/Type"): NameObject("/StructElem"),
        NameObject("/S"): NameObject("/Document"),
        PARENT: above,
        KIDS: kids,
    })  # fmt: skip
    tree.update({
        NameObject("/Type"): ROOT,
        KIDS: where,
        PARENTS: book._add_object(DictionaryObject({NUMBERS: numbers})),
        NameObject("/ParentTreeNextKey"): NumberObject(first),
    })  # fmt: skip
    book.root_object[ROOT] = above
    book.root_object[NameObject("/MarkInfo")] = DictionaryObject(
        {NameObject("/Marked"): BooleanObject(True)}
    )
    for told in map(NameObject, ("/Lang", "/ViewerPreferences")):
        if told in parts[0].root_object:
            book.root_object[told] = parts[0].root_object[told].clone(book)


def _listed(kids: Any) -> list[Any]:
    """The entries of /K, which may be one alone."""
    found = kids.get_object()
    return list(found) if isinstance(found, ArrayObject) else [kids]


def _numbered(node: Any) -> Iterator[tuple[int, Any]]:
    """The numbers of a tree of numbers, each with what it stands for."""
    flat = node.get(NUMBERS, ())
    yield from zip(flat[::2], flat[1::2], strict=True)
    for kid in node.get("/Kids", ()):
        yield from _numbered(kid.get_object())


def _count_on(page: PageObject, before: PageObject, first: int) -> None:
    """Give a page its number from before, which it has lost, and its links theirs."""
    number: Any = before.get(PAGE_KEY)
    if number is not None:
        page[PAGE_KEY] = NumberObject(number + first)
    for link in page.get("/Annots", ()):
        one = link.get_object()
        if LINK_KEY in one:
            one[LINK_KEY] = NumberObject(one[LINK_KEY] + first)
