"""Boxes for theorems and proofs: what goes into them, and their numbers."""

import sys
from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.utils import new_document
from places import ROOT

sys.path.insert(0, str(ROOT / "book" / "_ext"))
from theorems import box


def paragraph(*parts):
    """As MyST makes it: an empty text before bold words."""
    return nodes.paragraph("", "", nodes.Text(""), *parts)


def bold(text):
    return nodes.strong("", text)


def italic(text):
    return nodes.emphasis("", text)


def boxed(*children, docname="book/07_greedy"):
    document = new_document("")
    document.extend(children)
    box(SimpleNamespace(env=SimpleNamespace(docname=docname)), document)
    return list(document.findall(nodes.container)), document


def test_a_statement_takes_its_formulas_and_what_goes_on_in_lower_case():
    parts = [
        paragraph(bold("Theorem (density)."), nodes.Text(" For a set,")),
        nodes.math_block("", "a = b"),
        paragraph(nodes.Text("where a is.")),
        paragraph(nodes.Text("Another thought.")),
    ]
    (found,), document = boxed(*parts)
    assert found.children == parts[:3]
    assert document.children == [found, parts[3]]
    assert found["classes"] == ["statement"]
    assert found["ids"] == ["statement-1"]
    assert found.astext().startswith("Theorem 7.1 (density).")


@pytest.mark.parametrize(
    ("lead", "numbered"),
    [
        ("Proposition 3.1 (better).", "Proposition 3.1 (better)."),  # the paper's own
        ("Proposition (ours).", "Proposition 7.1 (ours)."),
        ("Linear law", "Linear law 7.1"),
        ("Gaussian isoperimetric inequality", "Gaussian isoperimetric inequality 7.1"),
    ],
)
def test_a_statement_without_a_number_of_the_paper_gets_ours(lead, numbered):
    (found,), _ = boxed(paragraph(bold(lead), nodes.Text(" text")))
    assert found.astext().startswith(numbered + " text")
    assert ("ours" in found["classes"]) == ("ours" in lead)


def test_numbers_of_the_paper_are_not_counted():
    leads = ("Proposition 3.1 (better).", "Proposition (ours).", "Linear law")
    found, _ = boxed(*(paragraph(bold(lead), nodes.Text(" is")) for lead in leads))
    told = [one.astext().removesuffix(" is") for one in found]
    assert told == [leads[0], "Proposition 7.1 (ours).", "Linear law 7.2"]
    assert [one["ids"] for one in found] == [[f"statement-{k}"] for k in (1, 2, 3)]


def test_a_proof_ends_with_its_square():
    parts = [
        paragraph(italic("Proof."), nodes.Text(" Put")),
        nodes.math_block("", r"a = b. \qquad\square"),
        paragraph(nodes.Text("so much for that")),
    ]
    (found,), _ = boxed(*parts)
    assert found.children == parts[:2]
    assert found["classes"] == ["proof"]


def test_a_proof_without_a_square_is_its_paragraph():
    parts = [paragraph(italic("Proof sketch.")), paragraph(nodes.Text("More."))]
    (found,), _ = boxed(*parts)
    assert found.children == parts[:1]


@pytest.mark.parametrize(
    "lead", [bold("A theorem of others"), bold("Rule"), italic("Theorem")]
)
def test_other_paragraphs_stay(lead):
    assert boxed(paragraph(lead, nodes.Text(" text")))[0] == []


def test_pages_that_are_no_chapter_stay():
    statement = paragraph(bold("Theorem (x)."))
    assert boxed(statement, docname="book/intervals")[0] == []
