"""Every page of the built site opens clean without a network, and fits a phone."""

import pytest
from places import PAGES, PHONE, typeset


@pytest.mark.parametrize("page", PAGES)
def test_a_page_loads_clean_with_the_network_cut_and_fits_a_phone(visit, page):
    opened = visit(page, PHONE)
    typeset(opened)
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390
    assert opened.foreign == []
    assert opened.errors == []
