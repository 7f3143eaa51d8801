"""Small graphs of each primitive, in each shape that its rules and its code tell apart."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

import exprgraph as eg
from exprgraph.canonical.contract import contract
from exprgraph.canonical.place import place
from exprgraph.functions.elementwise import apply
from exprgraph.functions.rows import GATE, GATE_BOTH
from exprgraph.graph.leaves import identity
from exprgraph.graph.node import Node


class Symbols(NamedTuple):
    s: Node
    r: Node
    x: Node
    y: Node
    A: Node
    B: Node


SHARED = Symbols(eg.Symbol("s"), eg.Symbol("r"), eg.Symbol("x", 3), eg.Symbol("y", 3), eg.Symbol("A", (3, 3)), eg.Symbol("B", (2, 3)))


def values(symbols: Symbols, lead: tuple[int, ...] = ()) -> dict[Node, Any]:
    """Positive numbers; matrices that have an inverse.  Per-sample symbols have batch axes."""
    rng = np.random.default_rng(8)
    found: dict[Node, Any] = {n: rng.uniform(0.4, 1.6, (lead if n.per_sample else ()) + n.shape) for n in symbols}
    found[symbols.A] = found[symbols.A] + 2.0 * np.diag([1.0, 2.0, 1.5])
    return found


def graphs(symbols: Symbols) -> dict[str, Node]:
    s, r, x, y, A, B = symbols
    v, m = eg.sin(x * s), eg.exp(A / 2)  # values that are read in several ways
    return {
        "number times array": s * x,
        "number over array": s / x,
        "array over number": x / s**2,
        "sum with a number": 3 * s - 2 * x + 1,
        "product of three": s * x**2 * y**-1.5,
        "root of a product": eg.sqrt(s * x * y),
        "where of numbers": eg.where(s > 1, s * r, r**2),
        "where by a number, of arrays": eg.where(s > 0, x * y, y**2),
        "where by a number, of an array and a number": eg.where(s > 100, x, s**2),
        "where by an array, of numbers": eg.where(x > 1, s * r, r / s),
        "where by an array, of an array and a number": eg.where(x > 1, s**2, x * s),
        "where of a constant": eg.where(x > 1, 0.0, x * s),
        "where of matrices": eg.where(A > 1, A**2, s * A),
        "gate by a number": apply(GATE, s**2, x * y),
        "gate of a number": apply(GATE, x * s, r**2),
        "gate of both": apply(GATE_BOTH, eg.sin(x), x * y),
        "gate of arrays": apply(GATE, eg.sin(x), x * y),
        "function of two": eg.atan2(s, x) + eg.hypot(x, y),
        "power with a symbol above": x**y + s**x + x**s,
        "smaller and larger": eg.minimum(x, s) * eg.maximum(y, x),
        "matrix and vector": A @ x,
        "matrices": B @ A,
        "diagonal": contract([(A, "ii")], "i"),
        "trace": contract([(A, "ii"), (x, "j")], "j"),
        "diagonal matrix": contract([(x, "i"), (identity(3), "ij")], "ij"),
        "diagonal of a product": eg.einsum("ij,ji->i", A, A),
        "three operands": eg.einsum("ij,jk,k->i", B, A, x),
        "an operand twice": eg.einsum("i,i,ij->j", x, x, A),
        "outer product": eg.outer(x, y * s),
        "repeated along an axis": contract([(x * s, "i")], "ij", {"j": 2}) * 2,
        "rows backwards": A[::-1, 0] * s,
        "columns": (A**2)[:, 1:],
        "taken twice": (x**2)[[2, 0, 2]],
        "taken of a matrix": (A * s)[:, [1, 1]],
        "taken of a column": m[[2, 0, 2], 1] * m[1, [0, 0, 1]],
        "placed by a take into a column": place(v, (("t", (0, 2, 2)), 1), (3, 2)) + place(v, (("t", (2, 1, 1)), 0), (3, 2)),
        "placed by a take into a row": place(v, (1, ("t", (3, 0, 3))), (2, 4)),
        "placed": place(x**2, (("s", 1, 2, 3),), (7,)),
        "placed by a take": place(x**2, (("t", (0, 3, 3)),), (5,)),
        "placed in a matrix": place(x * s, (1, None), (2, 3)),
        "stack": eg.stack([x, x * y, eg.zeros(3)]),
        "stack along the last axis": eg.stack([x**2, y], axis=1),
        "concatenate": eg.concatenate([x, 2 * y * x, eg.stack([s])]),
        "concatenate along the last axis": eg.concatenate([A, (B.T) ** 2], axis=1),
        "reshape": (A * s).reshape(9),
        "reshape to a matrix": (eg.concatenate([x, y]) ** 2).reshape(2, 3),
        "largest": eg.max(A * s),
        "largest along the first axis": eg.max(A, axis=0),
        "smallest along the last axis": eg.min(A**2, axis=1) * s,
        "largest of negative numbers": eg.max(-A, axis=1) + eg.min(x) * eg.max(-y),
        "norm": eg.norm(x * s) * x,
        "norm along the last axis": eg.norm(A * s, axis=1),
        "norm along the first axis, squared": eg.norm(A, axis=0) ** 2 * y,
        "logsumexp": eg.logsumexp(x * s) * y,
        "logsumexp along the first axis": eg.logsumexp(A * s, axis=0),
        "softmax": eg.softmax(x * s) * y,
        "softmax of one that leads": eg.softmax(9 * x * s),
        "softmax along the first axis": eg.softmax(A * s, axis=0) @ x,
        "softmax of a matrix": eg.softmax(A * s, axis=None),
        "log_softmax": eg.log_softmax(3 * x * s) @ y,
        "log_softmax along the last axis": eg.log_softmax(A * s),
        "beside itself reversed": v * v[::-1] + v,
        "beside its first": v * v[0] + v[1:2] * v,
        "beside its transpose": m * m.T + m,
        "beside its diagonal": m * contract([(m, "ii")], "i") + m[:, :1],
        "stack with itself reversed": eg.stack([v[::-1], v, v * v]),
        "concatenate with parts of itself": eg.concatenate([v[1:], v, v[:2] * v[2]]) * 2,
        "stack of stacks": eg.stack([eg.stack([v, v**2]), eg.stack([y, x])], axis=1),
        "beside itself reshaped": m.reshape(9) * m.T.reshape(9) + m[:, [2, 0, 1]].reshape(9),
        "reshape of a transpose": (B.T * s).reshape(2, 3) + eg.broadcast_to(x, (3, 3)).reshape(9)[:6].reshape(2, 3),
        "whole powers": x**5 + s**-7 + y**17 * 0.01,
        "solve": eg.solve(A, x),
        "solve with numbers in the matrix": eg.solve(A * s, x * y),
        "solve for matrices": eg.solve(A, B.T),
        "solve for a stack": eg.solve(eg.stack([A, A.T]) * s, x),
        "determinant": eg.det(A * s) * s,
        "logarithm of a determinant": eg.logabsdet(A * s) * x,
        "cholesky": eg.cholesky(A) @ x,
        "eigenvalues": eg.eigvalsh(A * s) * x,
        "exponential": eg.expm(A / 4) @ x,
        "orthonormal columns": eg.orthonormal(A * s) @ x,
        "triangular system": eg.solve_triangular(A * s, x, 1, lower=True),
        "running sum": eg.cumsum(x * s) * y,
        "running sum along the first axis": eg.cumsum(A * s, 0) @ x,
        "running product": eg.cumprod(x * s + y),
        "running product along the last axis": eg.cumprod(A, 1) * s,
        "recurrence": eg.linear_recurrence(x * s, y),
        "sorted": eg.sort(x * s * [3.0, 1.0, 2.0]) * y,
        "sorted along the first axis": eg.sort(A * s, 0) @ x,
        "ordered by keys": eg.order_by(x * [3.0, -1.0, 2.0], y * s),
        "sum over samples of what they share": eg.over_samples.mean(x * s),
    }
