"""Citations and terms are links, the last ledger is folded, chapters can be cited."""

import sys
from types import SimpleNamespace

import pytest
import yaml
from docutils import nodes
from docutils.utils import new_document
from places import ROOT

sys.path.insert(0, str(ROOT / "book" / "_ext"))
import citations
import folding
import formulas
import sharing
import terms

ENTRIES = {
    "Jakub, Nica. Depth Degeneracy. JMLR 25(239), 2024.": ("Jakub", "2024", ""),
    "Hayou, Doucet, Rousseau. Exact Rates. arXiv 1905.13654.": ("Hayou", "2019", ""),
    "Bukva et al. arXiv 2304.04784, 2023.": ("Bukva", "2023", ""),
    "Hanin, Rolnick (2019a). Complexity. ICML 2019, PMLR 97:2596.": (
        *("Hanin", "2019", "a"),
    ),
    "Bengio, Lamblin. Greedy. NeurIPS 2006 (proceedings 2007).": (
        *("Bengio", "2007", ""),
    ),
}


@pytest.mark.parametrize("text", ENTRIES)
def test_an_entry_is_read(text):
    entry = citations.read_entry(text, "x")
    assert (entry.author, entry.year, entry.letter) == ENTRIES[text]


def test_an_entry_without_a_year_is_none():
    assert citations.read_entry("The authors' own code.", "x") is None


REFERENCES = [
    citations.read_entry(text, f"r{number}")
    for number, text in enumerate(
        [
            *ENTRIES,
            "Hanin, Rolnick (2019b). Few Patterns. NeurIPS 2019.",
            "Nguyen. Sublevel Sets. ICML 2019.",
            "Nguyen, Mukkamala, Hein. No Bad Valleys. ICLR 2019.",
        ]
    )
]


def links(text):
    """The links made in a text: what they say and where they lead."""
    found = citations.linked(text, REFERENCES)
    assert "".join(piece.astext() for piece in found) == text
    return [
        (piece.astext(), piece["refid"])
        for piece in found
        if isinstance(piece, nodes.reference)
    ]


MENTIONS = {
    "as Jakub & Nica (2024) show": [("Jakub & Nica (2024)", "r0")],
    "Nguyen, Mukkamala & Hein (ICLR 2019): x": [
        ("Nguyen, Mukkamala & Hein (ICLR 2019)", "r7")
    ],
    "by Hanin & Rolnick (2019b)": [("Hanin & Rolnick (2019b)", "r5")],
    "Bukva et al. (2023); Jakub and Nica (2024)": [
        ("Bukva et al. (2023)", "r2"),
        ("Jakub and Nica (2024)", "r0"),
    ],
    "by Hanin & Rolnick (2019)": [],  # a or b: not said
    "by Jakub & Nica (2023)": [],
    "Jakub said so. In short (2024)": [],
    "nobody (2024)": [],
}


@pytest.mark.parametrize("text", MENTIONS)
def test_a_mention_leads_to_the_one_entry_that_it_means(text):
    assert links(text) == MENTIONS[text]


def section(title, *children):
    return nodes.section("", nodes.title("", title), *children)


def chapter(*sections):
    """A chapter's tree: one section that holds the others."""
    document = new_document("")
    document += section("1. Title", *sections)
    return document


def shown(document):
    return [
        (link.astext(), link["refid"]) for link in document.findall(nodes.reference)
    ]


def test_a_citation_twice_in_the_same_words_is_linked_twice():
    words = "Jakub & Nica (2024)"
    item = nodes.list_item("", nodes.paragraph("", "Jakub, Nica. Depth. JMLR, 2024."))
    paragraph = nodes.paragraph(
        "", "", nodes.Text(words), nodes.emphasis("", "and"), nodes.Text(words)
    )
    document = chapter(
        section("Text", paragraph), section("References", nodes.bullet_list("", item))
    )
    citations.link_citations(None, document)
    assert shown(document) == [(words, "reference-1")] * 2
    assert item["ids"] == ["reference-1"]


def definitions():
    bold = nodes.strong("", "Stable rank")
    item = nodes.list_item(
        "", nodes.paragraph("", "", bold, nodes.Text(" is a number."))
    )
    return section("Definitions", nodes.bullet_list("", item))


def test_a_term_is_linked_once_in_each_later_section_to_its_definition():
    before = section("Before", nodes.paragraph("", "the stable rank"))
    later = [
        section(name, nodes.paragraph("", "The stable rank, the stable rank."))
        for name in ("One", "Two", "References")
    ]
    document = chapter(before, definitions(), *later)
    terms.link_terms(None, document)
    assert shown(document) == [("stable rank", "term-1")] * 2
    assert later[0].astext().endswith("The stable rank, the stable rank.")
    target = next(document.findall(nodes.list_item))
    assert target["ids"] == ["term-1"]


def test_a_term_in_its_common_sense_is_no_link():
    words = "How good is a decision boundary? The boundary is a line."
    later = section("Later", nodes.paragraph("", words))
    bold = [nodes.strong("", word) for word in ("good", "boundary")]
    first = section("Definitions", *(nodes.paragraph("", "", word) for word in bold))
    terms.link_terms(None, chapter(first, later))
    assert shown(later) == [("boundary", "term-1")]
    assert later.astext().endswith("The boundary is a line.")


def test_headings_code_and_links_hold_no_terms():
    document = chapter(
        definitions(),
        section(
            "Stable rank", nodes.paragraph("", "", nodes.literal("", "stable rank"))
        ),
    )
    terms.link_terms(None, document)
    assert shown(document) == []


def test_the_last_ledger_is_folded_and_other_outputs_are_not():
    def output():
        return nodes.container("", nodes.Text("claims"), classes=["cell_output"])

    document = chapter(section("One", output()), section(folding_title(), output()))
    folding.fold_ledger(None, document)
    raw = [node.astext() for node in document.findall(nodes.raw)]
    assert len(raw) == 2
    assert raw[0].startswith("<details")
    first, last = document.findall(nodes.container)
    assert len(first) == 1
    assert isinstance(last[0], nodes.raw)


def test_no_line_breaks_between_a_formula_and_the_stop_behind_it():
    w, x, y, z = (nodes.math("", name) for name in "wxyz")
    line = nodes.paragraph("", "", x, nodes.Text(", then "), y, nodes.Text(" or "))
    line += [z, nodes.Text("-th. ("), w, nodes.Text(" too)")]
    formulas.keep_stops(None, chapter(section("One", line)), "page")
    kept = [node.astext() for node in line.findall(nodes.inline)]
    assert kept == ["x,", "z-th", "(w"]
    assert line.astext() == "x, then y or z-th. (w too)"


def test_the_square_of_a_proof_stays_with_the_word_before_it():
    lines = [
        nodes.paragraph("", "", nodes.Text("Set x. Divide. ")),
        nodes.paragraph("", "", nodes.math("", "y"), nodes.Text(", ")),
    ]
    lines[1] += [nodes.math("", "x"), nodes.Text(". ")]
    for line in lines:
        line += [nodes.math("", formulas.SQUARE), nodes.Text(" So")]
    texts = [line.astext() for line in lines]
    formulas.keep_stops(None, chapter(section("One", *lines)), "page")
    kept = [node.astext() for line in lines for node in line.findall(nodes.inline)]
    assert kept == [f"Divide. {formulas.SQUARE}", "y,", f"x. {formulas.SQUARE}", "x."]
    assert [line.astext() for line in lines] == texts


def cell(code, *, output=False, **options):
    """A cell as MyST-NB leaves it: its code, and what it shows."""
    source = nodes.container("", nodes.literal_block("", code))
    shown = [nodes.container("", nodes.Text("shown"))] * output
    return nodes.container("", source, *shown, **options)


def test_folded_cells_without_an_output_join_the_folded_cell_behind():
    folded = {"hide_mode": "input"}
    document = chapter(
        section(
            "One",
            cell("a", **folded),
            cell("b", **folded),
            cell("c", output=True, **folded),
            cell("d", **folded),
            cell("e"),
        )
    )
    folding.join_folded(None, document)
    cells = list(
        document.findall(lambda node: "hide_mode" in getattr(node, "attributes", {}))
    )
    assert [one.astext().split() for one in cells] == [["a", "b", "c", "shown"], ["d"]]
    assert len(cells[0][0]) == 3


def folding_title():
    return "Ledger of this chapter"


CHAPTERS = yaml.safe_load((ROOT / "book" / "chapters.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("entry", CHAPTERS, ids=lambda entry: entry["file"])
def test_the_paper_of_every_chapter_is_in_the_bibliography(entry):
    key, found = sharing.paper_of(ROOT / "book" / "references.bib", entry["paper"])
    text = sharing.written(key, found)
    assert text.startswith(f"@{found.type}{{{key},")
    assert "author = {" in text
    assert "year = {2019}" in text


def test_an_unknown_paper_is_told():
    with pytest.raises(LookupError, match=r"0 entries of .* are 'Nobody: Nothing"):
        sharing.paper_of(ROOT / "book" / "references.bib", "Nobody: Nothing at all")


def test_the_site_is_where_the_repository_says():
    url = "https://github.com/owner/name"
    config = SimpleNamespace(html_theme_options={"repository_url": url})
    app = SimpleNamespace(config=config)
    assert sharing.site(app) == "https://owner.github.io/name/"
