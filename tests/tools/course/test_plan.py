"""The plans that come with the book, and what the reader of a plan refuses."""

import datetime

import pytest
from places import CHAPTERS, ROOT, tool

plan = tool("course.plan")
BOOK = ROOT / "book"
PLANS = sorted((ROOT / "course").glob("*.yml"))
WEEK = "weeks: [{chapters: [06_sgd_noise], exercises: {06_sgd_noise: {1: 4, 2: 8.5}}}]"


@pytest.fixture
def loaded(tmp_path):
    """Loads the text of a plan."""

    def load(text):
        path = tmp_path / "plan.yml"
        path.write_text(text, encoding="utf-8")
        return plan.load(path, BOOK)

    return load


def test_the_default_is_ten_chapters_in_twelve_weeks():
    course = plan.load(ROOT / "course" / "course.yml", BOOK)
    assert [week.chapters for week in course.weeks[:10]] == [(c,) for c in CHAPTERS]
    assert len(course.weeks) == 12
    assert {len(week.tasks) for week in course.weeks[:10]} == {3}
    assert len({week.points for week in course.weeks[:10]}) == 1
    projects = course.weeks[10]
    assert [one.exercise.kinds for one in projects.tasks] == [("research",)] * 10
    assert projects.points == projects.tasks[0].points
    assert [one.exercise.label for one in course.weeks[11].tasks] == ["12.1"]
    assert course.chapters == (*CHAPTERS, "your_network")
    assert course.papers == tuple(CHAPTERS)


def test_half_a_term_is_six_weeks_two_chapters_of_each_part():
    course = plan.load(ROOT / "course" / "half_term.yml", BOOK)
    assert [len(week.chapters) for week in course.weeks] == [1] * 6
    assert [int(name[:2]) for name in course.chapters] == [1, 2, 5, 6, 9, 10]


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_each_sheet_of_a_chapter_has_a_warm_up_and_two_checked(path):
    course = plan.load(path, BOOK)
    for week in course.weeks:
        if set(week.chapters) & set(course.papers):
            kinds = [one.exercise.kinds for one in week.tasks]
            assert kinds[0][0] == "warm-up"
            assert ["checked" in kind for kind in kinds[1:]] == [True, True]


def test_a_plan_in_its_parts(loaded):
    course = loaded(f"title: T\nterm: 2026\nlecturer:\n{WEEK}")
    (week,) = course.weeks
    assert (course.title, course.term, course.lecturer) == ("T", "2026", "")
    assert (course.hub, course.repository, course.branch) == ("", "", "main")
    assert (week.number, week.title, week.sheet) == (
        1,
        "The shape of SGD noise",
        "week_01",
    )
    assert [one.exercise.label for one in week.tasks] == ["6.1", "6.2"]
    assert (week.points, week.choose, week.date) == (12.5, 2, None)


def test_a_week_may_have_a_date_a_title_and_a_choice(loaded):
    made = WEEK.replace(
        "[{", "[{title: Noise, about: Hm., date: 2026-09-07, choose: 1, "
    )
    (week,) = loaded(f"title: T\n{made}").weeks
    assert (week.title, week.about, week.points) == ("Noise", "Hm.", 8.5)
    assert week.date == datetime.date(2026, 9, 7)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "plan.yml: expected keys with their values, got None; allowed are"),
        ("title: T", "weeks must be a list of weeks, got None"),
        (WEEK, "the course needs a title"),
        ("a: b: c", "plan.yml is no YAML"),
        ("titel: T\n" + WEEK, r"plan.yml: no key 'titel'; there are \['title', 'lec"),
        ("title: [T]\n" + WEEK, r"title must be text, got \['T'\]"),
        ("title: T\nweeks: [{}]", "plan.yml, week 1 needs a title or a chapter"),
        ("title: T\nweeks: [{titl: x}]", r"week 1: no key 'titl'; there are \['title'"),
        ("title: T\nweeks: [{chapters: 6}]", "chapters must be a list, got 6"),
        ("title: T\nweeks: [{chapters: [06]}]", r"no chapter 6; there are \['01_lin"),
    ],
)
def test_what_is_misspelt_is_named(loaded, text, told):
    with pytest.raises(ValueError, match=told):
        loaded(text)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("{06_sgd_noise:", "{06_noise:", "week 1: no chapter '06_noise'; there are"),
        (
            "2: 8.5",
            "6: 8.5",
            r"06_sgd_noise: no exercise 6; there are \[1, 2, 3, 4, 5\]",
        ),
        ("{1: 4, 2: 8.5}", "[1, 2]", r"expected exercises with their values, got \[1"),
        ("8.5", "-1", "exercise 2: points must be a number, 0 or more, got -1"),
        ("8.5", "many", "exercise 2: points must be a number, 0 or more, got 'many'"),
        ("8.5", "true", "exercise 2: points must be a number, 0 or more, got True"),
        ("8.5", ".nan", "exercise 2: points must be a number, 0 or more, got nan"),
        ("[{", "[{choose: 3, ", "choose must be a number from 1 to the 2 exercises"),
        ("[{", "[{choose: 0, ", "of the week, got 0"),
        ("[{", "[{date: soon, ", "date must be written as 2026-09-07, got 'soon'"),
        (
            "[{",
            "[{title: x, exercises: {06_sgd_noise: {2: 1}}}, {",
            "exercise 6.2 is in week 1 and again in week 2",
        ),
    ],
)
def test_what_cannot_be_is_named(loaded, old, new, told):
    with pytest.raises(ValueError, match=told):
        loaded("title: T\n" + WEEK.replace(old, new))
