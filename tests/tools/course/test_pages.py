"""Markdown as a page."""

from places import tool

pages = tool("course.pages")


def test_a_page_has_its_title_its_table_and_nothing_from_elsewhere():
    made = pages.page("# A & B\n\n| a | b |\n|---|---|\n| [c](d.html) | 2 |\n")
    assert "<title>A &amp; B</title>" in made
    assert '<td><a href="d.html">c</a></td>' in made
    assert "http" not in made
    assert made.startswith('<!doctype html>\n<html lang="en">')


def test_html_in_the_text_is_shown_as_text():
    assert "<script>" not in pages.page("# T\n\n<script>alert(1)</script>")
