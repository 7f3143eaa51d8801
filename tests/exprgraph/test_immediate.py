"""Large graphs of scalars: an interpreter answers until there is machine code, and both give equal bits."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from threading import Barrier, Thread
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.canonical.place import place
from exprgraph.errors import CompilationError
from exprgraph.functions.elementwise import Function
from exprgraph.graph.node import make
from exprgraph.graph.numbered import Numbered
from exprgraph.graph.primitive import PRODUCT, TABLE
from exprgraph.graph.traverse import topological
from exprgraph.graph.views import Take
from exprgraph.language.many_operands import product_of_powers
from exprgraph.lowering.call import outputs as call_outputs
from exprgraph.lowering.call.outputs import CompiledOutputs
from exprgraph.lowering.immediate import worth
from exprgraph.lowering.immediate.reuse import places
from exprgraph.lowering.immediate.translate import has_instructions, translated
from exprgraph.lowering.native.instructions import OPERANDS
from exprgraph.lowering.plan.from_the_left import from_the_left
from exprgraph.testing import as_written, temporary_functions
from exprgraph.testing.careful import CAREFUL, random_program, recorded
from exprgraph.testing.growing import AtRandom
from tests.benchmarks.large_workloads import LARGE

x, y, z = eg.symbols("x y z")


def same(a: Any, b: Any) -> None:
    """Equal bits, but for the sign of NaN."""
    for p, q in zip(a, b, strict=True):
        assert p.dtype == q.dtype and p.shape == q.shape
        assert np.array_equal(p, q, equal_nan=p.dtype != bool)
        assert np.array_equal(np.signbit(p) & ~np.isnan(p), np.signbit(q) & ~np.isnan(q)) if p.dtype != bool else True


def both(outputs: Sequence[Any], values: Sequence[Any], symbols: Sequence[Any] = (x, y, z)) -> tuple[Any, Any]:
    """The results of the interpreter, and those of the machine code."""
    fn = eg.compile(list(outputs), symbols, immediate=True)
    shown = eg.inspect(fn, batch=np.ndim(values[0]) > symbols[0].ndim, dtype=np.result_type(*values))
    assert shown.answers == "interpreter"
    first = fn(*values)
    shown.wait()
    assert shown.answers == "machine code"
    return first, fn(*values)


AWKWARD = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 5e-324, -3e-310, 1e308, -1e200, 0.1]


def of_all_kinds() -> list[Any]:
    """Sums and products of every form, and functions with numbers among their arguments."""
    w = x * y + 2 * z - 0.5 * x * z
    three = eg.diff(eg.sin(x * y * z) * x / (y * z), x)
    powers = [x**2, x**-1, x**-2, x**0.5, x**1.5, x**2.5, x**7 / y**3, x**2.3, 1 / (x * y), x / (y * z * w), -x - y, 3 - x, x * -0.25]
    formulas = [eg.atan2(x, 2.5), eg.hypot(1.5, y), eg.where(x > y, 1.0, z), eg.maximum(x, 0.25), eg.diff(eg.atan(x), x, x), 2.0**y]
    return [w, three, *powers, *formulas, (x * y + z) * (x * y - z) + x * y, eg.diff(eg.tanh(x) * eg.exp(y), x, x)]


def test_both_give_equal_bits() -> None:
    """Of a sum of three, a formula beside a relative, and one that takes a number."""
    chosen = [x * y + 2 * z - 0.5 * x * z, eg.diff(eg.atan(x), x, x), x**2.5 / (y * z), eg.atan2(x, 2.5)]
    same(*both(chosen, [np.linspace(-3.0, 3.0, 41) + k for k in range(3)]))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_both_give_equal_bits_for_sums_and_products_of_every_form(dtype: type) -> None:
    rng = np.random.default_rng(0)
    with np.errstate(over="ignore"):
        values = [np.concatenate([rng.permutation(AWKWARD), rng.normal(size=25)]).astype(dtype) for _ in range(3)]
    same(*both(of_all_kinds(), values))
    same(*both([of_all_kinds()[1], x > y, x], [v[20] for v in values]))


@pytest.mark.slow
@pytest.mark.slow_one_in(6)
@pytest.mark.parametrize("group", range(12))
def test_both_give_equal_bits_for_every_row(group: int) -> None:
    rng = np.random.default_rng(1)
    for row in [r for r in TABLE.values() if isinstance(r, Function) and r.arity <= OPERANDS and not r.added][group::12]:
        values = [np.concatenate([AWKWARD, rng.uniform(max(a, -20), min(b, 20), 100)]) for a, b in (*row.sample, *[(-2, 2)] * 2)][:3]
        f = make(row, (x, y, z)[: row.arity], (), ())
        slopes = [row.partial(f, k) for k in range(row.arity) if k not in row.fixed]
        beside = [f, *[d for d in slopes if d is not None], f * f - x * f, eg.substitute(f, {y: 1.7})]
        same(*both([*beside, *(f * d + x for d in slopes if d is not None)], values))


def test_elements_are_moved_without_instructions() -> None:
    v = eg.Symbol("v", (2, 3))
    parts = eg.stack([v[0, 1] + v[1, 2], abs(v[0, 0]), v[1, 1]])
    outputs = [parts, eg.concatenate([parts, v[0]]).reshape(2, 3), v[:, ::-1], eg.ones(2), np.eye(2) + 0 * x, v[0, 2] > x, x]
    fn = eg.compile(outputs, (v, x), shared=(x,), immediate=True)
    given = np.random.default_rng(2).normal(size=(5, 2, 3))
    for batch in (given, given[0], given[:0]):
        same(fn(batch, 0.25), [np.asarray(r) for r in eg.compile(outputs, (v, x), shared=(x,), backend="numpy")(batch, 0.25)])
        assert eg.inspect(fn, batch=batch.ndim > 2).answers == "interpreter"
    out = [np.empty_like(r) for r in fn(given, 0.5)]
    assert fn(given, 0.5, out=out) is out
    same(out, fn(given, 0.5))


@pytest.mark.parametrize("more", [0, 20])  # one by one, and from a table
def test_elements_are_placed_among_zeros(more: int) -> None:
    """Twice at one position, and a negative zero, which becomes a zero."""
    at = (3, 0, 7, 3, *range(10, 10 + more))
    placed = place(eg.stack([x * (k + 1) for k in range(len(at))]), (Take(at),), (40,))
    for value in (-0.0, 0.3):
        found, code = both([placed, placed[3]], [value] * 3)
        same(found, code)
        same(found, eg.evaluate([placed, placed[3]], {x: value}))


def test_large_graphs_are_interpreted_until_there_is_code(monkeypatch: pytest.MonkeyPatch) -> None:
    f = sum(eg.sin(k * x) * y for k in range(1, 12))
    assert eg.inspect(eg.compile(f, (x, y)), batch=False).answers == "machine code"
    monkeypatch.setattr(call_outputs, "FEWEST", 30)
    monkeypatch.setattr(worth, "CALLS", 2)
    for backend in ("native", "auto"):
        fn = eg.compile(f, (x, y), backend=backend)
        shown = eg.inspect(fn, batch=False)
        assert shown.answers == "interpreter" and not shown.compiled
        first = fn(0.3, 0.7)
        assert not fn.core._coming  # one call alone needs no machine code
        assert fn(0.3, 0.7) == first and fn.core._coming
        shown.wait()
        assert shown.answers == "machine code" and fn(0.3, 0.7) == first
        assert shown.compiled == ((False, "float64"),)
    waiting = eg.compile(f, (x, y), immediate=False)
    assert eg.inspect(waiting).answers == "machine code"
    assert abs(waiting(0.3, 0.7) - first) < 1e-14
    assert pickle.loads(pickle.dumps(waiting)).core.immediate is False


def test_arrays_and_unread_functions_wait() -> None:
    v = eg.Symbol("v", 5)
    assert eg.inspect(eg.compile(eg.sum(v * v), v, immediate=True)).answers == "machine code"
    with temporary_functions():
        source = "def of(a):\n    return 0.5 * a + a * a\n"
        mine = eg.function("mine_a", numpy=lambda a: 0.5 * a + a * a, derivative=lambda a: 0.5 + 2 * a, code="of({0})", source=source)
        same(*both([mine(x) + y, mine(x * y)], [np.linspace(-1.0, 1.0, 9)] * 3))
        loop = "def of(a):\n    while a > 1.0:\n        a -= 1.0\n    return a\n"
        with pytest.warns(eg.NotNativeWarning):
            other = eg.function("other_a", numpy=lambda a: a % 1.0, derivative=lambda a: 1.0, code="of({0})", source=loop)
        assert eg.inspect(eg.compile(other(x), x, immediate=True)).answers == "Numba"


def test_errors_of_the_compiler_reach_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise CompilationError("no room")

    fn = eg.compile(x * y, (x, y), immediate=True)
    monkeypatch.setattr(CompiledOutputs, "form", fails)
    assert fn(2.0, 3.0) == 6.0
    with pytest.raises(CompilationError, match="no room"):
        eg.inspect(fn).wait()
    with pytest.raises(CompilationError, match="no room"):
        fn(2.0, 3.0)


def test_mistakes() -> None:
    with pytest.raises(ValueError, match="immediate=True: only backends 'native' and 'auto'"):
        eg.compile(x, x, backend="numpy", immediate=True)
    with pytest.raises(TypeError, match="immediate is True, False or None"):
        eg.compile(x, x, immediate="yes")  # type: ignore[arg-type]


def test_places_are_used_again_at_any_depth() -> None:
    e = x
    for k in range(3000):
        e = eg.cos(e) * 0.5 + (k % 7 + 1)
    fn = eg.compile(e, x)
    assert fn.core.is_interpreted and has_instructions(e)
    found = translated(fn.outputs, fn.core.arguments, Numbered(fn.outputs))
    assert found is not None and len(found) == 2 * 3000 and found.places < 20
    assert abs(fn(0.1) - eg.evaluate(e, {x: 0.1})) < 1e-12


def test_operands_that_end_together_give_their_places_back_once() -> None:
    """Instruction 3 reads 0 and 1 for the last time, the next one reads a value twice, and the last two of them are results."""
    operands = np.array([[-1, -1, -1, 0, 3, 2, 4], [-1, -1, -1, 1, 3, 4, -1], [-1, -1, -1, -1, -1, -1, -1]])
    assert places(operands, np.array([5, 6]), 10) == [10, 11, 12, 10, 10, 12, 10]
    assert places(np.array([[-1, 0, -1], [-1, 0, -1]]), np.array([1, 2]), 0) == [0, 0, 1]
    assert places(np.empty((3, 0), np.int64), np.empty(0, np.int64), 4) == []


def test_products_share_what_most_of_them_begin_with() -> None:
    """Also the node of two factors that the graph has itself, whose operands are in another order."""
    factors = eg.symbols("a b c d e f g h")
    products = [product_of_powers([(s, 1.0) for s in factors[:k]]) for k in range(2, 9)]
    for some in (products, products[1:]):
        made = topological(from_the_left(some))
        assert sum(node.op is PRODUCT for node in made) == 7


def test_threads_that_call_first_get_equal_bits() -> None:
    f = sum(eg.sin(k * x) * y for k in range(1, 6))
    fn = eg.compile([f, eg.gradient(f, x)], (x, y), immediate=True)
    start, found = Barrier(4), list[Any]()

    def calls() -> None:
        start.wait()
        found.extend(fn(0.3, 0.7) for _ in range(50))

    threads = [Thread(target=calls) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    eg.inspect(fn, batch=False).wait()
    assert len(found) == 200 and {tuple(r) for r in found} == {tuple(fn(0.3, 0.7))}


def test_the_interpreter_computes_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(as_written, "compiled_function", lambda e, s, **how: eg.compile(e, s, immediate=True))
    for seed in range(60):
        program = random_program(AtRandom(seed), 10)
        as_written.check_as_written(program, as_written.arguments_for(np.random.default_rng(seed), program.inputs))
    for f in CAREFUL:
        program = recorded(f)
        as_written.check_as_written(program, as_written.arguments_for(np.random.default_rng(1), program.inputs))


#: of programs with many scalars in each piece
SIZES = {"time steps": 10, "power flow": 20, "bodies": 8, "collocation": 40}


@pytest.mark.slow
@pytest.mark.slow_one_in(3)
@pytest.mark.parametrize("title", LARGE)
def test_large_programs_have_equal_bits_before_and_after(title: str) -> None:
    """Machine code has their scalars rolled up into arrays."""
    program = LARGE[title][0](SIZES.get(title, 300))
    v = eg.Symbol("v", program.variables)
    values = program.program(list(v), eg)
    derivative = eg.gradient(values[0], v) if program.wanted == "gradient" else eg.jacobian(eg.stack(values), v, sparse=True).values
    point = 0.3 + np.random.default_rng(0).uniform(-0.2, 0.2, program.variables)
    same(*both([values[0], derivative], [point], [v]))
