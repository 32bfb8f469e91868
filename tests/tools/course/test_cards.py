"""The cards of the chapters."""

import pytest
from places import CHAPTERS, ROOT, tool

cards = tool("course.cards")


def test_every_chapter_has_a_card_with_its_reading_time():
    found = cards.cards(ROOT / "book")
    assert list(found) == CHAPTERS
    assert found["06_sgd_noise"].title == "The shape of SGD noise"
    assert {10 < card.minutes < 90 for card in found.values()} == {True}


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
