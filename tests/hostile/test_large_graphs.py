"""Graphs a million nodes large and a hundred thousand deep: all that can be done with one, in time that follows the size."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import interned_count

s = eg.Symbol("s")
x = eg.Symbol("x", 4)


def deep(depth: int) -> eg.Node:
    """Two nodes a level."""
    e = s
    for k in range(depth // 2):
        e = eg.sin(e) + (k % 7 + 1)
    return e


def wide(count: int) -> eg.Node:
    """A balanced tree."""
    level = [eg.sin(x[k % 4] * (k + 1)) for k in range(count // 4)]
    while len(level) > 1:
        level = [eg.cos(a) * b for a, b in zip(level[::2], level[1::2])] + level[len(level) // 2 * 2 :]
    return level[0]


def lattice(depth: int) -> eg.Node:
    """As many paths as 2**depth, in as many nodes as depth."""
    e = s
    for k in range(depth):
        e = eg.sin(e) * e + k
    return e


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    took = time.perf_counter() - begun
    assert took < seconds, f"took {took:.1f} s"


VALUES: dict[eg.Node, Any] = {s: 0.5, x: [0.1, 0.2, 0.3, 0.4]}
USES: dict[str, Callable[[eg.Node], Any]] = {
    "evaluate": lambda e: eg.evaluate(e, VALUES),
    "evaluate a batch": lambda e: eg.evaluate(e, {s: np.linspace(0, 1, 3), x: np.ones((3, 4))}),
    "compile, numpy": lambda e: eg.compile(e, (s, x), backend="numpy")(0.5, VALUES[x]),
    "gradient": lambda e: eg.evaluate(eg.diff(e, s if s in eg.free_symbols(e) else x), VALUES),
    "jvp": lambda e: eg.jvp(e, eg.free_symbols(e)[0], 1.0),
    "copy": lambda e: (copy.copy(e) is e and copy.deepcopy([e])[0] is e) or 1 / 0,
    "pickle": lambda e: pickle.loads(pickle.dumps(e)) is e or 1 / 0,
    "substitute": lambda e: eg.substitute(e, {s: s + 1, x: 2 * x}),
    "simplify": lambda e: eg.simplify(e, assume="finite"),
    "text": lambda e: len(str(e)) < 100_000 or 1 / 0,
    "latex": lambda e: len(eg.latex(e)) < 100_000 or 1 / 0,
    "notebook": lambda e: e._repr_latex_(),
    "dot": lambda e: len(eg.to_dot(e)) < 100_000 or 1 / 0,
    "free symbols": lambda e: eg.free_symbols(e),
    "counts": lambda e: (eg.count_nodes(e), eg.count_ops(e)),
    "compare": lambda e: (e == e, hash(e), e != s),
}
SHAPES = {"deep": deep, "wide": wide, "lattice": lattice}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("use", USES)
def test_some_hundred_nodes(use: str, shape: str) -> None:
    limit = sys.getrecursionlimit()
    USES[use](SHAPES[shape](600))
    assert sys.getrecursionlimit() == limit


@pytest.mark.slow
def test_a_hundred_thousand_deep() -> None:
    gc.collect()
    before = interned_count()
    e = deep(100_000)
    for use in USES.values():
        with at_most(60):
            use(e)
    del e
    gc.collect()
    assert interned_count() == before


@pytest.mark.slow
def test_a_million_nodes() -> None:
    gc.collect()
    before = interned_count()
    e = deep(1_000_000)
    assert eg.count_nodes(e) > 950_000
    for name in ("evaluate", "copy", "pickle", "text", "latex", "notebook", "dot", "counts", "compare"):
        with at_most(120):
            USES[name](e)
    begun = time.perf_counter()
    del e
    assert interned_count() == before  # freed at once
    assert time.perf_counter() - begun < 20


@pytest.mark.slow
def test_a_hundred_thousand_nodes_side_by_side() -> None:
    gc.collect()
    before = interned_count()
    e = wide(100_000)
    assert eg.count_nodes(e) > 80_000
    for name in ("evaluate", "substitute", "text", "dot"):
        with at_most(60):
            USES[name](e)
    del e
    assert interned_count() == before


def test_deep_and_wide_graphs_as_machine_code() -> None:
    for e, symbol, value in ((deep(300), s, 0.5), (wide(400), x, VALUES[x])):
        fn = eg.compile([e, eg.diff(e, symbol)], symbol)
        for got, want in zip(fn(value), eg.evaluate([e, eg.diff(e, symbol)], {symbol: value})):
            np.testing.assert_allclose(got, want, rtol=1e-9)


@pytest.mark.slow
def test_some_thousand_nodes_as_machine_code() -> None:
    e = deep(4_000)
    with at_most(120):
        assert eg.compile(e, s, immediate=False)(0.5) == pytest.approx(eg.evaluate(e, VALUES), rel=1e-9)


def test_a_lattice_is_as_large_as_it_is_deep() -> None:
    e = lattice(300)
    assert eg.count_nodes(e) < 1_000
    assert eg.count_nodes(eg.diff(e, s)) < 3_000
    assert eg.count_nodes(eg.diff(e, s, s)) < 8_000
    assert len(str(e)) < 100_000 and len(eg.latex(e)) < 200_000


@pytest.mark.slow
def test_a_deep_graph_is_freed_in_a_thread_of_a_small_stack() -> None:
    import threading

    gc.collect()
    before = interned_count()
    old = threading.stack_size(256 * 1024)
    failed: list[BaseException] = []

    def work() -> None:
        try:
            e = deep(6_000)
            str(e), pickle.loads(pickle.dumps(e)), eg.evaluate(e, VALUES), eg.diff(e, s)
            del e
        except BaseException as error:
            failed.append(error)

    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(old)
    assert not failed
    gc.collect()
    assert interned_count() == before


def test_nestings_that_are_too_deep_or_hold_themselves() -> None:
    inside: list[Any] = []
    inside.append(inside)
    nested: Any = s
    for _ in range(2_000):
        nested = [nested]
    for bad in (inside, {"a": inside}, nested):
        for call in (
            lambda bad: eg.evaluate(bad, {}),
            lambda bad: eg.compile(bad, s),
            lambda bad: eg.free_symbols(bad),
            lambda bad: eg.substitute(bad, {}),
        ):
            with pytest.raises(ValueError, match="nested too deeply, or holds itself"):
                call(bad)
    with pytest.raises((ValueError, TypeError)):
        eg.array(inside)
    with pytest.raises((ValueError, TypeError)):
        eg.array(nested)
    while isinstance(nested, list):  # Python frees it level by level
        nested = nested.pop()


@pytest.mark.parametrize("shape", [(10**5, 10**6), (10**10, 10**10)])
def test_uniform_arrays_of_any_size_take_no_memory(shape: tuple[int, int]):
    x = eg.Symbol("x", shape)
    ones, unit = eg.ones(shape), eg.identity(shape[0])
    wide = eg.Symbol("wide", (shape[0], 2))
    for e in (ones, unit, 2 * eg.sin(ones) + x, unit @ wide, eg.where(x < ones, x, 0.0), eg.stack([ones, x]), eg.solve(unit, wide)):
        assert str(e) and eg.to_python(e) and e._repr_latex_()
        assert eg.gradient(eg.sum(e**2), x).shape == shape
    assert eg.exp(eg.zeros(shape)) is ones
