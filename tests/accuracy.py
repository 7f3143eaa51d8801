"""Where the elementary functions of compiled code err most: ``python -m tests.accuracy [functions] [--points N] [--seed S]``.

Random arguments first, then the neighbours of the worst of them, closer each time.  The bounds that docs/accuracy.md
states are what this finds, with contraction of products and sums and without, and 0.05 more.  float64 is compared with
long double where NumPy has the function and a long double of 64 bits, otherwise with mpmath; float32 with float64.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Callable
from functools import cache
from typing import Any

import mpmath as mp
import numpy as np

from tests.exprgraph import test_elementary as known

Arrays = list[np.ndarray]
#: how far the neighbours of a round are away, as a part of the argument
ROUNDS = (2e-2, 3e-3, 1e-3, 1e-2, 3e-4, 1e-5)

LONG: dict[str, Callable[..., Any]] = {
    **known.formulas(np),
    **{n: getattr(np, n) for n in "exp tanh log sin cos tan expm1 log1p sinh cosh exp2 log2 log10 cbrt hypot".split()},
    **{n: getattr(np, "arc" + n[1:]) for n in "atan asin acos asinh acosh atanh atan2".split()},
    "pow": np.power,
}


def exact(name: str, x: Arrays) -> np.ndarray:
    """The values in long double."""
    if name in LONG and np.finfo(np.longdouble).nmant >= 63:
        return np.asarray(LONG[name](*(a.astype(np.longdouble) for a in x)))
    reference = known.REFERENCE.get(name) or getattr(mp, name)
    with mp.workdps(40):
        rows = [reference(*(mp.mpf(float(v)) for v in given)) for given in zip(*x, strict=True)]
        return np.array([np.longdouble(float(v)) + np.longdouble(float(v - mp.mpf(float(v)))) for v in rows])


class _OnArrays(known.OnArrays):
    """Conditional expressions become np.where: a function of float64 arrays, with no product and sum contracted."""

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        return ast.parse(ast.unparse(node).replace("math.", "np."), mode="eval").body


@cache
def separate(narrow: bool) -> dict[str, Any]:
    """The functions with every operation rounded."""
    if narrow:
        return known.on_arrays()
    scope: dict[str, Any] = {
        "np": np, "bits": lambda x: np.asarray(x, float).view(np.int64), "from_bits": lambda i: np.asarray(i).view(np.float64),
    }  # fmt: skip
    for f in known.definitions(False):
        if f.name not in ("bits", "from_bits"):
            exec(compile(ast.fix_missing_locations(_OnArrays().visit(ast.Module([f], []))), f.name, "exec"), scope)
    return scope


def errors(name: str, x: Arrays, narrow: bool, contracted: bool) -> np.ndarray:
    """In units of the last place; 0 where a value is the nearest, where it is subnormal, and where it is not finite."""
    real = np.float32 if narrow else np.float64
    with np.errstate(all="ignore"):
        x = [a.astype(real) for a in x]
        values = np.asarray(known.by_machine_code(name, *x) if contracted else np.broadcast_to(separate(narrow)[name](*x), x[0].shape))
        want = known.by_machine_code(name, *(a.astype(np.float64) for a in x)) if narrow else exact(name, x)
        near = want.astype(real)
        error = np.abs((values.astype(want.dtype) - want) / np.spacing(np.abs(near)).astype(want.dtype)).astype(float)
    counted = np.isfinite(near) & np.isfinite(values) & (values != near) & (np.abs(near) > np.finfo(real).tiny)
    return np.where(counted, error, 0.0)


def wide(name: str, n: int, rng: np.random.Generator) -> Arrays:
    """Arguments spread evenly where the errors are largest."""
    if name in known.special.BOUNDS:
        return known.points(name, n, rng)
    if name in ("atan2", "hypot", "direction"):
        size, ratio = 10.0 ** rng.uniform(-3, 3, n), 10.0 ** rng.uniform(-2, 2, n)
        return [size * ratio * rng.choice([-1, 1], n), size * rng.choice([-1, 1], n)]
    if name in ("asin", "acos", "atanh"):
        return [rng.uniform(-1, 1, n)]
    if name in ("log", "log2", "log10"):
        return [rng.uniform(0.25, 4, n)]
    if name == "xlogy":
        return [rng.uniform(-3, 3, n), rng.uniform(0.25, 4, n)]
    if name in ("acosh", "acosh_prime", "coth_acosh"):
        return [1 + 10.0 ** rng.uniform(-6, 2, n)]
    if name == "log1p":
        return [rng.uniform(-0.99, 4, n)]
    return [10.0 ** rng.uniform(-3, 3, n) * rng.choice([-1, 1], n)]


def neighbours(name: str, x: Arrays, distance: float, count: int, rng: np.random.Generator) -> Arrays:
    found = [(a[:, None] * (1 + distance * rng.uniform(-1, 1, (a.size, count)))).ravel() for a in x]
    if name == "pow":  # of results as large
        with np.errstate(all="ignore"):
            found[1] = np.repeat(x[1] * np.log(x[0]), count) / np.log(found[0])
    return found


def worst(name: str, n: int, seed: int, *, narrow: bool, contracted: bool) -> tuple[float, list[float]]:
    """The largest error found, and where."""
    rng = np.random.default_rng(seed)
    real = np.float32 if narrow else np.float64

    def best(x: Arrays, most: int) -> Arrays:
        e = errors(name, x, narrow, contracted)
        top = np.argsort(e)[-most:]
        return [*(a[top] for a in x), e[top]]

    points = known.points32 if narrow else known.points
    starts = [points(name, n, rng), *([wide(name, n, rng)] if name != "pow" else [])]
    found = [np.concatenate(c) for c in zip(*(best([a.astype(real) for a in x], 400) for x in starts), strict=True)]
    for distance in ROUNDS:
        top = np.argsort(found[-1])[-60:]
        near = neighbours(name, [a[top] for a in found[:-1]], distance, max(n // 120, 1), rng)
        found = [np.concatenate(c) for c in zip(found, best([a.astype(real) for a in near], 300), strict=True)]
    at = int(found[-1].argmax())
    return float(found[-1][at]), [float(a[at]) for a in found[:-1]]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.accuracy", description="where do the elementary functions err most?")
    parser.add_argument("functions", nargs="*", default=list(known.ULPS))
    parser.add_argument("--points", type=int, default=200_000, help="arguments of each round")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for name in arguments.functions:
        for narrow, bounds in ((False, known.ULPS), (True, known.ULPS32)):
            for contracted in (True, False):
                n = arguments.points if narrow or name in LONG else arguments.points // 20  # mpmath is slow
                most, where = worst(name, n, arguments.seed, narrow=narrow, contracted=contracted)
                kind = ("float32" if narrow else "float64") + (" contracted" if contracted else " separate")
                told = "  MORE THAN STATED" if most > bounds[name] else ""
                print(f"{name:14s}{kind:20s}{most:6.3f} ulp, stated {bounds[name]}, at {', '.join(map(repr, where))}{told}", flush=True)


if __name__ == "__main__":
    main()
