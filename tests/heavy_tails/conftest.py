"""Files of weights and an installed package with some, written for the tests."""

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
    write_raw(path, json.dumps(header).encode(), body)


def write_raw(path, head, body):
    path.write_bytes(struct.pack("<Q", len(head)) + head + body)


def install(folder, name, files):
    """Make a distribution of files that lie in the folder."""
    info = folder / f"{name}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.2\n"
    )
    (info / "RECORD").write_text("".join(f"{one},,\n" for one in files))


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed distribution `tiny-net` with two files of weights."""
    rng = np.random.default_rng(0)
    w = {"a": rng.normal(size=(6, 5)), "b": rng.normal(size=(150, 120))}
    w = {name: array.astype(np.float32) for name, array in w.items()}
    folder = tmp_path / "tiny_net"
    folder.mkdir()
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
    install(tmp_path, "tiny_net", ["tiny_net/one.pth", "tiny_net/two.safetensors"])
    monkeypatch.syspath_prepend(tmp_path)
    return w
