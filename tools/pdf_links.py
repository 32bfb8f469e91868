"""Make jumps of the links of a PDF that lead to what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote, urldefrag

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject

ADDRESSED = """() => {
  const address = document.querySelector("meta[property='og:url']").content;
  for (const link of document.links)
    link.href = new URL(link.getAttribute("href"), address);
  for (const { id } of document.querySelectorAll("[id]")) {
    const link = document.createElement("a");
    link.href = `#${encodeURIComponent(id)}`;
    link.hidden = true;
    document.body.append(link);
  }
  return address;
}"""
"""Links lead to the public site, whose address of this page is returned. Chromium keeps
the places of those elements to which their own page links: all that have a name."""

ACTION, LOCAL = NameObject("/A"), NameObject("/XYZ")


def lead_inside(
    book: PdfWriter, parts: Sequence[PdfReader], addresses: Sequence[str]
) -> None:
    """Make jumps of a book's links to its own pages; other links stay.

    A link to an element that was not printed leads to the top of its page.

    Args:
        book: holds all pages of `parts`, appended in this order.
        parts: printed by Chromium from pages that ADDRESSED has run in.
        addresses: what it returned, one a part.
    """
    places = _places(book, parts, addresses)
    for page in book.pages:
        for link in page.get("/Annots", ()):
            one = link.get_object()
            address = unquote(one.get(ACTION, {}).get("/URI", ""))
            place = places.get(address) or places.get(urldefrag(address).url)
            if place:
                one[ACTION] = DictionaryObject({
                    NameObject("/S"): NameObject("/GoTo"), NameObject("/D"): place
                })  # fmt: skip
    book.root_object.pop("/Names", None)


def _places(
    book: PdfWriter, parts: Sequence[PdfReader], addresses: Sequence[str]
) -> dict[str, ArrayObject]:
    """Where in a book pages and their elements stand, by their addresses, unquoted.

    Names alone would not do: several parts may have an element of the same name.
    """
    places, sheets = {}, iter(book.pages)
    for part, address in zip(parts, addresses, strict=True):
        now = {
            sheet.indirect_reference: next(sheets).indirect_reference
            for sheet in part.pages
        }
        first = part.pages[0]
        top = [FloatObject(0), first.mediabox.top, FloatObject(0)]
        places[unquote(address)] = ArrayObject(
            [now[first.indirect_reference], LOCAL, *top]
        )
        for name, to in part.named_destinations.items():
            sheet, *place = to.dest_array
            element = f"{address}#{name.removeprefix('/')}"
            places[unquote(element)] = ArrayObject([now[sheet], *place])
    return places
