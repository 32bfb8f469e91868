"""No bars while fuzzing, and a warning each time, not the first time alone."""

import pytest
import torch


@pytest.fixture(autouse=True)
def _always_the_same(monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(before)
