"""What fixed workloads cost, counted and not timed: none of the counts may grow."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

import exprgraph as eg

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks import workloads

#: operations of a sample, nodes, distinct kernels, rows of the lane workspace
COUNTS = {
    "hessian": (lambda: workloads.hessian([4, 32, 32, 1]), False, (23585, 35, 15, 0)),
    "hamiltonian": (lambda: workloads.hamiltonian(16), True, (17915, 67, 23, 440)),
    # the residual is summed as it is written: one kernel more, fewer of all else
    "burgers, 4 layers": (lambda: workloads.burgers(4, 100), True, (37952, 197, 28, 746)),
    "burgers, 8 layers": (lambda: workloads.burgers(8, 100), True, (86272, 368, 30, 1824)),
    "laplacian": (lambda: workloads.laplacian([10, 64, 64, 64, 1], 10), True, (206272, 41, 12, 3658)),
    "squares": (lambda: workloads.squares([64, 256, 256, 10], 8), True, (646728, 43, 10, 1866)),
    # the differences in it are kept as they are written: fewer operations than with them merged, and more nodes
    "rosenbrock": (lambda: workloads.rosenbrock(100), False, (890, 598, 1, 0)),
}


def counts(make, batch):
    fn = make().ours()
    program = eg.inspect(fn, batch)
    kernels = sum(bool(re.fullmatch(r"k\d+", d.name)) for d in ast.parse(program.source).body if isinstance(d, ast.FunctionDef))
    return eg.count_ops(list(fn.outputs)), eg.count_nodes(list(fn.outputs)), kernels, program.rows


@pytest.mark.parametrize("name", COUNTS)
def test_counts_do_not_grow(name):
    make, batch, limits = COUNTS[name]
    found = counts(make, batch)
    assert all(f <= limit for f, limit in zip(found, limits)), f"{name}: (operations, nodes, kernels, rows) are {found}, were {limits}"


def test_twice_the_layers_are_no_more_machine_code():
    sizes = []
    for layers in (4, 8, 16):
        text = eg.inspect(workloads.burgers(layers, 10).ours(), True).llvm
        sizes.append(sum(not line.startswith("@") for line in text.splitlines()))
    assert sizes[2] < 1.1 * sizes[0], sizes
