"""The pages for lecturers: each link opens the state that it says it opens."""

import re
from itertools import product
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup
from places import CHAPTERS, WIDE, parsed, unpacked


def links(site, chapter):
    """The links to explorers on a chapter's page, with what each should show."""
    page = parsed(site, f"book/teaching/{chapter}.html")
    for link in page("a", {"data-shows": True}):
        url = urlsplit(link["href"])
        assert url.path == f"../{chapter}.html", link
        yield unquote(url.fragment), link["data-shows"]


def explorers(site, chapter):
    """By name, the data of each explorer of a chapter."""
    roots = parsed(site, f"book/{chapter}.html").select(".explorer")
    data = [unpacked(root.find("script").string) for root in roots]
    return {f"explorer-{i}": one for i, one in enumerate(data, start=1)}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_link_names_a_state_that_shows_what_it_says(site, chapter):
    found, shown = list(links(site, chapter)), explorers(site, chapter)
    assert len(found) >= 3
    for fragment, shows in found:
        name, _, values = fragment.partition(":")
        data = shown[name]
        state = dict(pair.split("=") for pair in values.split(","))
        assert list(state) == sorted(state, key=data["names"].index), fragment
        assert set(state) == set(data["names"]), fragment
        chosen = tuple(state[key] for key in data["names"])
        texts = dict(zip(product(*data["values"]), data["texts"], strict=True))
        text = BeautifulSoup(texts[chosen], "html.parser").text
        assert re.search(shows, text), (fragment, text)


FOLLOW = """([name, fragment]) => new Promise(done => {
  history.replaceState(null, "", location.pathname);
  const explorer = document.getElementById(name);
  addEventListener("hashchange", () => done([
    explorer.querySelector(".explorer-status").innerText,
    [...explorer.querySelectorAll("input")].map(
      input => input.getAttribute("aria-valuetext")),
  ]), { once: true });
  location.hash = `#${fragment}`;
})"""
"""Follows a link: what the explorer then tells, and the values of its sliders."""


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_browser_follows_every_link(site, visit, chapter):
    visit.leave()  # sliders that another test moved still have to write the address
    page = visit(f"book/{chapter}.html", WIDE)
    for fragment, shows in links(site, chapter):
        name, _, values = fragment.partition(":")
        told, moved = page.evaluate(FOLLOW, [name, fragment])
        assert re.search(shows, told), (fragment, told)
        assert moved == [pair.split("=")[1] for pair in values.split(",")]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_page_for_lecturers_is_told_from_its_chapter_and_leads_there(site, chapter):
    page, itself = (
        parsed(site, f"book/{name}.html") for name in (f"teaching/{chapter}", chapter)
    )
    title = itself.h1.find(string=True)
    assert page.h1.find(string=True) == f"Teaching {title}"
    assert page.title.text.startswith(f"Teaching {title}")
    link = page.find("article").find("a", string=title)
    assert link["href"] == f"../{chapter}.html"
