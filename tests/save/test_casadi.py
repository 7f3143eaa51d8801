"""``fn.save("f.c", abi="casadi")``: what CasADi finds in the file, and that its derivatives are CasADi's own."""

from __future__ import annotations

import ctypes
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.errors import CompilationError
from exprgraph.lowering.save.casadi.derived import functions_of
from exprgraph.lowering.save.casadi.functions import casadi_function
from exprgraph.lowering.save.casadi.patterns import output_format, stored_elements
from exprgraph.testing.growing import AtRandom, grow, symbols_for, values_for

sys.path.append(str(Path(__file__).parent.parent / "loops"))

from c_compiler import COMPILERS, needs_a_compiler

DERIVATIVES = "jac, fwd, fwd4, adj, adj2, jac_adj, jac_jac, fwd_adj, jac_fwd"
Matrix = np.ndarray

x, p = eg.Symbol("x", (2, 3)), eg.Symbol("p", 4)
WEIGHTS = np.arange(1.0, 7.0).reshape(3, 2) / 5
MATRICES = {"y": eg.sin(x) @ WEIGHTS * p[0], "z": eg.sum(p * p)}


def compiled(source: Path, *flags: str, compiler: str = "") -> Path:
    """A library of a file that compiles without a warning."""
    made = source.with_suffix(".so")
    strict = ["-Wall", "-Wextra", "-pedantic", "-Wstrict-prototypes", "-Werror"]
    command = [compiler or COMPILERS[0], "-std=c99", *strict, *(flags or ["-O0"]), "-shared", "-fPIC", str(source), "-o", str(made), "-lm"]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[:4000]
    return made


class Loaded:
    """A function of a library, as CasADi sees it."""

    def __init__(self, path: Path, name: str) -> None:
        self.library, self.name = ctypes.CDLL(str(path)), name
        sizes = [ctypes.c_longlong() for _ in range(4)]
        assert self._function("_work", ctypes.c_int)(*map(ctypes.byref, sizes)) == 0
        self.sizes = [s.value for s in sizes]
        self.n_in, self.n_out = (self._function(f"_n_{k}", ctypes.c_longlong)() for k in ("in", "out"))

    def _function(self, suffix, kind):
        found = self.library[self.name + suffix]
        found.restype = kind
        return found

    def names(self, direction):
        named = self._function(f"_name_{direction}", ctypes.c_char_p)
        count = self.n_in if direction == "in" else self.n_out
        assert named(ctypes.c_longlong(count)) is None and named(ctypes.c_longlong(-1)) is None
        return [named(ctypes.c_longlong(k)).decode() for k in range(count)]

    def pattern(self, direction, k):
        """Which entries a matrix stores."""
        found = self._function(f"_sparsity_{direction}", ctypes.POINTER(ctypes.c_longlong))(ctypes.c_longlong(k))
        rows, columns = found[0], found[1]
        if found[2] == 1:
            return np.ones((rows, columns), bool)
        mask = np.zeros((rows, columns), bool)
        starts = found[2 : 3 + columns]
        for c in range(columns):
            mask[found[3 + columns + starts[c] : 3 + columns + starts[c + 1]], c] = True
        return mask

    def __call__(self, *given: Matrix | None, wanted: list[int] | None = None) -> list[Matrix | None]:
        """Dense results of dense matrices; ``None`` is a null pointer."""
        arrays = [None if a is None else np.asarray(a, float).T[self.pattern("in", k).T].copy() for k, a in enumerate(given)]
        masks = [self.pattern("out", k) for k in range(self.n_out)]
        results = [np.full(m.sum(), np.nan) if wanted is None or k in wanted else None for k, m in enumerate(masks)]
        tables = [(ctypes.c_void_p * max(len(t), 1))(*[None if a is None else a.ctypes.data for a in t]) for t in (arrays, results)]
        memory = np.full(self.sizes[3] + 1, np.nan)
        assert self._function("", ctypes.c_int)(*tables, None, ctypes.c_void_p(memory.ctypes.data), 0) == 0
        assert np.isnan(memory[-1])
        out = []
        for m, r in zip(masks, results):
            if r is not None:
                dense = np.zeros(m.shape[::-1])
                dense[m.T] = r
            out.append(None if r is None else dense.T)
        return out


@needs_a_compiler
def test_what_casadi_looks_for(tmp_path):
    fn = eg.compile(MATRICES, (x, p))
    fn.save(tmp_path / "f.c", abi="casadi", derivatives="jac")
    library = compiled(tmp_path / "f.c")
    f, jac = Loaded(library, "f"), Loaded(library, "jac_f")
    assert f.names("in") == ["x", "p"] and f.names("out") == ["y", "z"]
    assert jac.names("in") == ["x", "p", "out_y", "out_z"] and jac.names("out") == ["jac_y_x", "jac_y_p", "jac_z_x", "jac_z_p"]
    assert [f.pattern("in", k).shape for k in range(2)] == [(2, 3), (4, 1)]
    assert [jac.pattern("in", k).sum() for k in range(4)] == [6, 4, 0, 0]
    assert [jac.pattern("out", k).sum() for k in range(4)] == [12, 4, 0, 4]
    assert f.sizes[:3] == [2, 2, 0]
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 3)), rng.normal(size=4)
    y, z = f(a, b[:, None])
    np.testing.assert_allclose(y, np.sin(a) @ WEIGHTS * b[0], rtol=1e-14)
    np.testing.assert_allclose(z, [[b @ b]], rtol=1e-14)
    assert f(None, b[:, None])[0].tolist() == [[0.0] * 2] * 2 and f(a, None)[1].tolist() == [[0.0]]
    assert f(a, b[:, None], wanted=[1])[0] is None and f(a, b[:, None], wanted=[1])[1] == z
    assert f(a, b[:, None], wanted=[]) == [None, None]
    blocks = jac(a, b[:, None], None, None)
    exact = eg.evaluate(eg.jacobians(MATRICES["y"], [x, p]), {x: a, p: b})
    np.testing.assert_allclose(blocks[0], exact[0].reshape(4, 6, order="F"), rtol=1e-13)
    np.testing.assert_allclose(blocks[1], exact[1].reshape(4, 4, order="F"), rtol=1e-13)
    np.testing.assert_allclose(blocks[3], 2 * b[None], rtol=1e-14)


def test_patterns_are_exact_where_the_graph_tells_them():
    v, u = eg.Symbol("v", 4), eg.Symbol("u")
    W = eg.Symbol("W", (3, 2))
    step = eg.stack([v[1], eg.sum(eg.tanh(W @ v[:2])) + u, 2 * v[3], u * v[2]])
    fn = eg.compile([step, v[0] * v[1] + eg.sin(v[3])], (v, u, W))
    f = casadi_function("f", fn.core.arguments, fn.outputs, ["next", "cost"])
    made = {g.name: {o.name: o for o in g.outputs} for g in functions_of(f, ["jac", "jac_adj1"])}
    found = {k: mask_of(o).astype(int).tolist() for k, o in (made["jac_f"] | made["jac_adj1_f"]).items()}
    assert found["jac_next_v"] == [[0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]
    assert found["jac_next_u"] == [[0], [1], [0], [1]] and found["jac_cost_v"] == [[1, 1, 0, 1]] and found["jac_cost_W"] == [[0] * 6]
    assert found["jac_adj_v_v"] == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]]
    assert found["jac_adj_v_u"] == [[0], [0], [1], [0]] and found["jac_adj_u_v"] == [[0, 0, 1, 0]]
    assert found["jac_adj_v_out_next"] == [[0] * 4] * 4
    stored = stored_elements(made["jac_f"]["jac_next_v"])
    assert stored is not None and stored.shape == (5,) and stored_elements(made["jac_f"]["jac_cost_W"]) is None


def mask_of(o):
    return (np.ones(o.size, bool) if o.mask is None else o.mask).reshape(o.columns, o.rows).T


def test_a_pattern_that_would_take_long_is_full(monkeypatch):
    monkeypatch.setattr("exprgraph.lowering.save.casadi.patterns.STEPS", 3)
    v, u = eg.symbols("v u", shape=3)
    f = casadi_function("f", eg.compile([eg.sin(v)], (v, u)).core.arguments, [eg.sin(v)], ["y"])
    by_v, by_u = functions_of(f, ["jac"])[1].outputs
    assert output_format(by_v) == [3, 3, 1] and output_format(by_u) == [3, 3, 0, 0, 0, 0]


@needs_a_compiler
@pytest.mark.parametrize("compiler", COMPILERS)
def test_square_roots_are_instructions(compiler, tmp_path):
    """Without an option for that: otherwise they are calls behind a test, and loops of them are not vectorised."""
    v = eg.Symbol("v", 8)
    eg.compile(eg.sqrt(v), v).save(tmp_path / "f.c", abi="casadi")
    command = [compiler, "-std=c99", "-O3", "-S", str(tmp_path / "f.c"), "-o", str(tmp_path / "f.s")]
    subprocess.run(command, check=True)
    code = (tmp_path / "f.s").read_text()
    assert "sqrt" in code and not re.search(r"\b(call|jmp|bl|b)\b.*\bsqrt\b", code)


@needs_a_compiler
def test_an_infinite_derivative_stays_in_its_column(tmp_path):
    """Directions of several inputs go through a function together only if no derivative can be infinite."""
    a, b = eg.Symbol("a", 2), eg.Symbol("b")
    fn = eg.compile(eg.sqrt(a) @ np.array([[1.0, 2.0], [3.0, 4.0]]) + eg.tanh(b), (a, b))
    fn.save(tmp_path / "root.c", abi="casadi", derivatives=["jac"])
    by_a, by_b = Loaded(compiled(tmp_path / "root.c"), "jac_root")(np.array([[0.0], [1.0]]), np.zeros((1, 1)), None)
    assert by_a.tolist() == [[np.inf, 1.5], [np.inf, 2.0]] and by_b.tolist() == [[1.0], [1.0]]


@needs_a_compiler
def test_numbers_in_the_file_and_packed_arguments(tmp_path):
    v, W, b = eg.Symbol("v", 2), eg.Symbol("W", (3, 2)), eg.Symbol("b", 3)
    theta = eg.packed("theta", (W, b))
    u = eg.tanh(W @ v + b)
    fn = eg.compile([eg.sum(u), u], (v, theta))
    fn.save(tmp_path / "open.c", abi="casadi", derivatives="jac, adj2, fwd2")
    numbers = np.linspace(-1.0, 1.0, 9)
    fn.save(tmp_path / "closed.c", abi="casadi", derivatives="jac", params={"theta": numbers})
    point, given = np.array([[0.3], [-0.7]]), {v: [0.3, -0.7], W: numbers[:6].reshape(3, 2), b: numbers[6:]}
    opened, closed = compiled(tmp_path / "open.c"), compiled(tmp_path / "closed.c")
    jac = Loaded(opened, "jac_open")(point, numbers[:, None], None, None)
    parts = eg.evaluate([eg.jacobian(u, s) for s in (W, b)], given)
    np.testing.assert_allclose(jac[3], np.concatenate([parts[0].reshape(3, 6), parts[1]], axis=1), rtol=1e-13)
    np.testing.assert_allclose(jac[1], jac[3].sum(axis=0, keepdims=True), rtol=1e-13)
    assert Loaded(closed, "closed").names("in") == ["v"]
    np.testing.assert_allclose(Loaded(closed, "jac_closed")(point, None, None)[1], jac[2], rtol=1e-13)
    rng = np.random.default_rng(0)
    by_v, by_theta = Loaded(opened, "adj2_open")(point, numbers[:, None], None, None, np.zeros((1, 2)), weights := rng.normal(size=(3, 2)))
    np.testing.assert_allclose(by_v, jac[2].T @ weights, rtol=1e-13)
    np.testing.assert_allclose(by_theta, jac[3].T @ weights, rtol=1e-13, atol=1e-15)
    directions = rng.normal(size=(9, 2))
    _, along = Loaded(opened, "fwd2_open")(point, numbers[:, None], None, None, None, directions)
    np.testing.assert_allclose(along, jac[3] @ directions, rtol=1e-13)


@needs_a_compiler
def test_many_arguments_and_many_results(tmp_path):
    """Many small arguments are gathered first; adjoints have one more for each result."""
    numbers = [eg.Symbol(f"a{k}") for k in range(40)]
    fn = eg.compile([eg.sin(a) * numbers[k - 1] for k, a in enumerate(numbers)], numbers)
    fn.save(tmp_path / "f.c", abi="casadi", derivatives="adj1")
    library = compiled(tmp_path / "f.c")
    given = np.linspace(-1, 1, 40)
    found = Loaded(library, "f")(*given[:, None, None])
    np.testing.assert_allclose(np.ravel(found), np.sin(given) * np.roll(given, 1), rtol=1e-14)
    adjoint = Loaded(library, "adj1_f")(*given[:, None, None], *[None] * 40, *np.ones((40, 1, 1)))
    np.testing.assert_allclose(np.ravel(adjoint), np.cos(given) * np.roll(given, 1) + np.sin(np.roll(given, -1)), rtol=1e-14)


@needs_a_compiler
def test_derivatives_by_some_arguments(tmp_path):
    a, b = eg.symbols("a b")
    eg.compile(a * b, (a, b)).save(tmp_path / "f.c", abi="casadi", derivatives="jac, adj", by="b")
    library = compiled(tmp_path / "f.c")
    f = Loaded(library, "f")
    assert [f._function("_diff_in", ctypes.c_int)(ctypes.c_longlong(k)) for k in range(2)] == [0, 1]
    by_a, by_b = Loaded(library, "jac_f")(np.array([[2.0]]), np.array([[3.0]]), None)
    assert by_a.tolist() == [[0.0]] and by_b.tolist() == [[2.0]]


def test_what_cannot_be_saved(tmp_path):
    a = eg.Symbol("a", 2)
    fn = eg.compile(eg.sin(a), a)

    def refuses(error, match, function=fn, file="f.c", **options):
        with pytest.raises(error, match=match):
            function.save(tmp_path / file, **{"abi": "casadi", **options})
        assert not list(tmp_path.iterdir())

    refuses(ValueError, r"no derivative 'hess'; there are jac, fwd1", derivatives=["jac", "hess"])
    refuses(ValueError, "by: no argument has the name 'b'; arguments: a", by=["b"])
    refuses(ValueError, "there is no abi 'julia'; there is 'casadi'", abi="julia")
    refuses(TypeError, "derivatives are names", derivatives=[3])
    refuses(ValueError, "f-1.*cannot be the name of a function", name="f-1")
    refuses(ValueError, "a file of C in CasADi's conventions has no option 'dtype'", dtype=np.float32)
    refuses(CompilationError, "sums over samples", eg.compile(eg.over_samples.sum(a), a))
    having = "has no option 'derivatives'; files that end in .c with abi='casadi' or .so"
    refuses(ValueError, having, file="f.py", abi=None, derivatives="jac")
    refuses(ValueError, "such files have no abi 'casadi'; files that end in .c or .so or .dylib or .dll have it", file="f.py")


@needs_a_compiler
@pytest.mark.slow
def test_casadi_differentiates_the_same(tmp_path):
    """Values and all derivatives of matrices, also those of derivatives."""
    ca = pytest.importorskip("casadi", reason="compares with CasADi: pip install casadi")
    eg.compile(MATRICES, (x, p)).save(tmp_path / "f.c", abi="casadi", derivatives=DERIVATIVES)
    ours = ca.external("f", str(compiled(tmp_path / "f.c", "-O1")))
    X, P = ca.MX.sym("x", 2, 3), ca.MX.sym("p", 4)
    theirs = ca.Function("f", [X, P], [ca.sin(X) @ WEIGHTS * P[0], ca.sumsqr(P)], ["x", "p"], ["y", "z"])
    for derive in (
        lambda f: f, lambda f: f.jacobian(), lambda f: f.forward(1), lambda f: f.forward(4), lambda f: f.forward(3), lambda f: f.reverse(1),
        lambda f: f.reverse(2), lambda f: f.reverse(1).jacobian(), lambda f: f.jacobian().jacobian(), lambda f: f.reverse(1).forward(1),
        lambda f: f.forward(1).jacobian(),
    ):  # fmt: skip
        _compare(ca, derive(ours), derive(theirs))


@needs_a_compiler
@pytest.mark.one_in(2)
@pytest.mark.parametrize("compiler", ["", "false"])
def test_a_library(compiler, tmp_path, monkeypatch):
    fn = eg.compile(MATRICES, (x, p))
    if not compiler:
        fn.save(tmp_path / "f.so", abi="casadi")
        assert Loaded(tmp_path / "f.so", "f").names("out") == ["y", "z"]
        monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CC", compiler)
    says = "false fails: exit status 1" if compiler else "no C compiler is on the path"
    with pytest.raises(
        CompilationError, match=f"cannot save the function to g.so: {says}.*; save a file of C, g.c, and run: (cc|false) -std=c99 "
    ):
        fn.save(tmp_path / "g.so", abi="casadi")
    assert not list(tmp_path.glob("g*"))


def _compare(ca, ours, theirs):
    """Equal values at one point, equal names, and patterns that hold at least CasADi's."""
    assert ours.name_in() == theirs.name_in() and ours.name_out() == theirs.name_out()
    rng = np.random.default_rng(0)
    given = [ca.DM(rng.normal(size=theirs.size_in(k))) for k in range(theirs.n_in())]
    for k, (a, b) in enumerate(zip(ours.call(given), theirs.call(given), strict=True)):
        assert b.sparsity().is_subset(a.sparsity()), f"{ours.name()}, {ours.name_out(k)}"
        np.testing.assert_allclose(a.full(), b.full(), rtol=1e-12, atol=1e-12, err_msg=f"{ours.name()}, {ours.name_out(k)}")


@needs_a_compiler
@pytest.mark.slow
def test_casadi_differentiates_a_network_exactly(tmp_path):
    """Jacobian, gradient and Hessian of a function that CasADi builds of ours, by its graph of matrices."""
    ca = pytest.importorskip("casadi", reason="compares with CasADi: pip install casadi")
    from symnn import Chain, Dense, SymbolicNeuralNetwork, build_nn_function

    nn = SymbolicNeuralNetwork(Chain(Dense(3, 8, "tanh"), Dense(8, 2, "softplus")))
    ps = nn.chain.initial_parameters(seed=0)
    build_nn_function({"y": nn.output}, nn).save(tmp_path / "net.c", abi="casadi", derivatives="jac, fwd, adj, jac_adj", params=ps)
    net = ca.external("net", str(compiled(tmp_path / "net.c", "-O1")))
    W1, b1, W2, b2 = (ca.DM(np.asarray(a)) for a in ps.leaves().values())
    for S in (ca.MX, ca.SX):
        z = S.sym("z", 3)
        y = ca.log(1 + ca.exp(W2 @ ca.tanh(W1 @ z + b1) + b2))
        direct = ca.Function("direct", [z], [y, ca.jacobian(y, z), *ca.hessian(ca.sumsqr(y), z)])
        v = ca.MX.sym("v", 3)
        own = net(v)
        through = ca.Function("through", [v], [own, ca.jacobian(own, v), *ca.hessian(ca.sumsqr(own), v)])
        at = np.array([0.4, -1.0, 0.2])
        for a, b in zip(through(at), direct(at), strict=True):
            np.testing.assert_allclose(a.full(), b.full(), rtol=1e-12, atol=1e-13)


@pytest.mark.one_in(40)
@pytest.mark.parametrize("seed", range(80))
def test_derivatives_of_expressions_drawn_at_random(seed):
    """Blocks, directions and weighted sums are those of jacobian; entries outside of a pattern are 0."""
    choice = AtRandom(seed)
    symbols = symbols_for(choice, 3, per_sample=False)
    outputs = [e for e in (grow(choice, symbols, 6) for _ in range(2)) if e.ndim <= 3]
    fn = eg.compile(outputs, symbols)
    made = {f.name: f for f in functions_of(casadi_function("f", fn.core.arguments, fn.outputs, [""] * len(outputs)), NAMES)}
    rng = np.random.default_rng(seed)
    given = values_for(rng, symbols)
    bindings, seeds = {}, {}
    for f in made.values():
        for i in f.inputs:
            if i.argument is not None and i.name in fn.arguments:
                bindings[i.argument.symbols[0][0]] = to_memory(given[symbols[fn.arguments.index(i.name)]])
            elif i.argument is not None and i.name not in seeds:
                bindings[i.argument.symbols[0][0]] = seeds[i.name] = rng.normal(size=i.argument.shape)
    points = {s: given[s] for s in symbols}
    jacobians = {}
    for k, o in enumerate(outputs):
        for s in symbols:
            j = eg.evaluate(eg.jacobian(o, s), points)
            columns = [to_memory(c) for c in np.moveaxis(j.reshape((*o.shape, s.size)), -1, 0)]
            order = to_memory(np.arange(s.size).reshape(s.shape)).ravel()
            jacobians[k, s.name] = np.array([columns[c].ravel() for c in order]).reshape(s.size, o.size).T
            block = next(b for b in made["jac_f"].outputs if b.name == f"jac_{made['f'].outputs[k].name}_{s.name}")
            close(np.ravel(eg.evaluate(block.value, bindings)), jacobians[k, s.name].T.ravel())
            assert block.mask is not None and not np.nan_to_num(jacobians[k, s.name].T.ravel())[~block.mask].any()
    for k, o in enumerate(made["fwd2_f"].outputs):
        along = sum(jacobians[k, s.name] @ seeds[f"fwd_{s.name}"].reshape(2, -1).T for s in symbols)
        close(np.ravel(eg.evaluate(o.value, bindings)), along.T.ravel())
    weights = [seeds[f"adj_{o.name}"].reshape(-1) for o in made["f"].outputs]
    for s, o in zip(symbols, made["adj1_f"].outputs):
        close(np.ravel(eg.evaluate(o.value, bindings)), sum(w @ jacobians[k, s.name] for k, w in enumerate(weights)))
    shaped = [from_memory(seeds[f"adj_{o.name}"]) for o in made["f"].outputs]
    blocks = {b.name: b for b in made["jac_adj1_f"].outputs}
    for s in symbols:
        gradient = sum(eg.vjp(o, s, w) for o, w in zip(outputs, shaped))
        for t in symbols:
            block, h = blocks[f"jac_adj_{s.name}_{t.name}"], eg.evaluate(eg.jacobian(gradient, t), points).reshape(*s.shape, t.size)
            columns = np.array([to_memory(h[..., c]).ravel() for c in to_memory(np.arange(t.size).reshape(t.shape)).ravel()])
            close(np.ravel(eg.evaluate(block.value, bindings)), columns.ravel())
            assert block.mask is not None and not np.nan_to_num(columns.ravel())[~block.mask].any()


NAMES = ["jac", "fwd2", "jac_adj1"]


def to_memory(a):
    return np.moveaxis(np.asarray(a), 0, -1) if np.ndim(a) > 1 else np.asarray(a)


def from_memory(a):
    return np.moveaxis(a, -1, 0) if a.ndim > 1 else a


def close(a, b):
    """Equal wherever the second is finite."""
    there = np.isfinite(b)
    np.testing.assert_allclose(a[there], b[there], rtol=1e-9, atol=1e-9 * max(1.0, np.max(np.abs(b[there]), initial=0.0)))
