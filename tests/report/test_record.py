"""The report as JSON, text and HTML."""

import json
import math

import pytest
from bs4 import BeautifulSoup

from helpers.report.record import Report
from helpers.report.rows import Layer, Row, Told
from helpers.report.tables import number

ROWS = (
    Row("errors", "distance <d>", 1.25, 1.0, math.inf, math.inf, 2.0, math.inf),
    Row("curvature", "largest", 1234.5, None, None, None, None, None),
)
MADE = Report(
    title="Net & Co: 3 parameters",
    accuracy=0.5,
    initial_accuracy=None,
    rows=ROWS,
    layers=(Layer("spectra", "<fc>.weight", 2.5, None),),
    measured=(
        Told("errors", "10_x", "4 inputs", "What it says.", "", "https://a.example/x"),
        Told("curvature", "06_y", "9 inputs", "So it is.", "no copy", ""),
    ),
    left_out=(Told("regions", "01_z", "", "net has <GELU>", "", "01_z.html"),),
    notes=("A note.",),
)


def test_json_holds_all_and_null_for_what_is_not_finite(tmp_path):
    path = tmp_path / "report.json"
    MADE.to_json(path)
    read = json.loads(path.read_text(encoding="utf-8"))
    assert read["rows"][0] == {
        "instrument": "errors",
        "quantity": "distance <d>",
        "value": 1.25,
        "low": 1.0,
        "high": None,
        "initial": None,
        "initial_low": 2.0,
        "initial_high": None,
    }
    assert read["layers"][0]["name"] == "<fc>.weight"
    assert read["left_out"][0]["sentence"] == "net has <GELU>"
    assert set(read) == set(Report.__dataclass_fields__)


def test_text_is_a_table_and_paragraphs():
    text = str(MADE)
    assert text == repr(MADE)
    lines = text.splitlines()
    assert lines[0] == MADE.title
    assert "distance <d>   1.25  1 to none found         none found" in text
    assert "largest       1,234" in text
    assert "errors (chapter 10): What it says. (4 inputs)" in text
    assert "So it is. (9 inputs) At initialisation: no copy." in text
    assert "- regions (chapter 1): net has <GELU>" in text
    assert lines[-1] == "A note."


def test_html_is_escaped_and_linked():
    page = BeautifulSoup(MADE._repr_html_(), "html.parser")
    cells = [[c.text for c in row(["th", "td"])] for row in page.table("tr")]
    assert cells[1] == [
        "distance <d>", "1.25", "1 to none found", "none found", "2 to none found",
    ]  # fmt: skip
    assert cells[2] == ["largest", "1,234", "", "", ""]
    links = {link.text: link["href"] for link in page("a")}
    assert links == {"chapter 10": "https://a.example/x", "chapter 1": "01_z.html"}
    assert "curvature (chapter 6)" in page.dl.text
    assert page.details.table.th.text == "layer"
    assert "net has <GELU>" in page.li.text
    assert page.strong.text == MADE.title
    assert page.find("gelu") is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (math.nan, ""),
        (math.inf, "none found"),
        (0.000123456, "0.000123"),
        (2.0, "2"),
        (999.6, "1e+03"),
        (1000.4, "1,000"),
        (1.5e7, "1.5e+07"),
    ],
)
def test_numbers_in_three_digits(value, shown):
    assert number(value) == shown
