"""The texts of slides: what is shown, what is said, where a sentence ends."""

import pytest
from places import tool

text = tool("course.slides_text")


def told(markdown):
    return text.told(text.blocks(markdown))


def test_a_formula_takes_its_lead_and_its_end_along():
    found = told("Sure. We then have\n\n$$a$$\n\nwhere $b$ is. And so on.")
    assert found.shown == ("We then have\n\n$$a$$\n\nwhere $b$ is.",)
    assert found.said == "Sure. We then have\n\nwhere $b$ is. And so on."


def test_the_formulas_of_a_proof_are_said_unless_they_are_boxed():
    found = told("*Proof.* Let\n\n$$a$$\n\n$$b$$\n\n*Proof.* Let\n\n$$\\boxed c$$")
    assert found.shown == ("Let\n\n$$\\boxed c$$",)
    assert "$$a$$" in found.said
    assert "$$b$$" in found.said


def test_prose_is_said_and_its_bold_words_are_shown():
    found = told(
        "A **toy** is red. It rolls.\n\nNo. **here six words are in bold**. Or."
    )
    assert found.shown == ("A **toy** is red.", "**Here six words are in bold.**")
    assert found.said.startswith("A **toy** is red. It rolls.")


def test_a_long_item_ends_with_a_sentence_and_a_theorem_stays_whole():
    end = "So **it was said at the end**."
    long = f"**Toys.** {'They are small. ' * 30}{end}"
    found = told(long)
    assert len(found.shown[0].split()) <= text.LONGEST + len(end.split())
    assert found.shown[0].endswith(f"small. {end}")
    assert found.said == long
    theorem = long.replace("Toys", "Theorem 2")
    assert told(theorem) == text.Told((theorem,))
    found = told(f"- short\n- {long}")
    assert found.shown[0].startswith("- short\n- **Toys.** They are small.")


@pytest.mark.parametrize(
    ("paragraph", "expected"),
    [
        ("One. Two (see A. B. Lee et al. 2020). Three?", 3),
        ("Here $f(x). Y$ ends. So.", 2),
        ("**Bold. Still bold.** Next.", 2),
        ("None", 1),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(paragraph, expected):
    found = text.sentences(paragraph)
    assert len(found) == expected
    assert " ".join(found) == paragraph


def test_a_full_stop_stays_with_its_formula():
    assert text.inline_html("It is $q<1$, and $r$ (so $s$).") == (
        'It is <span class="unbroken"><span class="math inline">\\(q&lt;1\\)</span>,'
        '</span> and <span class="math inline">\\(r\\)</span> (so <span class='
        '"unbroken"><span class="math inline">\\(s\\)</span>).</span>'
    )


def test_links_stay_if_they_lead_out_of_the_book():
    found = text.html("[a](https://a.org) [b](b.md) $x<y$")
    assert found.count("<a ") == 1
    assert "b \\(x&lt;y\\)" in found.replace("</span>", "").replace(
        '<span class="math inline">', ""
    )
