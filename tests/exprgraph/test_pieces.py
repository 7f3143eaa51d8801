"""Long straight-line programs are compiled in pieces, side by side: bounded, equal for any number of threads, and kept on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.loops.print.llvm import module as printed
from exprgraph.loops.print.llvm import pieces_of, print_pieces
from exprgraph.lowering.call.outputs import CompiledOutputs
from exprgraph.lowering.native import machine, programs, side_by_side
from exprgraph.lowering.plan import nest
from tests.loops.c_compiler import function, library, needs_a_compiler


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Procedures and pieces are shorter than outside of tests."""
    monkeypatch.setattr(nest, "NEST_LIMIT", 20)
    monkeypatch.setattr(nest, "STRAIGHT", 1)
    monkeypatch.setattr(printed, "LONG", 10)
    monkeypatch.setattr(printed, "MANY", 50)
    monkeypatch.setattr(printed, "PIECE", 80)


def at_random(n: int) -> tuple[Node, Node]:
    """Random operations on values before, whose results are all wanted."""
    x, rng = eg.Symbol("x", 10), np.random.default_rng(0)
    values: list[Any] = list(x)
    for kind, (i, j) in zip(rng.integers(3, size=n).tolist(), rng.integers(10, size=(n, 2)).tolist()):
        a, b = values[-1 - i], values[-1 - j]
        values.append([a + 0.5 * b, a * b, eg.sin(a)][kind])
    return eg.stack(values[10:]), x


def loops_of(n: int) -> Any:
    f, x = at_random(n)
    core = eg.compile(f, x, contract=False).core
    assert isinstance(core, CompiledOutputs)
    return core.program(batch=False).loops


POINT = np.linspace(0.1, 0.9, 10)


def test_pieces_are_bounded_and_as_many_as_the_program_is_long() -> None:
    counts = []
    for n in (200, 400):
        loops = loops_of(n)
        pieces = pieces_of(loops)
        counts.append(len(pieces))
        assert all(sum(len(p.body) for p in piece) <= 80 for piece in pieces)
        names = [p.name for piece in pieces for p in piece]
        assert len(set(names)) == len(names)
    assert counts[0] >= 3 and 1.6 * counts[0] <= counts[1] <= 2.4 * counts[0]


def test_many_pieces_call_their_formulas(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the bits of formulas that are inlined."""
    loops, target, (f, x) = loops_of(200), machine.target(64), at_random(200)
    counts, values = [], []
    monkeypatch.setenv("EXPRGRAPH_CACHE_DIR", "")
    programs._modules.clear()
    for most in (printed.SHARED, 0):
        monkeypatch.setattr(printed, "SHARED", most)
        counts.append(sum("@f.sin." in text for text in print_pieces(loops, target, pieces_of(loops))))
        values.append(eg.compile(f, x, contract=False)(POINT))
        programs._modules.clear()
    assert counts[0] == 0 < counts[1]
    assert np.array_equal(*values)


def test_objects_are_the_same_for_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    loops, target = loops_of(200), machine.target(64)
    pieces = pieces_of(loops)
    made = []
    for count in (1, 3):
        monkeypatch.setattr(side_by_side, "processors", lambda count=count: count)
        made.append(machine.compile_pieces(print_pieces(loops, target, pieces)))
    assert made[0] == made[1] and len(made[0]) == len(pieces)


def test_a_program_in_pieces_has_the_bits_of_one_that_is_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EXPRGRAPH_CACHE_DIR", str(tmp_path / "pieces"))
    f, x = at_random(200)
    in_pieces = eg.compile(f, x, contract=False)(POINT)
    np.testing.assert_allclose(in_pieces, eg.evaluate(f, {x: POINT}), rtol=1e-12)
    programs._modules.clear()  # as in another process: the pieces are found on disk
    with monkeypatch.context() as patch:
        patch.setattr(machine, "compile_pieces", None)
        patch.setattr(machine, "compile_object", None)
        assert np.array_equal(eg.compile(f, x, contract=False)(POINT), in_pieces)
    programs._modules.clear()
    monkeypatch.setenv("EXPRGRAPH_CACHE_DIR", str(tmp_path / "whole"))
    monkeypatch.setattr(printed, "MANY", 10**6)
    monkeypatch.setattr(machine, "compile_pieces", None)
    assert np.array_equal(eg.compile(f, x, contract=False)(POINT), in_pieces)


@pytest.mark.slow
@needs_a_compiler
def test_the_procedures_are_printed_in_c_and_python_too(tmp_path: Path) -> None:
    f, x = at_random(120)
    fn = eg.compile(f, x, contract=False)
    expected = fn(POINT)
    loops = fn.core.program()
    shared, found = np.zeros(1), np.zeros(120)
    function(library(fn.c_source, tmp_path))([POINT], [shared, found], np.zeros(loops.workspace), np.zeros(loops.shared + 1), 1)
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    assert len(loops_of(120).kernels) > 5
    np.testing.assert_allclose(eg.compile(f, x, backend="numba", contract=False)(POINT), expected, rtol=1e-14)


def test_an_error_in_a_thread_reaches_the_caller() -> None:
    def fails(text: str) -> bytes:
        if text == "b":
            raise RuntimeError("no room")
        return text.encode()

    assert side_by_side.compiled_side_by_side("acd", fails) == [b"a", b"c", b"d"]
    with pytest.raises(RuntimeError, match="no room"):
        side_by_side.compiled_side_by_side("abcd", fails)
    with pytest.raises(ZeroDivisionError):
        side_by_side.compiled_side_by_side((str(1 // k) for k in (1, 0)), fails)


def test_what_waits_is_not_compiled_after_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "processors", lambda: 2)
    begun, go_on = Event(), Event()
    compiled: list[str] = []

    def slowly(text: str) -> bytes:
        compiled.append(text)
        begun.set()
        assert go_on.wait(60.0)
        return text.encode()

    def texts() -> Iterator[str]:
        yield from "abcd"
        assert begun.wait(60.0)
        raise KeyboardInterrupt

    def joined(*arguments: Any) -> None:
        go_on.set()  # the thread was inside of LLVM until now
        join(*arguments)

    join = side_by_side._join
    monkeypatch.setattr(side_by_side, "_join", joined)

    with pytest.raises(KeyboardInterrupt):
        side_by_side.compiled_side_by_side(texts(), slowly)
    assert compiled == ["a"]


def test_an_interrupt_while_the_caller_waits_for_threads_stops_them() -> None:
    work, hold = side_by_side._Work(str.encode), Event()
    interrupts = [KeyboardInterrupt()]

    class Interrupted(Thread):
        def join(self, timeout: float | None = None) -> None:
            if interrupts:
                raise interrupts.pop()
            work.close(1)
            hold.set()
            super().join()

    for number in range(3):
        work.add(number, "a")
    thread = Interrupted(target=lambda: (hold.wait(60.0), work.run()), daemon=True)
    thread.start()
    side_by_side._join([thread], work)
    assert not work.made and isinstance(work.errors[0], KeyboardInterrupt)
