"""The reference: every public name there, its formula, and the links both ways."""

import copy
import importlib
import re
import sys

import pytest
import yaml
from places import CHAPTERS, ROOT, WIDE, parsed

import helpers

sys.path.insert(0, str(ROOT / "book" / "_ext"))
docstrings = importlib.import_module("docstrings")
reference = importlib.import_module("reference")
code_links = importlib.import_module("code_links")

FOLDER = "book/reference"


def test_every_room_has_a_page_in_the_contents():
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files = {entry["file"] for part in contents["parts"] for entry in part["chapters"]}
    pages = {file for file in files if file.startswith(f"{FOLDER}/")}
    assert pages == {f"{FOLDER}/{room}" for room in [*helpers.__all__, "index"]}


@pytest.mark.parametrize("room", helpers.__all__)
def test_every_public_name_is_on_the_page_of_its_room(site, room):
    face = importlib.import_module(f"helpers.{room}")
    page = parsed(site, f"{FOLDER}/{room}.html")
    names = reference.public_names(face)
    assert sorted(names) == sorted(
        name for found in reference.files(face).values() for name in found
    )
    for name in names:
        entry = page.find("dt", id=f"helpers.{room}.{name}")
        assert entry, name
        told = entry.find_next_sibling("dd").get_text(strip=True)
        assert len(told) > 10 or " = " in entry.text, name


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapter_and_reference_lead_to_each_other(site, chapter):
    """What the code of a chapter's cells calls leads back to a section of it."""
    room = chapter.partition("_")[2]
    page = parsed(site, f"book/{chapter}.html")
    assert page.select_one(f"p a[href^='reference/{room}.html'] code")
    known, called = {}, set()
    for cell in page.select(".cell_input pre"):
        tree = code_links.parsed(cell.text)
        known |= code_links.imports(tree)
        called |= set(code_links.uses(tree, known))
    face = importlib.import_module(f"helpers.{room}")
    own = [name for name in face.__all__ if f"helpers.{room}.{name}" in called]
    assert own
    entries, places = parsed(site, f"{FOLDER}/{room}.html"), {"", *ids(page)}
    for name in own:
        links = entries.find("dt", id=f"helpers.{room}.{name}").parent.select(
            f".in-the-book a[href^='../{chapter}.html']"
        )
        assert links, name
        assert links[0]["href"].partition("#")[2] in places, name


def ids(page):
    return {section["id"] for section in page.select("section[id]")}


def test_no_mark_of_a_docstring_is_left_in_the_text(site):
    """Escapes, roles and backticks show where a docstring was not understood."""
    for path in site.glob(f"{FOLDER}/*.html"):
        page = parsed(site, path.relative_to(site).as_posix())
        article = copy.copy(page.find("article"))
        for formula in article.select(".math, pre"):
            formula.decompose()
        assert not re.search(r"`|:math:|\\[_*|]", article.text), path.name


def test_the_search_finds_a_function(open_page):
    opened = open_page("search.html?q=plane_regions", **WIDE)
    found = "#search-results li a[href$='#helpers.linear_regions.plane_regions']"
    opened.wait_for_selector(found)


@pytest.mark.parametrize(
    ("typed", "typeset"),
    [
        ("sigma_w^2 / n_{l-1}", r"\sigma_{w}^{2} / n_{l-1}"),
        ("h~_(l-1) = phi(z)", r"\tilde{h}_{l-1} = \phi(z)"),
        ("Q^(-1/2) >= t^-mu", r"Q^{-1/2} \ge t^{-\mu}"),
        ("w_ij <= C_grad", r"w_{ij} \le C_{\mathrm{grad}}"),
        (
            "min over z of ||grad z||",
            r"\min\text{ over }z\text{ of }\Vert\nabla z\Vert",
        ),
        ("sum_(j >= i) ln x,   e_0 = 0", r"\sum_{j \ge i} \ln x,\quad e_{0} = 0"),
        ("a  = max_i sqrt(2)", r"a = \max_{i}\operatorname{sqrt}(2)"),
    ],
)
def test_a_formula_keeps_its_signs_in_their_places(typed, typeset):
    def squeezed(text):
        return re.sub(r"\s", "", text)

    assert squeezed(docstrings.tex(typed)) == squeezed(typeset)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("at most *all* |x| of `n_in`_", r"at most \*all\* \|x\| of `n_in`\_"),
        ("`sigma_b` and end_to_end stay", "`sigma_b` and end_to_end stay"),
        ("the n_l neurons", r"the \ :math:`n_{l}`\  neurons"),
        ("mu <= 1", r"\ :math:`\mu`\  ≤ 1"),
    ],
)
def test_prose_keeps_its_code_and_typesets_its_symbols(typed, shown):
    assert docstrings.prose(typed) == shown


def test_an_indented_block_is_displayed_by_what_it_is():
    block = docstrings.displayed
    assert block(["python -m helpers"], "")[0] == ".. code-block:: console"
    assert block(["f(net)", "python -m helpers"], "")[0] == ".. code-block:: python"
    assert block(["from a.b import f", "f(x)"], "")[0] == ".. code-block:: python"
    assert block(["gd   0", "sgd  a", "     b"], "") == [
        *("``gd``", "   0", "``sgd``", "   a", "   b", "")
    ]
    assert block(["a = b", "  + c,"], "") == [
        *(".. math::", "", r"   &a = b \\", r"   &\quad + c,", "")
    ]


def test_files_below_a_line_are_a_list():
    lines = ["Read in this order:", "    a.py, b.py: sigma_w.", "    c.py: `f`.", ""]
    assert docstrings.restructured(lines) == [
        *("Read in this order:", "", r"- a.py, b.py: \ :math:`\sigma _{w}`\ ."),
        *("- c.py: `f`.", "", ""),
    ]


def test_a_section_keeps_the_names_of_its_entries():
    lines = ["Args:", "    sigma_b: the n_l of them.", "", "Returns:", "    [L]: x."]
    assert docstrings.restructured(lines) == [
        *("Args:", r"    sigma_b: the \ :math:`n_{l}`\  of them.", ""),
        *(":returns:", "    [L]: x."),
    ]
