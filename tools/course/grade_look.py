"""What a person should look at; nobody loses points for it here."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from course import grade_cells
from course.exercises import Exercise

GIVES_AWAY: dict[str, tuple[str, ...]] = {
    "angle_law": ("expected_breakpoints",),
    "batch_norm_growth": ("rank_growth",),
    "cone_count": ("count_cones",),
    "dual_filters": ("perfect_reconstruction_filters",),
    "edge_point": ("edge_of_chaos",),
    "farthest_quantile": ("isoperimetric_quantile",),
    "forgetting_time": ("ou_escape",),
    "full_tangent": (),
    "gaussian_noise": ("GradientNoise",),
    "half_of_layer_three": ("expected_breakpoints",),
    "hard_tanh_breakpoints": ("line_breakpoints", "line_regions"),
    "identity_block": (),
    "importance_rate": ("rare_error_rate",),
    "leaky_like_residual": (),
    "level_path": ("connecting_path", "descent_path"),
    "pass_level": ("pass_height",),
    "power_law_scan": ("fit_power_law", "analyze"),
    "quadratic_escape": ("escape_indicator", "ou_escape"),
    "receptive_reach": (),
    "relu_information": ("scalar_information", "mutual_information"),
    "report_factors": (),
    "samples_needed": ("bias_law",),
    "scaled_branch": ("residual_exponent",),
    "shell_ratio": ("shell_distance", "shell_quantile"),
    "spike_strength": ("bbp",),
    "threshold_sure": ("sure",),
    "unstable_error": ("error_bound",),
    "untouched_sigma": (),
}
"""By check, the public names of `helpers` that are the answer or most of it."""

PEEKING = frozenset(
    {
        *("_getframe", "currentframe", "f_back", "f_locals", "f_globals", "tb_frame"),
        *("gc", "inspect", "ctypes", "subprocess", "_exit", "fork", "setattr"),
        *("__globals__", "__closure__", "__code__", "__subclasses__"),
    }
)
"""Names that an answer has no use for: frames, other processes, what a check holds."""


def flags(
    cells: Sequence[grade_cells.Cell], exercises: Iterable[Exercise]
) -> Iterator[str]:
    """What stands in a submission's own cells that a person should look at."""
    for exercise in exercises:
        behind = grade_cells.behind(cells, exercise.answer)
        named = _names(cell for cell in behind if cell.own)
        helping = named & set(GIVES_AWAY.get(exercise.check, ()))
        helping -= _written_anew(behind)
        for name in sorted(helping):
            yield f"{exercise.label} uses the helper {name}"
    own = [cell for cell in cells if cell.own]
    for name in sorted(_names(own) & PEEKING):
        yield f"uses {name}"
    if any(_replaces_checks(cell.tree) for cell in own if cell.tree):
        yield "replaces checks"


def _names(cells: Iterable[grade_cells.Cell]) -> set[str]:
    """Every name in the code, whether loaded, imported, an attribute or a text."""
    trees = [cell.tree for cell in cells if cell.tree]
    return {name for tree in trees for node in ast.walk(tree) for name in _of(node)}


def _of(node: Any) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield from node.module.split(".")
    elif isinstance(node, ast.alias):
        yield from node.name.split(".")
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def _written_anew(cells: Iterable[grade_cells.Cell]) -> set[str]:
    """Functions that the student has written, even under the name of a helper."""
    return {
        node.name
        for cell in cells
        if cell.own and cell.tree
        for node in ast.walk(cell.tree)
        if isinstance(node, ast.FunctionDef)
    }


def _replaces_checks(tree: ast.Module) -> bool:
    """Whether `checks`, or something of a module of `helpers`, gets another value."""
    ours, others = {"checks"}, set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom | ast.Import):
            module = getattr(node, "module", None)
            for alias in node.names:
                name = alias.asname or alias.name.split(".")[0]
                is_ours = (module or alias.name).split(".")[0] == "helpers"
                (ours if is_ours else others).add(name)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            others.add(node.name)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            others.add(node.id)
    set_ = {
        ast.unparse(node).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
    }
    return "checks" in others or bool(set_ & ours)
