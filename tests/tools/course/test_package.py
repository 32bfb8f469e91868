"""Archives and check sums."""

import hashlib
import zipfile

import pytest
from places import tool

package = tool("course.package")


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "students"
    (made / "sheets").mkdir(parents=True)
    (made / "index.html").write_text("start", encoding="utf-8")
    (made / "sheets" / "ü.ipynb").write_text("{}", encoding="utf-8")
    return made


def test_an_archive_holds_every_file_under_the_folders_name(folder, tmp_path):
    package.archive(folder, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as made:
        assert made.namelist() == ["students/index.html", "students/sheets/ü.ipynb"]
        assert made.read("students/index.html") == b"start"


def test_equal_files_make_equal_archives(folder, tmp_path):
    package.archive(folder, tmp_path / "a.zip")
    (folder / "index.html").write_text("start", encoding="utf-8")
    package.archive(folder, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_each_file_has_its_sum_and_the_sums_have_none(folder):
    package.write_sums(folder)
    package.write_sums(folder)
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    said = {name: digest for digest, _, name in (x.partition("  ") for x in lines)}
    assert said == {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("index.html", "sheets/ü.ipynb")
    }


def test_a_wheel_that_cannot_be_built_says_why(folder, tmp_path):
    (folder / "helpers").mkdir()
    for name in package.WHEEL_NEEDS:
        (folder / name).write_text("[project\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"no wheel of helpers:\n[\s\S]+"):
        package.wheel(folder, tmp_path)
