"""The command that makes the course kit."""

import pytest
from places import tool

kit = tool("kit")


def test_a_book_that_is_not_built_is_told_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(kit, "BUILD", tmp_path)
    monkeypatch.setattr(kit, "TARGET", tmp_path / "course")
    assert kit.main(["course/half_term.yml"]) == 1
    said = capsys.readouterr().err
    assert "not built as they stand: 01_linear_regions, 02_edge_of_chaos, " in said
    assert "`make book` builds them" in said
    assert not (tmp_path / "course").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["course/none.yml"], "none.yml"),
        (["course/course.yml", "hub"], "hub must be an address such as https://"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(capsys, arguments, told):
    assert kit.main(arguments) == 1
    assert told in capsys.readouterr().err


def test_too_many_arguments_are_told_what_there_is(capsys):
    assert kit.main(["a", "b", "c"]) == 2
    assert "python tools/kit.py [course/course.yml]" in capsys.readouterr().err


def test_the_plan_the_hub_and_the_times_reach_the_course(monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(kit, "seconds", lambda chapters: dict.fromkeys(chapters, 1.0))
    monkeypatch.setattr(kit, "assemble", lambda *given: asked.extend(given))
    assert kit.main(["course/half_term.yml", "https://a.b"]) == 0
    plan, sources, target = asked
    assert (len(plan.weeks), plan.hub) == (6, "https://a.b")
    assert sources.course == kit.ROOT / "course" / "half_term.yml"
    assert sources.seconds == dict.fromkeys(plan.chapters, 1.0)
    assert str(target / "index.html") in capsys.readouterr().out
