"""NumPy's own functions on expressions give expressions, with NumPy's values."""

from __future__ import annotations

import functools
import re
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.language.numpy_protocol import _FUNCTIONS

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
        (lambda: np.roots(v), r"numpy\.roots is not defined for expressions: .* polyval"),
        (lambda: np.arctan2.reduceat(v, [0, 1]), r"np\.arctan2\.reduceat is not defined"),
        (lambda: np.add.reduceat(v, [0, 3]), "reduceat: positions are a vector of whole numbers from 0 to 2"),
        (lambda: np.fft.rfft(v), r"fft.rfft is not defined for expressions: the transform is complex; its parts are x @ cos"),
        (lambda: np.histogram(v, "auto"), "bins are a number of bins or their edges; 'auto' chooses a number by values"),
        (lambda: np.sin(v, dtype=np.float32), "np.sin with dtype float32"),
        (lambda: np.nextafter(v, v), r"np\.nextafter is not defined"),
        (lambda: np.sin(v, where=[True, False, True]), "np.sin with where is not defined"),
        (lambda: np.sum(v, out=np.zeros(())), "written to `out`"),
        (lambda: np.sum(v, dtype=int), "float64"),
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


@pytest.mark.parametrize(
    "f",
    [
        lambda t, B: np.add.reduceat(t, [0, 2, 1]),
        lambda t, B: np.multiply.reduceat(B, [2, 0, 0], axis=0),
        lambda t, B: np.maximum.reduceat(B, [1, 3, 2], axis=-1),
        lambda t, B: np.logaddexp.reduce(B, axis=1),
        lambda t, B: np.hypot.reduce(t),
        lambda t, B: np.lib.stride_tricks.sliding_window_view(B, (2, 3)),
        lambda t, B: np.lib.stride_tricks.sliding_window_view(B, 2, axis=1),
        lambda t, B: np.fft.fftshift(B),
        lambda t, B: np.fft.ifftshift(t, axes=0),
    ],
)
def test_methods_of_ufuncs_and_functions_of_other_modules(f: Callable[[Any, Any], Any]) -> None:
    np.testing.assert_allclose(eg.evaluate(f(v, B), VALUES), f(VALUES[v], VALUES[B]), rtol=1e-14)


def test_off_diagonals() -> None:
    for k in (-4, -2, -1, 0, 1, 3, 5):
        for f in (np.trace, np.diagonal, np.diag):
            np.testing.assert_array_equal(eg.evaluate(f(B, k), VALUES), f(VALUES[B], k))
        np.testing.assert_array_equal(eg.evaluate(np.diag(v, k), VALUES), np.diag(VALUES[v], k))
    for call in (lambda: np.trace(A, offset=1.5), lambda: np.diagonal(A, "a"), lambda: np.diag(v, None)):  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="whole number"):
            call()


SPECIAL = "erf erfc expit logit log_expit entr ndtr exp10 exp2 expm1 log1p cbrt".split()


@pytest.mark.parametrize("name", SPECIAL)
def test_ufuncs_of_scipy(name: str) -> None:
    special = pytest.importorskip("scipy.special")
    f = getattr(special, name)
    at = np.array([-np.inf, -2.5, -0.3, 0.0, 1e-300, 1e-10, 0.25, 0.3, 0.5, 0.5000001, 0.9, 1 - 1e-16, 1.0, 1.5, 50.0, np.inf, np.nan])
    want = f(at)
    assert f(v).shape == v.shape
    for got in (eg.evaluate(f(x), {x: at}), eg.compile(f(x), x)(at)):
        np.testing.assert_allclose(got, want, rtol=1e-15)


def test_two_arguments_and_functions_that_scipy_makes_of_ufuncs() -> None:
    special = pytest.importorskip("scipy.special")
    assert special.xlogy(x, v) is eg.xlogy(x, v)
    assert special.softplus(x) is eg.logaddexp(0, x)
    assert eg.diff(special.expit(x), x) is eg.sigmoid_prime(x)
    derivative = eg.diff(special.logit(x), x)
    for p in (1e-300, 0.1, 0.25, 0.5, 0.75, 0.9, 1 - 1e-16):
        assert eg.evaluate(derivative, {x: p}) == pytest.approx(1 / (p * (1 - p)), rel=1e-15)
    with pytest.raises(TypeError, match=r"scipy\.special\.dawsn is not defined for expressions"):
        special.dawsn(x)


def test_a_ufunc_that_is_the_value_of_a_users_function() -> None:
    special = pytest.importorskip("scipy.special")
    f = eg.function("kelvin", numpy=special.ber, derivative=lambda t: kelvin_prime(t), code="math.cos({0})")
    kelvin_prime = eg.function("kelvin_prime", numpy=special.berp, derivative=None, code="math.cos({0})")
    assert special.ber(x) is f(x)
    assert float(eg.evaluate(eg.diff(special.ber(x), x), {x: 0.3})) == special.berp(0.3)


def test_ufuncs_that_are_compositions() -> None:
    at = np.array([-np.inf, -2.5, -1.0, -0.3, -0.0, 0.0, 0.3, 1.0, 2.5, 50.0, np.inf, np.nan])
    for name in ("radians", "degrees", "trunc", "isnan", "isinf", "isfinite"):
        np.testing.assert_array_equal(eg.evaluate(getattr(np, name)(x), {x: at}), getattr(np, name)(at))
    a, b = (g.ravel() for g in np.meshgrid(at, at))
    y = eg.Symbol("y")
    for name in ("heaviside", "logical_xor", "logaddexp"):
        with np.errstate(all="ignore"):
            want = getattr(np, name)(a, b)
        np.testing.assert_allclose(eg.evaluate(getattr(np, name)(x, y), {x: a, y: b}), want, rtol=1e-15)
    assert np.divmod(x, 3) == (x // 3, x % 3)
    assert np.select([x > 0, x < -1], [x, y], 7) is eg.where(x > 0, x, eg.where(x < -1, y, 7))
    with pytest.raises(TypeError, match=r"select: .*exprgraph\.equal"):
        np.select([x == 0], [x])


def _messages(call: Callable[[], Any]) -> list[str]:
    try:
        call()
    except Exception as error:
        return [str(error)]
    return []


#: what is no argument of most functions, but of some
WRONG: list[Any] = [object(), "ab", None, 1.5, (7, 8), {"a": 1}, [x], x, v, np.ones((2, 2)), -9]
_INTERNAL = r"(?<![\w.\"'])_[a-z]\w*|<lambda>|<locals>|Node\.|forward|backward|\bcall\("
#: what an expression says to NumPy itself, which asks it for a number, its elements or its truth
_OF_EXPRESSIONS = "no value yet|cannot iterate over a scalar|truth of an expression"
_RAW = r"is not iterable|not subscriptable|has no attribute|as an integer|only integer scalar|bad operand|not supported between|to unpack"


@pytest.mark.slow
def test_no_message_shows_a_name_of_the_package_within() -> None:
    """Every function of NumPy's protocol with wrong arguments: wrong in number, in name, in kind."""
    checked = 0
    for function in _FUNCTIONS:
        for first in (x, v, A):
            bind = functools.partial(functools.partial, function)
            calls = [bind(first), bind(first, wrong=1), bind(*[first] * 9)]
            for w in WRONG:
                calls += [bind(first, w), bind(first, w, w), bind(first, axis=w)]
            for call in calls:
                for message in _messages(call):
                    checked += 1
                    assert not re.search(_INTERNAL, message), (function, message)
                    if "dispatcher" not in message and not _is_of_numpy(call):
                        assert not re.search(_RAW, message), (function, message)
                        assert function.__name__ in message or re.search(_OF_EXPRESSIONS, message), (function, message)
    assert checked > 1000


def _is_of_numpy(call: Callable[[], Any]) -> bool:
    """Whether NumPy refused the call before it asked the expression."""
    try:
        call()
    except Exception as error:
        return not Path(traceback.extract_tb(error.__traceback__)[-1].filename).is_relative_to(Path(eg.__file__).parent)
    return False


def test_the_transpose_of_each_matrix() -> None:
    stack = eg.Symbol("stack", (2, 3, 4))
    assert stack.mT is eg.swapaxes(stack, -1, -2) and B.mT is B.T
    with pytest.raises(eg.ShapeError, match=r"mT needs at least two axes, got shape \(3,\)"):
        _ = v.mT


def test_an_empty_axis_is_padded_with_constants_alone() -> None:
    nothing = eg.Symbol("nothing", (2, 0))
    assert np.pad(nothing, 1).shape == (4, 2) and np.pad(nothing, ((1, 1), (0, 0)), "mean").shape == (4, 0)
    for mode in ("edge", "linear_ramp", "mean", "median"):
        with pytest.raises(eg.ShapeError, match=r"pad of shape \(2, 0\): .*empty"):
            np.pad(nothing, ((0, 0), (1, 0)), mode)


def test_methods_with_wrong_arguments_name_themselves() -> None:
    for name in "sum mean max min reshape transpose ravel __add__ __rmod__ __pow__ __matmul__ __lt__ __getitem__ __abs__ __len__".split():
        for e in (x, v, A):
            method = getattr(e, name)
            wrong = [functools.partial(method, wrong=2), functools.partial(method, 1, 2, 3, 4, 5)]
            for message in (m for call in wrong for m in _messages(call)):
                assert name.strip("_") in message, message
                assert not re.search(r"(?<![\w.])_[a-z]\w*\(|lambda|locals|forward|backward", message), message
            for message in (m for w in WRONG for m in _messages(functools.partial(method, w))):
                assert not re.search(_RAW, message), (name, message)
