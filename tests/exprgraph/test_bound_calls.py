"""Calls with everything bound beforehand: the bits of ordinary calls, without checks and without new objects."""

import gc
import pickle
import sys
import weakref
from types import BuiltinFunctionType

import numpy as np
import pytest

import exprgraph as eg

x, y = eg.Symbol("x", shape=3), eg.Symbol("y")
SEVERAL = {"f": eg.sin(x) * y, "more": [eg.sum(x) * y, x - y]}
MANY = tuple(x * y + float(k) for k in range(10))
RNG = np.random.default_rng(0)


def arrays(batch, dtype=np.float64):
    return RNG.random((*batch, 3)).astype(dtype), np.array(RNG.random(batch), dtype)


def same(bound, ordinary):
    found, expected = eg.tree.flatten(bound)[0], eg.tree.flatten(ordinary)[0]
    assert len(found) == len(expected)
    for a, b in zip(found, expected):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("outputs", [x * y, SEVERAL, MANY], ids=["one", "several", "many"])
def test_results_have_the_bits_of_ordinary_calls_and_follow_the_arrays(outputs):
    fn = eg.compile(outputs, (x, y))
    for batch, dtype in (((), np.float64), ((4, 5), np.float64), ((), np.float32)):
        given = arrays(batch, dtype)
        call = fn.bound(*given)
        assert isinstance(call, BuiltinFunctionType)
        first = call()
        same(first, fn(*given))
        for a in given:
            a *= 0.5
        assert call() is first
        same(first, fn(*given))


#: outputs in whose calls Python takes part, with options
BY_PYTHON = [
    ({"a": x * y, "b": x > 0.5}, {}),
    ((x * y, eg.as_expression(1.5)), {}),
    (x * y, {"backend": "numpy"}),
    (x * y, {"threads": 2}),
    (x[0] * y, {"immediate": True}),
]


@pytest.mark.one_in(2)
@pytest.mark.parametrize(("outputs", "options"), BY_PYTHON)
def test_where_python_takes_part_the_results_are_the_same(outputs, options):
    fn = eg.compile(outputs, (x, y), **options)
    given = arrays((40,))
    call = fn.bound(*given)
    call()
    for a in given:
        a *= 0.5
    same(call(), fn(*given))
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(call)


@pytest.mark.parametrize("options", [{"immediate": True}, {"backend": "auto"}])
def test_a_bound_call_is_handed_over_to_machine_code(options):
    fn = eg.compile(x[0] * y + x[1], (x, y), **options)
    given = arrays(())
    call = fn.bound(*given)
    first = call().copy()
    call()
    eg.inspect(fn, batch=False).wait()
    fn.core._with_numpy = fn.core._interpreter = None  # nobody else may answer now
    np.testing.assert_allclose(call(), first, rtol=1e-15)
    assert isinstance(call._write, BuiltinFunctionType)


def test_results_go_where_the_caller_says():
    fn, (a, b) = eg.compile(SEVERAL, (x, y)), arrays(())
    expected = fn(a, b)
    out = {"f": np.zeros(3), "more": [np.zeros(()), np.zeros(3)]}
    assert fn.bound(a, b, out=out)() is out
    same(out, {"f": expected["f"], "more": [np.asarray(expected["more"][0]), expected["more"][1]]})


def test_results_may_take_the_place_of_arguments():
    step = eg.compile((x + y * eg.roll(x, 1), eg.sum(x)), (x, y))
    state, width, total = np.arange(3.0), np.array(0.1), np.zeros(())
    expected = state.copy()
    call = step.bound(state, width, out=(state, total))
    for _ in range(4):
        call()
        expected, added = step(expected, width)
    np.testing.assert_array_equal(state, expected)
    assert total == added


def test_a_call_makes_no_object():
    call = eg.compile(x * y, (x, y)).bound(*arrays(()))
    call()
    gc.disable()
    try:
        before = sys.getallocatedblocks()
        for _ in range(100):
            call()
        assert sys.getallocatedblocks() - before < 20
    finally:
        gc.enable()


def test_arrays_live_as_long_as_the_call():
    fn, (a, b) = eg.compile(x * y, (x, y)), arrays(())
    expected, gone = fn(a, b), weakref.ref(a)
    call = fn.bound(a, b)
    del a, b, fn
    gc.collect()
    assert gone() is not None
    np.testing.assert_array_equal(call(), expected)
    del call
    assert gone() is None


def test_a_bound_call_is_not_pickled():
    call = eg.compile(x * y, (x, y)).bound(*arrays(()))
    with pytest.raises(TypeError, match="send the compiled function"):
        pickle.dumps(call)


@pytest.mark.parametrize(
    ("values", "out", "error", "message"),
    [
        ((np.ones(3),), None, TypeError, "expected 2 values"),
        ((np.ones(3), 2.0), None, TypeError, r"argument 'y' is a float.*np.array\(2.0\)"),
        ((np.ones(3, np.float32), np.ones(())), None, eg.DTypeError, "argument 'x' is of type float32"),
        ((np.ones(3, int), np.ones(())), None, eg.DTypeError, "argument 'x' is of type int64"),
        ((np.ones((4, 3)), np.ones(())), None, eg.ShapeError, r"argument 'y' has shape \(\), expected \(4,\)"),
        ((np.ones(4), np.ones(())), None, eg.ShapeError, "argument 'x'"),
        ((np.ones(6)[::2], np.ones(())), None, ValueError, "argument 'x' is not contiguous"),
        ((np.ones(3), np.ones(())), np.ones(4), eg.ShapeError, r"out: array 0 has shape \(4,\)"),
        ((np.ones(3), np.ones(())), np.ones(3, np.float32), eg.DTypeError, "out: array 0 is of type float32"),
        ((np.ones(3), np.ones(())), np.ones(6)[::2], ValueError, "out: array 0 is not contiguous"),
        ((np.ones(3), np.ones(())), [np.ones(3)] * 2, eg.ShapeError, "out: expected 1 array"),
        ((np.ones(3), np.ones(())), np.broadcast_to(1.0, 3), ValueError, "read-only"),
    ],
)
def test_errors_name_the_array(values, out, error, message):
    with pytest.raises(error, match=message):
        eg.compile(x * y, (x, y), backend="numpy").bound(*values, out=out)


def test_values_of_a_sparse_matrix_are_bound_too():
    J = eg.sparse_jacobian(x[1:] * x[:-1], x).compile(x)
    point = np.array([1.0, 2.0, 3.0])
    call = J.values.bound(point)
    np.testing.assert_array_equal(call(), [2.0, 1.0, 3.0, 2.0])
    point += 1.0
    np.testing.assert_array_equal(call(), [3.0, 2.0, 4.0, 3.0])
