"""Python that is printed computes what the interpreter does, run by CPython and compiled by Numba."""

import ast
import math
import warnings

import numpy as np
import pytest
from interpreter import Interpreter, library
from random_loops import NUMBERS, Draw, memory, same

from exprgraph.loops.library import names, needed
from exprgraph.loops.operations import LIBRARY
from exprgraph.loops.print import python
from exprgraph.loops.print.python import CALLED, print_program
from exprgraph.loops.program import Call, Function, Load, Loop, Loops, Name, Part, Procedure, Run, Store, Switch, index, operation, real
from exprgraph.loops.verify import verify

W, AT = Name("w", "reals"), Name("l", "index")


class Typed(ast.NodeTransformer):
    """Numbers as Numba types them: literals are reals or bits of the module's, and indices of loops what their bounds are."""

    def visit_Constant(self, node):
        name = {float: "R", int: "signed"}.get(type(node.value))
        return ast.Call(ast.Name(name, ast.Load()), [node], []) if name else node

    def visit_UnaryOp(self, node):
        whole = isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant)
        return self.visit(ast.Constant(-node.operand.value)) if whole else self.generic_visit(node)

    def visit_Attribute(self, node):
        return ast.Call(ast.Name("R", ast.Load()), [node], []) if node.attr in ("inf", "nan") else node

    def visit_Call(self, node):
        if isinstance(node.func, ast.Name) and node.func.id in ("u64", "powi") and isinstance(node.args[-1], ast.Constant):
            node.args = [*map(self.visit, node.args[:-1]), node.args[-1]]
            return node
        return self.generic_visit(node)

    def visit_For(self, node):
        self.generic_visit(node)
        if isinstance(node.target, ast.Name):
            node.iter = ast.Call(ast.Name("map", ast.Load()), [ast.Name("u64", ast.Load()), node.iter], [])
        return node


class Known:
    """A module, with C's functions under its names."""

    def __init__(self, module, single):
        self.module = module
        own = f"{'np' if module is np else 'math'}."
        real = np.float32 if single else np.float64
        for name in LIBRARY:
            spelled = CALLED.get(name, f"math.{name}")
            if spelled.startswith(own):
                setattr(self, spelled[len(own) :], self._rounded(library(name, single), real))

    def _rounded(self, f, real):
        return lambda *a: real(f(*a))

    def __getattr__(self, name):
        return getattr(self.module, name)


def module(program):
    """The printed module as CPython runs it: Numba's names do nothing."""
    text = print_program(program)
    start = text.index("\n@njit")
    names = {
        "R": np.float32 if program.single else np.float64, "signed": np.int32 if program.single else np.int64, "u64": np.uint64,
        "BLOCK": np.uint64(program.block), "np": Known(np, program.single), "math": Known(math, program.single),
        "njit": lambda *a, **k: lambda f: f, "keep_apart": lambda: None,
    }  # fmt: skip
    exec(compile(ast.fix_missing_locations(Typed().visit(ast.parse(text[start:]))), "<printed>", "exec"), names)
    return names


def run(program, arguments, results, w, s, samples):
    tables = np.array(NUMBERS.constants, w.dtype), np.array(NUMBERS.table, np.uint64), np.array(NUMBERS.steps, np.uint64)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        module(program)["kernel"](*arguments, *results, w, s, *tables, np.uint64(samples))


@pytest.mark.slow  # reads the whole library
@pytest.mark.parametrize("single", [False, True])
def test_no_variable_of_the_library_has_the_name_of_something_in_the_module(single):
    functions, procedures = needed(names(), single)
    text = print_program(Loops(single, 8, 0, ("o",), tuple(functions), tuple(procedures), (), (Part(()),)))
    for f in ast.parse(text).body:
        if isinstance(f, ast.FunctionDef):
            own = {n.id for n in ast.walk(f) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)} | {a.arg for a in f.args.args}
            called = {n.func.id for n in ast.walk(f) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
            assert not own & (called | {"R", "BLOCK", "np", "math"}), f.name


@pytest.mark.one_in(4)
@pytest.mark.parametrize("group", range(12))
def test_programs_drawn_at_random(group):
    for seed in range(6 * group, 6 * group + 6):
        program = Draw(seed).program()
        verify(program)
        for samples in (1, 6):
            wanted, found = (memory(program.single, samples, samples) for _ in range(2))
            Interpreter(program).run(*wanted, NUMBERS, samples)
            run(program, *found, samples)
            for a, b in zip([*wanted[0], *wanted[1], *wanted[2:]], [*found[0], *found[1], *found[2:]]):
                assert same(a, b), f"{seed}\n{program!r}\n{print_program(program)}\n{a}\n{b}"


def test_the_module_has_what_people_look_for():
    x = Name("x", "real")
    square = Function("square", ("x",), (), operation("mul", x, x), doc="x*x")
    kernel = Procedure(
        "k0", (Name("w", "reals"), Name("n", "index")),
        (Loop("l", "lanes", index(0), Name("n", "index"), (Store(W, AT, operation("add", Call("square", (Load(W, AT),)), real(-0.5))),)),),
        reassociate=True,
    )  # fmt: skip
    step = Run("k0", (W, Name("n", "index")))
    text = print_program(Loops(True, 8, 0, ("o",), (square,), (), (kernel,), (Part((step,), True, (Run("k0", (W, index(0))),)),)))
    assert text.endswith('''
@njit(error_model="numpy", fastmath={"contract"}, forceinline=True)
def square(x):
    """x*x"""
    return x * x


@njit(error_model="numpy", fastmath={"reassoc", "contract"})
def k0(w, n):
    keep_apart()
    for l in range(n):
        w[l] = square(w[l]) - R(0.5)


@njit(error_model="numpy", nogil=True)
def kernel(o, w, s, c, T, STEPS, samples):
    k0(w, u64(0))
    for first in range(u64(0), samples, BLOCK):
        n = min(BLOCK, samples - first)
        k0(w, n)
''')
    assert "R = np.float32" in text and "BLOCK = np.uint64(8)" in text


def chained(node) -> int:
    """How many branches an ``if`` has."""
    n = 0
    while isinstance(node, ast.If):
        n, node = n + 1, node.orelse[0] if node.orelse else None
    return n


def test_choices_are_nested_no_deeper_than_python_can(monkeypatch):
    monkeypatch.setattr(python, "CHOICES", 3)
    cases = tuple((k, (Store(W, index(0), real(float(k))),)) for k in range(10))
    program = Loops(False, 8, 0, ("o",), (), (), (), (Part((Switch(Load(Name("T", "indices"), index(0)), cases),)),))
    text = print_program(program)
    assert text.count("==") == 10 and max(map(chained, ast.walk(ast.parse(text)))) == 3
    for k in range(11):
        w = np.full(1, -1.0)
        module(program)["kernel"](np.empty(0), w, np.empty(0), np.empty(0), np.array([k], np.uint64), np.empty(0), np.uint64(1))
        assert w[0] == (k if k < 10 else -1.0)


@pytest.mark.parametrize("text", ["two\nlines", "", 'quo"tes', "back\\slash"])
def test_any_docstring_is_one(text):
    f = Function("f", ("x",), (), Name("x", "real"), doc=text)
    assert (module(Loops(False, 8, 0, ("o",), (f,), (), (), ()))["f"].__doc__ or "").replace("\n    ", "\n") == text
