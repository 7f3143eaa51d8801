"""Compiled code run on memory between pages that nobody may touch: `python guarded.py PART DTYPE`, killed by the first wrong address.

Arguments, tables of addresses, results, workspace and shared values have their exact size, and end where a forbidden page begins, or
begin where one ends; what is only read is in pages that cannot be written.  Before a run everything is filled, with NaN and with large
numbers: what is read before it is written shows in the results.
"""

from __future__ import annotations

import ctypes
import itertools
import math
import mmap
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph import descent as descents
from exprgraph.descent import Batches, Descent, Term
from exprgraph.graph.node import Node
from exprgraph.lowering.call import form as forms
from exprgraph.lowering.call import memory as memories
from exprgraph.lowering.call import team as teams
from exprgraph.lowering.native import image, loaded, pages
from exprgraph.lowering.plan import data as datas

sys.path.append(str(Path(__file__).parent.parent / "exprgraph"))
from rule_graphs import SHARED, Symbols, graphs, values

PAGE = mmap.PAGESIZE
_NONE = 0
SAMPLES = 0, 1, 7, 8, 9, 129
#: rule graphs are divided into so many functions
PARTS = 8
_protect = ctypes.CDLL(None, use_errno=True).mprotect
_protect.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int


class Memory(mmap.mmap):
    """Pages between two that are forbidden."""

    def protect(self, first: int, count: int, how: int) -> None:
        start = ctypes.c_char.from_buffer(self)
        if _protect(ctypes.addressof(start) + first * PAGE, count * PAGE, how):
            raise OSError(ctypes.get_errno(), "mprotect")


def guarded(shape: int | tuple[int, ...], dtype: Any, at_end: bool) -> np.ndarray:
    """An array whose last element is the last before a forbidden page, or whose first is the first after one."""
    count = math.prod(shape if isinstance(shape, tuple) else (shape,))
    size = count * np.dtype(dtype).itemsize
    pages = max(-(-size // PAGE), 1)
    memory = Memory(-1, (pages + 2) * PAGE)
    array: np.ndarray = np.ndarray(shape, dtype, memory, PAGE + (pages * PAGE - size if at_end else 0))
    memory.protect(0, 1, _NONE)
    memory.protect(pages + 1, 1, _NONE)
    return array


def fixed(a: np.ndarray, at_end: bool) -> np.ndarray:
    """A guarded copy that cannot be written."""
    out = guarded(a.shape, a.dtype, at_end)
    out[...] = a
    base = out.base
    assert isinstance(base, Memory)
    base.protect(1, len(base) // PAGE - 2, mmap.PROT_READ)
    return out


def table(arrays: Sequence[np.ndarray], at_end: bool) -> np.ndarray:
    return fixed(np.array([a.ctypes.data for a in arrays], np.uint64), at_end)


def raw(form: forms.Form, arrays: Sequence[np.ndarray], sizes: Sequence[int], samples: int, at_end: bool, fill: float) -> list[np.ndarray]:
    """The driver called as C does, with exactly the memory that is promised."""
    dtype, program = form.dtype, form.program
    given = [fixed(a.reshape(-1), at_end) for a in arrays]
    results = [guarded(n, dtype, at_end) for n in sizes]
    workspace, shared = (guarded(n, dtype, at_end) for n in (program.workspace, program.shared))
    for a in (*results, workspace, shared):
        a[...] = fill
    pointer = ctypes.c_void_p
    assert form.code is not None
    whole = ctypes.CFUNCTYPE(None, pointer, pointer, pointer, pointer, ctypes.c_int64)(form.code.address)
    tables = table(given, at_end), table(results, at_end)
    whole(tables[0].ctypes.data, tables[1].ctypes.data, workspace.ctypes.data, shared.ctypes.data, samples)
    return results


def sections_apart() -> None:
    """From now on code, constants and tables of loaded functions each end before a forbidden page, code as nearly as it is aligned."""
    inner = image.ObjectFile.__init__

    def place(self: image.ObjectFile, code: bytes) -> None:
        inner(self, code)
        self.size = 0
        for k in self.starts:
            section = self.sections[k]
            end = self.size + (-(-int(section["size"]) // PAGE) + 1) * PAGE  # at least a page of which nothing is used
            self.starts[k] = (end - int(section["size"])) // max(int(section["align"]), 1) * max(int(section["align"]), 1)
            self.size = end + PAGE

    def write(self: pages.Pages, code: bytes | bytearray) -> None:
        written(self, code)
        image_pages = np.frombuffer(code, np.uint8)
        for at in range(0, len(code) - PAGE + 1, PAGE):
            if not image_pages[at : at + PAGE].any():
                self._memory.protect(self.address + at, PAGE, _NONE)

    datas._aligned = lambda size, dtype: guarded(size, dtype, True)
    written = pages.Pages.write
    pages.Pages.write = write  # type: ignore[method-assign]
    pages.Pages.__del__ = lambda self: None  # type: ignore[method-assign]
    image.ObjectFile.__init__ = place  # type: ignore[method-assign]


ALIGNED = memories.aligned


class Guarding:
    """NumPy for the calls of a form: the memory that these make is guarded."""

    at_end = True

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def empty(self, shape: Any, dtype: Any = float) -> np.ndarray:
        out = guarded(shape, dtype, self.at_end)
        out[...] = np.nan
        return out

    def aligned(self, size: int, dtype: Any) -> tuple[np.ndarray, int]:
        """As teams have it."""
        out = self.empty(size, dtype)
        return out, out.ctypes.data


def same(what: str, got: Sequence[np.ndarray], want: Sequence[np.ndarray]) -> None:
    for k, (a, b) in enumerate(zip(got, want, strict=True)):
        if not np.array_equal(np.broadcast_to(a, np.shape(b)), b, equal_nan=True):  # calls repeat constants over the samples
            raise AssertionError(f"{what}: result {k} is {a}, expected {b}")


def check(what: str, outputs: Sequence[Node], symbols: Sequence[Node], dtype: Any, samples: Sequence[int] = SAMPLES) -> None:
    """One function, called in every way on guarded memory."""
    fn = eg.compile(list(outputs), list(symbols), immediate=False)
    divided = eg.compile(list(outputs), list(symbols), threads=3, immediate=False)
    core = fn.core
    single = dtype == np.float32
    by_sample = [a.per_sample for a in core.arguments]
    rng = np.random.default_rng(0)
    everything = {n: rng.uniform(0.4, 1.6, ((max(samples),) if lane else ()) + n.shape) for n, lane in zip(symbols, by_sample)}
    everything.update({n: v for n, v in values(SHARED).items() if n in everything and everything[n].shape == np.shape(v)})
    for n in samples if any(by_sample) else (1,):
        lead = (n,) if any(by_sample) else ()
        arrays = [np.array(v[:n] if lane else v, dtype) for v, lane in zip(everything.values(), by_sample)]
        form = core.form(bool(lead), single)
        lanes = form.program.per_sample
        sizes = [sum(o.size for o, lane in zip(outputs, lanes) if not lane), *(o.size * n for o, lane in zip(outputs, lanes) if lane)]
        first: list[np.ndarray] = []
        for at_end, fill in itertools.product((True, False), (np.nan, 1e30)):
            print(what, n, dtype.__name__, "raw", at_end, fill, flush=True)
            got = [np.array(a) for a in raw(form, arrays, sizes, n, at_end, fill)]
            first = first or got
            same(what, got, first)
        print(what, n, dtype.__name__, "called", flush=True)
        want = fn(*arrays)
        for at_end in (True, False):
            guarding = Guarding()
            guarding.at_end = at_end
            given = [fixed(a, at_end) for a in arrays]
            out = [guarded(w.shape, w.dtype, at_end) for w in map(np.asarray, want)]
            same(what, fn(*given), want)
            same(what, fn(*given, out=out), want)
            for a in out:
                a[...] = 0
            same(what, fn.bound(*given, out=out)(), want)
            forms.np = guarding  # type: ignore[assignment]
            memories.aligned = guarding.aligned
            try:
                same(what, core(*given), want)
                if n > 100:
                    for a, b in zip(divided(*given), want, strict=True):
                        np.testing.assert_allclose(a, b, rtol=1e-4 if single else 1e-10, atol=1e-5 if single else 1e-10)
            finally:
                forms.np, memories.aligned = np, ALIGNED


def products(dtype: Any) -> None:
    """Matrices and systems of sizes around those of tiles and vectors."""
    for m, k, n in ((1, 1, 1), (2, 7, 3), (5, 8, 9), (16, 17, 15), (33, 31, 8)):
        A, B = eg.Symbol("P", (m, k)), eg.Symbol("Q", (k, n), per_sample=True)
        S, b = eg.Symbol("S", (k, k), per_sample=True), eg.Symbol("b", k)
        outputs = [A @ B, eg.tanh(B), eg.over_samples.sum(A @ B), eg.einsum("ij,kj->ik", A, A), eg.solve(S + 3.0 * k * eg.identity(k), b)]
        check(f"products of {m} {k} {n}", outputs, (A, B, S, b), dtype, (0, 1, 9, 17))


def matrices(dtype: Any) -> None:
    """Factorizations of one matrix, of stacks, on lanes, and of a shared matrix with the right-hand sides of samples."""
    for n in (1, 2, 3, 8, 9, 17):
        A, b = eg.Symbol("A", (n, n)), eg.Symbol("b", n, per_sample=True)
        for S in (eg.Symbol("S", (n, n)), eg.Symbol("S", (n, n), per_sample=True), eg.Symbol("S", (2, n, n))):
            K = eg.einsum("...ik,...jk->...ij", S, S) + 2.0 * n * np.eye(n)
            values, vectors = eg.eigh(K + np.diag(10.0 * np.arange(n)))
            outputs = [eg.solve(K, b), eg.solve(eg.swapaxes(K, -1, -2), b), eg.det(K / n), eg.logabsdet(K), eg.cholesky(K), eg.expm(S / n)]
            outputs += [eg.solve_triangular(K, b, trans, lower) for trans in (0, 1) for lower in (False, True)]
            outputs += [values, vectors**2, A @ b, eg.orthonormal(K), eg.orthonormal(K[..., : n // 2 + 1])]
            check(f"matrices of {n} rows", outputs, (A, S, b), dtype, (0, 1, 9, 17))


def network(dtype: Any) -> None:
    x, u = eg.Symbol("in", 3, per_sample=True), eg.Symbol("in", 3, per_sample=True)
    weights = [eg.Symbol(f"W{i}", s) for i, s in enumerate([(9, 3), (9, 9), (2, 9)])]
    for i, w in enumerate(weights):
        u = w @ u if i == 0 else w @ eg.tanh(u)
    first = eg.jacobian(u, x)
    loss = eg.over_samples.mean(eg.sum((eg.laplacian(u[0], x) - u) ** 2))
    check("network", [u, first, loss, *eg.jacobians(loss, weights)], (x, *weights), dtype)


def numbers() -> None:
    """A callback of C."""
    s, r = SHARED.s, SHARED.r
    f = eg.compile(eg.sum(eg.solve(eg.stack([eg.stack([s, r]), eg.stack([-r, s + r])]), eg.stack([s * r, s])) ** 2), (s, r))
    code = f.core.form(False, False).code
    assert code is not None
    number = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int, ctypes.c_void_p)(code.number)
    for at_end in (True, False):
        given = fixed(np.array([0.75, 1.25]), at_end)
        assert number(2, given.ctypes.data) == f(0.75, 1.25)


def lanes(dtype: Any) -> None:
    """No lane that has no sample is computed of what was in the workspace: the sine of a large number would be the C library's."""
    kind = ctypes.c_float if dtype == np.float32 else ctypes.c_double
    asked: list[float] = []

    def sin(x: float) -> float:
        asked.append(x)
        return 0.0

    ours = ctypes.CFUNCTYPE(kind, kind)(sin)
    find = loaded._address_of
    address = ctypes.cast(ours, ctypes.c_void_p).value
    loaded._address_of = lambda name: address if name in ("sin", "sinf") else find(name)  # type: ignore[assignment]
    for split in ("srxyAB", "sxA", "ryB"):
        own = Symbols(*[eg.Symbol(n.name, n.shape, per_sample=True) if n.name in split else n for n in SHARED])
        outputs = [eg.sin(f / 100) for f in graphs(own).values() if f.per_sample]
        for mine in (outputs, [eg.sin(f / (100 + eg.over_samples.mean(f**2))) for f in graphs(own).values() if f.per_sample]):
            form = eg.compile(mine, list(own)).core.form(True, dtype == np.float32)
            for n in (1, 9, 121):
                arrays = [np.array(v, dtype) for v in values(own, (n,)).values()]
                raw(form, arrays, [0, *(o.size * n for o in mine)], n, True, 1e30)
                assert not asked, (split, n, asked[:3])
    x = SHARED.x  # and the sine is asked for where numbers are large
    form = eg.compile(eg.sin(x), x).core.form(True, dtype == np.float32)
    raw(form, [np.full((1, 3), 1e30, dtype)], [0, 3], 1, True, 0.0)
    assert asked


class GuardingDescent(Guarding):
    """NumPy for a descent: its tables, batches and memory are guarded."""

    def zeros(self, shape: Any, dtype: Any = float) -> np.ndarray:
        out = guarded(shape, dtype, self.at_end)
        out[...] = 0
        return out

    def array(self, a: Any, dtype: Any = None) -> np.ndarray:
        return fixed(np.array(a, dtype), self.at_end)


def steps(dtype: Any) -> None:
    """Training: gathered batches of all lengths, two terms, an optimizer with memory."""
    p, g, m, rate, step = eg.Symbol("p", 5), eg.Symbol("g", 5), eg.Symbol("m", 5), eg.Symbol("rate"), eg.Symbol("step")
    x, y = eg.Symbol("x", 5, per_sample=True), eg.Symbol("y", per_sample=True)
    loss = eg.over_samples.mean((eg.tanh(p @ x) - y) ** 2)
    core, divided = (eg.compile([loss, eg.gradient(loss, p)], (p, x, y), threads=n) for n in (1, 2))
    update = eg.compile([p - rate * (m + g) / step, m + g], (p, g, m, rate, step))
    rng = np.random.default_rng(0)
    data = rng.uniform(-1, 1, (43, 5)).astype(dtype), rng.uniform(-1, 1, 43).astype(dtype)
    indices = rng.permutation(43)[:23]
    offsets = np.array([0, 1, 1, 9, 17, 23])[[0, 1, 3, 4, 5]]
    rates = np.full(4, 0.1, dtype)
    ends = []
    for guarding in (None, GuardingDescent(), GuardingDescent()):
        if guarding is not None:
            guarding.at_end = len(ends) == 2
            descents.np = teams.np = memories.np = guarding  # type: ignore[assignment]
            memories.aligned = guarding.aligned
        arrays = [a.reshape(-1) if guarding is None else fixed(a.reshape(-1), guarding.at_end) for a in data]
        terms = [Term(core, tuple(arrays), 43), Term(divided, tuple(arrays), 43)]
        for count in (1, 2):
            descent = Descent(terms[:count], update, np.linspace(0.1, 0.5, 5).astype(dtype), 1)
            losses = np.empty(4, dtype) if guarding is None else guarded(4, dtype, guarding.at_end)
            values = np.empty((count, 4), dtype) if guarding is None else guarded((count, 4), dtype, guarding.at_end)
            made = descent.run([Batches(indices, offsets), None][:count], rates, 0, losses, values)
            assert count == 1 or np.allclose(values.sum(axis=0), losses)
            assert made == 4 and descent.is_native
            ends.append((np.array(descent.state), np.array(losses)))
        descents.np = teams.np = memories.np = np  # type: ignore[assignment]
        memories.aligned = ALIGNED
    for k, (state, losses) in enumerate(ends):
        assert np.array_equal(state, ends[k % 2][0]) and np.array_equal(losses, ends[k % 2][1])


def cases(part: int) -> Iterator[tuple[str, list[Node], Symbols]]:
    """Rule graphs with gradients and sums over samples, with shared and per-sample parts."""
    for split in ("srxyAB", "sxA", "ryB", ""):
        own = Symbols(*[eg.Symbol(n.name, n.shape, per_sample=True) if n.name in split else n for n in SHARED])
        outputs: list[Node] = []
        for k, (name, f) in enumerate(graphs(own).items()):
            if k % PARTS == part and (f.per_sample or not split):
                outputs += [f, eg.gradient(eg.sum(eg.sin(f)), own.x)] if name else []
                outputs += [eg.over_samples.sum(f), f / (1 + eg.over_samples.mean(f**2))] if split else []
        yield f"rule graphs {part} with {split or 'nothing'} by sample", outputs, own


def main(part: str, kind: str) -> None:
    dtype = np.dtype(kind).type
    sections_apart()
    if part == "products":
        products(dtype)
    elif part == "matrices":
        matrices(dtype)
    elif part == "network":
        network(dtype)
        numbers()
    elif part == "lanes":
        lanes(dtype)
    elif part == "steps":
        steps(dtype)
    elif part == "wrong":  # one sample more than there is memory for
        fn = eg.compile(SHARED.x * 2, SHARED.x, immediate=False)
        raw(fn.core.form(True, dtype == np.float32), [np.ones((9, 3), dtype)], [0, 27], 10, True, 0.0)
    elif part == "before":  # memory before the first element
        print(np.ndarray(1, dtype, guarded(9, dtype, False).base, PAGE - dtype().itemsize))
    elif part == "constants":  # memory behind the last table of a function
        (own, *_) = eg.compile(SHARED.x * 2, SHARED.x).core.form(True, False).code.owner.item()
        assert ctypes.string_at(own.address, 1)
        print(ctypes.string_at(own.address + own.size - 1, 1))
    else:
        for name, outputs, own in cases(int(part)):
            check(name, outputs, own, dtype)


if __name__ == "__main__":
    main(*sys.argv[1:])
    print("all well")
