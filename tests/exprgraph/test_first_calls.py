"""Who answers the first calls of graphs of scalars by default, and when LLVM begins."""

from __future__ import annotations

import _thread
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
import symnn as sn
from exprgraph import descent
from exprgraph.functions.elementwise import ByFormula, Function
from exprgraph.graph.primitive import CONTRACT, MOVEMENTS, PRODUCT, SUM, TABLE, Primitive
from exprgraph.lowering.call import outputs
from exprgraph.lowering.call.bound import ByPython
from exprgraph.lowering.immediate import worth
from exprgraph.lowering.native import machine
from exprgraph.lowering.native import rows as parts
from exprgraph.lowering.native.instructions import OPERANDS, Purpose
from exprgraph.support.compiling import compiling
from exprgraph.testing.growing import AtRandom, Garden, step

pytestmark = pytest.mark.usefixtures("as_users_have_it")

x, y, z = eg.symbols("x y z")
f = eg.sin(x) * y + x**2 * y + 0.5


@pytest.mark.parametrize("backend", ["native", "auto"])
def test_llvm_begins_after_some_calls(backend: str) -> None:
    """A few calls start no thread; after the change of hands, calls are those of machine code, and bits are equal."""
    eg.compile(f, (x, y), immediate=True)(0.3, 0.7)  # whatever is on disk, the interpreter is here
    fn = eg.compile([f, eg.gradient(f, x)], (x, y), backend=backend)
    shown = eg.inspect(fn, batch=False)
    assert shown.answers == "interpreter"
    first = fn(0.3, 0.7)
    for _ in range(worth.CALLS - 2):
        assert fn(0.3, 0.7) == first
    assert not fn.core._coming and not shown.compiled
    fn(0.3, 0.7)
    assert len(fn.core._coming) == 1
    shown.wait()
    assert shown.answers == "machine code" and fn(0.3, 0.7) == first
    assert fn._form is fn.core.forms[False, False] and fn._quick == fn._form.quick
    assert fn(0.3, 0.7) == first and not fn.core._interpreted


def test_batches_that_take_the_interpreter_longer_than_llvm_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.linspace(0.0, 1.0, 1000), np.ones(1000)
    fn = eg.compile(f, (x, y))
    assert eg.inspect(fn, batch=True).answers == "interpreter"
    first = fn(*points)
    assert not fn.core.forms and not fn.core._coming
    monkeypatch.setattr(worth, "LANE", 1e4)
    assert (fn(*points) == first).all() and list(fn.core.forms) == [(True, False)]
    fn = eg.compile(f, (x, y), backend="auto")  # waits for nobody
    assert (fn(*points) == first).all() and fn.core._coming
    eg.inspect(fn).wait()
    assert (fn(*points) == first).all() and fn.core.forms


def test_the_work_of_calls_is_counted() -> None:
    assert worth.time_of_call(1000, None) < worth.time_of_call(1000, 10_000) / 100
    assert worth.time_of_call(100, 10**6) > worth.time_to_compile(100) > worth.time_of_call(100, 10**4)
    assert not worth.is_worth_compiling(10**6, 2, 2 * worth.time_of_call(10**6, None))
    assert worth.is_worth_compiling(10**6, worth.CALLS, 0.0)
    assert worth.is_worth_compiling(100, 1, worth.time_of_call(100, 10**5))


def test_what_the_interpreter_lacks_is_made_if_that_is_cheaper(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a directory, three functions take LLVM longer than a small graph of them; with one, they are made once for a machine."""
    many = eg.sin(x) * eg.exp(y) + eg.tanh(x * y)
    made: list[str] = []
    inner = machine.compile_object
    monkeypatch.setattr(machine, "compile_object", lambda text: made.append(text) or inner(text))
    answers = []
    monkeypatch.setattr(outputs, "_declined", [0.0])
    for place in ("", str(tmp_path / "kept"), str(tmp_path / "kept")):
        monkeypatch.setenv("EXPRGRAPH_CACHE_DIR", place)
        monkeypatch.setattr(parts, "_loaded", {})
        made.clear()
        fn = eg.compile(many, (x, y))
        shown = eg.inspect(fn, batch=False)
        answers.append((shown.answers, len(made)))
        assert fn(0.3, 0.7) == pytest.approx(eg.evaluate(many, {x: 0.3, y: 0.7}), rel=1e-14)
    assert answers == [("machine code", 0), ("interpreter", 4), ("interpreter", 0)]
    monkeypatch.setattr(parts, "_loaded", {})
    monkeypatch.setenv("EXPRGRAPH_CACHE_DIR", "")
    others = [eg.inspect(eg.compile(many * k, (x, y)), batch=False).answers for k in (2.0, 3.0, 5.0)]
    assert others == ["machine code", "interpreter", "interpreter"]  # the third function in all makes what three lack
    auto = eg.compile(many, (x, y), backend="auto")  # with the interpreter in memory, which is not loaded for it
    assert eg.inspect(auto, batch=False).answers == "interpreter"
    monkeypatch.setattr(parts, "_loaded", {})
    monkeypatch.setenv("EXPRGRAPH_CACHE_DIR", "")
    assert eg.inspect(eg.compile(many, (x, y), backend="auto"), batch=False).answers == "NumPy"


def test_first_calls_do_not_wait_for_a_thread_that_compiles() -> None:
    eg.compile(f, (x, y), immediate=True)(0.3, 0.7)
    held, done, found = threading.Event(), threading.Event(), list[Any]()

    def compiles() -> None:
        with compiling:
            held.set()
            done.wait(60)

    other = threading.Thread(target=compiles)
    other.start()
    held.wait()
    caller = threading.Thread(target=lambda: found.append(eg.compile(f * 2.0, (x, y))(0.3, 0.7)))
    caller.start()
    caller.join(30)
    done.set()
    other.join()
    assert found == [2.0 * eg.compile(f, (x, y))(0.3, 0.7)]


def test_a_part_that_two_threads_load_at_once_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forms have addresses alone: what one thread was given stays in memory."""
    eg.compile(f, (x, y), immediate=True)(0.3, 0.7)
    together = threading.Barrier(2)
    monkeypatch.setattr(parts, "_loaded", {})
    monkeypatch.setattr(parts, "found_object", lambda *key: bytes(together.wait(60)))
    monkeypatch.setattr(parts, "Loaded", lambda code: type("Part", (), {"address": lambda self, name: id(self)})())
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(parts.interpreter_address(Purpose.of(False, False)))) for _ in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(found) == 2 and len(set(found)) == 1


def test_a_form_that_is_ready_between_two_steps_of_a_call() -> None:
    """The thread that compiles takes the interpreter's form away while a call looks for it."""

    class Taken(dict[Any, Any]):
        def __contains__(self, key: object) -> bool:
            return super().__contains__(key) and bool(self.pop(key))

    fn = eg.compile(f, (x, y), immediate=True)
    first = fn(0.3, 0.7)
    fn.core._interpreted = Taken(fn.core._interpreted)
    assert fn(0.3, 0.7) == first


def often_called(count: int) -> list[Any]:
    """Functions with as many calls as LLVM waits for."""
    functions = [eg.compile(f * (k + 2.0), (x, y), immediate=True) for k in range(count)]
    for fn in functions:
        for _ in range(worth.CALLS):
            fn(0.3, 0.7)
    return functions


def test_one_thread_compiles_one_function_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Any] = []
    monkeypatch.setattr(_thread, "start_new_thread", lambda run, given: begun.append(run))
    first, dropped, last = often_called(3)
    assert len(begun) == 1
    made: list[object] = []
    original = outputs.CompiledOutputs.form
    monkeypatch.setattr(outputs.CompiledOutputs, "form", lambda core, *given: made.append(core) or original(core, *given))
    del dropped
    begun[0]()  # the thread's work
    assert made == [first.core, last.core] and first.core.forms and last.core.forms
    often_called(1)
    assert len(begun) == 2  # the first one has ended
    begun[1]()


def test_where_no_thread_can_be_started_calls_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> int:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as here:
        here.setattr(_thread, "start_new_thread", refused)
        asked, waiting = often_called(2)
        shown = eg.inspect(asked, batch=False)
        assert shown.answers == "interpreter"
        shown.wait()
        assert shown.answers == "machine code" and not waiting.core.forms
    often_called(1)
    eg.inspect(waiting).wait()
    assert waiting.core.forms and 2.0 * waiting(0.3, 0.7) == pytest.approx(3.0 * asked(0.3, 0.7))


def test_bound_calls_of_small_functions_are_machine_code_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = np.array(0.3), np.array(0.7)
    small, large = (eg.compile(f * k, (x, y)) for k in (3.0, 5.0))
    first = small(a, b)
    call = small.bound(a, b)
    assert not isinstance(call, ByPython) and call() == first
    monkeypatch.setattr(worth, "BOUND", 0.0)  # as if it were long
    call = large.bound(a, b)
    assert isinstance(call, ByPython)
    first = call().copy()
    for _ in range(worth.CALLS):
        call()
    eg.inspect(large, batch=False).wait()
    assert call() == first and call._machine is None


def test_what_c_and_numba_call_is_machine_code_at_once() -> None:
    fn = eg.compile(f, (x, y))
    assert fn.address and fn.core.forms and fn.workspace_size


def test_sums_of_elements_and_many_elements_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    v = eg.Symbol("v", 30)
    for waiting in (eg.sum(v * v), eg.norm(v), v @ v, eg.softmax(v)):
        assert not eg.compile(waiting, v).core.is_interpreted
    assert eg.compile((v * v[::-1], eg.sum(v.reshape(5, 2, 3), axis=1)), v).core.is_interpreted
    monkeypatch.setattr(outputs, "ELEMENTS", 20)
    assert not eg.compile(v * v[::-1], v).core.is_interpreted


SYMBOLS = {"scalars": (x, y, z), "arrays": (eg.Symbol("a", 5), eg.Symbol("b", (3, 4)), z)}


@pytest.mark.one_in(24)
@pytest.mark.slow_one_in(3)
@pytest.mark.parametrize("seed", range(24))
@pytest.mark.parametrize("kind", SYMBOLS)
def test_random_graphs_have_equal_bits_before_and_after(kind: str, seed: int) -> None:
    """Those of zeros, too; and NumPy's numbers, but for rounding."""
    choice, symbols = AtRandom(seed), SYMBOLS[kind]
    garden = Garden(choice, symbols, 5, 30)
    rows = [r for r in TABLE.values() if isinstance(r, Function) and r.arity <= OPERANDS and not r.added]
    quick = [r for r in rows if not isinstance(r.numpy, ByFormula)]  # to compile
    moves: list[Primitive] = [PRODUCT] if kind == "scalars" else [*MOVEMENTS, CONTRACT]
    for _ in range(16):
        garden.add(step(garden, choice.pick([choice.pick(quick), SUM, PRODUCT, choice.pick(moves)])))
    results = list(dict.fromkeys(garden.pool))
    fn = eg.compile(results, symbols, immediate=True)
    rng = np.random.default_rng(seed)
    for lead in ((), (40,)):
        shown = eg.inspect(fn, batch=bool(lead))
        if shown.answers != "interpreter":  # elements are added
            assert kind == "arrays"
            continue
        values = [rng.uniform(0.2, 1.5, (*lead, *s.shape)) * rng.choice([1.0, 1.0, 1.0, -1.0, 0.0, -0.0], s.shape) for s in symbols]
        with np.errstate(all="ignore"):
            expected = eg.evaluate(results, dict(zip(symbols, values)))
        first = fn(*values)
        shown.wait()
        assert shown.answers == "machine code"
        for p, q, r in zip(first, fn(*values), expected, strict=True):
            np.testing.assert_array_equal(p, q)
            np.testing.assert_array_equal(np.signbit(p) & ~np.isnan(p), np.signbit(q) & ~np.isnan(q))
            np.testing.assert_allclose(p, np.broadcast_to(r, np.shape(p)), rtol=1e-5, atol=1e-8)


def test_the_purpose_of_a_form() -> None:
    assert Purpose.of(True, False) == (64, True) and Purpose.of(False, True) == (32, False)


def test_some_outputs_alone_have_the_bits_that_they_have_among_all() -> None:
    x, y = eg.symbols("x y", per_sample=True)
    e = eg.gradient((x * y + 0.3) * (x - 0.7 * y) * x, x)
    data = np.random.default_rng(3).normal(size=(2, 500))
    for wanted in ((e, eg.over_samples.sum(e)), (e, y)):  # with a sum over samples, all are compiled at once, and fused
        fn = eg.compile(wanted, (x, y))
        np.testing.assert_array_equal(fn.core.with_outputs([e])(*data)[0], fn(*data)[0])


def test_updates_of_a_descent_are_fused(monkeypatch: pytest.MonkeyPatch) -> None:
    nn = sn.SymbolicNeuralNetwork(sn.Chain(sn.Dense(3, 4)))
    data = np.linspace(-1.0, 1.0, 90).reshape(30, 3), np.linspace(-1.0, 1.0, 120).reshape(30, 4)

    def parameters() -> np.ndarray:
        descent._last.cache_clear()  # the updates of earlier trainings
        return sn.train(nn, sn.MSE(), data, optimizer=sn.Adam(0.0123), epochs=5, rng=0, progress=False).params.flat

    now = parameters()
    monkeypatch.setattr(outputs, "FEWEST", 10**9)  # nothing is interpreted
    np.testing.assert_array_equal(parameters(), now)
