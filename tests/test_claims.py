"""Claims: verdicts, the row, what fails and what a reader is told."""

import math

import pytest
from bs4 import BeautifulSoup

from helpers import claims
from helpers.claims import Claim, ClaimError, claim, html_table, ledger

DEFAULTS = {
    "paper": "about one",
    "measured": 1.0,
    "interval": (0.9, 1.1),
    "because": "3 standard errors",
}


@pytest.fixture(autouse=True)
def _empty(monkeypatch):
    monkeypatch.setattr(claims, "_made", {})


def make(**changes):
    fields = {"stderr": None, "seeds": None, "holds": True, "stored": None}
    return Claim("1.2", "slope is 1", **(DEFAULTS | fields | changes))


def row(made):
    return BeautifulSoup(html_table([made]), "html.parser").tbody.tr


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "reproduced"),
        ({"measured": 0.9}, "reproduced"),
        ({"measured": 1.2}, "FAILED"),
        ({"interval": (0.5, None)}, "reproduced"),
        ({"interval": (None, 0.5)}, "FAILED"),
        ({"holds": False, "measured": 1.2}, "not reproduced"),
        ({"holds": False}, "FAILED"),
        ({"ours": True}, "holds (ours)"),
        ({"ours": True, "holds": False, "measured": 1.2}, "does not hold (ours)"),
        ({"ours": True, "measured": 1.2}, "FAILED"),
        ({"measured": None, "interval": None}, "not tested here"),
    ],
)
def test_verdict(changes, verdict):
    assert make(**changes).verdict == verdict


@pytest.mark.parametrize(
    ("measured", "stderr", "shown"),
    [
        (1.2295068, 3.8e-5, "1.22951 ± 3.8e-05"),
        (1.2295068, 0.01, "1.23 ± 0.01"),
        (1.2295068, 1e-12, "1.22951 ± 1e-12"),
        (0.0, 0.1, "0 ± 0.1"),
    ],
)
def test_a_mean_is_shown_as_exactly_as_it_is_known(measured, stderr, shown):
    assert make(measured=measured, stderr=stderr).cells()[2] == shown


def test_a_row_says_everything():
    made = make(stderr=0.0123, seeds=20, stored="2026-01-02, make x")
    cells = row(made).find_all(["th", "td"])
    assert [cell.text for cell in cells] == [
        "1.2 slope is 1",
        "about one",
        "1 ± 0.012 (20 seeds)",
        "0.9 to 1.1: 3 standard errors",
        "reproduced (stored run)",
    ]
    assert html_table([made, made]).count("<p>Stored run: 2026-01-02, make x</p>") == 1


@pytest.mark.parametrize(
    ("interval", "shown"),
    [
        ((1, 1), "exactly 1: "),
        ((0.5, None), "at least 0.5: "),
        ((None, 2), "at most 2: "),
        ((1 - 1e-12, 1 + 1e-12), "0.999999999999 to 1.000000000001: "),
    ],
)
def test_intervals_read_as_words(interval, shown):
    assert make(interval=interval).cells()[3].startswith(shown)


def test_rows_are_escaped_and_can_be_linked_to():
    assert row(make(paper="<b>"))["id"] == "claim-1-2"
    assert row(make(paper="<b>")).b is None


def test_a_false_claim_is_shown_and_raises(capsys):
    with pytest.raises(ClaimError, match=r"claim 1.2 \(slope is 1\): measured 3, "):
        claim("1.2", "slope is 1", **(DEFAULTS | {"measured": 3}))
    assert "slope is 1" in capsys.readouterr().out


def test_the_first_row_of_a_page_is_explained_and_no_other(monkeypatch):
    shown = []
    monkeypatch.setattr(claims, "display", shown.append)
    for id in ("1.2", "1.2", "1.3"):  # the first one run twice
        claim(id, "slope is 1", **DEFAULTS)
    told = [claims.LEGEND in getattr(what, "data", "") for what in shown]
    assert told == [True, False, True, False, False]


def test_the_ledger_keeps_the_last_run_of_each_claim():
    for measured in (1.0, 1.05):
        claim("1.2", "slope is 1", **(DEFAULTS | {"measured": measured}))
    claim("1.3", "other", **DEFAULTS)
    page = BeautifulSoup(ledger().data, "html.parser")
    assert [link["href"] for link in page.find_all("a")] == ["#claim-1-2", "#claim-1-3"]
    assert "1.05" in page.text


def test_draws_give_mean_standard_error_and_number():
    claim("1.2", "slope is 1", **(DEFAULTS | {"measured": [0.9, 1.0, 1.1, 1.0]}))
    made = claims._made["1.2"]
    assert made.measured == pytest.approx(1)
    assert made.stderr == pytest.approx(math.sqrt(0.02 / 3 / 4))
    assert made.seeds == 4


def test_an_empty_ledger_says_so():
    with pytest.raises(ValueError, match="no claim has been made yet"):
        ledger()


def test_a_stored_run_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="no stored run 'claims' of 'nothing'"):
        claims.stored("nothing")


def test_stored_runs_hold_whole_claims():
    run = claims.stored("linear_regions")
    assert "python tools/chapter.py" in run["source"]
    for id, fields in run["claims"].items():
        assert Claim(**fields).id == id
        assert fields["stored"] is None


def test_metadata_carries_the_whole_claim_to_the_ledger_page():
    made = make()
    shown, metadata = made._repr_mimebundle_()
    assert metadata["scrapbook"] == {"name": "claim-1.2", "mime_prefix": ""}
    assert Claim(**metadata["claim"]) == made
    assert "reproduced" in shown["text/plain"]


@pytest.mark.parametrize(
    ("id", "changes", "message"),
    [
        ("one", {}, "id must be chapter and number such as '1.2', got 'one'"),
        ("1.2", {"measured": math.nan}, "claim 1.2: measured must be finite, got nan"),
        ("1.2", {"interval": (None, None)}, r"interval must be \(low, high\)"),
        ("1.2", {"interval": (0, math.inf)}, "an open end is None"),
        ("1.2", {"measured": [1.0]}, "a mean needs at least 2 draws, got 1"),
        ("1.2", {"interval": (2, 1)}, r"interval must be \(low, high\)"),
        ("1.2", {"interval": (math.nan, 1)}, "an open end is None"),
        ("1.2", {"measured": None}, "given both or not at all"),
        ("1.2", {"interval": None}, "given both or not at all"),
    ],
)
def test_malformed_claims_are_named(id, changes, message):
    with pytest.raises(ValueError, match=message):
        claim(id, "x", **(DEFAULTS | changes))
