"""The pictures on the cards: small, wordless, and what the script draws today."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from places import CHAPTERS, tool

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@pytest.fixture(scope="module")
def thumbnails():
    return tool("thumbnails")


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_picture_is_small_and_has_no_words(thumbnails, chapter):
    path = thumbnails.CARDS / f"{chapter}.svg"
    assert path.stat().st_size < 8000
    root = ElementTree.parse(path).getroot()
    assert not root.findall(".//{*}text")
    assert len(root) > 0


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_stored_picture_is_what_the_script_draws(thumbnails, chapter):
    """Marks and colours the same, places to a pixel: rounding may differ by machine."""
    stored = (thumbnails.CARDS / f"{chapter}.svg").read_text(encoding="utf-8")
    drawn = thumbnails.card(chapter)
    assert NUMBER.sub("n", drawn) == NUMBER.sub("n", stored)
    found, expected = (
        np.array(NUMBER.findall(text), float) for text in (drawn, stored)
    )
    assert np.abs(found - expected).max() <= 1
