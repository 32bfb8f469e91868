"""A count is an integer and large enough."""

import numpy as np
import pytest

from helpers.greedy_layerwise.arguments import check_count


@pytest.mark.parametrize("value", [0, -1, 2.5, True, None])
def test_what_is_no_count_is_refused(value):
    with pytest.raises(ValueError, match=f"n must be an integer >= 1, got {value}"):
        check_count("n", value)


def test_counts_pass():
    check_count("n", 1)
    check_count("n", np.int64(3), 3)
