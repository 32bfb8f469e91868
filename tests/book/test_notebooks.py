"""The notebooks as files: one anatomy, no outputs, readable in Colab too."""

import ast
import json
import re
import statistics

import pytest
from places import ROOT

NOTEBOOKS = sorted((ROOT / "book").glob("[0-9]*.ipynb"))
YOURS = ROOT / "book" / "your_network.ipynb"
"""Built as a chapter is, without a paper and with one exercise."""
MYST = re.compile(r"^(```\{|:::)|\{[a-z:]+\}`", re.MULTILINE)


def cells(path, kind):
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == kind]


def source(cell):
    return "".join(cell["source"])


@pytest.fixture(params=[*NOTEBOOKS, YOURS], ids=lambda path: path.stem)
def notebook(request):
    return request.param


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def chapter(request):
    return request.param


def test_there_are_notebooks():
    assert NOTEBOOKS


def test_a_title_begins_with_the_number_of_the_chapter(chapter):
    number = int(chapter.stem.partition("_")[0])
    assert source(cells(chapter, "markdown")[0]).startswith(f"# {number}. ")


def test_no_outputs_are_committed(notebook):
    for cell in cells(notebook, "code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None


def test_editors_are_told_the_kernel_and_the_language_and_nothing_else(notebook):
    assert json.loads(notebook.read_text(encoding="utf-8"))["metadata"] == {
        "kernelspec": {
            "display_name": "Python 3",
            "language": "python",
            "name": "python3",
        },
        "language_info": {"name": "python", "pygments_lexer": "ipython3"},
    }


def test_all_set_up_cells_are_the_same():
    paths = [*NOTEBOOKS, YOURS, ROOT / "book" / "how_they_meet.ipynb"]
    first = {source(cells(path, "code")[0]) for path in paths}
    assert len(first) == 1
    assert "google.colab" in first.pop()


def test_a_notebook_enters_a_room_by_its_face(notebook):
    code = "\n".join(map(source, cells(notebook, "code")))
    assert not re.findall(r"(?:from|import) helpers\.\w+\.\w+", code)


def test_the_second_code_cell_holds_the_parameters(notebook):
    assert cells(notebook, "code")[1]["metadata"]["tags"] == ["parameters"]


def only_claims(text):
    """Whether a cell does nothing but make claims, or set the notebook up."""
    if "%pip" in text:
        return True
    made = [getattr(part, "value", None) for part in ast.parse(text).body]
    return all(
        isinstance(call, ast.Call) and getattr(call.func, "id", "") == "claim"
        for call in made
    )


def test_cells_that_only_claim_or_set_up_are_folded(notebook):
    for cell in cells(notebook, "code"):
        folded = "hide-input" in cell["metadata"].get("tags", [])
        assert folded or not only_claims("".join(cell["source"]))


def test_an_explorer_is_shown_by_its_cell(notebook):
    """So all are compared with matplotlib's drawings (tests/site/test_both_ways.py)."""
    for text in map(source, cells(notebook, "code")):
        if "explorer(" in text:
            (*_, last) = ast.parse(text).body
            assert ast.unparse(last).startswith("explorer(")
            assert text.count("explorer(") == 1


def test_code_cells_are_short(notebook):
    lines = [
        sum(bool(line.strip()) for line in source(cell).splitlines())
        for cell in cells(notebook, "code")
    ]
    assert statistics.median(lines) <= 6
    assert max(lines) <= 30


def test_code_lines_fit_the_page(notebook):
    for cell in cells(notebook, "code"):
        lines = source(cell).splitlines()
        # How long an address is, is up to who forks the book or names a release.
        assert max(len(x) for x in lines if "pip install" not in x) <= 79


def test_a_figure_comes_by_the_third_code_cell_and_each_has_a_text(notebook):
    code = cells(notebook, "code")
    drawing = [i for i, cell in enumerate(code) if "plt.subplots" in source(cell)]
    assert min(drawing) <= 2
    for i in drawing:
        is_frame = "def draw" in source(code[i])
        assert is_frame or len(code[i]["metadata"]["mystnb"]["image"]["alt"]) > 20


def test_an_article_in_plain_markdown(notebook):
    text = "\n".join(map(source, cells(notebook, "markdown")))
    assert not MYST.search(text)
    prose = re.sub(r"\$\$.*?\$\$|\$[^$]*\$", " ", text, flags=re.DOTALL)
    low, high = (600, 1500) if notebook == YOURS else (1200, 3200)
    assert low <= len(prose.split()) <= high


def test_five_exercises_with_folded_solutions_and_two_checks(chapter):
    text = "\n".join(map(source, cells(chapter, "markdown")))
    code = "\n".join(map(source, cells(chapter, "code")))
    assert len(re.findall(r"^### Exercise \d", text, re.MULTILINE)) == 5
    assert text.count("<details>") >= 5
    assert len(re.findall(r"checks\.\w+\(", code)) >= 2


def test_the_page_on_your_network_has_an_exercise_with_a_check():
    text = "\n".join(map(source, cells(YOURS, "markdown")))
    code = "\n".join(map(source, cells(YOURS, "code")))
    assert len(re.findall(r"^### Exercise \d", text, re.MULTILINE)) == 1
    assert text.count("<details>") == 1
    assert len(re.findall(r"checks\.\w+\(", code)) == 1
