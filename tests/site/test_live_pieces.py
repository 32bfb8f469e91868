"""The live pieces of chapters 2, 6 and 9: the helpers' numbers, controls, no motion."""

import re

import numpy as np
import pytest
from places import PHONE, ROOT
from playwright.sync_api import expect

from helpers import edge_of_chaos, heavy_tails
from helpers.sgd_noise import two_basins
from helpers.sgd_noise.particles import DATA, Samples, kick

STATIC = (ROOT / "book" / "_static").as_uri()
SCRIPTS = {
    "angle": ["live_angle"],
    "basins": ["live_basins", "live_basins_controls"],
    "spike": ["live_eigen", "live_spike"],
}
LIVE = "document.querySelector('.live').live"


@pytest.fixture
def piece(chromium, tmp_path):
    """A function that opens one piece from a file; options are the browser's."""
    contexts = []

    def open_(kind, before=None, **options):
        scripts = "".join(
            f'<script src="{STATIC}/{name}.js"></script>'
            for name in ("live_parts", *SCRIPTS[kind])
        )
        (tmp_path / "live.html").write_text(
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Live</title>'
            '<meta name="viewport" content="width=device-width">'
            f'<link rel="stylesheet" href="{STATIC}/explorer.css">'
            f'<link rel="stylesheet" href="{STATIC}/live.css">'
            "<style>:root { --pst-color-border: gray }</style>"
            f'<article class="bd-article"><div class="live" data-live="{kind}">'
            '<img src="" alt="a picture"></div></article>' + scripts,
            encoding="utf-8",
        )
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        if before:
            page.add_init_script(before)
        page.goto((tmp_path / "live.html").as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.mark.parametrize(
    "noise", ["constant", "diagonal", "leading", "hessian", "first"]
)
def test_particles_step_as_the_helpers_do(piece, noise):
    """The same data and random numbers in: the same places and first exits out."""
    runs, samples, steps, energy = 60, 20, 120, 0.03
    rng = np.random.default_rng(0)
    x = rng.normal(size=(runs, samples, 2)) * DATA
    z = rng.normal(size=(steps, runs, 2))
    places, exits = piece("basins").evaluate(
        """([x, z, runs, steps, noise, energy]) => {
          const cloud = basinsCloud(Float64Array.from(x), runs);
          let next = 0;
          const normal = () => z[next++];
          for (let step = 1; step <= steps; step += 1)
            basinsStep(cloud, step, { noise, energy }, normal);
          return [Array.from(cloud.u), Array.from(cloud.exit)];
        }""",
        [x.ravel().tolist(), z.ravel().tolist(), runs, steps, noise, energy],
    )
    c = np.array(two_basins.TwoBasins().curvature)
    data, u, exit_step = Samples(c, x), np.zeros((runs, 2)), np.zeros(runs, int)
    share, slope, cov = data.at(u)
    for step in range(1, steps + 1):
        push = kick(noise, c, share, cov, z[step - 1]) * energy**0.5
        u = u - 0.005 * slope + push
        share, slope, cov = data.at(u)
        exit_step[(share < 0.5) & (exit_step == 0)] = step
    assert (exit_step > 0).sum() > 5  # both basins, and the ridge between, were met
    np.testing.assert_array_equal(exits, exit_step)
    np.testing.assert_allclose(np.reshape(places, (runs, 2)), u, rtol=0, atol=1e-9)


def test_exits_of_the_page_are_as_frequent_as_the_helpers(piece):
    page = piece("basins", reduced_motion="reduce")
    expect(page.locator(".live [role=status]")).to_contain_text("step 500 of 500")
    exits = np.array(page.evaluate(f"() => Array.from({LIVE}.cloud().exit)"))
    run = two_basins.TwoBasins().escape("hessian", runs=2000, seed=0)
    ours, theirs = (exits > 0).mean(), (run.exit_step > 0).mean()
    error = np.sqrt(ours * (1 - ours) / 2000 + theirs * (1 - theirs) / 2000)
    assert abs(ours - theirs) < 4 * error


@pytest.mark.parametrize(("q", "strength"), [(1, 0.0), (2, 0.6), (2, 1.5), (4, 3.0)])
def test_the_page_finds_the_eigenvalues_that_numpy_finds(piece, q, strength):
    page = piece("spike")
    theta = strength * q**-0.25
    noise, u, v, found, law = page.evaluate(
        """([q, theta]) => {
          const drawn = spikeDraw(7, 60 * q, 60);
          const law = spikeLaw(theta, q);
          return [...[drawn.noise, drawn.u, drawn.v].map((x) => Array.from(x)),
            spikeSpectrum(drawn, theta),
            { ...law, density: [0.5, 1, 1.5, 2].map(law.density) }];
        }""",
        [q, theta],
    )
    w = np.reshape(noise, (60 * q, 60)) + theta * np.outer(u, v)
    values, vectors = np.linalg.eigh(w.T @ w)
    scale = 60 * np.finfo(float).eps * values[-1]  # of a symmetric eigenvalue problem
    np.testing.assert_allclose(found["values"], values, rtol=0, atol=10 * scale)
    np.testing.assert_allclose(found["overlaps"], (v @ vectors) ** 2, rtol=0, atol=1e-8)
    expected = heavy_tails.bbp(theta, q)
    noise_law = heavy_tails.MarchenkoPastur(q)
    assert law["position"] == pytest.approx(expected.position, rel=1e-12)
    assert law["overlap"] == pytest.approx(expected.right, abs=1e-12)
    assert law["edges"] == pytest.approx(noise_law.edges, abs=1e-12)
    np.testing.assert_allclose(
        law["density"], noise_law.density([0.5, 1, 1.5, 2]), rtol=1e-12
    )


def test_the_noise_of_the_page_is_noise(piece):
    """4 standard errors of the mean and the variance of 30,000 numbers."""
    noise = np.array(
        piece("spike").evaluate("() => Array.from(spikeDraw(3, 300, 100).noise)")
    )
    z = noise * 300**0.5
    assert abs(z.mean()) < 4 / z.size**0.5
    assert abs(z.var() - 1) < 4 * (2 / z.size) ** 0.5


SETTINGS = [
    ("tanh", 1.0, 0.2),
    ("tanh", 1.3, 0.2),
    ("tanh", 2.5, 0.0),
    ("relu", 1.4, 0.1),
]


@pytest.mark.parametrize(("activation", "sigma_w", "sigma_b"), SETTINGS)
def test_the_curve_of_infinite_width_is_the_helpers(
    piece, activation, sigma_w, sigma_b
):
    state = {"activation": activation, "sigma_w": sigma_w, "sigma_b": sigma_b}
    law = piece("angle").evaluate("(s) => angleLaw(s)", state | {"degrees": 60})
    q = edge_of_chaos.variance_trajectory(
        activation, sigma_w**2 + sigma_b**2, sigma_w, sigma_b, 49
    )
    gap = [1 - (sigma_w**2 * 0.5 + sigma_b**2) / q[0]]
    for variance in q[:-1]:
        following = edge_of_chaos.correlation_gap(
            activation, gap[-1], variance, sigma_w, sigma_b
        )
        gap.append(float(following))
    np.testing.assert_allclose(law["q"][1:], q, rtol=1e-6)
    np.testing.assert_allclose(1 - np.array(law["c"][1:]), gap, rtol=1e-4, atol=1e-9)
    chi = float(edge_of_chaos.chi(activation, q[-1], sigma_w))
    assert law["chi"] == pytest.approx(chi, rel=1e-5)


def test_numbers_show_two_digits_or_all_before_the_point(piece):
    numbers = "() => [0.0123, 5.96, 99.4, 99.6, 200].map(liveNumber)"
    assert piece("angle").evaluate(numbers) == ["0.012", "6.0", "99", "100", "200"]


def test_a_phase_is_named_only_where_the_variance_has_a_limit(piece):
    named = {
        ("tanh", 0.8, 0.2): "Ordered",
        ("tanh", 0.8, 0.0): "The variance vanishes",
        ("tanh", 2.5, 0.0): "Chaotic",
        ("relu", 3.0, 1.0): "The variance diverges",
        ("relu", 1.4142, 0.0): "At the edge",
        ("relu", 1.42, 0.2): "The variance diverges",
        ("relu", 1.40, 0.2): "Ordered",
    }
    for (activation, sigma_w, sigma_b), name in named.items():
        state = {"activation": activation, "sigma_w": sigma_w, "sigma_b": sigma_b}
        found = piece("angle").evaluate(
            "(s) => anglePhase(s, angleLaw(s))", state | {"degrees": 60}
        )
        assert found == name


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_the_page_sends_two_inputs_through_the_network_as_numpy_does(piece, activation):
    size, state = {"width": 30, "depth": 6}, {"sigma_w": 1.4, "sigma_b": 0.3}
    normals, found = piece("angle").evaluate(
        """([size, state]) => {
          const normals = angleNormals(5, size);
          return [Array.from(normals), angleNetwork(normals, state, size)];
        }""",
        [size, state | {"activation": activation, "degrees": 40}],
    )
    layers = np.reshape(normals, (6, 30, 31))
    turn = np.deg2rad(40)
    h = np.zeros((2, 30))
    h[0, 0], h[1, :2] = 30**0.5, 30**0.5 * np.array([np.cos(turn), np.sin(turn)])
    expected = [np.cos(turn)]
    for layer in layers:
        z = 1.4 / 30**0.5 * h @ layer[:, :30].T + 0.3 * layer[:, 30]
        expected.append(z[0] @ z[1] / np.linalg.norm(z[0]) / np.linalg.norm(z[1]))
        h = np.tanh(z) if activation == "tanh" else np.maximum(z, 0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", SCRIPTS)
def test_keys_move_every_slider_and_the_text_follows(piece, kind):
    page = piece(kind, reduced_motion="reduce")
    status = page.locator(".live [role=status]")
    expect(status).to_have_text(re.compile(r"\d"))
    for control in page.locator(".live :is(input, select)").all():
        expect(status).not_to_contain_text("step 0 ")
        before = status.inner_text()
        control.press("ArrowRight")
        control.press("ArrowDown" if control.get_attribute("type") is None else "End")
        expect(status).not_to_have_text(before)
    assert page.locator(".live [role=img]").get_attribute("aria-label")
    assert page.errors == []


FRAMES = """async () => {
  for (let i = 0; i < 10; i += 1) await new Promise(requestAnimationFrame);
}"""
"""In each the particles may go on."""


def test_particles_move_and_pause(piece):
    page = piece("basins")
    status = page.locator(".live [role=status]")
    expect(status).to_contain_text(re.compile(r"step [1-9]"))
    page.get_by_role("button", name="Pause").press("Enter")
    before = status.inner_text()
    page.evaluate(FRAMES)
    assert status.inner_text() == before
    page.get_by_role("button", name="Go on").press("Enter")
    expect(status).not_to_have_text(before)


FORMULA_IN_VIEW = """addEventListener("DOMContentLoaded", () =>
  document.body.prepend(document.createElement("mjx-lazy")))"""


def test_particles_wait_for_formulas_in_view(piece):
    """MathJax typesets them in idle time, of which an animation leaves none."""
    page = piece("basins", before=FORMULA_IN_VIEW)
    status = page.locator(".live [role=status]")
    page.evaluate(FRAMES)
    expect(status).to_contain_text("step 0 of")
    page.evaluate("document.querySelector('mjx-lazy').remove()")
    expect(status).to_contain_text(re.compile(r"step [1-9]"))


def test_a_frame_of_the_particles_is_short(piece):
    """Where one step takes long, the next one waits: half a frame is left, or more."""
    slow = piece("basins")
    slow.get_by_role("button", name="Pause").press("Enter")
    steps = slow.evaluate(
        f"""async () => {{
          const {{ state }} = {LIVE}, before = state.step, step = basinsStep;
          basinsStep = (...given) => {{
            const end = performance.now() + 20;
            while (performance.now() < end);
            step(...given);
          }};
          let [frames, counts] = [0, []];
          document.querySelectorAll("button")[1].click();
          await new Promise((done) => requestAnimationFrame(function frame() {{
            counts.push(state.step);
            frames += 1;
            if (frames < 6) requestAnimationFrame(frame);
            else done();
          }}));
          return counts.slice(1).map((count, i) => count - counts[i]);
        }}"""
    )
    assert max(steps) == 1


@pytest.mark.parametrize("kind", SCRIPTS)
def test_without_scripts_the_picture_stays(piece, kind):
    page = piece(kind, java_script_enabled=False)
    assert page.locator(".live img").count() == 1
    assert page.locator(".live [role=status]").count() == 0


@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_piece_that_fails_leaves_its_picture(piece, kind):
    page = piece(kind, before="Math.imul = () => { throw new Error('old'); };")
    assert page.locator(".live img").count() == 1


@pytest.mark.parametrize("kind", ["angle", "spike"])
def test_a_slider_answers_within_a_tenth_of_a_second(piece, kind):
    """Best of ten, so that a busy machine does not decide."""
    page = piece(kind)
    took = page.evaluate(
        f"""() => Math.min(...Array.from({{ length: 10 }}, () => {{
          const start = performance.now();
          {LIVE}.show();
          return performance.now() - start;
        }}))"""
    )
    assert took < 100
    print(f"{kind}: {took:.0f} ms")


@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_piece_is_framed_and_named_and_its_buttons_have_a_row_on_a_phone(piece, kind):
    page = piece(kind, reduced_motion="reduce", **PHONE)
    frame = page.locator(".live")
    assert frame.evaluate("one => getComputedStyle(one).borderTopWidth") == "1px"
    assert len(page.locator(".explorer-label").inner_text()) > 10
    boxes = [button.bounding_box() for button in frame.get_by_role("button").all()]
    assert len({box["y"] for box in boxes}) == 1
    bottom = boxes[0]["y"] + boxes[0]["height"]
    assert frame.locator("[role=img]").bounding_box()["y"] >= bottom + 8
    fields = page.locator(".live-controls").bounding_box()
    assert fields["y"] + fields["height"] <= boxes[0]["y"]


@pytest.mark.parametrize("kind", SCRIPTS)
def test_reset_brings_back_the_beginning(piece, kind):
    page = piece(kind, reduced_motion="reduce")
    status = page.locator(".live [role=status]")
    expect(status).not_to_contain_text("step 0 ", timeout=30_000)
    before = (
        status.inner_text(),
        page.evaluate(f"() => {{ return {{...{LIVE}.state}} }}"),
    )
    for control in page.locator(".live :is(input, select)").all():
        control.press("ArrowDown" if control.get_attribute("type") is None else "End")
    page.get_by_role("button", name=re.compile("New|again")).press("Enter")
    page.get_by_role("button", name="Reset").press("Enter")
    page.wait_for_function(
        f"(before) => JSON.stringify({LIVE}.state) === JSON.stringify(before)",
        arg=before[1],
    )
    expect(status).to_have_text(before[0])
    shown = page.locator(".live input").evaluate_all(
        "all => all.map(one => [one.value, one.nextSibling.textContent].map(Number))"
    )
    assert all(value == told for value, told in shown)
