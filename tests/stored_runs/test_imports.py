"""The code behind a module: what changes its hash and what does not."""

import pytest

from helpers.stored_runs import code_hash, imported

FILES = {
    "helpers/__init__.py": "",
    "helpers/below.py": '"""What it is."""\nx = [1, 2]  # two\n',
    "helpers/style.py": "color = 1\n",
    "helpers/other.py": "y = 1\n",
    "helpers/room/__init__.py": "from helpers.room.inner import f\n",
    "helpers/room/inner.py": "def f():\n    from helpers import below, style\n",
    "helpers/room/__main__.py": "from helpers import room\n",
}


@pytest.fixture
def root(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text", "changes"),
    [
        ("helpers/below.py", '"""Other."""\nx = [\n    1,\n    2,\n]\n', False),
        ("helpers/below.py", "x = [1, 2, 3]\n", True),
        ("helpers/below.py", "x = [1, None]\n", True),
        ("helpers/room/inner.py", "def f():\n    return 1\n", True),
        ("helpers/room/__init__.py", "", True),
        ("helpers/room/__main__.py", "print()\n", False),
        ("helpers/style.py", "color = 2\n", False),
        ("helpers/other.py", "y = 2\n", False),
    ],
)
def test_only_code_that_measures_changes_the_hash(root, name, text, changes):
    before = code_hash(["helpers.room"], root)
    (root / name).write_text(text)
    assert (code_hash(["helpers.room"], root) != before) is changes


@pytest.mark.parametrize(
    "around",
    [
        "class A:\n    def f(self):\n        {}",
        "if x:\n    pass\nelif y:\n    {}",
        "for x in y:\n    pass\nelse:\n    with z:\n        {}",
        "try:\n    pass\nexcept x:\n    {}",
        "try:\n    pass\nfinally:\n    {}",
        "match x:\n    case 1:\n        {}",
    ],
)
def test_an_import_is_found_wherever_a_statement_can_stand(root, around):
    code = around.format("from helpers import below, nothing")
    assert set(imported(code, root)) == {"helpers.below"}


def test_a_loop_that_ends_earlier_is_other_code(root):
    """Layout does not count, but indentation that means something does."""
    found = set()
    for tail in ("    y += x\n", "y += x\n"):
        (root / "helpers/below.py").write_text(f"for x in z:\n    y = x\n{tail}")
        found.add(code_hash(["helpers.below"], root))
    assert len(found) == 2


def test_the_hash_is_of_a_set_of_modules_and_the_same_everywhere(root):
    """The value itself, so that another version of Python that differs is seen."""
    names = ["helpers.below", "helpers.room.__main__"]
    assert code_hash(names, root) == code_hash(names[::-1], root) == "8f542d6f15927660"


def test_a_module_that_is_not_there_is_an_error(root):
    with pytest.raises(FileNotFoundError, match="nothing"):
        code_hash(["helpers.nothing"], root)
