"""Formulas in a line: what stays with them."""

import sys

import pytest
from docutils import nodes
from docutils.utils import new_document
from places import ROOT

sys.path.insert(0, str(ROOT / "book" / "_ext"))
from formulas import keep_together


def read(*parts):
    """A line of texts and formulas ($…$), after keep_together."""
    line = nodes.paragraph("")
    for part in parts:
        formula = part.startswith("$")
        line.append(nodes.math("", part) if formula else nodes.Text(part))
    document = new_document("")
    document.append(line)
    keep_together(None, document)
    return line


@pytest.mark.parametrize(
    ("parts", "kept"),
    [
        (("of ", "$x$", "; so"), "$x$;"),
        (("the sum (", "$x$", ")."), "($x$)."),
        (("the sum (", "$x$", " here)"), "($x$"),
        (("an ", "$n$", "-fold cover"), "$n$-fold"),
        (("a (", "$x$"), "($x$"),
    ],
)
def test_a_formula_stays_with_its_bracket_and_its_stop(parts, kept):
    line = read(*parts)
    (whole,) = [
        part
        for part in line
        if "unbroken" in getattr(part, "attributes", {}).get("classes", [])
    ]
    assert whole.astext() == kept
    assert line.astext() == "".join(parts)


def test_two_formulas_share_a_text():
    line = read("(", "$x$", ", ", "$y$", ")")
    assert [part.astext() for part in line if part.astext()] == ["($x$,", " ", "$y$)"]


@pytest.mark.parametrize("parts", [("of ", "$x$", " and"), ("$x$",)])
def test_a_formula_among_words_stays_as_it_is(parts):
    assert [part.astext() for part in read(*parts)] == list(parts)
