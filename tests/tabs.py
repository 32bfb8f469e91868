"""Tabs of a browser that are kept: in one that is there a page loads in half the time.

Nothing of a page stays for the next: its script ends with it, and what it stored, how
it was emulated and where the pointer stood is put back.
"""

from collections import defaultdict

CUT = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost"
"""Chromium's option that cuts the network: no name or number but this machine's."""


class Tabs:
    """Tabs by the options of their contexts: take one, and put it back.

    page.foreign lists requests off this machine, page.errors the errors of the console
    and of scripts, both since the tab was taken.
    """

    def __init__(self, chromium, server):
        self._chromium, self._own = chromium, (server, "file:", "data:", "blob:")
        self._free, self._options = defaultdict(list), {}

    def take(self, **options):
        """A tab with nothing in it, of a context with such options."""
        free = self._free[repr(sorted(options.items()))]
        page = free.pop() if free else self._made(options)
        page.foreign, page.errors = [], []
        return page

    def put_back(self, page):
        """Empty a tab for the next that asks for one like it."""
        options = self._options[page]
        page.evaluate("localStorage.clear(); sessionStorage.clear()")
        page.mouse.move(0, 0)
        page.goto("about:blank")
        page.emulate_media(
            media="null", color_scheme=options.get("color_scheme", "light")
        )
        if "viewport" in options:
            page.set_viewport_size(options["viewport"])
        self._free[repr(sorted(options.items()))].append(page)

    def _made(self, options):
        page = self._chromium.new_context(**options).new_page()
        self._options[page] = options

        def asked(request):
            if not request.url.startswith(self._own):
                page.foreign.append(request.url)

        def said(line):
            if line.type == "error":
                page.errors.append(line.text)

        page.on("request", asked)
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("console", said)
        return page
