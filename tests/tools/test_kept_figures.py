"""Figures that a kernel of the build keeps, for the comparison with the page."""

import pickle

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from places import tool

from helpers.explorer import explorer

SET_UP = "from helpers.explorer import explorer"
FIRST = """
import matplotlib.pyplot as plt
def draw(x, y):
    figure, ax = plt.subplots()
    ax.plot([0, 1], [x, y])
    return figure, f"{x + y}"
explorer(draw, label="First", x=[1, 2, 3, 4], y=[5, 6])
"""
SECOND = "explorer(lambda z: draw(z, z)[0], label='Second', z=[7])"


def write(path, *codes):
    cells = [nbformat.v4.new_code_cell(code) for code in codes]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """What is kept of a notebook with two explorers, in their order."""
    folder = tmp_path_factory.mktemp("kept")
    write(folder / "a.ipynb", SET_UP, FIRST, SECOND)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", "")  # as it was, after the run
        patch.setenv(tool("kernel.kept_figures").VARIABLE, "")
        patch.setenv("DLT_FRAMES", "all")
        _, _, error = tool("execute")._run(folder / "a.ipynb", folder / "figures")
    assert error is None
    files = sorted((folder / "figures").iterdir())
    return [pickle.loads(file.read_bytes()) for file in files]


def test_first_middle_and_last_state_are_kept(kept):
    assert [one["label"] for one in kept] == ["First", "Second"]
    states = {i: point for i, (point, _) in kept[0]["figures"].items()}
    assert states == {0: (1, 5), 5: (3, 6), 7: (4, 6)}
    assert [*kept[1]["figures"]] == [0]


def test_each_figure_is_that_of_its_state(kept):
    for one in kept:
        for point, figure in one["figures"].values():
            (line,) = pickle.loads(figure).axes[0].lines
            np.testing.assert_array_equal(line.get_ydata(), [point[0], point[-1]])
    plt.close("all")


def test_states_are_chosen_once():
    chosen = tool("kernel.kept_figures").chosen
    made = explorer(lambda x: plt.figure(), label="x", x=[1, 2])
    assert chosen(made) == [(1,), (2,)]
    assert chosen(explorer(lambda x: plt.figure(), label="x", x=[1])) == [(1,)]


def test_figures_are_of_the_run_whose_outputs_are_kept(tmp_path):
    """Also after an edit that was run and taken back."""
    execute, path, cache = tool("execute"), tmp_path / "a.ipynb", tmp_path / "cache"

    def labels(key):
        files = execute.figures_of(path, key, cache)
        return [pickle.loads(file.read_bytes())["label"] for file in files]

    write(path, SET_UP, FIRST)
    assert execute.execute({path: "a key"}, cache) == ([path], [])
    write(path, SET_UP, FIRST.replace("First", "Edited"))
    assert execute.execute({path: "another"}, cache) == ([path], [])
    assert labels("another") == ["Edited"]
    write(path, SET_UP, FIRST)
    assert execute.execute({path: "a key"}, cache) == ([], [])
    assert labels("a key") == ["First"]
    with pytest.raises(KeyError, match=r"a\.ipynb was not run under this key"):
        labels("another")
