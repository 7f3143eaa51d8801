"""NumPy's own functions on expressions give expressions, with NumPy's values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.node import Node

x = eg.Symbol("x")
v, w = eg.symbols("v w", shape=3)
A, B = eg.Symbol("A", (3, 3)), eg.Symbol("B", (3, 4))
RNG = np.random.default_rng(0)
VALUES: dict[Node, Any] = {
    x: 0.7,
    v: RNG.uniform(0.2, 0.9, 3),
    w: RNG.uniform(0.2, 0.9, 3),
    A: RNG.uniform(0.2, 0.9, (3, 3)),
    B: RNG.uniform(0.2, 0.9, (3, 4)),
}

UFUNCS = """sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arctanh exp exp2 expm1 log log2 log10 log1p sqrt cbrt
    square absolute fabs sign floor ceil negative positive reciprocal deg2rad rad2deg logical_not""".split()
BINARY = """logaddexp add subtract multiply divide true_divide power float_power maximum minimum fmax fmin arctan2 hypot less
    less_equal greater greater_equal equal not_equal logical_and logical_or""".split()


@pytest.mark.parametrize("name", UFUNCS)
def test_unary_ufuncs(name: str) -> None:
    f = getattr(np, name)
    for s in (x, v, A):
        e = f(s)
        assert isinstance(e, Node)
        np.testing.assert_allclose(eg.evaluate(e, VALUES), f(VALUES[s]), rtol=1e-14)


def test_arccosh() -> None:
    np.testing.assert_allclose(eg.evaluate(np.arccosh(x), {x: 1.5}), np.arccosh(1.5))


@pytest.mark.parametrize("name", BINARY)
def test_binary_ufuncs_with_arrays_on_either_side(name: str) -> None:
    f = getattr(np, name)
    # np.equal(array, x) is also what NumPy does with `array == x`: an error
    swapped = [] if name in ("equal", "not_equal") else [(VALUES[w], v), (np.float64(0.5), x)]
    for a, b in ((v, w), (v, 0.5), (A, v), (x, VALUES[A]), *swapped):
        e = f(a, b)
        assert isinstance(e, Node)
        p, q = (VALUES[t] if isinstance(t, Node) else t for t in (a, b))
        np.testing.assert_allclose(eg.evaluate(e, VALUES), f(p, q), rtol=1e-14)


FUNCTIONS: dict[str, Callable[[Any, Any, Any, Any, Any], Any]] = {
    "sum": lambda x, v, w, A, B: np.sum(B),
    "sum axis": lambda x, v, w, A, B: np.sum(B, axis=1),
    "sum keepdims": lambda x, v, w, A, B: np.sum(B, axis=-1, keepdims=True),
    "mean": lambda x, v, w, A, B: np.mean(B, axis=0),
    "max": lambda x, v, w, A, B: np.max(B, axis=1),
    "amin": lambda x, v, w, A, B: np.amin(B),
    "prod": lambda x, v, w, A, B: np.prod(B, axis=1),
    "var": lambda x, v, w, A, B: np.var(B, axis=0),
    "std": lambda x, v, w, A, B: np.std(B),
    "dot": lambda x, v, w, A, B: np.dot(A, v),
    "dot with an array": lambda x, v, w, A, B: np.dot(np.ones((2, 3)), v),
    "vdot": lambda x, v, w, A, B: np.vdot(A, A + 1),
    "inner": lambda x, v, w, A, B: np.inner(A, v),
    "outer": lambda x, v, w, A, B: np.outer(v, B),
    "matmul": lambda x, v, w, A, B: np.matmul(A, B),
    "array @": lambda x, v, w, A, B: np.ones((2, 3)) @ A,
    "@ array": lambda x, v, w, A, B: A @ np.ones((3, 2)),
    "einsum": lambda x, v, w, A, B: np.einsum("ij,jk,i->k", A, B, v),
    "tensordot": lambda x, v, w, A, B: np.tensordot(A, B, 1),
    "tensordot axes": lambda x, v, w, A, B: np.tensordot(A, B, ([0], [0])),
    "transpose": lambda x, v, w, A, B: np.transpose(B),
    "T": lambda x, v, w, A, B: B.T,
    "swapaxes": lambda x, v, w, A, B: np.swapaxes(B, 0, 1),
    "moveaxis": lambda x, v, w, A, B: np.moveaxis(B, 0, -1),
    "trace": lambda x, v, w, A, B: np.trace(A),
    "diag of a matrix": lambda x, v, w, A, B: np.diag(A),
    "diag of a vector": lambda x, v, w, A, B: np.diag(v),
    "diagonal": lambda x, v, w, A, B: np.diagonal(A),
    "reshape": lambda x, v, w, A, B: np.reshape(B, (2, -1)),
    "ravel": lambda x, v, w, A, B: np.ravel(B),
    "stack": lambda x, v, w, A, B: np.stack([v, w], axis=1),
    "concatenate": lambda x, v, w, A, B: np.concatenate([A, B], axis=1),
    "concatenate with an array": lambda x, v, w, A, B: np.concatenate([np.zeros(2), v]),
    "expand_dims": lambda x, v, w, A, B: np.expand_dims(v, 1),
    "squeeze": lambda x, v, w, A, B: np.squeeze(np.expand_dims(v, 1)),
    "broadcast_to": lambda x, v, w, A, B: np.broadcast_to(v, (2, 3)),
    "where": lambda x, v, w, A, B: np.where(v > w, v, w),
    "clip": lambda x, v, w, A, B: np.clip(v, 0.3, 0.5),
    "norm": lambda x, v, w, A, B: np.linalg.norm(v),
    "norm axis": lambda x, v, w, A, B: np.linalg.norm(B, axis=1),
    "norm 1": lambda x, v, w, A, B: np.linalg.norm(v, 1),
    "norm inf": lambda x, v, w, A, B: np.linalg.norm(v, np.inf),
    "frobenius": lambda x, v, w, A, B: np.linalg.norm(B),
    "solve": lambda x, v, w, A, B: np.linalg.solve(A, v),
    "solve matrix": lambda x, v, w, A, B: np.linalg.solve(A, B),
    "inv": lambda x, v, w, A, B: np.linalg.inv(A),
    "zeros_like": lambda x, v, w, A, B: np.zeros_like(B) + v[0],
    "ones_like": lambda x, v, w, A, B: np.ones_like(B) * v[0],
    "add.reduce": lambda x, v, w, A, B: np.add.reduce(B),
    "maximum.reduce": lambda x, v, w, A, B: np.maximum.reduce(B, axis=1),
    "methods": lambda x, v, w, A, B: B.sum(axis=0) + B.mean(axis=0) + B.max(axis=0) - B.min(axis=0),
    "reshape method": lambda x, v, w, A, B: B.reshape(2, 6) + B.reshape((2, 6)) + B.ravel().reshape([2, 6]),
    "transpose method": lambda x, v, w, A, B: B.transpose() + B.transpose(1, 0) + B.transpose((1, 0)),
    "abs": lambda x, v, w, A, B: abs(-v),
    "in lists": lambda x, v, w, A, B: [1, 2, 3] * v + v * [1, 2, 3],
    "scalars of numpy": lambda x, v, w, A, B: np.float64(2) * v / np.float64(3) - np.float32(1) + np.int64(2) ** v,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_array_functions(name: str) -> None:
    f = FUNCTIONS[name]
    e = f(x, v, w, A, B)
    assert isinstance(e, Node)
    want = f(*(VALUES[s] for s in (x, v, w, A, B)))
    assert e.shape == np.shape(want)
    np.testing.assert_allclose(eg.evaluate(e, VALUES), want, rtol=1e-12)


def test_shapes_are_known_without_values() -> None:
    assert np.shape(B) == (3, 4)
    assert np.ndim(B) == 2
    assert np.size(B) == 12
    assert len(B) == 3
    assert [r.shape for r in B] == [(4,)] * 3


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: np.cross(v, v), r"numpy\.cross is not defined for expressions"),
        (lambda: np.add.accumulate(v), r"np\.add\.accumulate is not defined"),
        (lambda: np.sin(v, dtype=np.float32), "np.sin with dtype"),
        (lambda: np.logaddexp2(v, v), r"np\.logaddexp2 is not defined"),
        (lambda: np.array([x, x]), "no value yet"),
        (lambda: np.asarray(v), "no value yet"),
        (lambda: float(x), "no value yet"),
        (lambda: int(x), "no value yet"),
        (lambda: complex(x), "no value yet"),
        (lambda: np.zeros(3).__iadd__(v), "immutable"),
        (lambda: np.where(v > 0), "both branches"),
    ],
)
def test_what_is_not_defined_says_so(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        call()


def test_off_diagonals_are_refused() -> None:
    for call in (lambda: np.trace(A, offset=1), lambda: np.diagonal(A, 1), lambda: np.diag(v, 1)):
        with pytest.raises(ValueError, match="main diagonal"):
            call()
