"""Claims: verdicts, the row, what fails and what a reader is told."""

import json
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from bs4 import BeautifulSoup

from helpers import claims
from helpers.claim_rows import LEGEND, html_table, interval_in_words, measured_in_words
from helpers.claims import Claim, ClaimError, Planted, claim, ledger

DEFAULTS = {
    "source": "paper",
    "place": "theorem 1",
    "paper": "about one",
    "measured": 1.0,
    "interval": (0.9, 1.1),
    "because": "3 standard errors",
}
BOOK = {"source": "book", "place": "", "paper": ""}
FOLLOWS = {"source": "follows", "paper": ""}


@pytest.fixture(autouse=True)
def _empty(monkeypatch):
    monkeypatch.setattr(claims, "_made", {})
    monkeypatch.setattr(claims, "_cells", {})


def make(**changes):
    fields = {"stderr": None, "seeds": None, "against": ""}
    return Claim("1.2", "slope is 1", **(DEFAULTS | fields | changes))


def as_row(made):
    return made._repr_mimebundle_()[1]["claim"]


def row(made):
    return BeautifulSoup(html_table([as_row(made)]), "html.parser").details


def behind(made):
    """What the opened line tells, by name."""
    told = row(made).dl
    names = (name.text for name in told("dt"))
    return dict(zip(names, (text.text for text in told("dd")), strict=True))


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
        (BOOK, "holds"),
        (FOLLOWS, "holds"),
        (BOOK | {"holds": False, "measured": 1.2}, "does not hold"),
        (BOOK | {"measured": 1.2}, "FAILED"),
        ({"measured": None, "interval": None}, "not tested here"),
        ({"setting": "digits"}, "other setting"),
        ({"setting": "digits", "holds": False, "measured": 1.2}, "other setting"),
        ({"setting": "digits", "measured": 1.2}, "FAILED"),
    ],
)
def test_verdict(changes, verdict):
    assert make(**changes).verdict == verdict


@pytest.mark.parametrize(
    ("changes", "resolved"),
    [
        ({"null": 0.0}, True),
        ({"null": 0.95}, False),  # the interval admits the opposite
        ({"null": 0.8, "stderr": 0.1}, False),  # within three standard errors
        ({"null": 0.8, "stderr": 0.05}, True),
        ({"value": 1.0}, True),
        ({"value": 1.04}, False),  # two decimals: 0.005
        ({"value": 1.04, "stderr": 0.02}, True),
        ({"value": 1.04, "measured": 1.036}, True),
    ],
)
def test_what_the_opposite_would_pass_too_is_not_resolved(changes, resolved):
    verdict = "reproduced" if resolved else "compatible, not resolved"
    assert make(**changes).verdict == verdict
    assert make(**(changes | BOOK)).verdict == verdict.replace("reproduced", "holds")


def test_formulas_are_set_and_kept_as_typed_where_they_are_read_otherwise():
    made = make(stderr=0.1, seeds=5, because="1 - c at 10^-4", against="a slope of -1")
    line, told = row(made), row(replace(made, statement="slope of sigma_w^2"))
    assert "data-typed" not in line.summary.span.attrs
    assert line.summary.b.text == "1\xa0±\xa00.1 (5\xa0draws)"
    assert told.summary.span["data-typed"] == "slope of sigma_w^2"
    assert told.summary.span.text == "1.2 slope of σw2:"
    accepted, against = told.dl("dd")[1:3]
    assert accepted["data-typed"].endswith("1 - c at 10^-4")
    assert accepted.sup.text == "−4"
    assert against.text.startswith("a slope of −1")
    assert not against.attrs


def test_power_is_that_of_a_normal_measurement_around_the_opposite():
    made = make(interval=(0.0, None), null=-1.0, stderr=1.0, measured=5.0)
    assert made.power == pytest.approx(0.841344746)
    assert make(null=0.0).power is None
    both = make(interval=(-1.0, 1.0), null=0.0, stderr=0.5)
    assert both.power == pytest.approx(2 * 0.022750132)


def test_power_with_a_planted_counter_example_is_the_share_that_is_caught():
    made = make(planted=Planted("a wrong exponent", (0.5, 1.0, 1.5, 2.0)))
    assert made.power == 0.75
    assert "a wrong exponent: 0.5, 2, caught in 75 %" in row(made).text


@pytest.mark.parametrize("runs", [np.array([1, 2]), [1, 2], (1.0, np.float32(2))])
def test_planted_runs_may_be_of_any_kind_of_number(runs):
    made = Planted("x", runs)
    assert made == Planted("x", (1.0, 2.0))
    assert json.dumps(as_row(make(planted=made)))
    assert Planted("x", np.int64(3)).measured == 3.0


@pytest.mark.parametrize(
    ("run", "shown"),
    [(math.inf, "inf"), (math.nan, "nan"), (3.0, "3"), (-2e7, "−2\xa0×\xa0107")],
)
def test_a_planted_run_may_overflow_and_is_shown(run, shown):
    made = make(planted=Planted("division by 0", run))
    assert f"division by 0: {shown}, caught" in row(made).text


def test_a_claim_that_passes_its_own_counter_example_raises():
    planted = Planted("shuffled labels", 1.05)
    with pytest.raises(ClaimError, match=r"passes its own counter-example \(shuffled"):
        claim("1.2", "slope is 1", **DEFAULTS, planted=planted)
    claim("1.2", "slope is 1", **DEFAULTS, planted=Planted("shuffled labels", 0.5))


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
    assert measured_in_words(as_row(make(measured=measured, stderr=stderr))) == shown


def test_a_line_says_everything():
    made = make(stderr=0.0123, seeds=20, stored="2026-01-02, make x", null=0.5)
    assert row(made).summary.text == (
        "1.2 slope is 1: 1\xa0±\xa00.012 (20\xa0draws) ✓ reproduced (stored)"
    )
    assert behind(made) == {
        "the paper": "theorem 1: about one",
        "accepted": "0.9 to 1.1: 3 standard errors",
        "against it": "a measurement outside; if it were 0.5, caught in 100 %",
        "stored run": "2026-01-02, make x",
    }
    assert "stored run" not in behind(make())


def test_every_verdict_has_a_sign_and_opposite_ones_differ():
    signs = {name: make_row["sign"] for name, make_row in rows_by_verdict().items()}
    assert signs["reproduced"] == signs["holds"] == "✓"
    assert signs["not reproduced"] == signs["does not hold"] == "✗"
    assert len({signs[name] for name in ("other setting", "not tested here")}) == 2
    assert not {"✓", "✗"} & {signs["other setting"], signs["not tested here"]}


def rows_by_verdict():
    away = {"holds": False, "measured": 1.2}
    shown = [{}, BOOK, away, BOOK | away, {"setting": "digits"}]
    shown.append({"measured": None, "interval": None})
    rows = [as_row(make(**changes)) for changes in shown]
    return {made["verdict"]: made for made in rows}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "theorem 1: about one"),
        (FOLLOWS, "— (follows from theorem 1)"),
        (BOOK, "— (this book)"),
    ],
)
def test_the_column_of_the_paper_holds_what_the_paper_says(changes, said):
    assert behind(make(**changes))["the paper"] == said


@pytest.mark.parametrize(
    ("interval", "shown"),
    [
        ((1, 1), "exactly 1"),
        ((0.5, None), "at least 0.5"),
        ((None, 2), "at most 2"),
        ((1.22331, 1.23529), "1.2233 to 1.2353"),
        ((1 - 1e-12, 1 + 1e-12), "0.999999999999 to 1.000000000001"),
    ],
)
def test_intervals_read_as_words(interval, shown):
    assert interval_in_words(*interval) == shown


def test_rows_are_escaped_and_can_be_linked_to():
    assert row(make(paper="<i>"))["id"] == "claim-1-2"
    assert row(make(paper="<i>")).i is None


def test_a_claim_that_was_not_tested_is_neither_live_nor_stored():
    untested = make(setting="digits", measured=None, interval=None)
    assert row(untested)["data-run"] == "none"
    assert row(make())["data-run"] == "live"


def test_no_line_of_a_command_ends_within_an_option():
    stored = make(stored="2 cores: python -m room --data a --batch-size 4")
    kept = [span.text for span in row(stored).select("dd .with-stop")]
    assert kept == ["--data", "--batch-size"]


def test_a_false_claim_is_shown_and_raises(capsys):
    with pytest.raises(ClaimError, match=r"claim 1.2 \(slope is 1\): measured 3, "):
        claim("1.2", "slope is 1", **(DEFAULTS | {"measured": 3}))
    assert "slope is 1" in capsys.readouterr().out


def test_the_first_row_of_a_page_is_explained_and_no_other(monkeypatch):
    shown = []
    monkeypatch.setattr(claims, "display", shown.append)
    for id in ("1.2", "1.2", "1.3"):  # the first one run twice
        claim(id, "slope is 1", **DEFAULTS)
    told = [LEGEND in getattr(what, "data", "") for what in shown]
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


class Notebook:
    """A front end that names its cells, in the place of IPython's shell."""

    def __init__(self):
        self.events, self.callbacks, self.parent_header = self, [], {}

    def register(self, event, callback):
        assert event == "pre_run_cell"
        self.callbacks.append(callback)

    def run(self, cell, *ids):
        for callback in self.callbacks:
            callback(SimpleNamespace(cell_id=cell))
        self.parent_header = {"metadata": {"cellId": cell}}
        for id in ids:
            claim(id, "slope is 1", **DEFAULTS)


def test_a_cell_that_runs_again_loses_its_earlier_rows(monkeypatch):
    notebook = Notebook()
    monkeypatch.setattr(claims, "get_ipython", lambda: notebook)
    notebook.run("a", "1.1", "1.2")
    notebook.run("b", "1.3")
    notebook.run("a", "1.1", "1.4")  # the reader has changed a number
    assert sorted(claims._made) == ["1.1", "1.3", "1.4"]
    notebook.run("b")
    notebook.run("c", "1.2")
    notebook.run("a")
    assert sorted(claims._made) == ["1.2"]
    assert len(notebook.callbacks) == 1


def test_without_names_of_cells_rows_stay(monkeypatch):
    for shell in (None, SimpleNamespace(), SimpleNamespace(parent_header={})):
        monkeypatch.setattr(claims, "get_ipython", lambda shell=shell: shell)
        claim("1.5", "slope is 1", **DEFAULTS)
    assert list(claims._made) == ["1.5"]


def test_an_empty_ledger_says_so():
    with pytest.raises(ValueError, match="no claim has been made yet"):
        ledger()


def test_a_stored_run_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="no stored run 'claims' of 'nothing'"):
        claims.stored("nothing")


def test_a_stored_run_holds_what_was_measured_and_where_it_comes_from():
    for room in ("linear_regions", "well_behaved", "sgd_noise"):
        run = claims.stored(room)
        assert "python tools/chapter.py" in run["source"]
        for fields in run["claims"].values():
            assert set(fields) == {"measured", "stderr", "seeds", "lines"}


RUN = {
    "source": "2026-01-02, 2 cores: make x",
    "claims": {"1.2": {"measured": 1.08, "stderr": 0.01, "seeds": 4}},
}


def test_a_claim_is_made_again_with_what_a_stored_run_measured():
    claim("1.2", "slope is 1", **DEFAULTS)
    claims.again("1.9", "1.2", RUN, "MNIST")
    made = claims._made["1.9"]
    assert (made.id, made.statement) == ("1.9", "MNIST: slope is 1")
    assert (made.measured, made.stderr, made.seeds) == (1.08, 0.01, 4)
    assert (made.interval, made.because) == ((0.9, 1.1), "3 standard errors")
    assert (made.stored, made.of) == (RUN["source"], "1.2")


def test_a_claim_made_again_stands_by_its_verdict():
    claim("1.2", "slope is 1", **DEFAULTS)
    with pytest.raises(ClaimError, match=r"claim 1.9 .* expected outside 0.9 to 1.1"):
        claims.again("1.9", "1.2", RUN, "MNIST", holds=False)


def test_what_counts_against_a_claim_counts_for_it_where_the_verdict_is_turned():
    claim("1.2", "slope is 1", **DEFAULTS | {"null": 0.0})
    outside = RUN | {"claims": {"1.2": RUN["claims"]["1.2"] | {"measured": 1.3}}}
    for id, run, holds, told in (
        ("1.8", RUN, True, "a measurement outside; if it were 0, caught in 100 %"),
        ("1.9", outside, False, "a measurement inside"),
    ):
        claims.again(id, "1.2", run, "MNIST", holds=holds)
        assert behind(claims._made[id])["against it"] == told


@pytest.mark.parametrize(
    ("of", "message"),
    [("1.1", "no claim '1.1' on this page"), ("1.3", r"the stored run has \['1.2'\]")],
)
def test_only_what_was_claimed_and_measured_is_made_again(of, message):
    for id in ("1.2", "1.3"):
        claim(id, "slope is 1", **DEFAULTS)
    with pytest.raises(ValueError, match=message):
        claims.again("1.9", of, RUN, "MNIST")


def test_metadata_carries_the_whole_row_to_the_ledger_page():
    made = make(planted=Planted("an isotropic twin", 0.2))
    shown, metadata = made._repr_mimebundle_()
    assert metadata["scrapbook"] == {"name": "claim-1.2", "mime_prefix": ""}
    assert metadata["claim"]["verdict"] == "reproduced"
    assert json.loads(json.dumps(metadata["claim"]))["planted"]["measured"] == 0.2
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
        ("1.2", {"source": "us"}, r"source must be one of \['paper', .*, got 'us'"),
        ("1.2", {"paper": ""}, "`paper` holds what the paper says"),
        ("1.2", FOLLOWS | {"paper": "one"}, "for source 'paper' and no other"),
        ("1.2", {"place": ""}, "`place` names where the paper states it"),
        ("1.2", BOOK | {"place": "theorem 1"}, "for all sources but 'book'"),
    ],
)
def test_malformed_claims_are_named(id, changes, message):
    with pytest.raises(ValueError, match=message):
        claim(id, "x", **(DEFAULTS | changes))
