"""One address of the repository, the same wherever it stands."""

import re

import pytest
from places import ROOT, tool

ADDRESS = re.compile(
    r"github(?:\.com)?/([\w.-]+/[\w.-]+?)(?:\.git)?(?=[/@\s\"'\\)#>]|$)"
)


@pytest.fixture
def repository():
    return tool("repository")


def test_every_file_names_the_same_repository(repository):
    name, branch = repository.current()
    owner = name.partition("/")[0]
    for path in repository.files_that_repeat_it():
        text = path.read_text(encoding="utf-8")
        ours = [a for a in ADDRESS.findall(text) if a.partition("/")[0] == owner]
        assert set(ours) == {name} or not ours, path
        assert not re.search(rf"{re.escape(name)}/blob/(?!{branch}/)", text), path
        assert not re.search(rf"{re.escape(name)}@(?!{branch}\b)", text), path


@pytest.mark.parametrize("where", ["README.md", "CITATION.cff", "_config.yml"])
def test_the_address_stands_where_a_reader_looks(repository, where):
    assert repository.current()[0] in (ROOT / where).read_text(encoding="utf-8")


def test_set_up_cells_install_from_the_repository(repository):
    name, branch = repository.current()
    for path in (ROOT / "book").glob("[0-9]*.ipynb"):
        assert f"git+https://github.com/{name}@{branch}" in path.read_text(
            encoding="utf-8"
        )


def test_a_fork_is_named_everywhere_and_back_again(repository):
    old, new = repository.current(), ("lecturer/my-book", "spring")
    for path in repository.files_that_repeat_it():
        text = path.read_text(encoding="utf-8")
        forked = repository.moved(text, old, new)
        assert old[0] not in forked
        assert repository.moved(forked, new, old) == text


def test_a_malformed_address_is_refused(repository, capsys):
    assert repository.main(["not-an-address"]) == 2
    assert "owner/name" in capsys.readouterr().err
