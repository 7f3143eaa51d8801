"""Numbers, arrays and other things as values, in sums with expressions, as shapes: taken as NumPy takes them, or refused."""

from __future__ import annotations

import decimal
import fractions
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from symnn import ArgumentError, Chain, Dense, SymbolicNeuralNetwork, build_nn_function

x = eg.Symbol("x", 3)
s = eg.Symbol("s")
e = eg.sin(x) * s + x
net = SymbolicNeuralNetwork(Chain(Dense(3, 2)))
PS = net.chain.initial_parameters(0)

REAL = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 longdouble".split()
OTHER = ["complex64", "complex128", "object", "U3", "S3", "datetime64[s]", "timedelta64[s]", "V8"]

Call = Callable[[Any], Any]
FUNCTIONS = {backend: eg.compile(e, (x, s), backend=backend) for backend in ("native", "numpy")}
BUILT = {backend: build_nn_function(net.output, net, backend=backend) for backend in ("native", "numpy")}
#: each way a value of shape (3,) gets into the package
WAYS: dict[str, Call] = {
    "evaluate": lambda v: eg.evaluate(e, {x: v, s: 0.5}),
    "native": lambda v: FUNCTIONS["native"](v, 0.5),
    "numpy": lambda v: FUNCTIONS["numpy"](v, 0.5),
    "substitute": lambda v: eg.evaluate(eg.substitute(e, {x: v, s: 0.5})),
    "a constant": lambda v: eg.evaluate(eg.sin(eg.array(v)) * 0.5 + v),
    "a network, native": lambda v: BUILT["native"](v, PS),
    "a network, numpy": lambda v: BUILT["numpy"](v, PS),
}


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("way", WAYS)
def test_real_numbers_of_every_type(way: str, dtype: str) -> None:
    values = np.array([0, 1, 1]).astype(dtype)
    want = WAYS[way](values.astype(np.float64))
    tolerance = 1e-6 if dtype == "float32" else 1e-14
    for given in (
        values,
        values.tolist(),
        tuple(values),
        values[::-1][::-1],
        np.asfortranarray(values),
        values.astype(values.dtype.newbyteorder()),
    ):
        np.testing.assert_allclose(WAYS[way](given), want, rtol=tolerance, atol=tolerance)
    assert np.asarray(WAYS[way](values)).dtype in (np.float64, np.float32)


@pytest.mark.parametrize("dtype", OTHER)
@pytest.mark.parametrize("way", WAYS)
def test_what_is_not_real_is_refused(way: str, dtype: str) -> None:
    values = np.zeros(3, dtype)
    with pytest.raises(eg.DTypeError, match="real"):
        WAYS[way](values)


REFUSED: dict[str, Any] = {
    "nothing": None, "text": "1.0", "texts": ["1.0", "2.0", "3.0"], "bytes": b"123", "a set": {1.0, 2.0, 3.0}, "a dict": {0: 1.0},
    "ragged": [[1.0], [1.0, 2.0], [3.0]], "complex": [1j, 2.0, 3.0], "a function": np.sin, "a class": float,
    "fractions": np.array([fractions.Fraction(1, 2)] * 3),
    "decimals": np.array([decimal.Decimal(1)] * 3), "a generator": (k for k in range(3)),
    "too large": [10**400, 1, 1], "nothings": [None] * 3, "an ellipsis": ...,
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("way", WAYS)
def test_other_things_are_refused(way: str, what: str) -> None:
    with pytest.raises((eg.DTypeError, eg.ShapeError, ArgumentError)) as caught:  # a dict could be the parameters, in the wrong place
        WAYS[way](REFUSED[what])
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("way", WAYS)
def test_masked_arrays(way: str) -> None:
    """NumPy's asarray forgets the mask, and what is behind it would be computed with."""
    whole = np.ma.masked_array([0.1, 0.2, 0.3])
    np.testing.assert_allclose(WAYS[way](whole), WAYS[way](np.array([0.1, 0.2, 0.3])))
    with pytest.raises(eg.DTypeError, match=r"masked.*filled"):
        WAYS[way](np.ma.masked_array([0.1, 1e300, 0.3], mask=[False, True, False]))


@pytest.mark.parametrize("way", WAYS)
def test_not_finite_values_flow_as_in_numpy(way: str) -> None:
    values = np.array([np.nan, np.inf, -np.inf])
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        got = np.asarray(WAYS[way](values))
        if way.startswith("a network"):
            assert np.isnan(got).all()
        else:
            np.testing.assert_array_equal(got, np.sin(values) * 0.5 + values)


@pytest.mark.parametrize("dtype", REAL)
def test_numpy_scalars_meet_expressions_on_both_sides(dtype: str) -> None:
    two = np.array([2]).astype(dtype)[0] if dtype != "bool" else np.bool_(True)
    k = float(two)
    value = {s: 0.75}
    pairs = [
        (s + two, 0.75 + k), (two + s, k + 0.75), (s * two, 0.75 * k), (two * s, k * 0.75),
        (s - two, 0.75 - k), (two - s, k - 0.75), (s / two, 0.75 / k),
        (two / s, k / 0.75), (s**two, 0.75**k), (two**s, k**0.75), (eg.maximum(s, two), max(0.75, k)), (np.maximum(two, s), max(0.75, k)),
        (eg.where(s < two, s, two), 0.75), (s < two, k > 0.75), (two > s, k > 0.75),
    ]  # fmt: skip
    for got, want in pairs:
        assert isinstance(got, eg.Node)
        assert eg.evaluate(got, value) == pytest.approx(want, rel=1e-14)
        assert eg.compile(got, (s,))(0.75) == pytest.approx(want, rel=1e-14)
    assert s + two is s + k and two * s is k * s  # whatever its type, the number is the same


def test_large_integers_become_the_nearest_float() -> None:
    for n in (2**53 + 1, 2**63, 2**64 - 1, -(2**63), 10**300):
        assert eg.evaluate(s + n, {s: 0.0}) == float(n)
        if abs(n) < 2**64:
            assert eg.evaluate(s * 1, {s: n}) == float(n) == eg.compile(2 * s, (s,))(n) / 2


@pytest.mark.parametrize("size", [np.int8(3), np.uint64(3), np.int64(3), np.array(3), (np.int32(3),), [3], np.array([3])])
def test_sizes_are_whole_numbers_of_any_type(size: Any) -> None:
    assert eg.Symbol("x", size) is x
    assert eg.zeros(size) is eg.zeros(3) and eg.ones(size) is eg.ones(3)
    assert eg.broadcast_to(s, size) is eg.broadcast_to(s, 3)
    assert eg.reshape(x, size) is x


@pytest.mark.parametrize(
    "size",
    [-1, (2, -1), True, (True, 2), np.True_, 1.0, 2.5, np.float64(2), "3", b"3", None, (None,), [[3]],
     np.array([[3]]), np.array([True]), 1j, (3.0,), object(), x],
    ids=lambda size: repr(size).partition(" at 0x")[0],
)  # fmt: skip
def test_other_sizes_are_refused(size: Any) -> None:
    for call in (
        lambda: eg.Symbol("x", size),
        lambda: eg.zeros(size),
        lambda: eg.ones(size),
        lambda: eg.broadcast_to(s, size),
        lambda: eg.symbols("a b", size),
    ):
        with pytest.raises((eg.ShapeError, TypeError)) as caught:
            call()
        assert "shape" in str(caught.value)


@pytest.mark.parametrize("n", [-1, True, 2.0, "2", None, (2, 2)])
def test_other_sizes_of_an_identity_and_other_counts(n: Any) -> None:
    with pytest.raises(eg.ShapeError, match="identity: the size"):
        eg.identity(n)
    with pytest.raises((ValueError, TypeError)):
        eg.taylor(eg.sin(s), s, 1.0, n)
    for threads in (0, 0 if n is None else n):  # None asks for all processors
        with pytest.raises(ValueError, match="threads must be a positive whole number"):
            eg.compile(e, (x, s), threads=threads)
        with pytest.raises(eg.ExprGraphError, match="threads must be a positive whole number"):
            build_nn_function(net.output, net, threads=threads)


def test_sizes_beyond_all_memory() -> None:
    big = eg.Symbol("big", 2**62)
    assert (2 * big).shape == (2**62,) and eg.sum(big).shape == ()
    str(big), eg.latex(eg.sin(big)), eg.count_ops(eg.sin(big))
    for call in (lambda: eg.evaluate(eg.ones(2**62) * s, {s: 1.0}), lambda: eg.compile(eg.broadcast_to(eg.sin(s), 2**62), (s,))(1.0)):
        with pytest.raises((MemoryError, ValueError)):
            call()
    with pytest.raises((eg.ShapeError, MemoryError, ValueError)):
        eg.Symbol("huge", (2**62, 2**62)) + np.ones((2, 2))


@pytest.mark.slow
def test_a_saved_module_takes_the_same_values(tmp_path) -> None:
    FUNCTIONS["native"].save(tmp_path / "saved.py")
    space: dict[str, Any] = {"__name__": "saved"}
    exec((tmp_path / "saved.py").read_text(), space)
    want = eg.evaluate(e, {x: [0.0, 1.0, 1.0], s: 0.5})
    for dtype in REAL:
        np.testing.assert_allclose(space["evaluate"](np.array([0, 1, 1]).astype(dtype), 0.5)[0], want, rtol=1e-14)
    for value in REFUSED.values():
        with pytest.raises((TypeError, ValueError), match="argument 'x'"):
            space["evaluate"](value, 0.5)
    for dtype in OTHER:
        with pytest.raises((TypeError, ValueError), match="argument 'x'"):
            space["evaluate"](np.zeros(3, dtype), 0.5)


def test_arrays_of_expressions_and_of_their_own_kind() -> None:
    class Sub(np.ndarray):
        pass

    value = np.linspace(0, 1, 3).view(Sub)
    for way in WAYS.values():
        assert type(np.asarray(way(value))) is np.ndarray
    mixed = eg.array([s, 1.0, np.float32(2)])
    assert eg.evaluate(mixed, {s: 3.0}).tolist() == [3, 1, 2]
    with pytest.raises((eg.DTypeError, TypeError), match=r"stack|list"):
        eg.sin(np.array([s, s], dtype=object))

    class Array:
        def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
            return np.arange(3.0)

    for way in WAYS.values():
        np.testing.assert_array_equal(way(Array()), way(np.arange(3.0)))

    class Broken:
        def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
            raise RuntimeError("broken on purpose")

    for way in WAYS.values():
        with pytest.raises(RuntimeError, match="broken on purpose"):
            way(Broken())
