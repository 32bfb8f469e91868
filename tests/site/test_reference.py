"""The reference: every public name there, its formula, and the links both ways."""

import copy
import importlib
import re
import sys

import pytest
import yaml
from places import CHAPTERS, PHONE, ROOT, WIDE, parsed

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
        told = entry.find_next_sibling("dd").text.strip()
        assert len(told) > 10, name
        assert not told.startswith("See "), name


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


def articles(site):
    """Each page's name and its text, without code and formulas, field by field."""
    for path in sorted(site.glob(f"{FOLDER}/*.html")):
        yield (
            path.stem,
            copy.copy(parsed(site, path.relative_to(site).as_posix()).find("article")),
        )


def test_no_description_is_read_as_a_type_a_list_or_a_term(site):
    """What stands before a colon, a letter with a stop, a line hung below another."""
    for name, article in articles(site):
        for term in article.select("dl.field-list > dt"):
            assert not term.text.startswith("Type"), name
        for field in article.select("dl.field-list > dd"):
            assert not field.select("dl"), f"{name}: {field.text}"
        items = [item.text.strip() for item in article.select("dd li")]
        assert not [item for item in items if len(item) < 2], name


def test_no_sign_is_left_as_it_is_typed(site):
    for name, article in articles(site):
        for formula in article.select(".math"):
            assert not re.search(r"\\lt\s*-|<-|-\s*\\gt\b|->", formula.text), name
        for code in article.select("pre, code, .sig, .math"):
            code.replace_with("§")
        left = re.findall(r".*(?:<-|->|!=|-\+|§[‘“]|\w\^|–[a-z]{3}).*", article.text)
        assert not left, f"{name}: {left}"


def test_no_formula_is_half_set_and_no_number_is_as_python_prints_it(site):
    for name, article in articles(site):
        for code in article.select("pre, code, .sig, .math"):
            code.replace_with("§")
        half = r".*(?:\|\||√|\bgrad\b|\|§|§\||\bO\([^)]*§|\de-?\d).*"
        assert not re.findall(half, article.text), name


def test_what_a_page_shows_of_another_room_stands_below_its_own_and_leads_there(site):
    page = parsed(site, f"{FOLDER}/claims.html").find("article")
    files = [title.find(string=True) for title in page.select("h2")]
    assert files == ["claims.py", "helpers/claim_rows.py", "helpers/verdicts.py"]
    entry = page.find("dt", id="helpers.claims.Claim")
    lead = entry.find_next_sibling("dd").select("a.reference")[-1]
    assert lead["href"] == "verdicts.html#helpers.verdicts.Claim"
    assert not page.find("dt", id="helpers.claims.Claim.verdict")


def test_a_type_leads_to_its_own_object_and_to_no_namesake(site):
    """The Path of a file is not that of sublevel_sets, a row not that of a report."""
    for room, away in (("stored_runs", "sublevel_sets"), ("claim_rows", "report")):
        types = parsed(site, f"{FOLDER}/{room}.html").select("dt.sig a.reference")
        assert not [link["href"] for link in types if f"{away}.html" in link["href"]]
    plane = parsed(site, f"{FOLDER}/sublevel_sets.html")
    assert plane.select("dt.sig a.reference[href$='#helpers.sublevel_sets.Path']")


def test_what_is_shown_of_another_room_has_its_arguments(site):
    page = parsed(site, f"{FOLDER}/edge_of_chaos.html")
    shown = page.find("dt", id="helpers.edge_of_chaos.relu_like").text
    assert "right" in shown
    assert "left" in shown


def test_files_to_read_stand_in_one_form(site):
    """A list with bullets, a file in code style in each, no stop at its end."""
    for name, article in articles(site):
        start = article.find("p", string=re.compile("Read in this order:$"))
        if start is None:
            continue
        files = start.find_next_sibling()
        assert files.name == "ul", name
        assert all(item.find("code") for item in files.select("li")), name
        assert not [li for li in files.select("li") if li.text.strip()[-1] == "."], name


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
        ("a  = max_i sqrt(2)", r"a = \max_{i}\sqrt{2}"),
        ("sqrt((2 + a_(l-1)) x) / sqrt 3", r"\sqrt{(2 + a_{l-1}) x} / \sqrt{3}"),
        ("1.5e-07 x + 1e3", r"1.5 \times 10^{-7} x + 10^{3}"),
        ("v <- m v,  x -> 0", r"v \leftarrow m v,\quad x \to 0"),
        ("1 -+ a != 2^H", r"1 \mp a \ne 2^{H}"),
        ("<W_l, P_l V>", r"\langle W_{l}, P_{l} V\rangle"),
        ("gbar gbar' + I_chi2", r"\bar{g} \bar{g}' + I_{\chi^{2}}"),
        ("epsilon^*_q, lambda^+", r"\epsilon^{*}_{q}, \lambda^{+}"),
        ("dh_l / ||v||_inf", r"d h_{l} / \Vert v\Vert_{\infty}"),
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
        ("the error of W_l", r"the error of \ :math:`W_{l}`"),
        ("f'(0), phi''(u)", r"f′(0), \ :math:`\phi ''`\ (u)"),
        ("W_l W_l'", r"\ :math:`W_{l}`\  \ :math:`W_{l}'`"),
        ('its "alpha" is', r'its "\ :math:`\alpha`\ ” is'),
        ("phi's alpha-quantile", r"\ :math:`\phi`\ ’s \ :math:`\alpha`\ -quantile"),
        ("d = -sigma, -s - 1", r"d = −\ :math:`\sigma`\ , −s − 1"),
        ("q -> x <- y != z", "q → x ← y ≠ z"),
        ("l = 1..kappa, obj.kappa", r"l = 1..\ :math:`\kappa`\ , obj.kappa"),
        ("sqrt(2) / sqrt 3", r"\ :math:`\sqrt{2}`\  / \ :math:`\sqrt{3}`"),
        ("sqrt(eta) dW", r"\ :math:`\sqrt{\eta}`\  dW"),
        (
            "E ||grad z(x)||^2 = 2",
            r"\ :math:`E \Vert \nabla  z(x)\Vert ^{2}`\  = 2",
        ),
        ("E|h - h_n| of |z|", r"\ :math:`E|h - h_{n}|`\  of \|z\|"),
        ("|S - E[S | T]|^2", r"\ :math:`|S - E[S | T]|^{2}`"),
        ("|sqrt(c) u| < 1", r"\ :math:`|\sqrt{c} u|`\  < 1"),
        (
            "O(sum over l of n_l), O(n d)",
            r"\ :math:`O(\sum \text{ over }l\text{ of }n_{l})`\ , O(n d)",
        ),
        ("w - lr grad L(w)", "w − lr ∇L(w)"),
        ("down to -1e-12 of", r"down to −\ :math:`10^{-12}`\  of"),
        ("9e4 at `1e-12`", r"\ :math:`9 \times 10^{4}`\  at `1e-12`"),
        ("inf from 1e100 on", r"inf from \ :math:`10^{100}`\  on"),
        ("(1 -+ x) of 2^n", r"(1 ∓ x) of \ :math:`2^{n}`"),
        ("conv_l and dh_0", r"\ :math:`\text{conv}_{l}`\  and \ :math:`dh_{0}`"),
        ("[x, 1]^+ and <u, u'>", r"[x, 1]\ :math:`{}^{+}`\  and ⟨u, u′⟩"),
        ("a < b, c > d", "a < b, c > d"),
        ("Tr(H Sigmabar)", r"Tr(H \ :math:`\bar{\Sigma}`\ )"),
        ("Sbar, a bar", r"\ :math:`\bar{S}`\ , a bar"),
        ("chi2(P || Q)", r"\ :math:`\chi^{2}`\ (P ‖ Q)"),
        ("with --store or `--plot`", "with `--store` or `--plot`"),
        ("L.", r"\L."),
        ("iv) or 12. or L", r"\iv) or 12. or L"),
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


@pytest.mark.parametrize(
    "lines",
    [
        ["    a.py, b.py: sigma_w.", "    c.py: `f`."],
        ["", "- a.py, b.py: sigma_w", "- c.py: `f`"],
        ["", "    a.py, b.py  sigma_w", "    c.py        `f`"],
    ],
)
def test_files_to_read_are_a_list(lines):
    made = docstrings.restructured(["Read in this order:", *lines, ""])
    assert [line for line in made if line] == [
        "Read in this order:",
        r"- `a.py`, `b.py`: \ :math:`\sigma _{w}`",
        "- `c.py`: `f`",
    ]


def test_a_line_that_hangs_below_what_is_returned_is_part_of_it():
    lines = ["Returns:", "    x: words [n,", "        2]; y: labels.", "", "Cost: 1 s."]
    assert docstrings.restructured(lines) == [
        *(":returns:", "    x: words [n,", "    2]; y: labels.", "", "Cost: 1 s.")
    ]


def test_a_formula_that_goes_on_in_the_next_line_is_one():
    lines = ["Cost: O(sum over l of", "n_l) a line,", "O(n)."]
    set_whole = r"\ :math:`O(\sum \text{ over }l\text{ of }n_{l})`\ "
    assert docstrings.restructured(lines) == [*(f"Cost: {set_whole} a line,", "O(n).")]


def test_a_section_keeps_the_names_of_its_entries():
    lines = ["Args:", "    sigma_b: the n_l of them.", "", "Returns:", "    [L]: x."]
    assert docstrings.restructured(lines) == [
        *("Args:", r"    sigma_b: the \ :math:`n_{l}`\  of them.", ""),
        *(":returns:", "    [L]: x."),
    ]


def test_the_link_to_the_source_has_a_line_of_its_own_on_a_phone(open_page):
    page = open_page("book/reference/training.html", **PHONE)
    for entry in page.locator("dl.py > dt:has(.viewcode-link)").all()[:5]:
        link = entry.locator(".viewcode-link").bounding_box()
        below = entry.locator("xpath=following-sibling::dd[1]").bounding_box()
        assert link["y"] + link["height"] <= below["y"] + 1
        words = entry.locator(".sig-name").first.bounding_box()
        assert words["y"] + words["height"] <= link["y"] + 2
