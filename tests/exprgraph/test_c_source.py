"""``fn.c_source``: files of C that compute what typed loops say, bit for bit, and what machine code does, up to its rounding."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rule_graphs import SHARED, Symbols, graphs, values

import exprgraph as eg
from exprgraph.errors import CompilationError, NotNativeWarning
from exprgraph.loops.print import c_file
from exprgraph.testing.growing import AtRandom, grow, symbols_for, values_for

sys.path.append(str(Path(__file__).parent.parent / "loops"))

from c_compiler import COMPILERS, function, library, needs_a_compiler
from forms import Case

pytestmark = needs_a_compiler

#: on lanes and not, mixed
MIXED = Symbols(
    eg.Symbol("s", per_sample=True), eg.Symbol("r"), eg.Symbol("x", 3, per_sample=True), eg.Symbol("y", 3),
    eg.Symbol("A", (3, 3), per_sample=True), eg.Symbol("B", (2, 3)),
)  # fmt: skip
GROUPS = 10


def arrays_of(symbols, single, lead):
    found = values(symbols, lead)
    return [np.array(found[s], np.float32 if single else np.float64, order="C") for s in symbols]


@pytest.mark.slow_one_in(3)
@pytest.mark.one_in(52)
@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("symbols", [SHARED, MIXED], ids=["one", "batch"])
@pytest.mark.parametrize("group", range(GROUPS))
def test_every_primitive(group, symbols, single, tmp_path):
    batch, samples = symbols is MIXED, 5
    found = list(graphs(symbols).items())[group::GROUPS]
    cases = {name: Case(g, list(symbols), single, samples, batch) for name, g in found}
    loaded = library("\n".join(case.named(f"f{k}") for k, case in enumerate(cases.values())), tmp_path)
    arrays = arrays_of(symbols, single, (samples,) if batch else ())
    for k, (name, case) in enumerate(cases.items()):
        in_c = case.by_c(function(loaded, f"f{k}"), arrays)
        for a, b, c in zip(in_c, case.by_interpreter(arrays), case.by_machine_code(arrays), strict=True):
            assert np.array_equal(a, b), f"{name}: C {a}, the interpreter {b}"
            if case.same_bits:
                assert np.array_equal(a, c), f"{name}: C {a}, machine code {c}"
            # sums of a few numbers, and formulas within 4 units of the last place
            np.testing.assert_allclose(a, c, rtol=2e-6 if single else 4e-15, atol=1e-6 if single else 2e-15, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("group", range(8))
def test_expressions_drawn_at_random(group, tmp_path):
    """In both widths, for samples and for a point, at NaN, infinities and zeros too."""
    cases = {}
    for seed in range(8 * group, 8 * group + 8):
        choice, batch = AtRandom(seed), seed % 2 == 0
        symbols = symbols_for(choice, 3, batch)
        cases[seed] = Case(grow(choice, symbols, 12), symbols, seed % 3 == 0, 3, batch)
    loaded = library("\n".join(case.named(f"f{seed}") for seed, case in cases.items()), tmp_path)
    for seed, case in cases.items():
        rng = np.random.default_rng(seed)
        arrays = [np.array(v, case.dtype, order="C") for v in values_for(rng, case.fn.symbols).values()]
        for a in arrays[: seed % 4]:
            a.reshape(-1)[rng.integers(a.size)] = rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e38])
        for a, b in zip(case.by_c(function(loaded, f"f{seed}"), arrays), case.by_interpreter(arrays), strict=True):
            there = ~np.isnan(b)
            assert np.array_equal(a, b, equal_nan=True) and np.array_equal(np.signbit(a[there]), np.signbit(b[there])), seed


def test_some_of_these_have_the_bits_of_machine_code():
    cases = [Case(g, list(MIXED), False, 5, True) for g in list(graphs(MIXED).values())[:20]]
    assert 5 < sum(case.same_bits for case in cases) < 20


def network(width=40):
    x = eg.Symbol("x", 3, per_sample=True)
    W, b, V = eg.Symbol("W", (width, 3)), eg.Symbol("b", width), eg.Symbol("V", (2, width))
    u = V @ eg.tanh(W @ x + b)
    loss = eg.over_samples.mean(eg.sum(u**2))
    return [u, eg.jacobian(u, x), loss, eg.gradient(loss, W)], [x, W, b, V]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("samples", [1, 300])
def test_a_network_with_blocks_of_samples_and_totals(samples, tmp_path):
    outputs, symbols = network()
    case = Case(outputs, symbols, False, samples, True)
    rng = np.random.default_rng(1)
    arrays = [rng.normal(size=((samples,) if s.per_sample else ()) + s.shape) for s in symbols]
    in_c = case.by_c(function(library(case.fn.c_source, tmp_path)), arrays)
    for a, c in zip(in_c, case.by_machine_code(arrays), strict=True):
        np.testing.assert_allclose(a, c, rtol=1e-12, atol=1e-12)


def test_many_arguments_are_one_loop(tmp_path):
    symbols = list(eg.symbols(" ".join(f"x{k}" for k in range(60))))
    value = eg.sum(eg.stack([eg.sin(s) for s in symbols])) * symbols[7]
    case = Case(value, symbols, False, 1, False)
    source = case.fn.c_source
    assert "= arguments[" in source
    arrays = [np.array(0.1 * k) for k in range(60)]
    in_c = case.by_c(function(library(source, tmp_path)), arrays)
    np.testing.assert_allclose(in_c[0], case.by_machine_code(arrays)[0], rtol=1e-14)


def test_constants_are_exact(tmp_path):
    given = np.array([0.1, -0.0, 1e-310, np.inf, 3.0])
    x = eg.Symbol("x", 5)
    case = Case(x * given, [x], False, 1, False)
    (a,) = case.by_c(function(library(case.fn.c_source, tmp_path)), [np.ones(5)])
    assert a.tobytes() == given.tobytes()


def test_its_head_says_how_it_is_called():
    outputs, symbols = network(width=7)
    fn = eg.compile(outputs, symbols)
    head = fn.c_source.partition("*/")[0]
    assert "arguments[0]  x: shape (3,) for each sample" in head and "arguments[1]  W: shape (7, 3)\n" in head
    assert "results[0]  a number (result 2); shape (7, 3) (result 3)\n" in head
    assert "results[2]  shape (2, 3) for each sample (result 1)\n" in head
    assert fn.c_source == eg.compile(*network(width=7)).c_source  # nothing depends on when it was made


def test_the_example_of_the_head_runs(tmp_path):
    x, y = eg.symbols("x y")
    source = eg.compile([x * y, x + y], (x, y)).c_source
    lines = source.partition("one sample:\n *\n")[2].partition(" *\n")[0].splitlines()
    call = "\n".join(line[6:] for line in lines).replace("[1];", "[1] = {3};", 2)
    program = f'{source}\n#include <stdio.h>\nint main(void)\n{{\n{call}\n    printf("%g %g", r1[0], r2[0]);\n    return 0;\n}}\n'
    (tmp_path / "f.c").write_text(program)
    subprocess.run([COMPILERS[0], "-std=c99", "-Wall", "-Werror", str(tmp_path / "f.c"), "-o", str(tmp_path / "f"), "-lm"], check=True)
    assert subprocess.run([str(tmp_path / "f")], capture_output=True, text=True, check=True).stdout == "9 6"


@pytest.mark.slow
def test_no_memory_but_what_the_head_says_and_nothing_undefined(tmp_path):
    """A network and a system, with workspaces of just the sizes that they need, in a process whose code is checked."""
    samples = 131
    x, A = eg.Symbol("x", 3, per_sample=True), eg.Symbol("A", (3, 3), per_sample=True)
    texts, calls = [], []
    for k, (outputs, symbols) in enumerate([network(), ([eg.solve(A, x), eg.atan2(x, 2.0)], [x, A]), ([eg.erf(x), eg.softmax(x)], [x])]):
        case = Case(outputs, symbols, k == 2, samples, True)
        texts.append(case.named(f"f{k}"))
        real, p = "float" if case.single else "double", case.program
        given = [s.size * (samples if s.per_sample else 1) for s in symbols]
        wanted = [r.size for r in case.memory()[0]]
        made = [f"make_{real}({n})" for n in (*given, *wanted, p.workspace, p.shared)]
        calls.append(
            f"{{ const {real} *const a[] = {{{', '.join(made[: len(given)])}}}; {real} *const r[] = {{{', '.join(made[len(given) : -2])}}};"
            f" f{k}(a, r, {made[-2]}, {made[-1]}, {samples}); }}"
        )
    makers = "\n".join(
        f"static {real} *make_{real}(size_t n) {{ {real} *p = malloc(n * sizeof *p + 1);"
        " for (size_t k = 0; k < n; k++) p[k] = k % 7; return p; }"
        for real in ("double", "float")
    )
    main = f"#include <stdlib.h>\n{makers}\nint main(void)\n{{\n" + "\n".join(calls) + "\nreturn 0;\n}\n"
    file, program = tmp_path / "f.c", tmp_path / "f"
    file.write_text("\n".join(texts) + main)
    flags = ["-std=c99", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    subprocess.run([COMPILERS[0], *flags, str(file), "-o", str(program), "-lm"], check=True)
    ran = subprocess.run([str(program)], capture_output=True, text=True, env={"ASAN_OPTIONS": "detect_leaks=0"})
    assert ran.returncode == 0 and not ran.stderr, ran.stderr[:3000]


def test_code_that_only_numba_compiles_is_named():
    source = "def up(a):\n    while a < 1:\n        a += 1\n    return a\n"
    with pytest.warns(NotNativeWarning):
        mine = eg.function("mine_in_c", numpy=np.cbrt, derivative=lambda v: v, code="up({0})", source=source)
    x = eg.Symbol("x")
    with pytest.raises(CompilationError, match=r"no C source for mine_in_c, which only Numba compiles: .*while a < 1"):
        eg.compile(eg.sin(mine(x)), (x,)).c_source  # noqa: B018


@pytest.mark.one_in(4)
@pytest.mark.parametrize("name", ["constants", "table", "steps", *c_file.HELPERS])
def test_helpers_may_have_names_of_the_file(name, tmp_path):
    source = f"def {name}(a):\n    return 3*a\n"
    mine = eg.function(f"{name}_in_c", numpy=lambda a: 3 * a, derivative=None, code=f"{name}({{0}})", source=source)
    v = eg.Symbol("v", 4)
    parts = [mine(v), eg.sin(v @ eg.array(np.arange(16.0).reshape(4, 4) / 7)), v[[0, 3, 3]], *(eg.exp(k * v[k : k + 2]) for k in range(3))]
    case = Case(parts, [v], False, 1, False)
    arrays = [np.linspace(-2.0, 2.0, 4)]
    for a, b in zip(case.by_c(function(library(case.fn.c_source, tmp_path)), arrays), case.by_machine_code(arrays), strict=True):
        np.testing.assert_allclose(a, b, rtol=4e-15, atol=2e-15)


def test_code_of_users_is_printed(tmp_path):
    source = "def half(a):\n    return a / 2\n"
    mine = eg.function("root_in_c", numpy=np.sqrt, derivative=lambda v: v, code="half({0}) * 2 / math.sqrt(1 + {0}**2)", source=source)
    x = eg.Symbol("x", per_sample=True)
    case = Case(mine(x), [x], False, 9, True)
    arrays = [np.linspace(-2.0, 2.0, 9)]
    (_, a), (_, b) = case.by_c(function(library(case.fn.c_source, tmp_path)), arrays), case.by_machine_code(arrays)
    np.testing.assert_allclose(a, b, rtol=3e-16)
