"""A whole model: its rows, its means, and the ways in which a table shows itself."""

import csv
import json
import math
import sys

import numpy as np
import pytest
import torch
from torch import nn

from helpers import heavy_tails as ht


def small_model():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(12, 16, 3), nn.Flatten(), nn.Linear(48, 40), nn.LayerNorm(40),
        nn.Linear(40, 30), nn.Linear(30, 3), nn.Embedding(50, 24),
    )  # fmt: skip


BAD = {
    "empty": (torch.empty(0, 3), "empty"),
    "nan": (torch.full((9, 9), math.nan), "81 of 81 entries are NaN or infinite"),
    "infinite": (torch.eye(9) * 1e38 * 1e38, "9 of 81 entries are NaN or infinite"),
    "zero": (torch.zeros(30, 20), "all entries are 0"),
    "all the same": (torch.ones(30, 20), "rank 1"),
    "rank 2": (torch.randn(30, 2) @ torch.randn(2, 20), "rank 2: fewer than"),
    "eye": (torch.eye(20), "constant spectrum"),
    "orthogonal": (torch.linalg.qr(torch.randn(30, 20))[0], "constant spectrum"),
    "small": (torch.randn(5, 4), "too small: 4 eigenvalues where 8 are needed"),
    "int8": (torch.ones(9, 9, dtype=torch.int8), "it holds int8, codes"),
    "meta": (torch.empty(9, 9, device="meta"), "meta device"),
    "sparse": (torch.eye(9).to_sparse(), "pass tensor.to_dense()"),
    "complex": (torch.randn(9, 9, dtype=torch.cfloat), "it is complex"),
    "too large": (torch.randn(20, 20).double() * 1e200, "whose squares are finite"),
    "nested": (
        torch.nested.nested_tensor(
            [torch.ones(2, 3), torch.ones(3, 3)], layout=torch.jagged
        ),
        "it is nested",
    ),
}  # fmt: skip


def test_every_bad_layer_has_its_row_and_the_run_goes_on():
    good = torch.randn(40, 30, generator=torch.Generator().manual_seed(0))
    state = {name: tensor for name, (tensor, _) in BAD.items()}
    table = ht.analyze_model(state | {"good": good, "bias": torch.zeros(5), "step": 3})
    rows = {row.name: row for row in table}
    assert list(rows) == [*BAD, "good"]
    for name, (_, note) in BAD.items():
        assert rows[name].note.startswith(note) or note in rows[name].note
        assert rows[name].alpha is None
        assert note in repr(table)
    assert rows["all the same"].rank == 1
    assert rows["orthogonal"].stable_rank == pytest.approx(20, rel=1e-5)
    assert table.mean_alpha == rows["good"].alpha


def test_a_row_is_the_report_of_its_layer():
    w = ht.heavy_tailed_matrix(80, 50, 1.5, seed=0)
    (row,) = ht.analyze_model({"w": torch.tensor(w)}, n_draws=20)
    report = ht.analyze(w, n_draws=20)
    for name in {*vars(row)} & {*vars(report)}:
        assert getattr(row, name) == getattr(report, name)
    assert row.phase == ht.phase(report).name
    draws = ht.bootstrap_power_law(ht.spectrum(w), n_draws=20, seed=0)
    assert row.alpha_error == draws.std(ddof=1)
    assert row.rank == 50
    (bare,) = ht.analyze_model({"w": torch.tensor(w)}, n_draws=0)
    assert (bare.alpha, bare.p, bare.phase) == (row.alpha, None, None)


def test_means_by_their_definition():
    """weightwatcher's: of alpha, and of alpha log10 lambda_max; convolutions halved."""
    net = small_model()
    table = ht.analyze_model(net, n_draws=0)
    notes = [row.note for row in table]
    assert [bool(note) for note in notes] == [False, False, False, True, False]
    slices = ht.spectrum(net[0].weight, convolution="slices").ravel()
    spectra = [slices / 2, *(ht.spectrum(net[i].weight) for i in (2, 4, 6))]
    alphas = [ht.fit_power_law(x).alpha for x in spectra]
    weighted = [a * math.log10(x.max()) for a, x in zip(alphas, spectra, strict=True)]
    assert table.mean_alpha == pytest.approx(np.mean(alphas))
    assert table.weighted_alpha == pytest.approx(np.mean(weighted))
    assert (table.rows[0].n, table.rows[0].m) == (9 * 16, 9 * 12)
    (flat, *_) = ht.analyze_model(net, n_draws=0, convolution="flatten")
    assert flat.alpha == ht.analyze(net[0].weight).alpha


def test_a_module_is_read_as_it_computes_and_left_as_it_was():
    net = nn.Sequential(*(nn.Linear(20, 20) for _ in range(4)))
    with torch.no_grad():
        net[3].weight.copy_(ht_noise(20))
    nn.utils.prune.random_unstructured(net[0], "weight", 0.5)
    nn.utils.parametrizations.weight_norm(net[1])
    nn.utils.parametrizations.spectral_norm(net[2])
    net[0].weight_orig.data.mul_(3)  # as an optimiser would; `weight` is stale
    before = {name: value.clone() for name, value in net.state_dict().items()}
    rows = {row.name: row for row in ht.analyze_model(net, n_draws=0)}
    assert list(rows) == [f"{i}.weight" for i in range(4)]
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name])
    net.eval()
    net(torch.ones(1, 20))
    for i in range(4):
        alpha = ht.analyze(net[i].weight).alpha
        assert rows[f"{i}.weight"].alpha == pytest.approx(alpha, rel=1e-4)


def ht_noise(n):
    return torch.randn(n, n, generator=torch.Generator().manual_seed(1))


def test_old_weight_norm_is_read_as_it_computes():
    torch.manual_seed(0)
    with pytest.warns(FutureWarning, match="weight_norm"):
        net = nn.utils.weight_norm(nn.Linear(20, 20))
    net.weight_v.data[0] *= 7
    (row,) = ht.analyze_model(net, n_draws=0)
    assert row.name == "weight"
    net(torch.ones(1, 20))
    assert row.alpha == pytest.approx(ht.analyze(net.weight).alpha, rel=1e-6)


def test_a_shared_weight_counts_once():
    net = nn.Sequential(nn.Embedding(30, 20), nn.Linear(20, 30))
    net[1].weight = net[0].weight
    for model in (net, net.state_dict()):
        first, second = ht.analyze_model(model, n_draws=0)
        assert first.alpha is not None
        assert second.note == "the same tensor as 0.weight"


@pytest.mark.parametrize("name", ["in_proj_weight", "c_attn.weight"])
def test_queries_keys_and_values(name):
    parts = [ht.heavy_tailed_matrix(20, 20, 2.0, seed=k) for k in range(3)]
    fused = np.concatenate(parts, axis=int(name == "c_attn.weight"))
    state = {f"attn.{name}": torch.tensor(fused), "other": torch.tensor(fused)}
    rows = ht.analyze_model(state, n_draws=0, split_qkv=True).rows
    assert [row.name for row in rows[:3]] == [f"attn.{name}[{k}]" for k in "qkv"]
    assert [row.alpha for row in rows[:3]] == [ht.analyze(w).alpha for w in parts]
    assert rows[3].alpha == ht.analyze(fused).alpha
    assert len(ht.analyze_model(state, n_draws=0)) == 2


def test_nested_states_lose_nothing():
    w = {k: torch.tensor(ht.heavy_tailed_matrix(20, 10, 2.0, seed=k)) for k in range(5)}
    state = {"model": {"a.b": w[0], "a": {"b": w[1]}, "list": [w[2]]}, "optimizer": w,
             "numpy": w[3].numpy(), "epoch": 4, "ema": nn.Linear(10, 20)}  # fmt: skip
    state["ema"].weight.data = w[4].float()
    rows = ht.analyze_model(state, n_draws=0).rows
    names = ["model.a.b", "model.a.b (2)", "model.list.0", "numpy", "ema.weight"]
    assert [row.name for row in rows] == names
    alphas = [ht.analyze(x).alpha for x in w.values()]
    assert [row.alpha for row in rows] == pytest.approx(alphas, rel=1e-5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float8_e4m3fn])
def test_short_floats_are_read(dtype):
    w = ht_noise(40).to(dtype)
    (row,) = ht.analyze_model({"w": w}, n_draws=0)
    assert row.dtype == str(dtype).removeprefix("torch.")
    assert row.alpha == pytest.approx(ht.fit_power_law(ht.spectrum(w)).alpha)


def test_float8_codes_with_scales_are_refused():
    codes = ht_noise(40).to(torch.float8_e4m3fn)
    state = {"w.weight": codes, "w.weight_scale_inv": torch.ones(1)}
    (row,) = ht.analyze_model(state, n_draws=0)
    assert row.note.endswith("scales in w.weight_scale_inv; multiply the two first")


def test_a_module_on_the_meta_device_says_so():
    with torch.device("meta"):
        net = nn.Sequential(nn.Linear(20, 20), nn.BatchNorm1d(20))
    (row,) = ht.analyze_model(net)
    assert row.note.startswith("it lies on the meta device")


def test_an_uninitialised_layer_says_so():
    net = nn.Sequential(nn.LazyLinear(9), nn.Linear(20, 20))
    rows = ht.analyze_model(net, n_draws=0).rows
    assert rows[0].note == "not initialised: run the model once first"
    assert rows[-1].alpha is not None


@pytest.fixture(scope="module")
def table():
    state = {"a<b>": ht_noise(30), "zero": torch.zeros(9, 9), "c": ht_noise(40)}
    return ht.analyze_model(state, n_draws=10)


def test_text_and_html(table):
    text = repr(table)
    lines = text.splitlines()
    assert len(lines) == 5
    assert lines[0].split()[:4] == ["layer", "shape", "alpha", "+-"]
    assert f"{table.rows[0].alpha:.3f}" in lines[1]
    assert lines[2].endswith("all entries are 0")
    assert lines[4].startswith("2 of 3 weights fitted, mean alpha")
    markup = table._repr_html_()
    assert markup.count("<tr>") == 4
    assert "a&lt;b&gt;" in markup
    assert "a<b>" not in markup


def test_csv_and_json_say_the_same(table, tmp_path):
    table.to_csv(tmp_path / "t.csv")
    table.to_json(str(tmp_path / "t.json"))
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    made = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))
    assert made["mean_alpha"] == table.mean_alpha
    for line, stored, row in zip(lines, made["layers"], table, strict=True):
        assert stored["shape"] == list(row.shape)
        assert line["name"] == stored["name"] == row.name
        assert stored["alpha"] == row.alpha
        assert line["alpha"] == ("" if row.alpha is None else repr(row.alpha))


def test_json_without_a_fit_has_no_nan(tmp_path):
    table = ht.analyze_model({"zero": torch.zeros(9, 9)})
    assert math.isnan(table.mean_alpha)
    table.to_json(tmp_path / "t.json")
    assert '"mean_alpha": null' in (tmp_path / "t.json").read_text(encoding="utf-8")
    assert repr(table).endswith("0 of 1 weights fitted")
    assert not table.plot().axes[0].lines


def test_names_stay_readable_in_json(tmp_path):
    ht.analyze_model({"größe": torch.zeros(9, 9)}).to_json(tmp_path / "t.json")
    assert '"größe"' in (tmp_path / "t.json").read_text(encoding="utf-8")


def test_plot(table, tmp_path):
    figure = table.plot()
    (ax,) = figure.axes
    drawn = {tuple(x) for line in ax.lines for x in line.get_xydata()}
    assert {(1, table.rows[0].alpha), (3, table.rows[2].alpha)} <= drawn
    assert ax.get_title(loc="left") == table.summary
    figure.savefig(tmp_path / "t.png")


def test_data_frame(table):
    pytest.importorskip("pandas")
    frame = table.to_pandas()
    assert list(frame["name"]) == [row.name for row in table]
    assert frame["alpha"].mean() == pytest.approx(table.mean_alpha)


def test_no_pandas_is_said(table, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(
        ModuleNotFoundError, match="to_pandas needs pandas: pip install"
    ):
        table.to_pandas()


NET = nn.Linear(3, 4)
REFUSED = {
    "model must be a torch.nn.Module or a state dict, got str": lambda: (
        ht.analyze_model("a.pt")
    ),
    "a state dict, got Tensor": lambda: ht.analyze_model(torch.ones(3, 3)),
    "2 dimensions or more, got none": lambda: ht.analyze_model(nn.ReLU()),
    "convolution must be 'pooled' or 'flatten', got 'all'": lambda: ht.analyze_model(
        NET, convolution="all"
    ),
    "n_draws must be an integer >= 2, got 1": lambda: ht.analyze_model(NET, n_draws=1),
    "smallest must be an integer >= 3, got 2": lambda: ht.analyze_model(
        NET, smallest=2
    ),
}


@pytest.mark.parametrize("told", REFUSED)
def test_bad_input_is_told_what_is_wrong(told):
    with pytest.raises((TypeError, ValueError)) as caught:
        REFUSED[told]()
    assert told in str(caught.value)
