"""Checks that two expressions are equal, and that all ways to compute a value agree."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np

from .. import over_samples
from ..canonical.operands import as_node
from ..graph.leaves import array
from ..graph.node import Node
from ..graph.traverse import substitute_nodes, symbols_of, topological
from ..language.reductions import sum as sum_
from ..lowering import compile as compile_
from ..meaning.evaluate import evaluate_nodes
from ..show import to_python
from ..support.integers import whole
from ..text.parse import parse
from .bounds import BOX, Interval
from .derivatives import along
from .disagreement import Disagreement, Values, allowances, difference, program, smallest
from .growing import values_for


def check_identity(
    lhs: Any, rhs: Any, *, at: Values | None = None, order: int = 0, box: Interval = BOX, trials: int = 5, seed: int = 0
) -> None:
    """Check that two expressions have the same value, and the same derivatives up to an order.

    Args:
        lhs, rhs: expressions of one shape, or of shapes that broadcast.
        at: a value for each symbol; by default ``trials`` random points.
        order: also compare derivatives along random directions.
        box: the interval of symbols' elements at these points.

    Raises:
        Disagreement: they differ by more than the measured effect of rounding.  A number differs from NaN and from
            infinity, so that ``2*log(x)`` is not ``log(x**2)``, unless the box is positive.
        ValueError: neither side is finite at any of the random points, so nothing was compared.

    >>> import exprgraph as eg
    >>> from exprgraph.testing import check_identity
    >>> x = eg.Symbol("x")
    >>> check_identity(eg.sin(2 * x), 2 * eg.sin(x) * eg.cos(x), order=2)
    >>> check_identity(eg.sin(2 * x), 2 * eg.sin(x))
    Traceback (most recent call last):
    ...
    exprgraph.testing.disagreement.Disagreement: the left side is ...
    """
    left, right = as_node(lhs), as_node(rhs)
    if at is None and trials < 1:
        raise ValueError(f"check_identity: trials must be at least 1, got {trials}")
    if whole(order) is None or order < 0:
        raise ValueError(f"check_identity: order is a whole number of at least 0, got {order!r}")
    if not (len(box) == 2 and box[0] < box[1]):
        raise ValueError(f"check_identity: box is (low, high) with low < high, got {box!r}")
    symbols = symbols_of([left, right])
    pairs = [("", left, right)]
    rng = np.random.default_rng(seed)
    directions = {s: np.round(rng.uniform(-1, 1, s.shape), 3) for s in symbols}
    if symbols:
        for k in range(1, order + 1):
            _, a, b = pairs[-1]
            pairs.append((f"'s derivative of order {k}", along(a, directions), along(b, directions)))
    compared = at is not None or not left.size or not right.size
    for _ in range(trials if at is None else 1):
        values = dict(at) if at is not None else dict(values_for(rng, symbols, box))
        nodes = [n for _, a, b in pairs for n in (a, b)]
        numbers, rounding = evaluate_nodes(nodes, values), allowances(nodes, values)
        compared = compared or bool(np.isfinite(numbers[0]).any() or np.isfinite(numbers[1]).any())
        for k, (what, *_) in enumerate(pairs):
            i, j = 2 * k, 2 * k + 1
            said = difference(f"the left side{what}", numbers[i], f"the right side{what}", numbers[j], rounding[i] + rounding[j])
            if said is not None:
                call = "check_identity(lhs, rhs, at=at" + (f", order={order}" if order else "") + (f", seed={seed}" if seed else "") + ")"
                raise Disagreement(said, program([("lhs", left), ("rhs", right)], values, call))
    if not compared:
        raise ValueError(
            f"check_identity: neither side is finite at any of {trials} random points in {box}, so nothing was compared; "
            "give another box= or the point as at="
        )


def check_values(e: Any, *, at: Values | None = None, compiled: bool = True, seed: int = 0) -> None:
    """Check that all ways to compute the value of an expression agree, at any point, also at special ones.

    These are evaluation by NumPy, compiled code for single samples and batches, substitution of the values, and the
    expression parsed from its code, its copy and its pickle.

    Raises:
        Disagreement: results differ; the message has a program with the smallest failing expression found.

    >>> import exprgraph as eg
    >>> from exprgraph.testing import check_values
    >>> x = eg.Symbol("x", shape=2)
    >>> check_values(eg.sqrt(x) / x, at={x: [0.0, -1.0]})
    """
    node = as_node(e)
    values = dict(at) if at is not None else dict(values_for(np.random.default_rng(seed), symbols_of([node])))
    said = _other_ways(node, values, compiled)
    if said is None:
        return
    small, there = smallest(node, values, lambda n, v: _other_ways(n, v, compiled) is not None)
    raise Disagreement(_other_ways(small, there, compiled) or said, program([("e", small)], there, "check_values(e, at=at)"))


def _other_ways(e: Node, at: Values, compiled: bool) -> str | None:
    (expected,) = evaluate_nodes([e], at)
    (allowed,) = allowances([e], at)
    again = {"read back from its code": parse(to_python(e)), "copied": copy.deepcopy(e), "pickled": pickle.loads(pickle.dumps(e))}
    for how, other in again.items():
        if other is not e:
            said = difference(f"the expression {how}", evaluate_nodes([other], at)[0], "the expression", expected, allowed)
            if said is not None:
                return said
    shared = {s: array(np.asarray(v, dtype=float)) for s, v in at.items() if not s.per_sample}
    (fixed,) = substitute_nodes([e], shared)
    rest = {s: v for s, v in at.items() if s.per_sample}
    # construction keeps finite values; elsewhere a term that cancels is 0, even if it is not finite
    if all(np.isfinite(v).all() for v in evaluate_nodes(topological([e]), at)):
        said = difference("with values substituted", evaluate_nodes([fixed], rest)[0], "with values bound", expected, allowed)
        if said is not None:
            return said
    if not compiled:
        return None
    fn = compile_(e, list(at), immediate=False)
    return difference("compiled", fn(*at.values()), "by NumPy", expected, allowed)


def check_reduction(e: Any, *, at: Values | None = None, samples: int = 5, seed: int = 0) -> None:
    """Check that a batch agrees with its single samples, and a sum over samples with the sum of their values.

    Args:
        e: a per-sample expression without sums over samples in it.
        at: a value for each symbol, with one batch axis where it differs by sample; random ones by default.
        samples: the number of samples of these.

    Raises:
        Disagreement: they differ by more than the measured effect of rounding, as for ``p - over_samples.mean(p)``.
        ValueError: the expression is the same for every sample.

    >>> import exprgraph as eg
    >>> from exprgraph.testing import check_reduction
    >>> p, W = eg.Symbol("p", shape=2, per_sample=True), eg.Symbol("W", shape=(3, 2))
    >>> check_reduction(eg.tanh(W @ p))
    """
    node = as_node(e)
    if not node.per_sample:
        why = "it is a sum over samples already" if any(s.per_sample for s in symbols_of([node])) else "no symbol of it has per_sample=True"
        raise ValueError(f"check_reduction: the expression is the same for every sample: {why}: {node!r:.200}")
    if whole(samples) is None or samples < 1:
        raise ValueError(f"check_reduction: samples is a whole number of at least 1, got {samples!r}")
    symbols = symbols_of([node])
    values = dict(at) if at is not None else dict(values_for(np.random.default_rng(seed), symbols, samples=samples))
    total = over_samples.sum(sum_(node))
    (batch, summed) = evaluate_nodes([node, total], values)
    (allowed, allowed_sum) = allowances([node, total], values)
    count = len(next(v for s, v in values.items() if s.per_sample))
    each = []
    for k in range(count):
        one = {s: np.asarray(v)[k] if s.per_sample else v for s, v in values.items()}
        each.append(evaluate_nodes([node], one)[0])
    said = difference("the batch", batch, "sample by sample", np.stack(each), allowed)
    said = said or difference("the sum over samples", summed, "the samples' sum", np.sum(each), allowed_sum)
    if said is not None:
        raise Disagreement(said, program([("e", node)], values, "check_reduction(e, at=at)"))


__all__ = ["check_identity", "check_reduction", "check_values"]
