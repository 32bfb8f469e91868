"""A tab that is kept brings nothing of one test into the next; its network is cut."""

import pytest
from places import WIDE

STATE = """() => [localStorage.a, sessionStorage.a, innerWidth,
  matchMedia("(prefers-color-scheme: dark)").matches, matchMedia("print").matches]"""


def test_a_tab_is_as_new_when_it_is_taken_again(tabs, server):
    page = tabs.take(**WIDE)
    page.goto(f"{server}/404.html")
    new = page.evaluate(STATE)
    page.evaluate("localStorage.a = sessionStorage.a = 1; console.error('one')")
    page.emulate_media(media="print", color_scheme="dark")
    page.set_viewport_size({"width": 400, "height": 400})
    assert page.evaluate(STATE) == ["1", "1", 400, True, True]
    assert "one" in page.errors
    tabs.put_back(page)
    again = tabs.take(**WIDE)
    assert again is page
    again.goto(f"{server}/404.html")
    assert again.evaluate(STATE) == new == [None, None, 1280, False, False]
    assert "one" not in again.errors
    tabs.put_back(again)


@pytest.mark.parametrize("host", ["127.0.0.1", "example.org"])
def test_a_request_to_another_host_is_told_and_cut(open_page, server, host):
    """The first is this machine by its number: the server itself would answer."""
    page = open_page("404.html", **WIDE)
    address = f"{server.replace('localhost', host)}/404.html"
    ask = "url => fetch(url, {mode: 'no-cors'}).then(() => true, () => false)"
    assert page.evaluate(ask, server + "/404.html")
    assert not page.evaluate(ask, address)
    assert page.foreign == [address]
