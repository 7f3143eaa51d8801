"""Every printer's code does what the interpreter of loops does, bit for bit: programs drawn at random."""

import ctypes

import numpy as np
import pytest
from c_compiler import function, library, needs_a_compiler, table
from hand_made import text_of
from interpreter import Interpreter
from random_loops import INTERFACE, NUMBERS, Draw, memory, same

from exprgraph.loops.print import c, python
from exprgraph.loops.print.llvm import ENTRY
from exprgraph.loops.verify import verify
from exprgraph.lowering.native import machine
from exprgraph.lowering.native.loaded import Loaded

#: warnings of comparisons of constants, which plans do not have
OF_CONSTANTS = ("-Wno-type-limits", "-Wno-tautological-compare")


#: what the head of a file suggests, which changes no bits
VECTORS = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math")


def check(program, run, samples, what):
    wanted, found = (memory(program.single, samples, samples) for _ in range(2))
    Interpreter(program).run(*wanted, NUMBERS, samples)
    run(*found, samples)
    for a, b in zip([*wanted[0], *wanted[1], *wanted[2:]], [*found[0], *found[1], *found[2:]]):
        assert same(a, b), f"{what}\n{program!r}\n{a}\n{b}"


@needs_a_compiler
@pytest.mark.one_in(12)
@pytest.mark.parametrize("group", range(12))
def test_c(group, tmp_path):
    programs = {f"f{seed}": Draw(seed).program() for seed in range(6 * group, 6 * group + 6)}
    text = "\n".join(c.print_program(p, NUMBERS, INTERFACE, name) for name, p in programs.items())
    loaded = library(text, tmp_path, *OF_CONSTANTS, *(VECTORS if group % 2 else ()))
    for name, p in programs.items():
        verify(p)
        for samples in (1, 6):
            check(p, function(loaded, name), samples, name)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("group", range(8))
def test_machine_code(group):
    for seed in range(1000 + 6 * group, 1006 + 6 * group):
        p = Draw(seed, axes=("neighbours",)).program()  # behind the last lane are other numbers
        verify(p)
        run = native(p)
        for samples in (1, 6):
            check(p, run, samples, seed)


def native(p):
    """The program as LLVM compiles it."""
    data = np.array(NUMBERS.constants, np.float32 if p.single else float), np.array(NUMBERS.table, np.uint64), np.array(NUMBERS.steps)
    told = bytes((ctypes.c_void_p * 3)(*(a.ctypes.data for a in data)))
    loaded = Loaded(machine.compile_object(text_of(p)), {"DATA": told})
    entry = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4, ctypes.c_int64)(loaded.address(ENTRY))

    def run(arguments, results, w, s, samples):
        entry(table(arguments), table(results), w.ctypes.data, s.ctypes.data, samples)

    vars(run).update(keep=(loaded, data))
    return run


@pytest.mark.slow
def test_python_that_numba_compiles():
    """In float64: Numba computes with the bits of a float32 as with integers of 64 bits, which overflow elsewhere."""
    programs = [p for p in (Draw(seed, axes=("neighbours",)).program() for seed in range(12)) if not p.single]
    assert len(programs) > 3
    for p in programs:
        names = {}
        exec(python.print_program(p), names)
        data = np.array(NUMBERS.constants), np.array(NUMBERS.table, np.uint64), np.array(NUMBERS.steps, np.uint64)

        def run(arguments, results, w, s, samples, kernel=names["kernel"], data=data):
            kernel(*arguments, *results, w, s, *data, np.uint64(samples))

        check(p, run, 6, "Python")
