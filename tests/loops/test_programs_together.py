"""Several programs in one file: what is equal in them is defined once; results each in an array of its own."""

from __future__ import annotations

import numpy as np
from interpreter import Interpreter

import exprgraph as eg
from exprgraph.loops.print.c import ProgramData
from exprgraph.loops.together import together, union
from exprgraph.loops.verify import verify
from exprgraph.lowering.plan.emit import emit
from exprgraph.meaning.binding import Argument

x, W, V = eg.Symbol("x", 5), eg.Symbol("W", (4, 5)), eg.Symbol("V", (6, 4))


def layers(*order):
    """Two layers of equal kind, the arguments in any order."""
    u = eg.tanh(V @ eg.tanh(W @ x))
    programs = [emit([u], [Argument(s.name, ((s, 0),), s.shape, False) for s in order], batch=False, single=False)]
    slope = eg.jacobian(u, x)
    outputs = [slope, eg.reshape(eg.exp(slope), (30,)), u]
    programs.append(emit(outputs, programs_arguments(x, W, V), batch=False, single=False, apart=True))
    return programs


def programs_arguments(*symbols):
    return [Argument(s.name, ((s, 0),), s.shape, False) for s in symbols]


def test_equal_kernels_have_one_name_and_different_ones_have_different_names():
    programs = [p.loops for p in layers(V, W, x)]
    found = together(programs)
    for p in found:
        verify(p)
    names = {k.name: k for p in found for k in p.kernels}
    assert all(names[k.name] == k for p in found for k in p.kernels)
    assert len({k._replace(name="") for k in names.values()}) == len(names) < sum(len(p.kernels) for p in programs)
    assert {k.name for k in found[0].kernels} & {k.name for k in found[1].kernels}
    assert union(found).kernels == tuple(names.values())


def data_of(program):
    data = program.data
    return ProgramData(data.constants.tolist(), data.table.tolist(), data.steps.ravel().tolist())


def test_they_compute_what_they_computed():
    first, second = layers(V, W, x)
    rng = np.random.default_rng(0)
    given = {s: rng.normal(size=s.shape) for s in (x, W, V)}
    u, results = np.empty(6), [np.full(30, np.nan), np.full(30, np.nan), np.full(6, np.nan)]
    for loops, program, order, wanted in zip(
        together([first.loops, second.loops]), (first, second), ((V, W, x), (x, W, V)), ([u], results)
    ):
        memory = [np.empty(n + 1) for n in (program.workspace, program.shared)]
        Interpreter(loops).run([given[s].ravel() for s in order], wanted, *memory, data_of(program), 1)
    slope = eg.evaluate(eg.jacobian(eg.tanh(V @ eg.tanh(W @ x)), x), given).ravel()
    for got, want in zip([u, *results], [results[2], slope, np.exp(slope), np.tanh(given[V] @ np.tanh(given[W] @ given[x]))], strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-13)


def test_a_reshaped_result_is_computed_in_its_place():
    value = eg.tanh(W) @ V[:5]
    plain = emit([value], programs_arguments(W, V), batch=False, single=False)
    for shape in ((16,), (2, 8), (1, 16, 1)):
        other = emit([eg.reshape(value, shape)], programs_arguments(W, V), batch=False, single=False)
        assert other.loops == plain.loops and other.shared == plain.shared
