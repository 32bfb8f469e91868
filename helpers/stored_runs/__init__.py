"""Stored runs: results computed once, told apart from what the code measures today.

Read in this order: `run` (what a stored file says of how it was made), `files` (they
are read, written and refused), `imports` (the code behind a module or a notebook, as
a hash), `claim_lines` (the lines of a notebook that measure a claim) and `changes`.
"""

from helpers.stored_runs.changes import Since, since
from helpers.stored_runs.claim_lines import claim_hashes
from helpers.stored_runs.files import (
    ROWS,
    notebook_of,
    read,
    rows_of,
    stored_files,
    write,
)
from helpers.stored_runs.imports import (
    ROOT,
    SHOWN,
    code_hash,
    code_of,
    file_of,
    imported,
    modules_behind,
)
from helpers.stored_runs.run import PACKAGES, Run, peak_memory_bytes, record

__all__ = [
    "PACKAGES",
    "ROOT",
    "ROWS",
    "SHOWN",
    "Run",
    "Since",
    "claim_hashes",
    "code_hash",
    "code_of",
    "file_of",
    "imported",
    "modules_behind",
    "notebook_of",
    "peak_memory_bytes",
    "read",
    "record",
    "rows_of",
    "since",
    "stored_files",
    "write",
]
