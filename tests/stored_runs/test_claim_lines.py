"""The lines behind a claim: what changes their hash and what does not."""

import nbformat
import pytest

from helpers.stored_runs import claim_hashes

CELLS = """
import numpy as np
seed = 0
%matplotlib inline
---
rng = np.random.default_rng(seed)
unused = 3
---
def double(x):
    found = 2 * x
    return found
---
rows = []
for _ in range(3):
    rows.append(rng.normal())
net = make(4)
history = train(net, 10)
print(unused)
---
claim("1.1", "the mean is 0", source="book", measured=double(np.mean(rows)),
      interval=(-1, 1), because="so many errors")
---
claims.claim("1.2", "it learns", source="book", measured=net.loss, interval=(0, 1),
             because="x")
---
for id, k in (("1.3", 1), ("1.4", 2)):
    claim(id, f"power {k}", source="book", measured=seed**k, interval=(0, 0),
          because="zero")
"""


@pytest.fixture
def hashes(tmp_path):
    def made(*changes):
        text = CELLS
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        cells = [nbformat.v4.new_code_cell(c.strip()) for c in text.split("---\n")]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "a.ipynb")
        return claim_hashes(tmp_path / "a.ipynb")

    return made


ALL = {"1.1", "1.2", "1.3", "1.4"}


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("the mean is 0", "the mean of three is 0", set()),
        ("interval=(-1, 1)", "interval=(-2, 2)", set()),
        ("so many errors", "three errors", set()),
        ("unused = 3", "unused = 4", set()),
        ("rng = ", "rng   =  ", set()),
        ("return found", "return found  # twice", set()),
        ("np.mean(rows)", "np.max(rows)", {"1.1"}),
        ("2 * x", "3 * x", {"1.1"}),
        ("rng.normal()", "rng.uniform()", {"1.1"}),
        ("range(3)", "range(4)", {"1.1"}),
        ("train(net, 10)", "train(net, 11)", {"1.2"}),
        ("make(4)", "make(5)", {"1.2"}),
        ("seed**k", "seed * k", {"1.3", "1.4"}),
        ("seed = 0", "seed = 1", {"1.1", "1.3", "1.4"}),
    ],
)
def test_only_what_measures_a_claim_changes_its_hash(hashes, old, new, changed):
    before, after = hashes(), hashes((old, new))
    assert before.keys() == after.keys() == ALL
    assert {id for id in ALL if before[id] != after[id]} == changed
