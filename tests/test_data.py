"""Tests of helpers.data; every file is made here, nothing is downloaded."""

import subprocess
import sys
import urllib.error

import numpy as np
import pytest
import torch

from helpers import data


def arrays(shape=(8, 8), n_train=40, n_test=20):
    """Random images with balanced labels 0..9, as a <name>.npz holds them."""
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (n_train, *shape), dtype=np.uint8),
        "y_train": (np.arange(n_train) % 10).astype(np.uint8),
        "x_test": rng.integers(0, 256, (n_test, *shape), dtype=np.uint8),
        "y_test": (np.arange(n_test) % 10).astype(np.uint8),
    }


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DLT_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def openml(monkeypatch):
    """Replace the download; the test sets `answer`, the calls are kept."""

    class Fake:
        def __init__(self):
            self.answer, self.calls = AssertionError("nothing may be downloaded"), []

        def __call__(self, name, **options):
            self.calls.append((name, options))
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

    fake = Fake()
    monkeypatch.setattr("sklearn.datasets.fetch_openml", fake)
    return fake


def rows(x):
    """Images as a set of hashable rows."""
    return {tuple(row) for row in x.flatten(1).tolist()}


def same(a, b):
    names = ("x_train", "y_train", "x_test", "y_test")
    return all(torch.equal(getattr(a, name), getattr(b, name)) for name in names)


def test_digits_by_default():
    digits = data.load()
    assert (digits.name, digits.n_classes) == ("digits", 10)
    assert digits.x_train.shape == (1400, 1, 8, 8)
    assert digits.x_test.shape == (397, 1, 8, 8)
    assert digits.x_train.dtype == digits.x_test.dtype == torch.float32
    assert digits.y_train.dtype == digits.y_test.dtype == torch.int64
    assert digits.x_train.min() == 0
    assert digits.x_train.max() == 1


def test_digits_are_those_of_scikit_learn_exactly():
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    wanted = {(*row, y) for row, y in zip((images / 16).tolist(), labels, strict=True)}
    flat = data.load("digits").flatten()
    x = torch.cat([flat.x_train, flat.x_test]).tolist()
    y = torch.cat([flat.y_train, flat.y_test]).tolist()
    assert len(x) == len(labels)
    assert {(*row, label) for row, label in zip(x, y, strict=True)} == wanted


def test_train_and_test_part_are_disjoint():
    digits = data.load("digits")
    assert not rows(digits.x_train) & rows(digits.x_test)


def test_seed_decides_split_and_order():
    first, again, other = (data.load("digits", seed=s) for s in (0, 0, 1))
    assert same(first, again)
    assert rows(first.x_test) != rows(other.x_test)


@pytest.mark.parametrize("n", [10, 95, 700, 1400])
def test_every_size_is_stratified(n):
    """k samples of a class in [k/c, (k+1)/c): counts within 1 of the proportion."""
    counts = data.load("digits", n_train=n).y_train.bincount(minlength=10)
    share = data.load("digits").y_train.bincount() / 1400
    assert (counts - n * share).abs().max() < 1.5


def test_test_part_is_stratified():
    digits = data.load("digits")
    share = digits.y_train.bincount() / 1400
    assert (digits.y_test.bincount() - 397 * share).abs().max() < 2


def test_order_is_random_all_the_same():
    """Neighbours of one class: 140 of 1399, sd sqrt(1400 * .1 * .9) = 11; 4 sd."""
    y = data.load("digits").y_train
    assert abs((y[1:] == y[:-1]).sum().item() - 140) < 45


def test_smaller_choice_is_a_subset_of_a_larger_one():
    small, large = (data.load(n_train=n, n_test=n // 2, seed=3) for n in (50, 200))
    assert rows(small.x_train) < rows(large.x_train)
    assert rows(small.x_test) < rows(large.x_test)


def test_flatten_gives_rows_and_keeps_the_original():
    digits = data.load(n_train=20, n_test=10)
    flat = digits.flatten()
    assert flat.x_train.shape == (20, 64)
    assert flat.x_test.shape == (10, 64)
    assert torch.equal(flat.x_train.reshape(20, 1, 8, 8), digits.x_train)
    assert torch.equal(flat.y_train, digits.y_train)


@pytest.mark.parametrize(
    ("name", "shape", "tensor_shape"),
    [
        ("mnist", (28, 28), (1, 28, 28)),
        ("fashion_mnist", (28, 28), (1, 28, 28)),
        ("cifar10", (32, 32, 3), (3, 32, 32)),
    ],
)
def test_npz_is_read(folder, openml, name, shape, tensor_shape):
    stored = arrays(shape)
    np.savez(folder / f"{name}.npz", **stored)
    loaded = data.load(name)
    assert loaded.name == name
    assert loaded.x_train.shape == (40, *tensor_shape)
    assert loaded.x_test.shape == (20, *tensor_shape)
    assert loaded.x_train.is_contiguous()
    assert not openml.calls


def test_npz_pixels_labels_and_channels(folder):
    stored = arrays((4, 5, 3))
    np.savez(folder / "cifar10.npz", **stored)
    loaded = data.load("cifar10")
    wanted = {
        (y, *(x.transpose(2, 0, 1).ravel() / np.float32(255)))
        for x, y in zip(stored["x_train"], stored["y_train"], strict=True)
    }
    got = {
        (y, *x)
        for x, y in zip(
            loaded.flatten().x_train.tolist(), loaded.y_train.tolist(), strict=True
        )
    }
    assert got == wanted


def test_npz_keeps_its_own_split(folder):
    np.savez(folder / "mnist.npz", **arrays())
    parts = [rows(data.load("mnist", seed=s).x_test) for s in (0, 1)]
    assert parts[0] == parts[1]


@pytest.mark.parametrize(
    ("name", "openml_name", "shape", "n_train"),
    [
        ("mnist", "mnist_784", (1, 28, 28), 60_000),
        ("fashion_mnist", "Fashion-MNIST", (1, 28, 28), 60_000),
        ("cifar10", "CIFAR_10", (3, 32, 32), 50_000),
    ],
)
def test_openml_is_asked_when_there_is_no_file(
    openml, monkeypatch, name, openml_name, shape, n_train
):
    """A stand-in with one pixel set: the split and the channel order can be seen."""
    monkeypatch.delenv("DLT_DATA", raising=False)
    n = n_train + 10
    x = np.zeros((n, int(np.prod(shape))), dtype=np.uint8)
    x[n_train:, 1] = 255
    y = np.array([str(i % 10) for i in range(n)], dtype=object)
    openml.answer = x, y
    loaded = data.load(name, n_train=20)
    assert openml.calls[0][0] == openml_name
    assert loaded.x_train.shape == (20, *shape)
    assert loaded.x_test.shape == (10, *shape)
    assert loaded.x_train.sum() == 0
    assert (loaded.x_test[:, 0, 0, 1] == 1).all()
    assert sorted(loaded.y_test.tolist()) == list(range(10))


@pytest.mark.parametrize(
    "cause",
    [
        urllib.error.URLError("no route"),
        ValueError("md5 checksum"),
        TimeoutError("slow"),
    ],
)
def test_no_file_and_no_network_says_both_ways(folder, openml, cause):
    openml.answer = cause
    with pytest.raises(FileNotFoundError) as caught:
        data.load("mnist")
    message = str(caught.value)
    assert str(folder / "mnist.npz") + " does not exist" in message
    assert "set the environment variable DLT_DATA to a folder that holds" in message
    assert "connect to the network" in message
    assert caught.value.__cause__ is cause


def test_no_variable_and_no_network(openml, monkeypatch):
    monkeypatch.delenv("DLT_DATA", raising=False)
    openml.answer = urllib.error.URLError("no route")
    with pytest.raises(FileNotFoundError, match=r"DLT_DATA is not set.*no route"):
        data.load("cifar10")


def test_unknown_name_lists_the_names():
    message = "unknown data set 'minst'; allowed: digits, mnist, fashion_mnist, cifar10"
    with pytest.raises(ValueError, match=message):
        data.load("minst")


@pytest.mark.parametrize("n", [0, -1, 1401, 2.5])
def test_bad_n_train(n):
    with pytest.raises(ValueError, match=rf"n_train must .* 1\.\.1400, got {n}"):
        data.load("digits", n_train=n)


def test_bad_n_test(folder):
    np.savez(folder / "mnist.npz", **arrays())
    with pytest.raises(ValueError, match=r"n_test must .* 1\.\.20, got 21"):
        data.load("mnist", n_test=21)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_test": None}, "key 'y_test' is missing; needed: x_train, y_train,"),
        ({"x_train": np.zeros((40, 8, 8))}, "key 'x_train' must be uint8, got float64"),
        ({"y_train": np.zeros(40, int)}, "key 'y_train' must be uint8, got int64"),
        ({"x_test": np.zeros((20, 64), np.uint8)}, r"'x_test' must be .* \[20, 64\]"),
        ({"x_test": np.zeros((20, 3, 8, 8), np.uint8)}, r"'x_test' .* \[20, 3, 8, 8\]"),
        ({"y_train": np.zeros(39, np.uint8)}, r"'y_train' .* \[39\] for 40 images"),
        ({"y_train": np.zeros((40, 1), np.uint8)}, r"'y_train' must .* \[40, 1\]"),
        ({"y_test": np.full(20, 10, np.uint8)}, r"'y_test' .* labels 0\.\.9, got 10"),
        (
            {"y_test": np.array([None] * 20)},
            "key 'y_test' is unreadable: Object arrays",
        ),
    ],
)
def test_malformed_npz_names_file_and_key(folder, openml, change, message):
    stored = {k: v for k, v in {**arrays(), **change}.items() if v is not None}
    np.savez(folder / "mnist.npz", **stored)
    with pytest.raises(ValueError, match=rf"mnist\.npz: .*{message}"):
        data.load("mnist")
    assert not openml.calls


def test_empty_part(folder):
    np.savez(folder / "mnist.npz", **arrays(n_test=0))
    with pytest.raises(ValueError, match=r"'y_test' must be .* for 0 images"):
        data.load("mnist")


@pytest.mark.parametrize("damage", [lambda b: b[:500], lambda b: b"", lambda b: b"x,y"])
def test_file_that_is_no_npz(folder, damage):
    path = folder / "mnist.npz"
    np.savez(path, **arrays())
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"mnist\.npz is not a complete \.npz file"):
        data.load("mnist")


def test_flipped_bytes_are_noticed(folder):
    path = folder / "mnist.npz"
    np.savez(path, **arrays())
    content = bytearray(path.read_bytes())
    content[1000] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ValueError, match="key 'x_train' is unreadable"):
        data.load("mnist")


def test_random_labels_are_uniform_and_leave_the_rest():
    """10 classes, 1400 draws: each count 140, sd 11.2; 4 sd allowed."""
    digits = data.load("digits")
    before = digits.y_train.clone()
    shuffled = data.random_labels(digits, seed=0)
    assert (shuffled.y_train.bincount(minlength=10) - 140).abs().max() < 45
    assert abs((shuffled.y_train == before).sum().item() - 140) < 45
    assert torch.equal(digits.y_train, before)
    assert torch.equal(shuffled.x_train, digits.x_train)
    assert torch.equal(shuffled.y_test, digits.y_test)
    assert shuffled.y_train.dtype == torch.int64


@pytest.mark.parametrize("seed", [0.0, -1])
def test_a_seed_is_an_integer_from_0(seed):
    with pytest.raises(ValueError, match=f"seed must be an integer >= 0, got {seed}"):
        data.load("digits", seed=seed)
    with pytest.raises(ValueError, match=f"seed must be an integer >= 0, got {seed}"):
        data.random_labels(data.load("digits"), seed)


def test_random_labels_of_a_fraction():
    """Of 280 redrawn, 28 keep their label by chance, sd 5; and not the first 280."""
    digits = data.load("digits")
    changed = data.random_labels(digits, seed=0, fraction=0.2).y_train != digits.y_train
    assert 280 - 28 - 20 < changed.sum() <= 280 - 8
    assert changed[280:].any()


def test_random_labels_depend_on_the_seed_only():
    digits = data.load("digits")
    state = torch.get_rng_state()
    first, again, other = (data.random_labels(digits, s).y_train for s in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), state)


def test_random_labels_of_nothing():
    digits = data.load("digits")
    kept = data.random_labels(digits, seed=0, fraction=0.0).y_train
    assert torch.equal(kept, digits.y_train)


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan")])
def test_random_labels_bad_fraction(fraction):
    with pytest.raises(
        ValueError, match=rf"fraction must lie in \[0, 1\], got {fraction}"
    ):
        data.random_labels(data.load(n_train=10, n_test=10), 0, fraction=fraction)


def test_import_loads_no_scikit_learn():
    code = "import sys, helpers.data; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
