"""The built site: every page there, whole without a network, readable by everyone."""

import re
from itertools import groupby
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from places import (
    CHAPTER_PAGES,
    CHAPTERS,
    CLAIMING,
    PHONE,
    ROOT,
    SITE,
    TYPESET,
    WIDE,
    parsed,
    tool,
)

from helpers.stored_runs import notebook_of, since, stored_files

LOADED = {
    "script": "src",
    "img": "src",
    "link": "href",
    "iframe": "src",
    "source": "src",
}


@pytest.fixture(scope="module")
def every_page(site):
    names = [path.relative_to(site).as_posix() for path in site.glob("book/**/*.html")]
    return {name: parsed(site, name) for name in names}


def test_every_page_of_the_contents_is_built(every_page):
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files = [entry["file"] for part in contents["parts"] for entry in part["chapters"]]
    assert {f"{file}.html" for file in [contents["root"], *files]} <= set(every_page)
    assert {f"book/{name}" for name in CHAPTERS} <= set(files)


def test_nothing_is_loaded_from_another_host(every_page):
    for name, page in every_page.items():
        for tag, attribute in LOADED.items():
            for node in page.find_all(tag, **{attribute: True}):
                loads = node.get("rel") != ["canonical"]
                url = node[attribute]
                assert not (loads and re.match(r"(https?:)?//", url)), (name, str(node))
        scripts = "".join(script.text for script in page.find_all("script", src=False))
        assert "unpkg" not in scripts, name


def test_styles_import_nothing_from_another_host(site):
    for style in site.glob("_static/**/*.css"):
        text = style.read_text(errors="replace", encoding="utf-8")
        assert not re.search(r"(@import|url\()\s*['\"]?(https?:)?//", text), style


def test_no_link_is_dead(site, every_page):
    ids = {
        name: {node["id"] for node in page.find_all(id=True)}
        for name, page in every_page.items()
    }
    for name, page in every_page.items():
        for link in page.find_all("a", href=True):
            url = urlsplit(link["href"])
            if url.scheme or link["href"] == "#":
                continue
            path = (site / name).parent / unquote(url.path) if url.path else site / name
            target = path.resolve()
            assert target.exists(), (name, link["href"])
            page_name = target.relative_to(site.resolve()).as_posix()
            state = re.fullmatch(
                r"explorer-\d+:.+", url.fragment
            )  # see test_teaching.py
            if url.fragment and page_name in ids and not state:
                assert unquote(url.fragment) in ids[page_name], (name, link["href"])


def test_a_mention_of_another_chapter_is_a_link_to_it(site):
    article = parsed(site, "book/how_they_meet.html").find("article")
    mention = re.compile(r"[Cc]hapter (\d+)")
    links = [link for link in article("a") if mention.fullmatch(link.text)]
    assert len(links) == sum(len(mention.findall(p.text)) for p in article("p")) > 10
    for link in links:
        number = int(mention.fullmatch(link.text)[1])
        assert link["href"].startswith(f"{number:02d}_")


def test_every_figure_has_alternative_text(every_page):
    for name, page in every_page.items():
        for image in page.find("article").find_all("img"):
            decoration = image.find_parent(class_="chapter-card")
            assert decoration or len(image.get("alt", "")) > 10, (
                name,
                str(image)[:200],
            )


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_keeps_to_its_budget(site, name):
    """90 s, and 45 s for the frames; 1.5 GB of memory; 1.5 MB with all explorers and
    figures."""
    path = ROOT / "book" / f"{name}.ipynb"
    build = tool("build")
    known = {path: tool("keys").key(path, build.SETTINGS)}
    cost = tool("execute").costs(known, build.BUILD / build.CACHE)[path]
    assert cost.seconds < 90 + 45
    assert cost.megabytes < 1500
    assert build.page_megabytes(path, build.BUILD) < 1.5


@pytest.mark.parametrize("page", CHAPTER_PAGES)
def test_a_chapter_offers_colab_and_its_notebook(site, page):
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))[
        "repository"
    ]
    repository = config["url"].removeprefix("https://github.com/")
    notebook = page.replace(".html", ".ipynb")
    colab = (
        "https://colab.research.google.com/github/"
        f"{repository}/blob/{config['branch']}/{notebook}"
    )
    links = {link["href"] for link in parsed(site, page).find_all("a", href=True)}
    assert colab in links
    assert f"../_sources/{notebook}" in links


def test_the_ledger_holds_every_claim_of_every_chapter(site):
    ledger = parsed(site, "book/ledger.html")
    linked = {
        link["href"].partition("#")[2]
        for link in ledger.select("details.claim a[href*='#claim-']")
    }
    made = {
        row["id"]
        for page in CLAIMING
        for row in parsed(site, page).select("details[id^='claim-']")
    }
    assert made
    assert linked == made
    assert "FAILED" not in ledger.text


def shown_claims(page):
    return page.locator(".ledger details.claim:not([hidden])")


def values(claims, name):
    return claims.evaluate_all("(all, name) => all.map((c) => c.dataset[name])", name)


def test_the_ledger_lets_the_reader_choose_search_and_sort(open_page):
    page = open_page("book/ledger.html", **WIDE)
    every = shown_claims(page).count()
    for name, value in (
        ("chapter", "2"), ("verdict", "holds"), ("source", "book"), ("run", "stored"),
    ):  # fmt: skip
        page.locator(f"select[name={name}]").select_option(value)
        shown = shown_claims(page)
        assert 0 < shown.count() < every
        assert {*values(shown, name)} == {value}
        told = page.locator(".ledger [role=status]").inner_text()
        assert told == f"{shown.count()} of {every} claims"
        page.locator(f"select[name={name}]").select_option("")
    assert shown_claims(page).count() == every
    page.locator("input[name=search]").fill("KURTOSIS")
    texts = shown_claims(page).evaluate_all("all => all.map((c) => c.textContent)")
    assert 0 < len(texts) < every
    assert all("kurtosis" in text.lower() for text in texts)
    found = []
    for words in ("sigma_w = 0.9", "σw = 0.9"):
        page.locator("input[name=search]").fill(words)
        found.append(shown_claims(page).count())
    assert 0 < found[0] == found[1] < every
    page.locator("input[name=search]").fill("")
    texts = shown_claims(page).evaluate_all("all => all.map((c) => c.textContent)")
    measured = re.search(r"±\s[\d.]+\s\(\d+\sdraws\)", " ".join(texts))[0]
    page.locator("input[name=search]").fill(" ".join(measured.split()))
    assert 0 < shown_claims(page).count() < every
    page.locator("input[name=search]").fill("")
    page.locator("select[name=sort]").select_option("verdict")
    order = values(shown_claims(page), "verdict")
    assert len(order) == every
    runs = [name for name, _ in groupby(order)]
    assert len(runs) == len(set(runs)) > 1


def test_the_ledgers_choices_are_in_its_address(open_page):
    page = open_page("book/ledger.html", **WIDE)
    page.locator("select[name=chapter]").select_option("3")
    page.locator("select[name=verdict]").select_option("other setting")
    page.locator("input[name=search]").fill("batch norm")
    address, count = page.evaluate("location.href"), shown_claims(page).count()
    assert count > 0
    page.goto("about:blank")
    page.goto(address)
    assert shown_claims(page).count() == count
    assert {*values(shown_claims(page), "chapter")} == {"3"}
    assert page.locator("input[name=search]").input_value() == "batch norm"


def test_code_that_draws_or_claims_is_folded_and_one_button_shows_all(open_page):
    page = open_page(CHAPTER_PAGES[4], **WIDE)
    folded = page.locator("div.cell details.hide")
    every = folded.count()
    assert every > 10
    is_open = "all => all.filter((cell) => cell.open).length"
    assert folded.evaluate_all(is_open) == 0
    assert page.locator("div.cell > div.cell_input").count() > 5  # what teaches is open
    page.get_by_role("button", name="Show all code").click()
    assert folded.evaluate_all(is_open) == every
    page.reload()
    page.get_by_role("button", name="Fold the code").click()
    assert folded.evaluate_all(is_open) == 0
    folded.first.locator("summary").press("Enter")
    assert folded.evaluate_all(is_open) == 1


def test_a_result_of_the_search_shows_the_text_of_its_page(open_page):
    page = open_page("search.html?q=sawtooth", **WIDE)
    told = page.locator("#search-results li p.context").first
    told.wait_for()
    assert "Open issue" not in told.inner_text()


def test_the_site_is_small_enough_to_carry(site):
    size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
    assert size < 30e6


def test_theorems_are_boxes_with_numbers_and_addresses(every_page):
    page = every_page[CHAPTER_PAGES[0]]
    boxes = page.select("div.statement")
    assert len(boxes) == 2
    assert boxes[0].text.strip().startswith("Theorem 1.1 (density of the boundary)")
    assert boxes[0].select_one("div.math")
    assert len({box["id"] for box in boxes}) == 2
    assert page.select("div.proof")


def test_a_link_to_a_claim_opens_it(open_page):
    page = open_page("book/ledger.html", **WIDE)
    link = page.locator("details.claim a[href*='#claim-']").first.get_attribute("href")
    page.goto(page.url.partition("#")[0].rpartition("/")[0] + "/" + link)
    target = page.locator("#" + link.partition("#")[2])
    assert target.get_attribute("open") is not None
    assert target.locator("dl").is_visible()
    assert page.locator("details.claim[open]").count() == 1


def test_the_ledger_counts_its_claims_by_source_and_verdict(site):
    page = parsed(site, "book/ledger.html")
    claims = page.select("details.claim")
    table = page.select_one("table.counts")
    counted = [int(cell.text) for cell in table.select("td") if cell.text]
    assert sum(counted) == len(claims)
    stored = sum(claim["data-run"] == "stored" for claim in claims)
    assert f"{stored} are stored runs" in page.find("article").text
    parts = page.select(".outcomes [data-verdict]")
    assert sum(int(part.text.split()[1]) for part in parts) == len(claims)


def test_a_stored_line_says_whether_its_code_has_changed(site):
    """In the ledger and in its chapter; a change of the room concerns every line."""
    old = [one for one in map(since, stored_files()) if one.code]
    for page in ("book/ledger.html", *CHAPTER_PAGES):
        for claim in parsed(site, page).select("details.claim[data-run=stored]"):
            told = dict(
                zip((t.text for t in claim("dt")), claim("dd"), strict=True),
            )
            runs = [one for one in old if one.run.text in told["stored run"].text]
            for one in runs:
                assert one.run.code_in_words in told["since then"].text


def test_every_stored_file_is_on_the_page_larger_runs(site):
    table = parsed(site, "book/scaling.html").select_one("table.seeds")
    shown = [row.th.text for row in table.select("tbody tr")]
    paths = stored_files()
    assert shown == [f"{notebook_of(path).stem}: {path.stem}" for path in paths]


def test_every_chapter_tells_what_other_seeds_gave(site):
    table = parsed(site, "book/intervals.html").select_one("table.seeds")
    rows = [[cell.text for cell in row.find_all(["th", "td"])] for row in table("tr")]
    assert len(rows) == 1 + len(CLAIMING)
    assert all(int(seeds) >= 20 for _, _, seeds, *_ in rows[1:])


def test_the_landing_page_shows_ten_chapters_and_which_are_written(site):
    cards = parsed(site, "book/index.html").select("li.chapter-card")
    assert len(cards) == 10
    written = [card for card in cards if card.a]
    assert [card.a["href"] for card in written] == [f"{name}.html" for name in CHAPTERS]
    assert all(card.select_one("svg.chapter-picture") for card in written)
    assert all("coming" in card["class"] for card in cards if not card.a)


@pytest.mark.parametrize("base", ["server", "file"])
@pytest.mark.parametrize("page", CHAPTER_PAGES)
def test_math_is_typeset_and_sliders_move_the_figures(visit, open_page, page, base):
    if base == "server":
        opened = visit(page, WIDE)
    else:
        opened = open_page(page, base=SITE.as_uri(), **WIDE)
    opened.wait_for_function("window.MathJax?.startup?.promise")
    opened.evaluate(TYPESET)
    assert opened.locator(".bd-article mjx-container mjx-math").count() > 20
    assert opened.locator("mjx-merror").count() == 0
    explorers = opened.locator(".explorer")
    assert explorers.count() >= 2
    for index in range(explorers.count()):
        assert_sliders_answer(explorers.nth(index))


LOOK = """(explorer, i) => {
  const slider = explorer.querySelectorAll("input[type=range]")[i];
  const pictures = explorer.querySelectorAll("[role=img], img");
  const [picture] = pictures, before = explorer.before;
  explorer.before = picture.outerHTML;
  return {
    pictures: pictures.length,
    changed: explorer.before !== before,
    told: picture.getAttribute(picture.matches("[role=img]") ? "aria-label" : "alt"),
    status: explorer.querySelector("[role=status]").innerText,
    spoken: slider.getAttribute("aria-valuetext"),
    atEnd: slider.value === slider.max,
  };
}"""
"""What an explorer shows, and whether its picture is another than at the last look."""


def assert_sliders_answer(explorer):
    """Every slider, moved by the keyboard, changes picture, alt text and status."""
    for i, slider in enumerate(explorer.locator("input[type=range]").all()):
        before = explorer.evaluate(LOOK, i)
        slider.press("ArrowLeft" if before["atEnd"] else "ArrowRight")
        after = explorer.evaluate(LOOK, i)
        assert after["pictures"] == 1
        assert after["changed"]
        spoken = re.sub("^-", "−", after["spoken"])  # as it is set in a sentence
        spoken = re.sub(r"^1e-0?(?=\d+$)", "10−", spoken)
        assert spoken in after["status"] or after["spoken"] in after["status"]
        assert after["status"] != before["status"]
        assert after["status"] in after["told"]


def test_search_finds_a_chapter(open_page):
    opened = open_page("search.html?q=regions", **WIDE)
    opened.wait_for_selector("#search-results li a[href*='01_linear_regions']")


def test_the_bars_of_the_ledger_are_whole_and_explained(open_page):
    for size in (PHONE, WIDE):
        page = open_page("book/ledger.html", **size)
        parts = page.locator(".outcomes [data-verdict]")
        beyond = "all => all.map(one => one.scrollWidth - one.clientWidth)"
        assert max(parts.evaluate_all(beyond)) <= 0
        assert all(len(text) <= 5 for text in parts.all_inner_texts())
    look = """all => all.map(one => {
      const { backgroundColor, borderBottomColor } = getComputedStyle(one);
      return [one.dataset.verdict, one.innerText, backgroundColor, borderBottomColor];
    })"""
    signs = page.locator(".outcomes-signs [data-verdict]").evaluate_all(look)
    assert {name for name, *_ in signs} == {*values(parts, "verdict")}
    assert len({tuple(seen) for _, *seen in signs}) == len(signs)


def test_a_line_of_the_ledger_uses_its_room(open_page):
    """Where statements have room to spare, verdicts and numbers stay on a line."""
    page = open_page("book/ledger.html", **WIDE)
    lines = """all => all.map(one => {
      const words = document.createRange();
      words.selectNodeContents(one);
      return new Set([...words.getClientRects()].map(box => box.top)).size;
    })"""
    for part, words in (("em", "other setting (stored)"), ("b", "(20 draws)")):
        found = page.locator(f".ledger summary > {part}", has_text=words)
        assert set(found.evaluate_all(lines)) == {1}
    tops, bottoms = page.locator(".ledger-bar > label").evaluate_all(
        """all => ["top", "bottom"].map(side =>
          all.map(one => Math.round(one.getBoundingClientRect()[side])))"""
    )
    rows = sorted(set(tops))
    assert len(rows) > 1
    assert all(row - max(b for b in bottoms if b < row) >= 4 for row in rows[1:])


@pytest.mark.parametrize("name", ["ledger", "scaling"])
def test_commands_are_lines_of_code_that_break_between_arguments(site, name):
    page = parsed(site, f"book/{name}.html")
    commands = page.select("code.command")
    assert commands
    for command in commands:
        assert command.text.startswith(("python ", "make "))
        assert " | " not in command.text
        assert " ".join(word.text for word in command("span")) == command.text


def test_one_claim_is_not_called_claims(site):
    for name in ("intervals", "scaling"):
        assert "lines of 1 claims" not in parsed(site, f"book/{name}.html").text


@pytest.mark.parametrize("width", [700, 1300])
def test_cards_leave_no_two_places_empty_beside_one(open_page, width):
    page = open_page("book/index.html", viewport={"width": width, "height": 900})
    for cards in page.locator(".chapter-cards").all():
        tops = [card.bounding_box()["y"] for card in cards.locator("> li").all()]
        row = tops.count(tops[0])
        assert row in (2, 3, 4)
        assert len(tops) <= row or len(tops) % row != 1 or row == 2
