"""``fn.save``: endings, options, names in C, the interface and its header."""

from __future__ import annotations

import re

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.loops.print.c_names import not_a_name
from exprgraph.lowering.save.formats import FORMATS, suffixes
from exprgraph.lowering.save.header import header
from exprgraph.lowering.save.interface import CInterface, identifier, interface
from exprgraph.lowering.save.options import Options
from exprgraph.lowering.save.saved import Saved
from symnn import Chain, Dense, SymbolicNeuralNetwork, build_nn_function


def saved(fn: eg.CompiledFunction) -> Saved:
    return Saved(fn.outputs, fn.core.arguments, tuple(eg.tree.paths(fn._recipe[0])), fn.core.contract)


def described(fn: eg.CompiledFunction, path: str = "evaluator.c", **options: object) -> CInterface:
    return interface(saved(fn), path, Options(**options))  # type: ignore[arg-type]


x, y = eg.Symbol("x", 2, per_sample=True), eg.Symbol("y")
FN = eg.compile({"u": eg.tanh(x) * y, "mean": eg.over_samples.mean(eg.sum(x)), "more": [y**2, eg.sum(x)]}, (x, y))


def test_another_ending_is_an_error_that_lists_all(tmp_path):
    listed = " or ".join(suffixes())
    with pytest.raises(eg.errors.FileNameError, match=f"the ending .csv means a table or text; give a name that ends in {listed}$"):
        FN.save(tmp_path / "f.csv")
    for ending in (".xyz", ".5", ".C++"):
        said = f"the ending {re.escape(ending)} means no format; give a name that ends in {listed}$"
        with pytest.raises(eg.errors.FileNameError, match=said):
            FN.save(tmp_path / f"f{ending}")
    for name in ("f", "..c"):
        with pytest.raises(eg.errors.FileNameError, match=f"and it has none; give a name that ends in {listed}$"):
            FN.save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_an_ending_alone_is_no_name(tmp_path):
    for name in (".c", ".so"):
        with pytest.raises(eg.FileNameError, match="an ending without a name"):
            FN.save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_derivatives_that_are_no_names():
    for given in (3, [3]):
        with pytest.raises(TypeError, match="derivatives are names"):
            print(Options(derivatives=given).derivative_names)  # type: ignore[arg-type]
    assert Options(derivatives="jac, adj").derivative_names == ["jac", "adj"]


def test_switches_are_on_or_off(tmp_path):
    for option in ("batch", "libm"):
        for given in ("no", 2, None, 0.0):
            with pytest.raises(TypeError, match=f"{option} is True or False, got {given!r}"):
                FN.save(tmp_path / "f.c", **{option: given})
    assert not list(tmp_path.iterdir()) and Options(batch=np.False_, libm=1).given == ("batch", "libm")  # type: ignore[arg-type]


def test_an_option_that_a_format_does_not_have_names_those_that_do(tmp_path):
    for option, value in {"libm": True, "name": "f", "params": {"y": 1.0}, "dtype": np.float32, "cpu": "none"}.items():
        if option in FORMATS[0].options:
            continue
        others = [f"{s} with abi={f.abi!r}" if f.abi else s for f in FORMATS if option in f.options for s in f.suffixes]
        says = f"files that end in {' or '.join(others)} have it" if others else "no format has it"
        with pytest.raises(ValueError, match=f"a Python module has no option '{option}'; {says}"):
            FN.save(tmp_path / "f.py", **{option: value})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["int", "class", "my-x", "2d", "sin", "_f", "f__g", "θ", "main", "memcpy", "INFINITY", "int64_t"])
def test_names_that_c_cannot_use(name):
    with pytest.raises(ValueError, match=r"cannot be the name of a function in C: .*give another one, as name='") as caught:
        described(FN, f"out/{name}.c")
    better = str(caught.value).rpartition("name='")[2].rstrip("'")
    assert described(FN, f"out/{name}.c", name=better).name == better
    with pytest.raises(ValueError, match="name="):
        described(FN, name=name)


def test_the_name_is_that_of_the_file():
    for path, name in {"a/f.c": "f", "libf.so": "f", "a/libf.1.so": "f.1", "libf.o": "libf"}.items():
        if name.isidentifier():
            assert described(FN, path).name == name
        else:
            with pytest.raises(ValueError, match="no identifier"):
                described(FN, path)


def test_identifiers_differ_and_mean_nothing_in_c():
    names = ["x", "x", "x_2", "int", "L1.W", "x[0]", "θ", "Θ", "naïve", "", "1st", "sin", "workspace", "a__b", "名", "E", "'; }", "*/"]
    taken = ["workspace"]
    found = [identifier(n, taken) for n in names]
    assert found[:8] == ["x", "x_2", "x_2_2", "int_", "L1_W", "x_0", "theta", "Theta"]
    assert len(set(found)) == len(found) and "workspace" not in found
    assert all(n.isascii() and n.isidentifier() for n in found)


def test_identifiers_are_no_macros_or_types_of_headers():
    """The header is read after others, whose macros replace names; the header has macros, too."""
    for name in "INFINITY NAN EOF EDOM M_PI INT64_MAX UINT64_C FLT_EVAL_METHOD math_errhandling stdin int64_t F F_H F_WORKSPACE".split():
        z = eg.Symbol(name)
        made = described(eg.compile({name: eg.sin(z), f"{name}_2": 2 * z}, [z]), "F.c")
        found = [q.identifier for q in (*made.arguments, *made.results)]
        macros = re.findall(r"#define (\w+)", header(made))
        assert len(set(found)) == 3 and not {name, *macros} & set(found) and all(not_a_name(n) is None for n in found)
    assert [identifier(n, []) for n in ("T_MAX", "ENERGY", "M_x", "x_t", "M_PI", "EOF")] == [
        "T_MAX", "ENERGY", "M_x", "x_t", "value_M_PI", "value_EOF",
    ]  # fmt: skip


def test_the_interface_of_a_function():
    i = described(FN)
    assert [(a.identifier, a.shape, a.per_sample) for a in i.arguments] == [("x", (2,), True), ("y", (), False)]
    assert [(r.identifier, r.shape, r.per_sample) for r in i.results] == [
        ("u", (2,), True), ("mean", (), False), ("more_0", (), False), ("more_1", (), True)
    ]  # fmt: skip
    assert i.many is not None and i.many.same == (1, 2) and i.many.lanes == (0, 3) and i.one.same == (0, 1, 2, 3)
    assert not i.many.copied and i.many.workspace == i.many.program.workspace + i.many.program.shared
    assert i.workspace >= i.many.workspace
    z = [x[0] * k for k in range(2, 35)]
    many = described(eg.compile([*z, x, eg.over_samples.mean(x[0] * y)], [x, y])).many  # of more results, some share an array
    assert many is not None and many.lanes == (*range(33), 33) and many.same == (34,) and many.copied
    assert many.workspace == many.program.workspace + many.program.shared + 1
    with pytest.raises(ValueError, match="sum or mean over the samples"):
        described(FN, batch=False)
    with pytest.raises(ValueError, match="dtype is float64 or float32, got 'int8'"):
        described(FN, dtype="int8")
    assert described(eg.compile(eg.sum(x), x), batch=False).many is None
    assert described(eg.compile(y * 2, y, shared=y)).many is None


def test_the_header_says_what_there_is():
    text = header(described(FN, dtype="float32", name="pendulum"))
    assert "arguments[0]  x: shape (2,) for each sample\n" in text and "results[2]  more_0 (more[0]): a number\n" in text
    assert "#define PENDULUM_SIZE_u 2\n" in text and "#define PENDULUM_RESULTS 4\n" in text
    assert "void pendulum(const float *const *arguments, float *const *results, float *workspace, int64_t samples);" in text
    assert "static inline void pendulum_call(const float *x, const float *y, float *u, float *mean, float *more_0, float *more_1," in text
    assert text.isascii() and max(map(len, text.splitlines())) <= 120


def test_frozen_arguments_are_not_given_by_callers():
    fn = eg.compile(eg.sum(x) * y, (x, y))
    for key in ("y", y):
        i = described(fn, params=fn._frozen({key: 3.0}))
        assert [a.identifier for a in i.arguments] == ["x"] and i.positions == (0,) and i.function.frozen[1].tolist() == [3.0]
    with pytest.raises(ValueError, match="no argument has the name 'z'; arguments: x, y"):
        fn._frozen({"z": 1})
    with pytest.raises(eg.ShapeError, match=r"argument 'x': expected shape \(2,\), got \(3,\)"):
        fn._frozen({x: np.ones(3)})
    with pytest.raises(TypeError, match="dict from arguments"):
        fn._frozen([1.0])
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 1)))
    f = build_nn_function({"value": nn.output, "all": nn.params}, nn)
    ps = nn.chain.initial_parameters(0)
    for given in (ps, ps.flat, {"L1": {"W": ps.L1.W, "b": ps.L1.b}}):
        i = described(f, params=f._frozen(given))
        assert len(i.arguments) == 1 and np.array_equal(i.function.frozen[1], ps.flat)
    assert [r.identifier for r in i.results] == ["value", "all"]


def test_samples_side_by_side_only_where_that_is_quicker():
    """Not where a sample has large arrays and few operations for each number of its results: moving them costs more."""
    nn = SymbolicNeuralNetwork(Chain(Dense(3, 16), Dense(16, 2)))
    by_parameters = eg.jacobian(nn.output, nn.params.L1.W)
    wide, narrow = build_nn_function(by_parameters, nn), build_nn_function(nn.output, nn)
    assert described(wide).many is None and all(r.per_sample for r in described(wide).results)
    assert "samples one by one" in header(described(wide))
    assert described(narrow).many is not None and described(narrow, batch=False).many is None
    v = eg.Symbol("v", 3)
    assert described(eg.compile([v[0] * v[1], eg.sin(v)], v)).many is not None
