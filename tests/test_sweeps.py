"""Tests of helpers.sweeps."""

import dataclasses
import functools
import importlib.util
import os
import threading

import counting
import joblib
import numpy as np
import pytest
import torch

from helpers.sweeps import SweepError, sweep

GRID = {"width": [1, 2], "noise": [0.0, 0.5, 1.0]}
QUIET = {"progress": False, "n_jobs": 1}
SCALE = 2.0


def noisy(seed, width, noise):
    """One number of a seeded normal law, scaled by the point."""
    return width + noise * np.random.default_rng(seed).normal()


def vector(seed, width, noise):
    """A dict of an array and a torch scalar."""
    draws = np.random.default_rng(seed).normal(size=3)
    return {"draws": draws * width, "noise": torch.tensor(noise)}


def fails_at_two(seed, width):
    if (width, seed) == (2, 1):
        raise ArithmeticError("no square root")
    return width


def scaled(seed):
    return SCALE * seed


def counted(seed, width):
    """Count the call, elsewhere: what a function counts in itself it also reads."""
    counting.note((width, seed))
    return 10 * width + seed


@pytest.fixture
def calls():
    """The calls of `counted`; it interrupts those beyond `counting.limit`."""
    counting.forget()
    return counting.calls


def test_values_follow_grid_and_seeds():
    result = sweep(noisy, GRID, range(4), **QUIET)
    assert result.grid == {"width": (1, 2), "noise": (0.0, 0.5, 1.0)}
    assert result.seeds == (0, 1, 2, 3)
    assert result.values.shape == (2, 3, 4)
    for i, width in enumerate(GRID["width"]):
        for j, noise in enumerate(GRID["noise"]):
            expected = [noisy(seed, width, noise) for seed in range(4)]
            assert result.values[i, j].tolist() == expected


def test_dict_results_become_one_array_each():
    result = sweep(vector, GRID, [5, 7], **QUIET)
    assert result.values["draws"].shape == (2, 3, 2, 3)
    assert result.values["noise"].shape == (2, 3, 2)
    expected = vector(7, 2, 0.5)["draws"].tolist()
    assert result.values["draws"][1, 1, 1].tolist() == expected
    assert result.values["noise"][0, :, 0].tolist() == GRID["noise"]


def test_mean_and_standard_error():
    """For 1, 2, 3, 6: mean 3, sample variance 14/3, standard error sqrt(14/12)."""
    result = sweep(
        lambda seed, sign: sign * seed, {"sign": [1, -1]}, [1, 2, 3, 6], **QUIET
    )
    np.testing.assert_allclose(result.mean(), [3, -3])
    np.testing.assert_allclose(result.stderr(), [(14 / 12) ** 0.5] * 2)


def test_mean_and_standard_error_of_dicts():
    result = sweep(vector, GRID, [0, 1], **QUIET)
    mean, stderr = result.mean()["draws"], result.stderr()["draws"]
    assert mean.shape == stderr.shape == (2, 3, 3)
    draws = result.values["draws"]
    np.testing.assert_allclose(stderr, abs(draws[..., 0, :] - draws[..., 1, :]) / 2)
    assert result.stderr()["noise"].max() == 0


def test_one_seed_has_no_standard_error():
    result = sweep(noisy, GRID, [0], **QUIET)
    np.testing.assert_array_equal(result.mean(), result.values[..., 0])
    with pytest.raises(ValueError, match="stderr needs at least 2 seeds, got 1"):
        result.stderr()


def test_empty_grid_has_one_point():
    result = sweep(lambda seed: seed**2, {}, [2, 3], **QUIET)
    assert result.values.tolist() == [4, 9]
    assert result.mean() == 6.5


def test_numpy_grids_reach_the_function_as_python_numbers():
    kinds = []
    grid = {"a": np.arange(2), "b": np.linspace(0, 1, 2)}
    result = sweep(
        lambda seed, a, b: kinds.append((type(a), type(b))) or a + b,
        grid,
        np.arange(1),
        **QUIET,
    )
    assert set(kinds) == {(int, float)}
    assert result.values[..., 0].tolist() == [[0, 1], [1, 2]]
    assert result.grid["a"] == (0, 1)


def test_sweep_is_frozen():
    result = sweep(noisy, GRID, [0], **QUIET)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.values = None


@pytest.mark.parametrize("config", [{"n_jobs": 2}, {"backend": "threading"}])
def test_numbers_do_not_depend_on_the_workers(config):
    here = sweep(vector, GRID, range(3), **QUIET)
    with joblib.parallel_config(**config):
        there = sweep(vector, GRID, range(3), progress=False)
    for key, array in here.values.items():
        assert there.values[key].tobytes() == array.tobytes()


def test_processes_on_all_cores_by_default():
    """A closure of this test travels to other processes, if there are cores."""
    parent = os.getpid()
    away = sweep(lambda seed: os.getpid() != parent, {}, range(4), progress=False)
    assert away.values.tolist() == [joblib.cpu_count() > 1] * 4


def test_workers_have_one_thread_each():
    with joblib.parallel_config(backend="loky", n_jobs=2, inner_max_num_threads=2):
        threads = sweep(
            lambda seed: torch.get_num_threads(), {}, range(4), progress=False
        )
    assert threads.values.tolist() == [1] * 4


def test_one_thread_in_this_process_too_and_put_back():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        result = sweep(lambda seed: torch.get_num_threads(), {}, [0], **QUIET)
        assert result.values.tolist() == [1]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_caller_config_sets_the_number_of_jobs():
    with joblib.parallel_config(n_jobs=1):
        pids = sweep(lambda seed: os.getpid(), {}, range(3), progress=False)
    assert pids.values.tolist() == [os.getpid()] * 3


def test_caller_config_sets_the_backend():
    with joblib.parallel_config(backend="threading", n_jobs=2):
        result = sweep(
            lambda seed: {"pid": os.getpid(), "thread": threading.get_ident()},
            {},
            range(4),
            progress=False,
        )
    assert (result.values["pid"] == os.getpid()).all()
    assert (result.values["thread"] != threading.get_ident()).all()


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("dask.distributed")
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=False,
            dashboard_address="127.0.0.1:0",
        ) as local,
        distributed.Client(local) as client,
    ):
        yield client


def test_dask_cluster_gives_the_same_numbers(cluster, tmp_path):
    here = sweep(vector, GRID, range(3), **QUIET)
    with joblib.parallel_config(backend="dask"):
        there = sweep(vector, GRID, range(3), cache=tmp_path, progress=False)
        names = sweep(
            lambda seed: {"worker": "Dask" in threading.current_thread().name},
            {},
            range(4),
            progress=False,
        )
    for key, array in here.values.items():
        assert there.values[key].tobytes() == array.tobytes()
    assert names.values["worker"].all()
    assert len(list(tmp_path.glob("*.npz"))) == 18


def test_dask_failure_names_the_point(cluster):
    with (
        joblib.parallel_config(backend="dask"),
        pytest.raises(SweepError, match=r"\{'width': 2\}, seed 1: ArithmeticError"),
    ):
        sweep(fails_at_two, {"width": [1, 2]}, range(3), progress=False)


@pytest.mark.parametrize("done", [0, 1, 4])
def test_interrupted_sweep_resumes_and_loses_nothing(tmp_path, calls, done):
    counting.limits.append(done)
    grid, options = {"width": [1, 2]}, {**QUIET, "cache": tmp_path}
    with pytest.raises(KeyboardInterrupt):
        sweep(counted, grid, range(3), **options)
    assert len(calls) == done
    counting.limits.clear()
    result = sweep(counted, grid, range(3), **options)
    assert sorted(calls) == [(w, s) for w in (1, 2) for s in range(3)]
    assert result.values.tolist() == [[10, 11, 12], [20, 21, 22]]


def test_interrupt_of_the_caller_among_processes(tmp_path, monkeypatch):
    """The bar raises after 3 results, as Ctrl-C does; those 3 are kept."""

    def interrupted(results, *_, **__):
        for i, result in enumerate(results):
            if i == 3:
                raise KeyboardInterrupt
            yield result

    with monkeypatch.context() as patch:
        patch.setattr("helpers.sweeps.tqdm", interrupted)
        with pytest.raises(KeyboardInterrupt):
            sweep(noisy, GRID, range(4), cache=tmp_path, n_jobs=2)
    assert len(list(tmp_path.glob("*.npz"))) == 3
    again = sweep(noisy, GRID, range(4), cache=tmp_path, **QUIET)
    expected = sweep(noisy, GRID, range(4), **QUIET).values
    assert again.values.tobytes() == expected.tobytes()


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_failure_names_point_and_seed_and_keeps_the_finished(tmp_path, n_jobs):
    grid = {"width": [1, 2]}
    message = (
        r"fails_at_two failed at \{'width': 2\}, seed 1: Arithm.*\('no square root"
    )
    with pytest.raises(SweepError, match=message) as caught:
        sweep(
            fails_at_two, grid, range(3), cache=tmp_path, n_jobs=n_jobs, progress=False
        )
    assert "in fails_at_two" in caught.value.__notes__[0]
    assert len(list(tmp_path.glob("*.npz"))) >= 4


def test_calls_under_way_at_a_failure_are_kept(tmp_path, monkeypatch):
    """Seed 1 ends only after the caller has dealt with the failure of seed 0."""
    counting.forget()

    def bar(results, *_, **__):
        for result in results:
            yield result
            counting.dealt_with.set()

    def fn(seed):
        return counting.wait() if seed else 1 / seed

    monkeypatch.setattr("helpers.sweeps.tqdm", bar)
    with (
        joblib.parallel_config(backend="threading", n_jobs=2),
        pytest.raises(SweepError, match="seed 0: ZeroDivisionError"),
    ):
        sweep(fn, {}, [0, 1], cache=tmp_path)
    assert len(list(tmp_path.glob("*.npz"))) == 1


def test_no_call_is_started_after_a_failure():
    calls = []

    def fn(seed):
        calls.append(seed)
        return 1 / (seed - 2)

    with pytest.raises(SweepError, match="ZeroDivisionError"):
        sweep(fn, {}, range(50), **QUIET)
    assert calls == [0, 1, 2]


def test_cached_values_are_the_same_and_need_no_call(tmp_path, calls):
    options = {**QUIET, "cache": tmp_path / "new" / "folder"}
    first = sweep(counted, {"width": [1, 2]}, range(3), **options)
    again = sweep(counted, {"width": [1, 2]}, range(3), **options)
    assert len(calls) == 6
    assert again.values.tobytes() == first.values.tobytes()
    assert again.values.dtype == first.values.dtype


def test_cached_dicts_and_odd_keys(tmp_path):
    def fn(seed):
        return {"file": seed, "a/b": np.arange(3) + seed, "é ": 1j}

    fresh, cached = (sweep(fn, {}, [0, 1], cache=tmp_path, **QUIET) for _ in range(2))
    assert fresh.values.keys() == cached.values.keys() == {"file", "a/b", "é "}
    for key, array in fresh.values.items():
        assert cached.values[key].tobytes() == array.tobytes()


def test_larger_grid_computes_only_what_is_new(tmp_path, calls):
    options = {**QUIET, "cache": tmp_path}
    sweep(counted, {"width": [1, 2]}, [0, 1], **options)
    sweep(counted, {"width": [2, 3]}, [1, 2], **options)
    assert len(calls) == len(set(calls)) == 4 + 3


def test_without_cache_every_call_is_made(calls):
    for _ in range(2):
        sweep(counted, {"width": [1]}, range(3), **QUIET)
    assert len(calls) == 6


@pytest.mark.parametrize(
    "damage",
    [
        lambda content, value: content[: len(content) // 2],
        lambda content, value: b"",
        lambda content, value: b"not a zip",
        lambda content, value: content.replace(value.tobytes(), bytes(8)),
    ],
    ids=["truncated", "empty", "text", "other number"],
)
def test_damaged_file_is_computed_again(tmp_path, calls, damage):
    options = {**QUIET, "cache": tmp_path}
    first = sweep(counted, {"width": [1]}, [7], **options)
    (path,) = tmp_path.glob("*.npz")
    path.write_bytes(damage(path.read_bytes(), first.values))
    for _ in range(2):
        again = sweep(counted, {"width": [1]}, [7], **options)
        assert again.values.tolist() == [[17]]
    assert calls == [(1, 7)] * 2


def test_unfinished_write_leaves_no_result(tmp_path, monkeypatch):
    def broken(file, **arrays):
        file.write(b"half")
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr("helpers.sweeps.np.savez", broken)
        with pytest.raises(OSError, match="disk full"):
            sweep(noisy, GRID, [0], cache=tmp_path, **QUIET)
    assert list(tmp_path.iterdir()) == []


def test_cache_sees_source_captured_values_and_defaults(tmp_path):
    def make(factor, function, shift, by=0):
        return lambda seed, a=shift, *, b=by: factor * function(seed) + a + b

    choices = [
        (1, abs, 0),
        (2, abs, 0),
        (np.int64(2), abs, 0),
        (np.int64(3), abs, 0),
        (1, np.negative, 0),
        (1, abs, 5),
        (1, abs, 0, 6),
    ]
    functions = [make(*choice) for choice in choices]
    options = {**QUIET, "cache": tmp_path}
    values = [sweep(fn, {}, [3], **options).values.item() for fn in functions]
    assert values == [3, 6, 6, 9, -3, 8, 9]


def test_cache_sees_an_edit_of_the_source(tmp_path):
    """An inner function changes: the outer code and its plain constants do not."""
    path, values = tmp_path / "edited.py", []
    for number in (1, 22):
        path.write_text(
            f"def fn(seed):\n    return (lambda: {number})()\n", encoding="utf-8"
        )
        spec = importlib.util.spec_from_file_location("edited", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        options = {**QUIET, "cache": tmp_path / "cache"}
        values.append(sweep(module.fn, {}, [0], **options).values.item())
    assert values == [1, 22]


def test_cache_sees_globals(tmp_path, monkeypatch):
    options = {**QUIET, "cache": tmp_path}
    assert sweep(scaled, {}, [3], **options).values.item() == 6
    monkeypatch.setattr(f"{__name__}.SCALE", 3.0)
    assert sweep(scaled, {}, [3], **options).values.item() == 9


def test_cache_sees_settings_that_change(tmp_path):
    """What `fingerprint` sees, through the cache: see test_fingerprints.py."""
    cfg = {"lr": 0.1}
    functions = [
        lambda seed: cfg["lr"] * seed,
        functools.partial(lambda seed, given: given["lr"] * seed, given=cfg),
        Settings(cfg).rate,
        Settings(cfg),
    ]
    options = {**QUIET, "cache": tmp_path}
    for lr in (0.1, 0.5, 0.1):
        cfg["lr"] = lr
        values = [sweep(fn, {}, [3], **options).values.item() for fn in functions]
        assert values == [lr * 3] * 4
    assert len(list(tmp_path.glob("*.npz"))) == 8


class Settings:
    """Holds settings that its methods read."""

    def __init__(self, cfg):
        self.cfg = cfg

    def rate(self, seed):
        return self.cfg["lr"] * seed

    def __call__(self, seed):
        return self.rate(seed)


def test_cache_names_what_it_cannot_compare(tmp_path):
    lock = threading.Lock()
    with pytest.raises(ValueError, match="cache cannot compare 'lock', a lock that fn"):
        sweep(lambda seed: lock.locked(), {}, [0], cache=tmp_path, **QUIET)
    assert sweep(lambda seed: lock.locked(), {}, [0], **QUIET).values.tolist() == [0]


def test_cache_tells_lambdas_on_one_line_apart(tmp_path):
    options = {**QUIET, "cache": tmp_path}
    # fmt: off
    functions = [lambda seed: 1, lambda seed: 2, lambda seed: seed + 2, lambda seed: seed * 2, lambda seed: np.sin(seed), lambda seed: np.cos(seed)]  # noqa: E501
    # fmt: on
    values = [sweep(fn, {}, [0], **options).values.item() for fn in functions]
    assert values == [1, 2, 2, 0, 0, 1]


def test_cache_needs_readable_source(tmp_path):
    for fn in (eval("lambda seed: seed"), np.sin):
        with pytest.raises(
            ValueError, match="cache needs fn to be a def or lambda with"
        ):
            sweep(fn, {}, [0], cache=tmp_path, **QUIET)


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({"seed": [1]}, "grid must not hold 'seed', that is what seeds is for"),
        ({"width": []}, r"grid\['width'\] must be a non-empty sequence .*, got \[\]"),
        ({"width": "relu"}, r"grid\['width'\] must be a non-empty .*, got 'relu'"),
        ({"width": [torch.nn.ReLU()]}, r"grid\['width'\] must hold .*, got \(ReLU\(\)"),
        ({"width": [(1, {})]}, r"grid\['width'\] must hold numbers, strings, None or"),
    ],
)
def test_bad_grid(grid, message):
    with pytest.raises(ValueError, match=message):
        sweep(noisy, grid, [0], **QUIET)


@pytest.mark.parametrize("seeds", [[], [1, 2, 1]])
def test_bad_seeds(seeds):
    with pytest.raises(
        ValueError, match="seeds must be at least one, all distinct, got"
    ):
        sweep(noisy, GRID, seeds, **QUIET)
    with pytest.raises(TypeError, match="float"):
        sweep(noisy, GRID, [0.5], **QUIET)


@pytest.mark.parametrize(
    "value", [None, "text", {}, {1: 2.0}, {"a": None}, {"": 1}, [[1], [1, 2]]]
)
def test_bad_result_names_the_point(value):
    with pytest.raises(SweepError, match=r"failed at \{\}, seed 4: .*Error\("):
        sweep(lambda seed: value, {}, [4], **QUIET)


def test_results_of_different_shapes():
    message = r"shapes must equal .*\(1,\)\} at \(\{\}, 1\); got .*\(2,\)\} at .* 2\)"
    with pytest.raises(ValueError, match=message):
        sweep(lambda seed: np.zeros(seed), {}, [1, 2], **QUIET)


def test_progress_goes_to_stderr_and_counts_what_is_to_do(tmp_path, capsys):
    options = {"n_jobs": 1, "cache": tmp_path}
    sweep(noisy, GRID, [0], **options)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "0/6" in captured.err
    sweep(noisy, GRID, [0, 1, 2], progress=False, **options)
    assert capsys.readouterr().err == ""
