"""A notebook that the build has run is not run again: its outputs are read instead.

The build keeps what each notebook gave under a key of all that it depends on: its code,
the helpers, the data, the settings, the versions (tools/keys.py). `pytest --as-built`
lets nbval read what stands under the key of today, and run the notebooks for which
there is nothing. Without that option it runs them all.
"""

import functools

from nbval.plugin import IPyNbCell
from places import ROOT, tool

CACHE = ROOT / "_build" / ".jupyter_cache"


def let_stand(items, cache=CACHE):
    """Have cells read what the build kept; returns the notebooks that it is so for."""
    found = {}
    for item in items:
        if isinstance(item, IPyNbCell):
            if item.parent not in found:
                found[item.parent] = kept(item.parent.path, cache)
            if found[item.parent] is not None:
                item.parent.setup = _start_no_kernel
                item.runtest = functools.partial(read, item, found[item.parent])
    return [file.path for file, notebook in found.items() if notebook is not None]


def kept(path, cache):
    """The notebook as the build ran it, None if nothing stands under its key."""
    if not cache.is_dir():
        return None
    key = tool("keys").key(path, tool("build").SETTINGS)
    return tool("execute").runs({path: key}, cache).get(path)


def read(item, notebook):
    """Fail as nbval does if the cell of an item failed, or did not run."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    cell = code[item.cell_num]
    if cell.source != item.cell.source:
        item.raise_cell_error("The build ran another cell.")
    if cell.execution_count is None:
        item.raise_cell_error("The build did not run this cell.")
    for output in cell.outputs:
        if output.output_type == "error" and not item.options["check_exception"]:
            item.raise_cell_error("Failed in the build.", "\n".join(output.traceback))


def _start_no_kernel():
    pass
