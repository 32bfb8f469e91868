"""What a grading leaves: table, pages, records; and the folder it reads."""

import csv
import io
import json

import pytest
from places import ROOT, tool

checks = tool("course.grade_checks")
feedback = tool("course.grade_feedback")
folder = tool("course.grade_folder")
record = tool("course.grade_record")
results = tool("course.grade_results")
plan = tool("course.plan")
reader = tool("course.exercises")
jail = tool("course.grade_jail")

FIRST, SECOND, *_ = reader.exercises(ROOT / "book" / "06_sgd_noise.ipynb")
TASKS = (plan.Task(FIRST, 4), plan.Task(SECOND, 2.5))
LIMITS = jail.Limits()
ROW = checks.Row("6.2", "the closed form", 2.5, 2.5, "passed", "f")


def graded(name, *rows, **more):
    return checks.Graded(name, rows or (ROW,), **more)


def test_scores_leave_a_column_for_what_a_person_grades():
    text = feedback.scores([graded("ada", seconds=1.25)], TASKS, {"ada": ["a", "b"]})
    assert text.splitlines() == [
        "student,6.1,6.2,points,of,seconds,look at",
        "ada,,2.5,2.5,2.5,1.2,a; b",
    ]


@pytest.mark.parametrize("name", ["=1+1", "+a", "-b", "@c"])
def test_no_spreadsheet_takes_a_name_for_a_formula(name):
    text = feedback.scores([graded(name)], TASKS, {})
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[1][0] == f"'{name}"


def test_a_page_shows_what_a_student_wrote_as_text():
    row = checks.Row("6.2", "t", 0, 2, "you say <img src=x> *a* [b](c) `d`")
    page = feedback.feedback(graded("a_b", row, told=("code cell 1 raised <E>",)))
    assert page.startswith("# a\\_b: 0 of 2 points\n")
    assert "you say &lt;img src=x&gt; \\*a\\* \\[b\\](c) \\`d\\`" in page
    assert "- code cell 1 raised &lt;E&gt;\n" in page


def test_gradescope():
    found = json.loads(feedback.gradescope(graded("ada", told=("x", "y"))))
    assert found == {
        "score": 2.5,
        "output": "x\ny",
        "visibility": "visible",
        "tests": [
            {
                "number": "6.2",
                "name": "the closed form",
                "score": 2.5,
                "max_score": 2.5,
                "output": "passed",
            }
        ],
    }


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "scores.csv"
    feedback.write(path, "old")
    with pytest.raises(UnicodeEncodeError):
        feedback.write(path, "new \ud800")
    assert path.read_text(encoding="utf-8") == "old"


def test_pages_of_those_who_are_gone_go(tmp_path):
    results.write(tmp_path, [graded("ada"), graded("bob")], TASKS, {})
    results.write(tmp_path, [graded("bob")], TASKS, {})
    found = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"scores.csv", "bob.md", "bob.json"}


def test_a_record_is_recalled_under_its_key_alone(tmp_path):
    one = graded("ada", told=("a",), look=("b",), seconds=3.0)
    record.keep(tmp_path, "key", one)
    assert record.recall(tmp_path, "ada", "key") == one
    assert record.recall(tmp_path, "ada", "other") is None
    assert record.recall(tmp_path, "bob", "key") is None
    next(tmp_path.rglob("ada.json")).write_text("{", encoding="utf-8")
    assert record.recall(tmp_path, "ada", "key") is None


def test_whatever_decides_about_points_is_in_the_key(tmp_path):
    def key(tasks=TASKS, seed=1, limits=LIMITS, apart=True, code="x = 1"):
        (tmp_path / "helpers").mkdir(exist_ok=True)
        (tmp_path / "helpers" / "a.py").write_text(code, encoding="utf-8")
        grading = checks.Grading(tasks, (), seed, limits)
        return record.common(grading, tmp_path, apart)

    others = [
        key(tasks=TASKS[:1]),
        key(tasks=(TASKS[0], plan.Task(SECOND, 3))),
        key(seed=2),
        key(limits=jail.Limits(seconds=1)),
        key(apart=False),
        key(code="x = 2"),
    ]
    assert len({key(), *others}) == 7
    assert key() == key()


def test_a_folder_keeps_its_seed(tmp_path):
    first = record.seed(tmp_path / "a", None)
    assert record.seed(tmp_path / "a", None) == first > 0
    assert record.seed(tmp_path / "b", None) != first
    assert record.seed(tmp_path / "a", 5) == record.seed(tmp_path / "a", None) == 5


def test_notebooks_are_found_in_the_folder_and_one_below(tmp_path):
    for name in (
        *("ada.ipynb", "bob/x.ipynb", "cleo/a.ipynb", "cleo/b.ipynb", "ada/x.ipynb"),
        *(".hidden.ipynb", "bob/.ipynb_checkpoints/x.ipynb", "notes.txt", "dan/a.py"),
        *(".ipynb_checkpoints/ada.ipynb", "deep/er/x.ipynb"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = folder.submissions(tmp_path)
    assert set(found) == {"ada", "ada x", "bob", "cleo a", "cleo b"}
    assert folder.left_out(tmp_path, found) == ["dan", "deep", "notes.txt"]


def test_a_check_that_dies_costs_a_line_not_the_table(tmp_path, monkeypatch):
    def dies(*arguments):
        raise SystemExit(9)

    monkeypatch.setattr(folder, "grade", dies)
    grading = checks.Grading(TASKS[1:], (), 1, jail.Limits())
    work = folder.Work("ada", tmp_path / "a.ipynb", "key")
    (one,) = folder.grade_all([work], grading, None, tmp_path, jobs=2)
    assert one.points == 0
    assert one.look == (folder.FAILED,)
    assert record.recall(tmp_path, "ada", "key") is None  # it is tried again


def test_a_machine_without_processes_costs_nobody_points(tmp_path, monkeypatch):
    submission = tool("course.grade_submission")

    def none(*arguments):
        raise submission.StageError

    monkeypatch.setattr(folder, "grade", none)
    grading = checks.Grading(TASKS[1:], (), 1, jail.Limits())
    work = folder.Work("ada", tmp_path / "a.ipynb", "key")
    with pytest.raises(submission.StageError):
        list(folder.grade_all([work], grading, None, tmp_path, jobs=1))
