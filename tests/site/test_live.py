"""The live map of regions: the same weights and regions as numpy's, sliders, keys."""

import numpy as np
import pytest
from places import ROOT
from playwright.sync_api import expect

STATIC = (ROOT / "book" / "_static").as_uri()
SIDE = 48
PAGE = f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Live</title>
<div class="live" data-side="{SIDE}"><img src="" alt="a map"></div>
<script src="{STATIC}/live_parts.js"></script>
<script src="{STATIC}/live.js"></script>
<script src="{STATIC}/live_controls.js"></script>"""
LIVE = "document.querySelector('.live').live"


@pytest.fixture
def live(chromium, tmp_path):
    """A function that opens the map; before may be a script to run first."""
    (tmp_path / "live.html").write_text(PAGE, encoding="utf-8")
    pages = []

    def open_(before=None):
        page = chromium.new_page()
        pages.append(page)
        if before:
            page.add_init_script(before)
        page.goto((tmp_path / "live.html").as_uri())
        return page

    yield open_
    for page in pages:
        page.close()


def numpy_regions(state, rows):
    """The active neurons of each pixel, from the bottom row up, and the margin."""
    line = state["half"] * (2 * (np.arange(SIDE) + 0.5) / SIDE - 1)
    x = np.stack(np.meshgrid(state["x"] + line, state["y"] + line), -1).reshape(-1, 2)
    rows, h, all_z = rows.reshape(8, 16, 17), x, []
    for layer in range(state["depth"]):
        w = rows[layer, : state["width"], : h.shape[1]]
        all_z.append(h @ w.T + rows[layer, : state["width"], 16])
        h = np.maximum(all_z[-1], 0)
    z = np.concatenate(all_z, 1)
    return z > 0, np.abs(z).min(1)


@pytest.mark.parametrize("change", ["", "depth = 8", "half = 0.5", "width = 5"])
def test_the_pixels_fall_into_the_regions_that_numpy_finds(live, change):
    page = live()
    if change:
        page.evaluate(f"() => {{ {LIVE}.state.{change}; }}")
    state, rows, found = page.evaluate(
        f"""() => [{LIVE}.state, Array.from(liveWeights({LIVE}.state)),
        Array.from({LIVE}.renderer.regions({LIVE}.state))]"""
    )
    patterns, margin = numpy_regions(state, np.array(rows))
    clear = margin > 1e-5  # in float32 a pixel on a kink may fall to either side
    assert clear.mean() > 0.9
    _, ours = np.unique(patterns[clear], axis=0, return_inverse=True)
    _, theirs = np.unique(np.array(found)[clear], return_inverse=True)
    pairs = len(set(zip(ours.ravel().tolist(), theirs.tolist(), strict=True)))
    assert pairs == ours.max() + 1 == theirs.max() + 1 > 10


def test_the_weights_are_hes(live):
    rows = live().evaluate(
        "() => Array.from(liveWeights({seed: 3, depth: 8, width: 16, bias: 0.5}))"
    )
    rows = np.array(rows).reshape(8, 16, 17)
    hidden = rows[1:, :, :16]
    error = (2 / 16) * np.sqrt(2 / hidden.size)
    assert abs(hidden.var() - 2 / 16) < 4 * error
    assert abs(hidden.mean()) < 4 * np.sqrt(2 / 16 / hidden.size)
    assert abs(rows[0, :, :2].var() - 1) < 4 * np.sqrt(2 / 32)
    assert abs(rows[..., 16].std() - 0.5) < 4 * 0.5 / np.sqrt(2 * 128)


def told(page, before):
    """What the status says once it says something else than before."""
    status = page.locator(".live [role=status]")
    expect(status).not_to_have_text(before)
    return status.inner_text()


def test_sliders_buttons_keys_and_pointer_change_the_map(live):
    page = live()
    text = told(page, "")
    assert text.startswith("3 × 16 neurons: ")
    page.locator(".live input").first.fill("5")
    text = told(page, text)
    assert text.startswith("5 × 16 neurons: ")
    page.get_by_role("button", name="New network").click()
    assert page.evaluate(f"{LIVE}.state.seed") == 2
    text = told(page, text)
    canvas = page.locator(".live canvas")
    canvas.press("+")
    assert "4.6 wide" in told(page, text)
    canvas.press("ArrowRight")
    x = page.evaluate(f"{LIVE}.state.x")
    assert x == pytest.approx(3 / 1.3 / 5)
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 10, box["y"] + 20)
    page.mouse.up()
    assert page.evaluate(f"{LIVE}.state.x") > x


def test_without_webgl_the_picture_stays(live):
    page = live("HTMLCanvasElement.prototype.getContext = () => null")
    assert page.locator(".live img").count() == 1
    assert page.locator(".live canvas").count() == 0
