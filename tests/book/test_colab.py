"""What Colab does: the set-up cell installs the helpers and a chapter runs alone.

The environment holds Colab's versions (requirements-colab.txt); the repository's
address is turned to a copy on this machine, so that nothing leaves it.
"""

import json
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient
from places import ROOT, tool

COLAB = ROOT / ".venv-colab"
CHAPTER = ROOT / "book" / "03_well_behaved.ipynb"
"""The one that runs in the shortest time."""
GIT = ("git", "-c", "user.name=reader", "-c", "user.email=reader@example.org")


def site_packages(environment):
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return environment / "lib" / version / "site-packages"


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """An environment with nothing of its own, on top of Colab's packages."""
    if not COLAB.exists():
        pytest.fail("no .venv-colab: `make test` makes it")
    folder = tmp_path_factory.mktemp("colab") / "env"
    python = str(COLAB / "bin" / "python")
    subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True)
    (site_packages(folder) / "colab.pth").write_text(
        str(site_packages(COLAB)), encoding="utf-8"
    )
    google = site_packages(folder) / "google" / "colab"
    google.mkdir(parents=True)
    (google / "__init__.py").touch()
    (site_packages(folder) / "sitecustomize.py").write_text(
        "import google.colab\n", encoding="utf-8"
    )
    return folder


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A copy of the tracked and new files as a repository of one commit.

    It is on the branch that set-up cells name: in a release, that is the tag.
    """
    folder = tmp_path_factory.mktemp("repository")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
        encoding="utf-8",
    ).stdout.split("\n")  # fmt: skip
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    _, branch = tool("repository").current()
    subprocess.run([*GIT, "init", "-q", "-b", branch], cwd=folder, check=True)
    subprocess.run([*GIT, "add", "-A"], cwd=folder, check=True)
    subprocess.run([*GIT, "commit", "-q", "-m", "copy"], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def kernel(environment, repository, tmp_path_factory):
    """A kernel of that environment: fetches from the copy, and from nowhere else."""
    jupyter = tmp_path_factory.mktemp("jupyter")
    spec = {
        "argv": [str(environment / "bin" / "python"), "-m", "ipykernel_launcher", "-f",
                 "{connection_file}"],
        "display_name": "colab",
        "language": "python",
        "env": {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{repository}.insteadOf",
            "GIT_CONFIG_VALUE_0": address(),
            "PIP_NO_INDEX": "1",
            "PIP_NO_BUILD_ISOLATION": "0",
            "PYTHONPATH": "",
        },
    }  # fmt: skip
    folder = jupyter / "kernels" / "colab"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    return jupyter


def address():
    config = (ROOT / "_config.yml").read_text(encoding="utf-8")
    return config.partition("  url: ")[2].partition("\n")[0]


def test_a_chapter_runs_alone_as_on_colab(environment, kernel, tmp_path, monkeypatch):
    """The set-up cell brings the helpers and nothing else; every cell then runs."""
    monkeypatch.setenv("JUPYTER_PATH", str(kernel))
    shutil.copy(CHAPTER, tmp_path)
    notebook = nbformat.read(tmp_path / CHAPTER.name, as_version=4)
    with tool("execute").kernel_of_its_own() as config:
        NotebookClient(
            notebook,
            kernel_name="colab",
            timeout=180,
            resources={"metadata": {"path": tmp_path}},
            config=config,
        ).execute()
    installed = {item.name for item in site_packages(environment).glob("*.dist-info")}
    assert len(installed) == 1
    assert installed.pop().startswith("deep_learning_theory_helpers-")
