"""The whole course of one week, from a site of one page."""

import re
import subprocess
import zipfile
from html.parser import HTMLParser

import pytest
from places import ROOT, tool

made = tool("course.assemble")


@pytest.fixture(scope="module")
def sources(course_file, tmp_path_factory):
    site = tmp_path_factory.mktemp("build") / "html"
    (site / "book").mkdir(parents=True)
    (site / "index.html").write_text("<p>the book</p>", encoding="utf-8")
    fold = "<details><summary>Solution</summary>Diagonalise</details>"
    (site / "book" / "06_sgd_noise.html").write_text(
        f"<p>Task</p>{fold}", encoding="utf-8"
    )
    (site.parent / "book.pdf").write_bytes(b"%PDF")
    return made.Sources(
        root=ROOT,
        course=course_file,
        home=tool("course.launch").Home("author/book", "main"),
        seconds={"06_sgd_noise": 60.0},
        site=site,
        cache=site.parent / "cache",
        slides=write_slides,
    )


def write_slides(folder, chapters):
    folder.mkdir()
    pages = [folder / f"{name}.html" for name in chapters]
    for page in pages:
        page.write_text("<p>slide</p>", encoding="utf-8")
    return pages


@pytest.fixture(scope="module")
def course(plan, known, sources, tmp_path_factory):
    """The folder of the course, in the place of an older one; sheets are not run."""
    target = tmp_path_factory.mktemp("course") / "course"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made, "mistakes", lambda tests: known)
        patch.setattr(made, "solved", lambda sheets, cache: sheets)
        target.mkdir()
        (target / "old.txt").touch()
        made.assemble(plan, sources, target)
    return target


def names(archive):
    with zipfile.ZipFile(archive) as opened:
        return set(opened.namelist())


def test_the_parts_are_there_and_nothing_else(course):
    assert {path.name for path in course.parent.iterdir()} == {"course"}
    assert {path.name for path in course.iterdir()} == {
        "index.html",
        "students",
        "staff",
        "course.zip",
        "students.zip",
        "SHA256SUMS",
    }
    assert {path.name for path in (course / "students").iterdir()} == {
        *("index.html", "syllabus.html", "syllabus.md", "launch.html", "launch.md"),
        *("sheets", "chapters", "site", "slides", "wheel"),
        *("LICENSE", "LICENSE-TEXT.md"),
    }
    assert {path.name for path in (course / "staff").iterdir()} >= {
        *("sheets", "timing.md", "timing.html", "book.pdf"),
    }


def test_students_get_no_solution_in_their_archive(course, tmp_path):
    with zipfile.ZipFile(course / "students.zip") as opened:
        opened.extractall(tmp_path)
    leaks = tool("course.leaks")
    secret = leaks.secrets(ROOT / "book", ROOT / "helpers")
    assert leaks.leaks(tmp_path, secret) == []
    assert leaks.leaks(course / "staff", secret)
    staff = {name for name in names(course / "students.zip") if "staff" in name}
    assert staff == set()
    assert "students/sheets/week_01.ipynb" in names(course / "students.zip")


def sums(folder):
    """The files of a folder that its sums are right about."""
    check = ["sha256sum", "--check", "SHA256SUMS"]
    done = subprocess.run(
        check, cwd=folder, capture_output=True, check=True, encoding="utf-8"
    )
    return {line.removesuffix(": OK") for line in done.stdout.splitlines()}


def files(folder):
    """The files of a folder, but for its sums."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix() for path in found} - {"SHA256SUMS"}


def test_the_whole_archive_is_the_whole_course_with_its_sums(course, tmp_path):
    with zipfile.ZipFile(course / "course.zip") as opened:
        opened.extractall(tmp_path)
    (unpacked,) = tmp_path.iterdir()
    assert files(unpacked) == files(course) - {"course.zip", "students.zip"}
    assert sums(unpacked) == files(unpacked)
    assert sums(course) == files(course)


@pytest.mark.parametrize("folder", ["sheets", "chapters"])
def test_every_picture_that_a_notebook_shows_is_there(course, folder):
    found = set()
    for path in (course / "students" / folder).glob("*.ipynb"):
        shown = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", path.read_text(encoding="utf-8"))
        assert [one for one in shown if not (path.parent / one).is_file()] == []
        found |= set(shown)
    basins = "_static/cards/06_sgd_noise.svg"
    assert found == {"_static/colab.svg", *[basins] * (folder == "chapters")}


def test_the_grader_knows_this_course_and_no_other(course, course_file):
    (kept,) = (course / "staff" / "grader" / "course").iterdir()
    assert kept.name == "course.yml"
    assert kept.read_bytes() == course_file.read_bytes()


def test_the_grader_brings_what_it_needs(course):
    folder = course / "staff" / "grader"
    said = (course / "index.html").read_text(encoding="utf-8")
    for name in ("requirements.txt", "requirements-torch.txt"):
        assert f"pip install -r {name}" in said
        assert (folder / name).read_bytes() == (ROOT / name).read_bytes()


class _Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        self.found += [value for key, value in attributes if key in ("href", "src")]


def test_chapters_and_slides_go_by_their_titles(course):
    said = (course / "students" / "index.html").read_text(encoding="utf-8")
    for link in ("chapters/06_sgd_noise.ipynb", "slides/06_sgd_noise.html"):
        assert f'<a href="{link}">The shape of SGD noise</a>' in said


@pytest.mark.parametrize("page", ["index.html", "students/index.html"])
def test_every_link_of_a_start_page_opens_from_disk(course, page):
    links = _Links()
    links.feed((course / page).read_text(encoding="utf-8"))
    assert len(links.found) >= 3
    for link in links.found:
        assert ((course / page).parent / link).is_file(), link


def test_the_wheel_holds_the_helpers_with_their_results(course):
    (wheel,) = (course / "students" / "wheel").iterdir()
    inside = names(wheel)
    assert "helpers/checks/sgd_noise.py" in inside
    assert any(name.startswith("helpers/sgd_noise/results/") for name in inside)
    assert not any(name.startswith(("tests", "tools", "book")) for name in inside)


def test_the_questions_of_the_courses_chapters_are_for_staff(plan, tmp_path):
    written, copied = tmp_path / "written", tmp_path / "copied"
    made._copy_questions(plan, written, copied)
    assert not copied.exists()
    written.mkdir()
    for name in ("06_sgd_noise.md", "07_greedy_layerwise.md"):
        (written / name).write_text("Q", encoding="utf-8")
    made._copy_questions(plan, written, copied)
    assert [path.name for path in copied.iterdir()] == ["06_sgd_noise.md"]


def test_a_leak_stops_it_and_leaves_the_last_course(plan, known, sources, course):
    def leaking(folder, chapters):
        folder.mkdir()
        (folder / "a.html").write_text(
            "Diagonalise $H$; only the $s_i$ matter.", encoding="utf-8"
        )

    before = (course / "SHA256SUMS").read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made, "mistakes", lambda tests: known)
        patch.setattr(made, "solved", lambda sheets, cache: sheets)
        patch.setattr(made, "wheel", lambda root, folder: fake_wheel(folder))
        leaky = made.Sources(**vars(sources) | {"slides": leaking})
        with pytest.raises(RuntimeError, match=r"students would get\nslides/a\.html"):
            made.assemble(plan, leaky, course)
    assert (course / "SHA256SUMS").read_bytes() == before
    assert [path.name for path in course.parent.iterdir()] == ["course"]


def fake_wheel(folder):
    folder.mkdir()
    (folder / "a.whl").touch()


def test_without_a_site_nothing_is_written(plan, sources, tmp_path):
    bare = made.Sources(**vars(sources) | {"site": tmp_path})
    with pytest.raises(FileNotFoundError, match="`make book` builds it"):
        made.assemble(plan, bare, tmp_path / "build" / "course")
    assert list((tmp_path / "build").iterdir()) == []
