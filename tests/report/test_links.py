"""Where a report's links lead: beside the page in the book, else to the site."""

from importlib.metadata import PackageNotFoundError

import pytest
from places import ROOT, tool

from helpers.report import links
from helpers.report.instruments import INSTRUMENTS, NOT_MEASURED


def test_the_site_is_that_of_the_repository(monkeypatch):
    """The address of the settings, which tools/repository.py writes everywhere."""
    monkeypatch.delenv("DLT_FRAMES", raising=False)
    owner, name = tool("repository").current()[0].split("/")
    wanted = f"https://{owner}.github.io/{name}/book/06_sgd_noise.html"
    assert links.chapter_link("06_sgd_noise") == wanted


def test_in_the_book_a_link_names_the_page_beside(monkeypatch):
    monkeypatch.setenv("DLT_FRAMES", "all")
    assert links.chapter_link("06_sgd_noise") == "06_sgd_noise.html"


class Metadata:
    """What is known of an installed package."""

    def __init__(self, urls):
        self.urls = urls

    def get_all(self, key):
        assert key == "Project-URL"
        return self.urls


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """Outside a checkout."""
    monkeypatch.delenv("DLT_FRAMES", raising=False)
    monkeypatch.setattr(links, "_CHECKOUT", tmp_path)


def test_an_installed_package_says_where_it_comes_from(installed, monkeypatch):
    urls = [
        "Changelog, https://github.com/a/b/blob/main/CHANGELOG.md",
        "Repository, https://github.com/some-one/a.fork",
    ]
    monkeypatch.setattr(links, "metadata", lambda name: Metadata(urls))
    wanted = "https://some-one.github.io/a.fork/book/01_linear_regions.html"
    assert links.chapter_link("01_linear_regions") == wanted


def test_settings_of_another_project_are_not_read(installed, monkeypatch, tmp_path):
    text = '[project]\nname = "other"\nRepository = "https://github.com/x/y"\n'
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(links, "metadata", lambda name: Metadata(None))
    assert links.published() == ""


@pytest.mark.parametrize("urls", [None, [], ["Repository, https://example.org/a/b"]])
def test_without_an_address_there_is_no_link(installed, monkeypatch, urls):
    monkeypatch.setattr(links, "metadata", lambda name: Metadata(urls))
    assert links.chapter_link("06_sgd_noise") == ""


def test_without_a_package_there_is_no_link(installed, monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(links, "metadata", missing)
    assert links.chapter_link("06_sgd_noise") == ""


def test_every_chapter_that_is_named_is_there():
    named = {one.chapter for one in INSTRUMENTS} | {one[1] for one in NOT_MEASURED}
    for chapter in named:
        assert (ROOT / "book" / f"{chapter}.ipynb").is_file()
