"""Wrong answers, read from the tests of the checks."""

import pytest
from places import ROOT, tool

from helpers import checks

mistakes = tool("course.mistakes")

MODULE = '''
def wrong(x):
    """Is wrong."""
    return x


half = 0.5
WRONG = [
    (checks.one, wrong, "told"),
    (checks.one, lambda x: (x[0], 2), "told"),
    (checks.two, half, "told"),
]
'''


def test_an_answer_is_shown_as_it_is_written():
    function, expression, value = mistakes.written(MODULE)
    assert function == 'def wrong(x):\n    """Is wrong."""\n    return x'
    assert expression == "lambda x: (x[0], 2)"
    assert value == "half = 0.5"


def test_a_list_that_is_not_written_out_has_no_sources():
    assert mistakes.written("WRONG = list(rows)") == []


@pytest.fixture
def cases(tmp_path, monkeypatch):
    """Reads one file of wrong answers to exercise 9.1."""

    def read(text):
        folder = tmp_path / "checks" / "cases"
        folder.mkdir(parents=True)
        (folder / "toy.py").write_text(text, encoding="utf-8")
        module = type("toy", (), {})
        exec(text, vars_of := {"checks": checks})
        module.WRONG = vars_of["WRONG"]
        monkeypatch.setattr(mistakes.importlib, "import_module", lambda name: module)
        return mistakes.mistakes(tmp_path)

    return read


def test_the_check_is_asked(cases):
    found = cases("WRONG = [(checks.untouched_sigma, -1.0, 'a number above')]")
    (one,) = found["untouched_sigma"]
    assert (one.code, one.told) == ("-1.0", "sigma is a number above 0, got -1.0")


@pytest.mark.parametrize("answer", ["1.19", "..."])
def test_an_answer_that_does_not_fail_is_named(cases, answer):
    with pytest.raises(ValueError, match=rf"'{answer}' should fail and is told"):
        cases(f"WRONG = [(checks.untouched_sigma, {answer}, '')]")


def test_a_list_that_cannot_be_read_is_refused(cases):
    with pytest.raises(ValueError, match="WRONG must be one list of"):
        cases("WRONG = 2 * [(checks.untouched_sigma, 2.0, '')]")


def test_every_file_of_cases_is_written_out():
    for path in (ROOT / "tests" / "checks" / "cases").glob("[a-z]*.py"):
        assert len(mistakes.written(path.read_text(encoding="utf-8"))) >= 5, path


def test_code_and_answer_stand_one_under_the_other():
    listed = (mistakes.Mistake("1", "no"), mistakes.Mistake("2", "neither"))
    shown = mistakes.in_markdown(listed)
    assert shown == ("```python\n1\n```\n\n> no\n\n```python\n2\n```\n\n> neither")
