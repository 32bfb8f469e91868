"""A release, on a small repository of its own."""

import datetime
import json
import subprocess

import pytest
import yaml
from places import ROOT, tool

TODAY = datetime.date(2026, 9, 7)
HOME = "owner/book"
FILES = {
    "_config.yml": f"  url: https://github.com/{HOME}\n  branch: main\n",
    "README.md": f"pip install git+https://github.com/{HOME}@main\n",
    "CITATION.cff": "version: 0.1.0\nlicense: MIT\n",
    "CONTRIBUTING.md": "",
    "CHANGELOG.md": "# Changelog\n\n## Unreleased\n\n- More.\n",
    ".zenodo.json": '{\n "title": "T",\n "version": "0.1.0"\n}\n',
    "pyproject.toml": '[project]\nversion = "0.1.0"\n',
    "book/01_a.ipynb": f"github/{HOME}/blob/main/book/01_a.ipynb, {HOME}@main\n",
}


@pytest.fixture
def git(tmp_path):
    """Runs git in the small repository, returns what it prints."""
    settings = ["-c", "user.name=A", "-c", "user.email=a@b.c"]

    def run(*arguments):
        done = subprocess.run(
            ["git", *settings, *arguments],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        return done.stdout.strip()

    return run


@pytest.fixture
def release(tmp_path, monkeypatch, git):
    """The release tool, in the small repository."""
    for name in ("GIT_AUTHOR", "GIT_COMMITTER"):
        monkeypatch.setenv(f"{name}_NAME", "A")
        monkeypatch.setenv(f"{name}_EMAIL", "a@b.c")
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message", "Begin")
    made = tool("release")
    monkeypatch.setattr(made, "ROOT", tmp_path)
    monkeypatch.setattr(made.repository, "ROOT", tmp_path)
    monkeypatch.setattr(made.repository, "CONFIG", tmp_path / "_config.yml")
    return made


def test_the_tag_carries_one_version_everywhere(release, git):
    assert release.release("2026.1", TODAY, ["true"]) == "v2026.1"
    released = {name: git("show", f"v2026.1:{name}") for name in FILES}
    assert released["_config.yml"].endswith("branch: v2026.1")
    assert released["README.md"].endswith(f"{HOME}@v2026.1")
    badge = f"github/{HOME}/blob/v2026.1/book/01_a.ipynb, {HOME}@v2026.1"
    assert released["book/01_a.ipynb"] == badge
    heading = "## Unreleased\n\n## 2026.1 (2026-09-07)\n\n- More."
    assert released["CHANGELOG.md"].endswith(heading)
    citation = yaml.safe_load(released["CITATION.cff"])
    assert (citation["version"], citation["date-released"]) == ("2026.1", TODAY)
    assert json.loads(released[".zenodo.json"])["version"] == "2026.1"
    assert released["pyproject.toml"].endswith('version = "2026.1"')


def test_afterwards_the_branch_is_opened_again_and_keeps_the_version(
    release, git, tmp_path
):
    release.release("2026.1", TODAY, ["true"])
    for name in ("_config.yml", "README.md", "book/01_a.ipynb"):
        assert (tmp_path / name).read_text(encoding="utf-8") == FILES[name]
    assert 'version = "2026.1"' in (tmp_path / "pyproject.toml").read_text(
        encoding="utf-8"
    )
    assert git("status", "--porcelain") == ""
    said = git("log", "--format=%s").splitlines()
    assert said == ["Open main again after 2026.1", "Release 2026.1", "Begin"]


def test_a_second_release_has_one_date(release, git):
    release.release("2026.1", TODAY, ["true"])
    release.release("2026.2", datetime.date(2027, 3, 1), ["true"])
    citation = git("show", "v2026.2:CITATION.cff")
    assert citation == 'version: "2026.2"\ndate-released: 2027-03-01\nlicense: MIT'


def test_the_test_sees_the_files_of_the_release(release):
    looks = ["grep", "--quiet", "v2026.1", "README.md"]
    assert release.release("2026.1", TODAY, looks) == "v2026.1"


@pytest.mark.parametrize("test", [["false"], ["grep", "v9", "README.md"]])
def test_a_red_test_leaves_everything_as_it_was(release, git, tmp_path, test):
    with pytest.raises(release.RefusedError, match="` fails: no release"):
        release.release("2026.1", TODAY, test)
    assert {
        name: (tmp_path / name).read_text(encoding="utf-8") for name in FILES
    } == FILES
    assert (git("tag"), git("status", "--porcelain")) == ("", "")
    assert git("log", "--format=%s") == "Begin"


def test_a_file_that_is_not_committed_is_named(release, tmp_path):
    (tmp_path / "new.md").touch()
    with pytest.raises(release.RefusedError, match=r"commit these first.*\n\?\? new"):
        release.release("2026.1", TODAY, ["true"])
    assert (tmp_path / "new.md").exists()


def test_a_version_that_is_there_is_refused(release, git):
    git("tag", "v2026.1")
    with pytest.raises(release.RefusedError, match=r"there is a tag v2026\.1 already"):
        release.release("2026.1", TODAY, ["true"])


def test_without_a_name_for_the_commit_no_test_is_run(
    release, git, tmp_path, monkeypatch
):
    git("config", "user.useConfigOnly", "true")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    for name in ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL"):
        monkeypatch.delenv(f"GIT_{name}")
    ran = tmp_path.parent / "ran"
    with pytest.raises(release.RefusedError, match="git var fails: "):
        release.release("2026.1", TODAY, ["touch", str(ran)])
    assert not ran.exists()


@pytest.mark.parametrize("version", ["", "v2026.1", "2026", "2026.1 ", "2026.1-a"])
def test_what_is_no_version_is_refused(release, version):
    with pytest.raises(release.RefusedError, match=r"a version is written as 2026\.1"):
        release.release(version, TODAY, ["true"])


def test_a_file_without_a_place_for_the_version_is_named(release, git, tmp_path):
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n", encoding="utf-8")
    git("commit", "--all", "--quiet", "--message", "Cut")
    with pytest.raises(release.RefusedError, match=r"CHANGELOG.md has no line"):
        release.release("2026.1", TODAY, ["true"])
    assert git("status", "--porcelain") == ""


def test_the_command_says_why_it_refuses(release, capsys):
    assert release.main(["one"]) == 1
    assert "got 'one'" in capsys.readouterr().err
    assert release.main([]) == 2
    assert "python tools/release.py 2026.1" in capsys.readouterr().err


def test_every_file_of_the_book_has_a_place_for_the_version():
    release = tool("release")
    for name, (place, _) in release.VERSIONS.items():
        assert release.re.search(
            place, (ROOT / name).read_text(encoding="utf-8"), release.re.M
        ), name


def test_the_weekly_run_tries_main_and_the_last_release():
    text = (ROOT / ".github" / "workflows" / "colab.yml").read_text(encoding="utf-8")
    job = yaml.safe_load(text)["jobs"]["run"]
    assert job["strategy"]["matrix"]["which"] == ["main", "last release"]
    assert any("git checkout" in step.get("run", "") for step in job["steps"])
