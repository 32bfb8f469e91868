"""Addresses that open a notebook."""

import dataclasses
from urllib.parse import parse_qs, urlsplit

import pytest
from places import tool

launch = tool("course.launch")
BOOK = launch.Home("author/book", "v2026.1")
HUB = "https://hub.example.org/"


def test_a_hub_fetches_the_repository_and_opens_the_file():
    address = urlsplit(BOOK.on_hub(HUB, "book/06_sgd_noise.ipynb"))
    assert address.netloc == "hub.example.org"
    assert address.path == "/hub/user-redirect/git-pull"
    assert parse_qs(address.query) == {
        "repo": ["https://github.com/author/book"],
        "branch": ["v2026.1"],
        "urlpath": ["lab/tree/book/book/06_sgd_noise.ipynb"],
    }


def test_published_sheets_and_chapters_open_from_the_students_repository(plan):
    text = launch.launch_links(plan, BOOK)
    colab = "https://colab.research.google.com/github/owner/course/blob/main"
    assert f"| 1 | sheet | [Colab]({colab}/sheets/week_01.ipynb) |" in text
    assert f"({colab}/chapters/06_sgd_noise.ipynb)" in text
    assert "author/book" not in text
    assert "JupyterHub" not in text


def test_with_a_hub_each_notebook_has_both_links(plan):
    text = launch.launch_links(dataclasses.replace(plan, hub=HUB), BOOK)
    assert text.count("[Colab]") == text.count("[JupyterHub]") == 2
    assert "lab%2Ftree%2Fcourse%2Fsheets%2Fweek_01.ipynb" in text


def test_without_a_repository_chapters_open_from_the_book(plan):
    text = launch.launch_links(dataclasses.replace(plan, repository=""), BOOK)
    colab = "https://colab.research.google.com/github/author/book/blob/v2026.1"
    assert f"[Colab]({colab}/book/06_sgd_noise.ipynb)" in text
    assert "week_01" not in text
    assert "not published yet" in text


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("hub", "hub.example.org", "hub must be an address such as https://hub"),
        ("repository", "course", "repository must be owner/name, got 'course'"),
        ("branch", "a b", "branch must be the name of a branch, got 'a b'"),
    ],
)
def test_what_is_no_address_is_named(tmp_path, key, value, told):
    path = tmp_path / "plan.yml"
    path.write_text(
        f"title: T\n{key}: {value}\nweeks: [{{title: a}}]", encoding="utf-8"
    )
    with pytest.raises(ValueError, match=told):
        tool("course.plan").load(path, tmp_path)


def test_the_commands_hub_takes_the_place_of_the_files(tmp_path):
    load = tool("course.plan").load
    path = tmp_path / "plan.yml"
    (tmp_path / "chapters.yml").write_text("[]", encoding="utf-8")
    path.write_text("title: T\nhub: https://a.b\nweeks: [{title: a}]", encoding="utf-8")
    assert load(path, tmp_path).hub == "https://a.b"
    assert load(path, tmp_path, "https://c.d").hub == "https://c.d"
    with pytest.raises(ValueError, match=r"hub must be an address .* got 'c'"):
        load(path, tmp_path, "c")
