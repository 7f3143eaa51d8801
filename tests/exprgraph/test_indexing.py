"""Indexing is NumPy's: the same index on values and on expressions selects the same elements."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import exprgraph as eg
from exprgraph.graph.node import Node

SHAPE = (3, 4, 2)
T = eg.Symbol("T", SHAPE)
VALUE = np.arange(24.0).reshape(SHAPE) ** 1.5


def slices(n: int) -> st.SearchStrategy[Any]:
    bound = st.none() | st.integers(-n - 2, n + 2)
    return st.builds(slice, bound, bound, st.none() | st.integers(-3, 3).filter(bool))


@st.composite
def indices(draw: st.DrawFn, shape: tuple[int, ...], arrays: bool = True) -> Any:
    items: list[Any] = []
    taken = not arrays
    for n in shape[: draw(st.integers(0, len(shape)))]:
        kinds: list[st.SearchStrategy[Any]] = [slices(n), st.just(slice(None))]
        if n:
            kinds.append(st.integers(-n, n - 1))
        if n and not taken:
            kinds.append(st.lists(st.integers(-n, n - 1), min_size=1, max_size=5).map(lambda v: np.array(v)))
        item = draw(st.one_of(kinds))
        taken = taken or isinstance(item, np.ndarray)
        items.append(item)
    if draw(st.booleans()):
        items.insert(draw(st.integers(0, len(items))) if len(items) == len(shape) else len(items), ...)
    for _ in range(draw(st.integers(0, 2))):
        items.insert(draw(st.integers(0, len(items))), None)
    return tuple(items)


def variants(node: Node) -> list[Node]:
    """The same values in other primitives, through which a selection moves differently."""
    return [
        node,
        2 * eg.sin(node),
        eg.concatenate([node[:1], node[1:] * 1.0, node[:0]]),
        eg.stack([node[i] + 0 * eg.Symbol("s") for i in range(node.shape[0])]),
        eg.transpose(eg.transpose(node)),
        node[::-1][::-1],
        node[[2, 0, 1]][[1, 2, 0]],
        node.reshape(6, 4).reshape(SHAPE),
        node + eg.sqrt(node),
    ]


def check_as_numpy(index: Any, which: int) -> None:
    e = variants(T)[which]
    bindings = {T: VALUE, eg.Symbol("s"): 0.5}
    whole = eg.evaluate(e, bindings)
    got = e[index]
    expected = whole[index]
    assert got.shape == expected.shape
    np.testing.assert_array_equal(eg.evaluate(got, bindings), expected)


@settings(max_examples=50, deadline=None)
@given(indices(SHAPE), st.integers(0, 8))
def test_as_numpy(index: Any, which: int) -> None:
    check_as_numpy(index, which)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(indices(SHAPE), st.integers(0, 8))
def test_as_numpy_often(index: Any, which: int) -> None:
    check_as_numpy(index, which)


def check_twice(index: Any, data: st.DataObject) -> None:
    first, reference = T[index], VALUE[index]
    second = data.draw(indices(reference.shape))
    got = first[second]
    assert got.shape == reference[second].shape
    np.testing.assert_array_equal(eg.evaluate(got, {T: VALUE}), reference[second])


@settings(max_examples=50, deadline=None)
@given(indices(SHAPE), st.data())
def test_twice(index: Any, data: st.DataObject) -> None:
    check_twice(index, data)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(indices(SHAPE), st.data())
def test_twice_often(index: Any, data: st.DataObject) -> None:
    check_twice(index, data)


def check_the_derivative_of_a_selection_adds_up_repeated_elements(index: Any, forward: bool) -> None:
    picked = T[index]
    j = eg.jacobian(picked, T, "forward" if forward else "reverse")
    expected = np.zeros((*VALUE[index].shape, *SHAPE))
    source = np.arange(24).reshape(SHAPE)[index]
    for at in np.ndindex(*source.shape):
        expected[at].flat[source[at]] = 1
    np.testing.assert_array_equal(eg.evaluate(j, {T: VALUE}), expected)
    g = eg.gradient(eg.sum(picked**2), T)
    np.testing.assert_allclose(eg.evaluate(g, {T: VALUE}), 2 * VALUE * np.bincount(source.ravel(), minlength=24).reshape(SHAPE))


@settings(max_examples=60, deadline=None)
@given(indices(SHAPE), st.booleans())
def test_the_derivative_of_a_selection_adds_up_repeated_elements(index: Any, forward: bool) -> None:
    check_the_derivative_of_a_selection_adds_up_repeated_elements(index, forward)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(indices(SHAPE), st.booleans())
def test_the_derivative_of_a_selection_adds_up_repeated_elements_often(index: Any, forward: bool) -> None:
    check_the_derivative_of_a_selection_adds_up_repeated_elements(index, forward)


def test_selecting_from_a_placement_with_repeated_elements() -> None:
    v = eg.Symbol("v", 3)
    g = eg.gradient(eg.sum(v[[0, 0, 1]] ** 2), v)
    np.testing.assert_array_equal(eg.evaluate(g[[0, 0, 1]], {v: [1.0, 2.0, 3.0]}), [4.0, 4.0, 4.0])


P, Q = np.array([0, 2, 1]), np.array([[1, 0], [0, 1]])
SEVERAL: list[Any] = [
    (P, P), (P, slice(None), Q[0, :1]), (slice(None), P, 0), (P[:, None], slice(None), Q[0]), (..., P, 1), (0, slice(None), Q),
    (Q,), (Q, Q), (None, Q, None, Q), np.ix_(P, [3, 0, 0], [1]), VALUE > 30, (VALUE[..., 0] > 20,), (VALUE[:, 0, 0] > 5, P[:2], 0),
    (VALUE > 1e9,), ([], []), (P, P, [0, 1, 1]), ([2, 1], ..., [1, 1]),
]  # fmt: skip


@pytest.mark.parametrize("index", SEVERAL, ids=range(len(SEVERAL)))
def test_several_arrays_and_masks(index: Any) -> None:
    check_as_numpy(index, 0)
    check_as_numpy(index, 1)
    check_the_derivative_of_a_selection_adds_up_repeated_elements(index, False)


def test_an_array_that_a_slice_parts_from_an_integer_comes_first() -> None:
    for index in [(0, slice(None), [1, 0, 1]), ([2, 0], slice(None), 1), (0, ..., [1]), (0, None, [1, 3]), (1, [0, 2])]:
        assert T[index].shape == VALUE[index].shape
        np.testing.assert_array_equal(eg.evaluate(T[index], {T: VALUE}), VALUE[index])


def test_masks_and_zero_dimensional_indices() -> None:
    mask = np.array([True, False, True])
    np.testing.assert_array_equal(eg.evaluate(T[mask], {T: VALUE}), VALUE[mask])
    np.testing.assert_array_equal(eg.evaluate(T[np.array(1)], {T: VALUE}), VALUE[1])
    assert T[np.int64(1)] is T[1]
    assert T[()] is T
    assert T[...] is T
    assert T[[]].shape == (0, 4, 2)


def test_selections_of_selections_are_one_selection_of_the_symbol() -> None:
    assert T[1:][0] is T[1]
    assert T[::-1][0] is T[2]
    assert T[1][2][0] is T[1, 2, 0]
    assert T[[0, 2]][1] is T[2]
    assert T[:, ::2][:, 1] is T[:, 2]


@pytest.mark.parametrize(
    ("index", "error", "words"),
    [
        (3, eg.AxisError, "index 3 is out of bounds for axis 0 of size 3"),
        ((0, -5), eg.AxisError, "index -5 is out of bounds for axis 1 of size 4"),
        ((0, 0, 0, 0), eg.AxisError, r"too many indices: 4 for an expression of shape \(3, 4, 2\)"),
        ((..., ...), eg.AxisError, "only one ellipsis"),
        (([0], [4]), eg.AxisError, "index 4 is out of bounds for axis 1"),
        (([0], [0, 1], [0, 0, 0]), eg.AxisError, "could not be broadcast"),
        (([0], 0.5), TypeError, "an index is an integer"),
        (VALUE[0] > 0, eg.AxisError, "boolean index did not match"),
        ([0, 7], eg.AxisError, "index 7 is out of bounds"),
        (1.5, TypeError, "an index is an integer"),
        ("a", TypeError, "an index is an integer"),
        ([[1], [1, 2]], TypeError, "an index is an integer"),
        (True, TypeError, "boolean"),
        (np.array([True, False]), eg.AxisError, "boolean index of length 2 for axis 0 of size 3"),
        (slice(0.5), TypeError, "slice indices"),
    ],
)
def test_errors(index: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        T[index]


def test_an_expression_is_no_index() -> None:
    with pytest.raises(TypeError, match="use where"):
        T[eg.Symbol("s")]


def test_many_concatenations_one_after_another() -> None:
    x = eg.Symbol("x", 2)
    e: Node = x
    for _ in range(5_000):
        e = eg.concatenate([e, x])
    assert e[0] is x[0]
    assert e[-1] is x[1]
    assert e[:3].shape == (3,)
    np.testing.assert_array_equal(eg.evaluate(e[1:4], {x: [1.0, 2.0]}), [2.0, 1.0, 2.0])


def test_a_placement_by_slices_and_lists_and_its_errors() -> None:
    x = eg.Symbol("x", 2)
    value = {x: [3.0, 4.0]}
    np.testing.assert_array_equal(eg.evaluate(eg.place(x, [slice(None, None, 2)], 3), value), [3, 0, 4])
    np.testing.assert_array_equal(eg.evaluate(eg.place(x, [slice(None, None, -1)], 2), value), [4, 3])
    np.testing.assert_array_equal(eg.evaluate(eg.place(x, [[2, 2]], 3), value), [0, 0, 7])
    np.testing.assert_array_equal(eg.evaluate(eg.place(x, [-1, None], (2, 2)), value), [[0, 0], [3, 4]])
    assert eg.place(x, [slice(0, 2)], 3) is eg.place(x, [("s", 0, 1, 2)], 3)
    assert eg.place(x, [[2, 0]], 4) is eg.place(x, [("t", (2, 0))], 4)
    with pytest.raises(eg.ShapeError, match=r"place: 1 entries for a shape of 2 axes, \(2, 2\)"):
        eg.place(x, [0], (2, 2))
    with pytest.raises(eg.ShapeError, match=r"place: the entries select shape \(3,\) of \(4,\), x has shape \(2,\)"):
        eg.place(x, [slice(0, 3)], 4)
    for entry in (5, [0, 5], ("s", 2, 1, 2), ("t", (0, 5))):
        with pytest.raises(eg.AxisError, match="out of bounds for axis 0 of size 3"):
            eg.place(x, [entry], 3)
