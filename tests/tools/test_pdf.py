"""The book as a PDF: its pages and outline, solutions in or out, what is refused."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
from places import ROOT, tool
from pypdf import PdfReader

CONTENTS = """root: index
parts: [{chapters: [{file: one}, {file: book/reference/a},
  {file: book/reference/index}]}]
"""
PUBLIC = "https://owner.example/name/"
ADDRESS = '<meta property="og:url" content="{}.html">'
PAGE = f"""<!doctype html><html lang="en">{ADDRESS.format(PUBLIC + "one")}
<title>One</title><h1>First chapter</h1>
<details class="claim"><summary>1.1 a claim</summary>behind the claim</details>
<details><summary>Solution</summary>the answer is four</details>
<details class="hide"><summary>Show the code</summary>plot(x)</details>
<details class="cite-chapter"><summary>Cite this chapter</summary>@book</details>
<h2>A section</h2></html>"""
INDEX = f"{ADDRESS.format(PUBLIC + 'index')}<title>Index</title><h1>The book</h1>"

HEAD = '<link rel="stylesheet" href="print.css"><script src="printing.js"></script>'


@pytest.fixture
def pdf(tmp_path, monkeypatch):
    module = tool("pdf")
    site = tmp_path / "_build" / "html"
    site.mkdir(parents=True)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "SITE", site)
    (tmp_path / "_toc.yml").write_text(CONTENTS, encoding="utf-8")
    (site / "one.html").write_text(PAGE, encoding="utf-8")
    (site / "index.html").write_text(INDEX, encoding="utf-8")
    return module


def add(pdf, name, text):
    """Write more at the end of a page."""
    with (pdf.SITE / f"{name}.html").open("a", encoding="utf-8") as page:
        page.write(text)


def printed(pdf, *arguments):
    """Run the command in a thread: another browser may be open in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(pdf.main, arguments).result()


def text(path):
    return "".join(page.extract_text() for page in PdfReader(path).pages)


def parents(book):
    """The elements of a book's structure by the numbers of pages and links."""
    numbers = book.root_object["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    found = dict(zip(numbers[::2], numbers[1::2], strict=True))
    assert len(found) == len(numbers) / 2
    return found


def titles(outline):
    for entry in outline:
        yield from titles(entry) if isinstance(entry, list) else [entry.title]


@pytest.mark.usefixtures("chromium_path")
def test_the_book_has_its_pages_in_order_with_an_outline(pdf, tmp_path):
    assert printed(pdf) == 0
    book = tmp_path / "_build" / "book.pdf"
    said = text(book)
    assert said.index("The book") < said.index("First chapter")
    assert "behind the claim" in said
    assert "the answer is four" in said
    assert "plot(x)" not in said
    assert list(titles(PdfReader(book).outline))[-2:] == ["First chapter", "A section"]


@pytest.mark.usefixtures("chromium_path")
def test_numbers_go_on_from_page_to_page_beside_each_title(pdf, tmp_path):
    for name in ("print.css", "printing.js"):
        shutil.copy(ROOT / "book" / "_static" / name, pdf.SITE)
    for path in pdf.SITE.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        path.write_text(
            text.replace("<title>", f"{HEAD}<title>")
            + '<p style="break-before: page">more</p>',
            encoding="utf-8",
        )
    assert printed(pdf) == 0
    pages = PdfReader(tmp_path / "_build" / "book.pdf").pages
    heads = [page.extract_text().splitlines()[0] for page in pages]
    assert heads == ["Index 1", "Index 2", "One 3", "One 4"]


def kinds(element):
    """The kinds of an element of a structure and of those below it."""
    element = element.get_object()
    if isinstance(element, dict) and "/S" in element:
        yield element["/S"]
    kids = element.get("/K", []) if isinstance(element, dict) else []
    for kid in kids if isinstance(kids, list) else [kids]:
        yield from kinds(kid)


@pytest.mark.usefixtures("chromium_path")
def test_the_book_has_the_tags_of_its_pages(pdf, tmp_path):
    """The headings of both pages, in order; a page's number leads to its elements."""
    assert printed(pdf) == 0
    book = PdfReader(tmp_path / "_build" / "book.pdf")
    tree = book.root_object["/StructTreeRoot"]
    assert book.root_object["/MarkInfo"]["/Marked"]
    assert book.root_object["/Lang"].startswith("en")
    assert [kind for kind in kinds(tree["/K"]) if kind[:2] == "/H"] == [
        *("/H1", "/H1", "/H2")
    ]
    by_number = parents(book)
    for page in book.pages:
        elements = by_number[page["/StructParents"]].get_object()
        found = {element.get_object()["/Pg"].indirect_reference for element in elements}
        assert found == {page.indirect_reference}


LINKS = "".join(
    f'<a href="{target}">{target}</a> '
    for target in (
        *("one.html", "one.html#far", "one.html#%C3%A9", "one.html#gone", "#same"),
        *("book/reference/a.html#x", "https://other.example/#far"),
    )
)
PLACES = """<p id="&eacute;">near<p id="hidden" hidden>
<p id="same" style="break-before: page">second sheet
<p id="far" style="margin-top: 50mm">far
<p><a href="index.html#same">up</a> <a href="#same">here</a> <a href="#hidden">top</a>
"""


def targets(path):
    """Where each link leads: its address, or the sheet and how high on it."""
    book = PdfReader(path)
    sheets = [page.indirect_reference for page in book.pages]
    by_number = parents(book)
    for page in book.pages:
        for link in page.get("/Annots", ()):
            element = by_number[link.get_object()["/StructParent"]].get_object()
            assert element["/S"] == "/Link"
            assert link in [
                kid["/Obj"].indirect_reference for kid in element["/K"] if "/Obj" in kid
            ]
            action = link.get_object()["/A"]
            sheet, _, _, top, _ = action.get("/D", [None] * 5)
            yield action.get("/URI") or (sheets.index(sheet) + 1, round(top))


@pytest.mark.usefixtures("chromium_path")
def test_links_lead_to_places_in_the_book_or_to_the_public_site(pdf, tmp_path):
    """Of two elements of one name each page's links lead to its own."""
    add(pdf, "index", f'<p id="same">{LINKS}</p>')
    add(pdf, "one", PLACES)
    assert printed(pdf) == 0
    one, far, near, gone, same, *outside, up, here, hidden = targets(
        tmp_path / "_build" / "book.pdf"
    )
    assert one == gone == hidden == (2, 792)
    assert far[0] == here[0] == 3
    assert here[1] - far[1] > 50 / 25.4 * 72
    assert near[0] == 2
    assert near[1] < 792
    assert up == same
    assert same[0] == 1
    assert outside == [f"{PUBLIC}book/reference/a.html#x", "https://other.example/#far"]


@pytest.mark.usefixtures("chromium_path")
def test_links_of_one_page_lead_to_it_or_to_the_public_site(pdf, tmp_path):
    add(pdf, "one", PLACES)
    assert printed(pdf, "one") == 0
    up, here, hidden = targets(tmp_path / "_build" / "one.pdf")
    assert up == f"{PUBLIC}index.html#same"
    assert here[0] == 2
    assert hidden == (1, 792)


@pytest.mark.usefixtures("chromium_path")
def test_how_to_cite_a_chapter_stands_in_its_own_file(pdf, tmp_path):
    assert printed(pdf) == 0
    assert "Cite" not in text(tmp_path / "_build" / "book.pdf")
    assert printed(pdf, "one", "--without-solutions") == 0
    assert "@book" in text(tmp_path / "_build" / "one.pdf")


@pytest.mark.usefixtures("chromium_path")
@pytest.mark.parametrize(("rows", "sheets"), [(12, [2]), (40, [1, 2])])
def test_a_short_table_is_not_torn(pdf, tmp_path, rows, sheets):
    shutil.copy(ROOT / "book" / "_static" / "print.css", pdf.SITE)
    body = "<tr><td>row" * rows
    add(pdf, "one", f"""{HEAD}<style>table {{ break-inside: avoid; }}</style>
        <div class="bd-main"><div class="bd-content"><p style="height: 150mm">
        <table><thead><tr><th>head</thead><tbody>{body}</table>""")  # fmt: skip
    assert printed(pdf, "one") == 0
    pages = PdfReader(tmp_path / "_build" / "one.pdf").pages
    found = [n for n, page in enumerate(pages, 1) if "row" in page.extract_text()]
    assert found == sheets


@pytest.mark.usefixtures("chromium_path")
def test_solutions_are_left_out_and_claims_are_not(pdf, tmp_path):
    assert printed(pdf, "one", "--without-solutions") == 0
    said = text(tmp_path / "_build" / "one.pdf")
    assert "behind the claim" in said
    assert "Solution" not in said
    assert "four" not in said


def test_of_two_pages_of_one_name_the_first_is_printed(pdf):
    assert pdf.pages_of(["index"]) == ["index"]


def test_an_unknown_page_and_one_that_is_not_built_are_told(pdf, capsys):
    assert pdf.main(["two"]) == 1
    assert "no page 'two'; there are ['a', 'index', 'one']" in capsys.readouterr().err
    (pdf.SITE / "one.html").unlink()
    assert pdf.main([]) == 1
    assert "one is not built: run `make book`" in capsys.readouterr().err
    assert list(pdf.SITE.parent.glob("*.pdf")) == []
