"""The cards of the chapters."""

import pytest
import yaml
from places import CHAPTERS, ROOT, tool

cards = tool("course.cards")


def test_every_chapter_has_a_card_with_its_reading_time():
    found = cards.cards(ROOT / "book")
    assert list(found) == [*CHAPTERS, "your_network"]
    assert found["06_sgd_noise"].title == "The shape of SGD noise"
    assert {10 < card.minutes < 90 for card in found.values()} == {True}


def test_a_card_is_called_as_on_the_landing_page_and_the_last_is_about_no_paper():
    found = cards.cards(ROOT / "book")
    entries = (ROOT / "book" / "chapters.yml").read_text(encoding="utf-8")
    assert {one["file"]: one["title"] for one in yaml.safe_load(entries)} == {
        name: card.title for name, card in found.items() if card.paper
    }
    last = found["your_network"]
    assert (last.title, last.question, last.paper) == ("Your own network", "", "")


def test_a_chapter_without_a_reading_time_is_named(tmp_path):
    (tmp_path / "chapters.yml").write_text(
        "[{file: a, title: A, question: B, paper: C}, {file: to_come}]",
        encoding="utf-8",
    )
    (tmp_path / "a.ipynb").write_text(
        '{"cells": [{"source": ["# A"]}]}', encoding="utf-8"
    )
    with pytest.raises(ValueError, match=r"a\.ipynb: the first cell states no reading"):
        cards.cards(tmp_path)
    (tmp_path / "a.ipynb").write_text(
        '{"cells": [{"source": ["A"]}]}', encoding="utf-8"
    )
    with pytest.raises(ValueError, match=r"a\.ipynb: the first cell has no title"):
        cards.cards(tmp_path)
