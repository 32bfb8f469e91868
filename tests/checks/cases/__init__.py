"""Right and wrong answers to the checked exercises, a file for each chapter.

Each file holds RIGHT: (check, what makes the right answer); WRONG: (check, answer, part
of what is told); FUNCTIONS and VALUES: the checks that ask for a function or a value.
"""

import json
import re
from pathlib import Path

import numpy as np

BOOK = Path(__file__).resolve().parents[3] / "book"


def solution(notebook, name):
    """The function of that name in a folded solution of the notebook."""
    cells = json.loads((BOOK / f"{notebook}.ipynb").read_text(encoding="utf-8"))[
        "cells"
    ]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    scope = {"np": np}
    exec(next(block for block in blocks if f"def {name}(" in block), scope)
    return scope[name]
