"""An installed package with weights, written for the tests."""

import json
import struct

import numpy as np
import pytest
import torch


def write_safetensors(path, tensors):
    header, body = {"__metadata__": {"format": "pt"}}, b""
    for name, (dtype, array) in tensors.items():
        raw = array.tobytes()
        place = [len(body), len(body) + len(raw)]
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": place}
        body += raw
    head = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + body)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed distribution `tiny-net` with two files of weights."""
    rng = np.random.default_rng(0)
    w = {"a": rng.normal(size=(6, 5)), "b": rng.normal(size=(150, 120))}
    w = {name: array.astype(np.float32) for name, array in w.items()}
    folder, info = tmp_path / "tiny_net", tmp_path / "tiny_net-1.2.dist-info"
    folder.mkdir()
    info.mkdir()
    tensor = {name: torch.tensor(array) for name, array in w.items()}
    state = {
        "model": {"fc.weight": tensor["b"], "fc.bias": torch.zeros(3)},
        "count": torch.tensor([[1, 2]]),
        "epoch": 3,
        "optimizer_state": {"momentum": tensor["b"]},
    }
    torch.save(state, folder / "one.pth")
    half = w["a"].astype(np.float16)
    tensors = {
        "a": ("F32", w["a"]), "half": ("F16", half), "ids": ("I64", np.ones((2, 2))),
    }  # fmt: skip
    write_safetensors(folder / "two.safetensors", tensors)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-net\n"
                                   "Version: 1.2\n", encoding="utf-8")  # fmt: skip
    names = ["tiny_net/one.pth", "tiny_net/two.safetensors"]
    (info / "RECORD").write_text(
        "".join(f"{name},,\n" for name in names), encoding="utf-8"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return w
