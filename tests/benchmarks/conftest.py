"""What all benchmarks share.

`make bench` runs them at full size, and keeps what they measure for the page Speed;
`make test` runs them at a small size, where both sides run and must agree and times
count for nothing.
"""

import pytest

from .bench import Bench


@pytest.fixture
def bench(request):
    room = request.path.stem.removeprefix("test_")
    test = request.node.name.removeprefix("test_")
    return Bench(f"{room}/{test}", request.config.getoption("benchmark_enable"))
