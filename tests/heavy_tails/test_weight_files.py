"""Weights in files: written by hand, broken by hand, larger than what is held."""

import json
import struct
import subprocess
import sys

import numpy as np
import pytest
import torch
from heavy_tails.conftest import install, write_raw, write_safetensors
from torch import nn

from helpers import heavy_tails as ht

W = ht.heavy_tailed_matrix(24, 12, 2.0, seed=0).astype(np.float32)
ALPHA = ht.analyze(W).alpha


def read(path, **options):
    return {row.name: row for row in ht.analyze_file(path, n_draws=0, **options)}


def entry(dtype="F32", shape=(24, 12), place=(0, 1152)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(place)}


def test_bytes_written_by_hand(tmp_path):
    """Length, header, numbers: each byte of a 3 x 3 matrix said out loud."""
    head = b'{"w":{"dtype":"F32","shape":[3,3],"data_offsets":[0,36]}}'
    body = struct.pack("<9f", 3, 0, 0, 0, 2, 0, 0, 0, 1)
    path = tmp_path / "m.safetensors"
    path.write_bytes(bytes([len(head), 0, 0, 0, 0, 0, 0, 0]) + head + body)
    (row,) = ht.analyze_file(path, n_draws=0, smallest=3)
    assert (row.name, row.shape, row.dtype) == ("w", (3, 3), "float32")
    assert row.lambda_max == pytest.approx(9)
    assert row.alpha == ht.fit_power_law([1.0, 4.0, 9.0]).alpha


TORCH = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16,
    "BF16": torch.bfloat16, "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
}  # fmt: skip


@pytest.mark.parametrize("code", TORCH)
def test_every_float_is_read_as_torch_reads_it(code, tmp_path):
    tensor = torch.tensor(W).to(TORCH[code])
    raw = tensor.view(torch.uint8).numpy()
    head = json.dumps({"w": entry(code, place=(0, raw.nbytes))}).encode()
    write_raw(tmp_path / "m.safetensors", head, raw.tobytes())
    torch.save({"w": tensor}, tmp_path / "m.pt")
    (row,) = ht.analyze_file(tmp_path / "m.safetensors", n_draws=0)
    (saved,) = ht.analyze_file(tmp_path / "m.pt", n_draws=0)
    assert row == saved
    assert row.alpha == ht.analyze(tensor).alpha


def test_the_public_package_writes_what_we_read(tmp_path):
    package = pytest.importorskip("safetensors.torch")
    state = {"a": torch.tensor(W), "b": torch.zeros(3), "c": torch.ones(9, 9).half()}
    package.save_file(state, tmp_path / "m.safetensors", {"format": "pt"})
    rows = read(tmp_path / "m.safetensors")
    assert rows["a"].alpha == ALPHA
    assert rows["c"].note == "rank 1"
    assert set(rows) == {"a", "c"}


LIES = {
    "beyond the end": (entry(place=(1152, 2304)), "the file is not whole"),
    "far beyond": (entry(place=(2**60, 2**60 + 1152)), "the file is not whole"),
    "overlapping": (entry(shape=(4, 4), place=(64, 128)), "shares bytes with w"),
    "wrong size": (entry(shape=(24, 13)), "1152 bytes where shape and dtype need 1248"),
    "unknown dtype": (entry("F7"), "unknown dtype 'F7'"),
    "dtype a list": (entry(["F32"]), "unknown dtype ['F32']"),
    "backwards": (entry(place=(1152, 0)), "data_offsets [1152, 0]"),
    "negative": (entry(shape=(-24, -12)), "header entry with shape [-24, -12]"),
    "no shape": ({"dtype": "F32"}, "without dtype, shape and data_offsets"),
    "no object": (3, "without dtype, shape and data_offsets"),
    "integers": (entry("I8", (24, 48)), "holds I8, codes without a scale"),
    "empty": (entry(shape=(0, 12), place=(1152, 1152)), "empty"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_in_the_header_is_a_row(name, tmp_path):
    lie, told = LIES[name]
    entries = {"w": entry(), "good": entry(place=(1152, 2304)), name: lie}
    if name == "beyond the end":
        del entries["good"]
    write_raw(
        tmp_path / "m.safetensors",
        json.dumps(entries).encode(),
        W.tobytes() * (len(entries) - 1),
    )
    rows = read(tmp_path / "m.safetensors")
    assert list(rows) == list(entries)
    assert told in rows.pop(name).note
    if name == "overlapping":
        assert rows.pop("w").note == "shares bytes with overlapping"
    assert [row.alpha for row in rows.values()] == [ALPHA] * len(rows)


BROKEN = {
    "nothing": (b"", "is not whole or no safetensors file"),
    "three bytes": (b"abc", "is not whole or no safetensors file"),
    "long header": (struct.pack("<Q", 2**40) + b"{}", "its header should take 1099511"),
    "no JSON": (struct.pack("<Q", 3) + b"{a}", "a header that is not JSON"),
    "no text": (struct.pack("<Q", 3) + b"\xff\xfe\xfd", "a header that is not JSON"),
    "a list": (struct.pack("<Q", 2) + b"[]", "a header that is no JSON object"),
    "deep": (struct.pack("<Q", 200_000) + b"[" * 200_000, "that is not JSON"),
    "a name twice": (struct.pack("<Q", 15) + b'{"a":1,"a": 2} ', "a name comes twice"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_safetensors_file_is_a_row(name, tmp_path):
    content, told = BROKEN[name]
    (tmp_path / "m.safetensors").write_bytes(content)
    (row,) = ht.analyze_file(tmp_path / "m.safetensors")
    assert row.name == "m.safetensors"
    assert told in row.note


def test_half_a_file_gives_its_first_half(tmp_path):
    path = tmp_path / "m.safetensors"
    write_safetensors(path, dict.fromkeys("abcd", ("F32", W)))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - 2 * W.nbytes])
    rows = read(path)
    assert [row.alpha for row in rows.values()] == [ALPHA, ALPHA, None, None]
    assert "the file is not whole" in rows["d"].note


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("suffix", ["pt", "pth", "bin"])
def test_files_of_torch(suffix, zipped, tmp_path):
    path = tmp_path / f"m.{suffix}"
    state = {"state_dict": {"w": torch.tensor(W), "b": torch.zeros(4)}, "epoch": 3}
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    assert {n: r.alpha for n, r in read(path).items()} == {"state_dict.w": ALPHA}
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    (row,) = read(path).values()
    assert row.note.startswith("file: cannot be read with weights_only=True")


def test_a_whole_module_in_a_file_is_refused_and_not_run(tmp_path):
    torch.save(nn.Linear(3, 3), tmp_path / "m.pt")
    (row,) = ht.analyze_file(tmp_path / "m.pt")
    assert "a state dict can, a whole module cannot" in row.note


def test_other_bytes_named_as_weights(tmp_path):
    (tmp_path / "m.bin").write_bytes(b"\x00\x01\x02")
    (row,) = ht.analyze_file(tmp_path / "m.bin")
    assert "is no file of torch" in row.note


def sharded(folder, weights=None):
    write_safetensors(folder / "m-1.safetensors", {"a": ("F32", W)})
    write_safetensors(folder / "m-2.safetensors", {"b": ("F32", W)})
    shards = weights or {"a": "m-1.safetensors", "b": "m-2.safetensors"}
    index = folder / "m.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": shards}), encoding="utf-8")
    return index


def test_shards(tmp_path):
    index = sharded(tmp_path)
    torch.save({"a": torch.tensor(W)}, tmp_path / "pytorch_model.bin")  # the same again
    for path in (index, tmp_path):
        assert {n: r.alpha for n, r in read(path).items()} == {"a": ALPHA, "b": ALPHA}
    (tmp_path / "m-2.safetensors").unlink()
    for path in (index, tmp_path):
        rows = read(path)
        assert rows["a"].alpha == ALPHA
        told = "file: named by m.safetensors.index.json, missing"
        assert rows["m-2.safetensors"].note == told


@pytest.mark.parametrize("name", ["../out.safetensors", "/a.safetensors", 3, "x.txt"])
def test_an_index_names_files_beside_it(name, tmp_path):
    index = sharded(tmp_path, {"a": name})
    with pytest.raises(ValueError, match="names"):
        ht.analyze_file(index)
    assert "names" in read(tmp_path)[index.name].note


def test_a_folder_tells_its_files_apart(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        torch.save({"w": torch.tensor(W)}, tmp_path / folder / "model.pt")
    torch.save({"w": torch.tensor(W)}, tmp_path / "other.pt")
    (tmp_path / "broken.pt").write_bytes(b"PK\x03\x04")
    (tmp_path / "paths.pth").write_text("import sys\n", encoding="utf-8")
    rows = read(tmp_path)
    assert set(rows) == {"one/model/w", "two/model/w", "other/w", "broken/broken.pt"}
    assert rows["broken/broken.pt"].note.startswith("file: cannot be read")


def test_two_files_of_one_name_in_a_package(tmp_path, monkeypatch):
    """And beside them one of Python's own path files."""
    files = ["net/a/model.pt", "net/b/model.pt", "net/b/model.safetensors", "net.pth"]
    for k, folder in enumerate("ab"):
        (tmp_path / "net" / folder).mkdir(parents=True)
        torch.save({"w": torch.tensor((k + 1) * W)}, tmp_path / files[k])
    write_safetensors(tmp_path / files[2], {"w": ("F32", 3 * W)})
    (tmp_path / files[3]).write_text("./net\n", encoding="utf-8")
    install(tmp_path, "twins", files)
    monkeypatch.syspath_prepend(tmp_path)
    found = ht.pretrained_weights("twins")
    names = ["net/a/model/w", "net/b/model.pt/w", "net/b/model.safetensors/w"]
    assert list(found) == names
    for k, array in enumerate(found.values(), 1):
        np.testing.assert_array_equal(array, k * W)


def test_a_package_with_path_files_only(tmp_path, monkeypatch):
    (tmp_path / "hook.pth").write_text("import os\n", encoding="utf-8")
    install(tmp_path, "hooked", ["hook.pth"])
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match=r"that holds weights: hook\.pth is Python's"):
        ht.pretrained_weights("hooked")


def test_a_broken_file_in_a_package_is_named(tmp_path, monkeypatch):
    (tmp_path / "a.pt").write_bytes(b"PK\x03\x04 cut")
    install(tmp_path, "cut", ["a.pt"])
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match=r"a\.pt cannot be read with weights_only"):
        ht.pretrained_weights("cut")


CHILD = """
import resource, sys
from helpers import heavy_tails as ht
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak()
table = ht.analyze_file(sys.argv[1], n_draws=0)
notes = {row.note for row in table}
print(len(table), notes, peak() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ru_maxrss in KiB")
@pytest.mark.parametrize("kind", ["safetensors", "pt"])
def test_a_file_is_never_held_whole(kind, tmp_path):
    """300 MB of zeros in 20 weights of 15 MB: the peak grows by a few weights.

    The .safetensors file is sparse, so that it takes no room on the disk.
    """
    path, side, count = tmp_path / f"m.{kind}", 1960, 20
    size = 4 * side * side
    if kind == "pt":
        torch.save({str(k): torch.zeros(side, side) for k in range(count)}, path)
    else:
        head = json.dumps({
            str(k): entry("F32", (side, side), (k * size, (k + 1) * size))
            for k in range(count)
        }).encode()  # fmt: skip
        write_raw(path, head, b"")
        with path.open("r+b") as file:
            file.truncate(8 + len(head) + count * size)
    assert path.stat().st_size > 300e6
    run = subprocess.run(
        [sys.executable, "-c", CHILD, str(path)], check=True, capture_output=True,
        text=True,
    )  # fmt: skip
    told, grown = run.stdout.rsplit(maxsplit=1)
    assert told == f"{count} {{'all entries are 0'}}"
    assert float(grown) < 100


REFUSED = {
    "path must be a file or folder, got nowhere": "nowhere",
    "path must end in .safetensors, .pt, .pth, .bin or .json, got": "a.txt",
    "is no index with a weight_map": "a.json",
    "path must hold a weight of 2 dimensions or more, got": "empty",
}


@pytest.mark.parametrize("told", REFUSED)
def test_bad_input_is_told_what_is_wrong(told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").touch()
    (tmp_path / "a.json").write_text("[]", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    with pytest.raises((FileNotFoundError, ValueError)) as caught:
        ht.analyze_file(REFUSED[told])
    assert told in str(caught.value)
