"""The report of a failed check: two values, their difference, and a program that shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..graph.leaves import Symbol
from ..graph.node import Node
from ..graph.traverse import substitute_nodes, symbols_of, topological
from ..meaning.evaluate import evaluate_nodes
from ..show.python import Script
from .domains import inside
from .noise import rounding_errors
from .standalone import definitions

Values = Mapping[Node, Any]
#: the most attempts to make a failing expression smaller
ATTEMPTS = 200


class Disagreement(AssertionError):  # noqa: N818  (a failed assertion, not an error of the code)
    """Two values that should be equal are not.

    Attributes:
        what: the two values in words.
        program: Python that shows the difference, with the smallest expression found.
    """

    def __init__(self, what: str, program: str) -> None:
        super().__init__(f"{what}\n\nThe smallest case found that shows it:\n\n{program}")
        self.what = what
        self.program = program


class UnsmoothPointError(ValueError):
    """There is no derivative to check at this point: a kink or a jump."""


def difference(what: str, value: Any, other: str, expected: Any, allowed: Any) -> str | None:
    """A sentence about the first elements that differ by more than allowed; ``None`` if there are none.

    An infinite allowance accepts everything.  NaN equals only NaN, an infinity only itself.

    Args:
        what, value: a name, and the checked value.
        other, expected: a name, and the expected value.
        allowed: the allowed difference, one number or one for each element.

    >>> from exprgraph.testing import difference
    >>> difference("the slope", [1.0, 2.5], "the expected one", [1.0, 2.0], 0.1)
    'the slope is 2.5 at [1], the expected one 2.0; they may differ by 0.1'
    """
    a, b = np.asarray(value, dtype=float), np.asarray(expected, dtype=float)
    try:  # a value shared by all samples may lack the batch axes
        a, b, allowed = np.broadcast_arrays(a, b, np.asarray(allowed, dtype=float))
    except ValueError:
        return f"{what} has shape {a.shape}, {other} has {b.shape}"
    with np.errstate(all="ignore"):
        off = np.abs(a - b)
    same = (a == b) | (np.isnan(a) & np.isnan(b)) | (off <= allowed) | (allowed == np.inf)
    if same.all():
        return None
    at = np.unravel_index(int(np.argmin(same)), a.shape)
    where = f" at {list(map(int, at))}" if a.shape else ""
    return f"{what} is {float(a[at])!r}{where}, {other} {float(b[at])!r}; they may differ by {float(allowed[at]):.3g}"


def check_tolerance(check: str, tolerance: object) -> None:
    """Check a relative tolerance: a number of at least 0."""
    if isinstance(tolerance, bool) or not isinstance(tolerance, (int, float)) or not 0 <= tolerance < np.inf:
        raise ValueError(f"{check}: tolerance is a relative error, a finite number of at least 0, got {tolerance!r}")


def allowances(nodes: Sequence[Node], at: Values, tolerance: float = 0.0) -> list[np.ndarray]:
    """The allowed difference of each value: rounding, a little for subnormal numbers, and a relative tolerance."""
    allowed = [e + 1e-300 for e in rounding_errors(nodes, at)]
    if not tolerance:
        return allowed
    sizes = [np.abs(np.asarray(v, dtype=float)) for v in evaluate_nodes(nodes, at)]
    return [a + tolerance * np.where(np.isfinite(v), v, 0.0) for a, v in zip(allowed, sizes)]


def smallest(e: Node, at: dict[Node, Any], fails: Callable[[Node, dict[Node, Any]], bool]) -> tuple[Node, dict[Node, Any]]:
    """Shrink an expression for which a check fails.

    It tries single parts, smallest first.  Then it replaces parts by symbols with the same values, and rounds the
    values.
    """
    left = ATTEMPTS
    defined = inside([e], at)

    def still(candidate: Node, values: dict[Node, Any]) -> bool:
        nonlocal left
        left -= 1
        given = {s: values[s] for s in symbols_of([candidate])}
        return left >= 0 and (not defined or inside([candidate], given)) and fails(candidate, given)

    for part in topological([e]):
        if part is not e and not part.op.leaf and still(part, at):
            e = part
            break
    shrinking = True
    while shrinking and left > 0:
        shrinking = False
        for part in reversed(topological([e])[:-1]):
            if part.op.leaf:
                continue
            name = _fresh(e)
            symbol = Symbol(name, part.shape, per_sample=part.per_sample)
            (candidate,) = substitute_nodes([e], {part: symbol})
            if candidate.op.leaf or len(topological([candidate])) >= len(topological([e])):
                continue
            values = {**at, symbol: _part_value(part, at)}
            if still(candidate, values):
                e, at, shrinking = candidate, values, True
                break
    at = {s: at[s] for s in symbols_of([e])}
    for digits in (0, 1, 2, 3):
        rounder = {s: np.round(np.asarray(v, dtype=float), digits) for s, v in at.items()}
        if any(not np.array_equal(rounder[s], at[s]) for s in at) and still(e, rounder):
            return e, rounder
    return e, at


def _part_value(part: Node, at: Values) -> Any:
    return np.asarray(evaluate_nodes([part], at)[0], dtype=float)


def _fresh(e: Node) -> str:
    taken = {s.name for s in symbols_of([e])}
    k = 1
    while f"v{k}" in taken:
        k += 1
    return f"v{k}"


def program(roots: Sequence[tuple[str, Node]], at: Values, call: str) -> str:
    """Python that makes the expressions, and the users' functions in them, and calls the check, with the point if it takes one."""
    check = call.partition("(")[0]
    taken = {"at", check, *(name for name, _ in roots)}
    own, names = definitions([n for _, n in roots], at, taken)
    code = Script([*(n for _, n in roots), *at], {"np", *taken, *names})
    lines = ["import numpy as np", "import exprgraph as eg", *own]
    if "at=at" in call:
        listed = ", ".join(f"{code.text[s]}: np.array({_numbers(v)})" for s, v in at.items())
        lines += [*code.lines, *(f"{name} = {code.text[n]}" for name, n in roots), f"at = {{{listed}}}"]
    return "\n".join([*lines, f"from exprgraph.testing import {check}", call])


def _numbers(value: Any) -> str:
    text = repr(np.asarray(value, dtype=float).tolist())
    return text.replace("nan", 'float("nan")').replace("inf", 'float("inf")')


__all__ = ["Disagreement", "UnsmoothPointError", "Values", "allowances", "check_tolerance", "difference", "program", "smallest"]
