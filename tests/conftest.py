"""Shared by all tests: one thread, fresh generators, the built site in a browser."""

import functools
import gc
import http.server
import os
import random
import re
import shutil
import tempfile
import threading
import uuid

import as_built
import matplotlib
import nbval.kernel
import numpy as np
import pytest
import torch
from jupyter_client.manager import KernelManager
from places import EXPLORERS_READY, SITE, tool
from tabs import CUT, Tabs
from traitlets import default
from xdist.scheduler import LoadScopeScheduling

matplotlib.use("Agg")


class ByNotebookModuleAndPage(LoadScopeScheduling):
    """A notebook, a module, and all tests of one page of the site stay with one worker.

    The modules that open the site's pages take minutes; whole, they leave one worker
    idle while the other ends the last of them. Tests of one page share its visit.
    """

    def _split_scope(self, nodeid: str) -> str:
        page = re.search(r"tests/site/.*\[(?:book/)?([\w/]+)(?:\.html)?[-\]]", nodeid)
        return page[1] if page else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """The scheduler of `pytest -n 2`."""
    return ByNotebookModuleAndPage(config, log)


def pytest_addoption(parser):
    """Add the option of `make test`."""
    told = (
        "read the outputs of notebooks that the build has run, instead of running them"
    )
    parser.addoption("--as-built", action="store_true", help=told)


def pytest_collection_modifyitems(config, items):
    """Let nbval read what the build ran, if that is asked for."""
    if config.getoption("--as-built"):
        as_built.let_stand(items)


def pytest_configure(config):
    """Let the kernels of --nbval talk through files, where the system has such.

    Two kernels that start at the same moment may choose the same port.
    """
    if os.name == "nt":
        return
    folder = tempfile.TemporaryDirectory(prefix="book")  # such paths must be short
    config.add_cleanup(folder.cleanup)

    class KernelOverFiles(KernelManager):
        @default("transport")
        def _files(self):
            return "ipc"

        @default("ip")
        def _place(self):
            return f"{folder.name}/{uuid.uuid4().hex}"

    nbval.kernel.KernelManager = KernelOverFiles


def pytest_collection_finish():
    """Search what was collected for garbage no more: it stays to the end.

    What comes later is searched a tenth as often as Python would.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(700, 10, 100)


def _fresh_generators():
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    torch.manual_seed(0)


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup():
    """Every fixture finds the global generators in one state, whatever ran before."""
    _fresh_generators()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call():
    """Every test does."""
    _fresh_generators()


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def site():
    """The folder of the built pages."""
    if not (SITE / "index.html").exists():
        pytest.fail("the book is not built: run `make book` first")
    return SITE


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def server(site):
    """The address of a local server of the built pages."""
    handler = functools.partial(_Quiet, directory=site)
    with http.server.ThreadingHTTPServer(("localhost", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://localhost:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def chromium_path():
    """Where Chromium is; skips without one, unless DLT_BROWSER=required."""
    path = next(filter(None, map(shutil.which, tool("pdf").BROWSERS)), None)
    if path is None:
        reason = "no Chromium on this machine: `apt-get install chromium` brings it"
        if os.environ.get("DLT_BROWSER") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def chromium(chromium_path):
    """A running Chromium, its network cut."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path, args=["--no-sandbox", "--disable-gpu", CUT]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def tabs(chromium, server):
    """The browser's tabs, kept from test to test; see `Tabs`."""
    return Tabs(chromium, server)


@pytest.fixture
def open_page(tabs, server):
    """Open a page of the site: a function (path, **context options) -> page."""
    taken = []

    def open_(path, base=server, **options):
        page = tabs.take(**options)
        taken.append(page)
        page.goto(f"{base}/{path}", wait_until="load")
        if options.get("java_script_enabled", True):
            page.evaluate(EXPLORERS_READY)
        return page

    yield open_
    for page in taken:
        tabs.put_back(page)


class Visit:
    """A page that stays open for the tests that look at it and move its sliders.

    visit(path, size) shows it in such a window. Loading a chapter and typesetting it
    takes longer than most of what is then asked of it.
    """

    def __init__(self, tabs, server):
        self._tabs, self._server = tabs, server
        self._path, self._page = None, None

    def __call__(self, path, size):
        if path != self._path:
            self.leave()
            self._page = self._tabs.take(reduced_motion="reduce")
            self._page.set_viewport_size(size["viewport"])
            self._page.goto(f"{self._server}/{path}", wait_until="load")
            self._page.evaluate(EXPLORERS_READY)
            self._path = path
        self._page.set_viewport_size(size["viewport"])
        return self._page

    def leave(self):
        """Close the page: the next test opens it anew."""
        if self._page:
            self._tabs.put_back(self._page)
        self._page = self._path = None


@pytest.fixture(scope="session")
def visit(tabs, server):
    """The page that is open now, kept from test to test; see `Visit`."""
    return Visit(tabs, server)
