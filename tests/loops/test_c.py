"""C computes what the interpreter does, bit for bit, from files that compile without a warning."""

import re
import subprocess

import numpy as np
import pytest
from c_compiler import COMPILERS, function, library, needs_a_compiler
from interpreter import Interpreter
from random_loops import INTERFACE, LONG, NUMBERS, ROW, ROWS, SAMPLE, SHARED, Draw, same

from exprgraph.loops.errors import LoopError, UnreadableError
from exprgraph.loops.operations import OPERATIONS
from exprgraph.loops.print.c import Interface, ProgramData, print_program
from exprgraph.loops.print.c_file import harmless, number, said
from exprgraph.loops.program import (
    Call,
    Each,
    Function,
    Let,
    Load,
    Loop,
    Loops,
    Name,
    Part,
    Procedure,
    Run,
    Store,
    Variable,
    bits,
    index,
    operation,
    real,
)
from exprgraph.loops.verify import verify

pytestmark = needs_a_compiler


def small(*body, functions=(), procedures=(), single=False, arguments=1):
    """A program of one part."""
    p = Loops(single, 4, arguments, ("o",), tuple(functions), (), tuple(procedures), (Part(tuple(body)),))
    verify(p)
    return p


def c_of(p, numbers=None, name="evaluate"):
    return print_program(p, numbers or ProgramData(), Interface([("x", (), False)] * p.arguments, [((), False)], 0, 0), name)


#: numbers of each type at which operations have something special
AWKWARD = {
    "real": [
        0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.0, 1e-310, 1e300, -1e300, 4503599627370497.5, 8388609.5,
        float("inf"), float("-inf"), float("nan"),
    ],
    "index": [0, 1, 2, 3, 62, 63, 2**31, 2**53 + 1, 2**63, 2**64 - 1],
    "bits": [0, 1, -1, 2, 5, 30, 31, 0x7F800001, 0x3F800000, -0x7FFFFFFF, -0x80000000],
    "truth": [False, True],
}  # fmt: skip
OUT, S, C, K, J = Name("o", "reals"), Name("s", "reals"), Name("c", "reals"), Name("k", "index"), Name("j", "index")
T = Name("T", "indices")


def chosen(kind, among, which):
    """One of some numbers, which no compiler knows: it is looked up in memory, or chosen by what is."""
    if kind == "real":
        return Load(C, which)
    if kind == "index":
        return Load(T, which)
    made = {"bits": bits, "truth": lambda v: operation("eq", real(0.0), real(0.0 if v else 1.0))}[kind]
    found = made(among[-1])
    for k, v in enumerate(among[:-1]):
        found = operation("select", operation("eq", which, index(k)), made(v), found)
    return found


def real_of(e, single):
    """Something of any type as reals that tell all its values apart."""
    if e.type == "real":
        return [e]
    if e.type == "truth":
        return [operation("select", e, real(1.0), real(0.0))]
    if e.type == "index":
        low = operation("and_bits", e, index(2**20 - 1))
        return [
            operation("real_of_index", x) for x in (low, operation("shift_right", e, index(40)), operation("shift_right", e, index(20)))
        ]
    halves = [operation("and_bits", operation("shift_right", e, bits(at)), bits(0xFFFF)) for at in range(0, 32 if single else 64, 16)]
    return [operation("real_of_bits", operation("or_bits", x, bits(1 << 24))) for x in halves]  # tiny numbers that tell them apart


def of_two(op, kind, swapped):
    """An operation of ``x`` and ``y``, or of one of them."""
    x, y = Name("x", kind), Name("y", kind)
    args = ([y, x] if swapped else [x, y])[: OPERATIONS[op].arity or 2]
    if op == "select":
        args = [operation("lt", K, J), x, y]
    elif op == "fma":
        args.append(real(0.1))
    elif op.startswith("shift"):
        args[1] = (index if kind == "index" else bits)(31 if swapped else 3)
    elif op in ("floordiv", "mod"):
        args[1] = operation("or_bits", args[1], index(1))
    elif op in ("copysign", "bits_of_real"):  # the sign of a NaN is anybody's
        args[-1] = operation("select", operation("eq", args[-1], args[-1]), args[-1], real(-1.0))
    return operation(op, *args)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("single", [False, True])
def test_every_operation_at_awkward_numbers(single, tmp_path):
    body, size = [], 0
    for kind, among in AWKWARD.items():
        many, stored = len(among), []
        for op in (op for op, rule in OPERATIONS.items() if kind in rule.takes):
            for swapped in range(1 + (OPERATIONS[op].arity != 1)):
                value = of_two(op, kind, swapped)
                stored.append(Let(f"z{len(stored)}", value))
                for e in real_of(Name(stored[-1].name, value.type), single):
                    at = operation("add", operation("mul", K, index(many)), J, index(size))
                    stored.append(Store(OUT, at, e))
                    size += many * many
        inner = Loop("j", "plain", index(0), index(many), (Let("y", chosen(kind, among, J)), *stored))
        body.append(Loop("k", "plain", index(0), index(many), (Let("x", chosen(kind, among, K)), inner)))
    p = Procedure("all", (OUT, C, T), tuple(body))
    program, numbers = small(Run("all", (OUT, C, T)), procedures=(p,), single=single), ProgramData(AWKWARD["real"], AWKWARD["index"])
    dtype = np.float32 if single else np.float64
    none, wanted, found = np.empty(0, dtype), np.empty(size, dtype), np.empty(size, dtype)
    with np.errstate(over="ignore"):
        Interpreter(program).run([none], [wanted], none, none, numbers, 1)
    function(library(c_of(program, numbers), tmp_path))([none], [found], none, none, 1)
    assert same(wanted, found)


@pytest.mark.slow
def test_nothing_that_c_leaves_undefined_happens(tmp_path):
    """Programs drawn at random, in a process of their own whose code is checked while it runs."""
    programs = {f"f{seed}": Draw(seed).program() for seed in range(200, 215)}
    text = "\n".join(print_program(p, NUMBERS, INTERFACE, name) for name, p in programs.items())
    calls = "\n".join(f"    {{ CALL({name}, {'float' if p.single else 'double'}) }}" for name, p in programs.items())
    ran = run_checked(text + _CHECKED.format(calls=calls), tmp_path)
    assert ran.returncode == 0 and not ran.stderr, ran.stderr[:3000]
    broken = text + _CHECKED.format(calls="    { int x = (int)samples; x <<= 31 + x; return x; }")
    assert "runtime error" in run_checked(broken, tmp_path).stderr


_CHECKED = f"""
#include <stdlib.h>
#define CALL(NAME, REAL) \\
    REAL a[{6 * SAMPLE}] = {{{{1}}}}, b[{LONG}] = {{{{2}}}}, c[{LONG}] = {{{{3}}}}, p[{6 * SAMPLE}]; \\
    REAL o[{SHARED}] = {{{{0}}}}, w[{ROW * ROWS}] = {{{{0}}}}, s[{SHARED}] = {{{{0}}}}; \\
    const REAL *const given[] = {{{{a, b, c}}}}; \\
    REAL *const wanted[] = {{{{o, p}}}}; \\
    NAME(given, wanted, w, s, samples);
int main(void)
{{{{
    const int64_t samples = 6;
{{calls}}
    return 0;
}}}}
"""


def run_checked(source, folder):
    """A program with the compiler's checks of addresses and of undefined behaviour."""
    file, made = folder / "checked.c", folder / "checked"
    file.write_text(source, encoding="ascii")
    flags = ["-std=c99", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    subprocess.run([COMPILERS[0], *flags, str(file), "-o", str(made), "-lm"], check=True)
    return subprocess.run([str(made)], capture_output=True, text=True)


def test_parameters_of_one_array_are_not_restricted():
    """What a caller gives twice may be stored through one and read through the other."""
    x, y, z = (Name(n, "reals") for n in "xyz")
    copy = Procedure("copy", (x, y, z), (Store(y, index(0), operation("add", Load(x, index(0)), Load(z, index(0)))),))
    through = Procedure("through", (x, y), (Run("copy", (x, y, y)),))
    source = c_of(small(Run("through", (Name("w", "reals"), S)), procedures=(copy, through)))
    assert "evaluate_copy(const double *restrict x, double *y, const double *z)" in source
    assert "evaluate_through(const double *restrict x, double *restrict y)" in source
    source = c_of(small(Run("through", (S, S)), procedures=(copy, through)))
    assert "evaluate_copy(const double *x, double *y, const double *z)" in source


def test_what_nothing_reads_is_not_written():
    x = Name("x", "real")
    body = (
        Let("a", real(1.0)),
        Let("b", Call("root", (Name("a", "real"),))),
        Variable("t", Name("b", "real")),
        Store(OUT, index(0), real(2.0)),
    )
    unread = Function("unread", ("x", "y"), (Let("z", operation("sqrt", x)),), operation("mul", x, x))
    root = Function("root", ("x",), (), operation("sqrt", x))  # only what is left out calls it
    source = c_of(small(*body, Store(OUT, index(0), Call("unread", (real(1.0), real(2.0)))), functions=(root, unread)))
    assert "double a =" not in source and "double t =" not in source and "sqrt" not in source and "(void)y;" in source


@pytest.mark.parametrize(
    ("name", "harmless_name"),
    [("x0", "x0"), ("w", "w"), ("double", "v_double"), ("sinf", "v_sinf"), ("v_x", "v_v_5f_x"), ("π", "v__3c0_"), ("_x", "v__5f_x"),
     ("f_k0", "v_f_5f_k0"), ("NAN", "v_NAN"), ("size_t", "v_size_5f_t"), ("a b", "v_a_20_b")],
)  # fmt: skip
def test_names(name, harmless_name):
    assert harmless(name, "f_") == harmless_name
    assert harmless("samples", "f_") == "samples" and harmless("samples", "f_", driver=True) == "v_samples"
    assert re.fullmatch("[A-Za-z][A-Za-z0-9_]*", harmless_name)


@pytest.mark.parametrize(
    ("value", "single", "text"),
    [
        (1.0, False, "1.0"), (0.5, True, "0.5f"), (-0.0, False, "-0.0"), (2.0**100, False, "0x1p+100"), (0.1, True, "0x1.99999ap-4f"),
        (0.1, False, "0x1.999999999999ap-4"), (5e-324, False, "0x0.0000000000001p-1022"), (1e300, True, "INFINITY"),
        (float("-inf"), False, "-INFINITY"), (float("nan"), True, "NAN"),
    ],
)  # fmt: skip
def test_numbers(value, single, text):
    assert number(value, single) == text


def test_what_computes_something_else_is_refused(tmp_path):
    file = tmp_path / "f.c"
    file.write_text(c_of(small(Store(OUT, index(0), real(1.0)))))
    for flag in ("-ffast-math", "-ffinite-math-only", "-funsafe-math-optimizations"):
        ran = subprocess.run([COMPILERS[0], "-std=c99", flag, "-c", str(file), "-o", str(tmp_path / "f.o")], capture_output=True, text=True)
        assert ran.returncode and "#error" in ran.stderr, flag


def test_names_of_arguments_cannot_leave_a_comment(tmp_path):
    wild = "*/ int main; /* ??/\n\\ \u202e θ"
    assert said(wild) == "* / int main; / * ? ?/<A><5C> <202E> <3B8>"
    p = small(Store(OUT, index(0), Load(Name("a0", "reals"), index(0))))
    library(print_program(p, ProgramData(), Interface([(wild, (), True)], [((), False)], 0, 0)), tmp_path)


def test_python_that_nobody_reads_is_no_c():
    f = Function("mine", ("x",), (), Name("x", "real"), source="def mine(x):\n    return x\n")
    p = small(Store(OUT, index(0), Call("mine", (real(1.0),))), functions=(f,))
    with pytest.raises(UnreadableError, match="the function mine"):
        c_of(p)


def test_rounds_over_pointers_are_over_arguments():
    given = tuple(Name(f"a{k}", "reals") for k in (0, 2))
    p = small(Each("k", "a", given, (Store(S, K, Load(Name("a", "reals"), index(0))),)), arguments=3)
    with pytest.raises(LoopError, match="no neighbouring arguments"):
        c_of(p)
