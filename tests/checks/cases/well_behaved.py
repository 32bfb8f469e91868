from functools import partial

from checks.cases import solution

from helpers import checks

chapter = partial(solution, "03_well_behaved")


def frozen(y, dy):
    z, _ = chapter("batch_norm")(y, dy)
    return z, dy / y.std(axis=0)


RIGHT = [
    (checks.full_tangent, lambda: chapter("batch_norm")),
    (checks.batch_norm_growth, lambda: chapter("rank_growth")),
    (checks.scaled_branch, lambda: chapter("bounded_chi")),
]
WRONG = [
    (checks.full_tangent, frozen, "batch 0: dz is off by up to"),
    (checks.full_tangent, lambda y, dy: (y, dy), "z is not centred with variance 1"),
    (checks.full_tangent, lambda y, dy: (y[0], dy), "z and dz need shape (16, 3)"),
    (checks.full_tangent, lambda y, dy: 3.0, "expected a pair of arrays (z, dz)"),
    (checks.batch_norm_growth, lambda r: 1.0, "for r = 3 you say 1.0, the right"),
    (checks.scaled_branch, lambda c, H: 1 + c, "for c = 0.1, H = 1 you say 1.1"),
]
FUNCTIONS = [checks.full_tangent, checks.batch_norm_growth, checks.scaled_branch]
VALUES = []
