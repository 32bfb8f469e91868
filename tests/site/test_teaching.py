"""The pages for lecturers: each link opens the state that it says it opens."""

import json
import re
from itertools import product
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup
from places import CHAPTERS, WIDE


def links(site, chapter):
    """The links to explorers on a chapter's page, with what each should show."""
    text = (site / "book" / "teaching" / f"{chapter}.html").read_text(encoding="utf-8")
    for link in BeautifulSoup(text, "html.parser")("a", {"data-shows": True}):
        url = urlsplit(link["href"])
        assert url.path == f"../{chapter}.html", link
        yield unquote(url.fragment), link["data-shows"]


@pytest.fixture(scope="module")
def explorers(site):
    """By chapter and name, the data of each explorer."""
    found = {}
    for chapter in CHAPTERS:
        text = (site / "book" / f"{chapter}.html").read_text(encoding="utf-8")
        roots = BeautifulSoup(text, "html.parser").select(".explorer")
        for i, root in enumerate(roots, start=1):
            data = json.loads(root.find("script").string)
            found[chapter, f"explorer-{i}"] = data
    return found


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_link_names_a_state_that_shows_what_it_says(site, explorers, chapter):
    found = list(links(site, chapter))
    assert len(found) >= 3
    for fragment, shows in found:
        name, _, values = fragment.partition(":")
        data = explorers[chapter, name]
        state = dict(pair.split("=") for pair in values.split(","))
        assert list(state) == sorted(state, key=data["names"].index), fragment
        assert set(state) == set(data["names"]), fragment
        chosen = tuple(state[key] for key in data["names"])
        texts = dict(zip(product(*data["values"]), data["texts"], strict=True))
        assert re.search(shows, texts[chosen]), (fragment, texts[chosen])


def test_a_browser_follows_every_link(site, open_page):
    for chapter in CHAPTERS:
        page = open_page(f"book/{chapter}.html", **WIDE)
        for fragment, shows in links(site, chapter):
            name, _, values = fragment.partition(":")
            page.evaluate("hash => { location.hash = hash }", f"#{fragment}")
            page.wait_for_timeout(50)
            told = page.locator(f"#{name} .explorer-status").inner_text()
            assert re.search(shows, told), (chapter, fragment, told)
            moved = page.locator(f"#{name} input").evaluate_all(
                "inputs => inputs.map(input => input.nextElementSibling.textContent)"
            )
            assert moved == [pair.split("=")[1] for pair in values.split(",")]
