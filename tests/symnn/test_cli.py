"""The command line: the reference document, the main job, and one line for every fault of the input."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import exprgraph as eg
from symnn import (
    Affine,
    Chain,
    Dense,
    Gradient,
    Hessian,
    Jacobian,
    Laplacian,
    Linear,
    NeuralNetwork,
    NeuralNetworkParameters,
    Residual,
    SymbolicNeuralNetwork,
    build_nn_function,
)
from symnn.cli.derivative_text import DERIVATIVES, differentiate, name_of, parse_derivative
from symnn.cli.main import main
from symnn.cli.network_text import parse_network
from symnn.cli.points import read_points
from symnn.cli.problem import InputError

NETWORK = "Dense(2,3,tanh), Dense(3,1)"
CHAIN = Chain(Dense(2, 3, "tanh"), Dense(3, 1))
X = np.array([[0.0, 0.5], [1.0, -0.25], [0.125, 2.0]])

Run = Callable[..., int]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory to work in, with parameters and points."""
    monkeypatch.chdir(tmp_path)
    CHAIN.initial_parameters(3).save("trained.npz")
    Path("points.csv").write_text("x,y\n0.0,0.5\n1.0,-0.25\n0.125,2\n")
    return tmp_path


def evaluate(**changes: str | None) -> int:
    """The command with these options changed; ``None`` leaves one out, an empty string is a flag."""
    options: dict[str, str | None] = {
        "network": NETWORK,
        "derivative": "gradient(jacobian)",
        "params": "trained.npz",
        "points": "points.csv",
        "out": "result.npz",
        "backend": "numpy",
        **changes,
    }
    argv = ["evaluate"]
    for name, value in options.items():
        if value is not None:
            argv += [f"--{name}", *([value] if value else [])]
    return main(argv)


def fails(capsys: pytest.CaptureFixture[str], *expected: str, **changes: str | None) -> None:
    """It ends with status 2 and one line with all that is expected in it, and leaves no file."""
    before = set(os.listdir())
    try:
        status: Any = evaluate(**changes)
    except SystemExit as e:  # argparse's own end
        status = e.code
    out, err = capsys.readouterr()
    assert status == 2
    assert out == ""
    assert err.endswith("\n") and err.count("\n") == 1, err
    for text in expected:
        assert text in err
    assert set(os.listdir()) == before


# ---------------------------------------------------------------- the reference document


@pytest.mark.parametrize("argv", [["walk", "--backend", "numpy"], ["walk"], []])
def test_the_walk_shows_the_documents_formulas_and_its_number(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 0
    out = capsys.readouterr().out
    text = "".join(out.split())
    inner = r"\mathtt{W\_1}_{1,1}\mathtt{sinput}_{1}+\mathtt{W\_1}_{1,2}\mathtt{sinput}_{2}\right)"
    for formula in (
        rf"\mathtt{{W\_1}}_{{1,1}}\left(1-\tanh^{{2}}\left({inner}\right)&",
        rf"\mathtt{{sinput}}_{{1}}\left(1-\tanh^{{2}}\left({inner}\right)&",
        rf"\mathtt{{W\_1}}_{{1,1}}\left(1-\tanh^{{2}}\left(\mathtt{{W\_2}}_{{1}}+{inner}\right)&",
        rf"-2\mathtt{{W\_1}}_{{1,1}}\tanh\left(\mathtt{{W\_2}}_{{1}}+{inner}\left(1-\tanh^{{2}}\left(\mathtt{{W\_2}}_{{1}}+{inner}\right)\\",
    ):
        assert formula in text
    numbers = [float(line) for line in out.splitlines() if line.strip().startswith("-0.6397")]
    assert len(numbers) == 2
    for number in numbers:
        assert abs(number - -0.6397000084492246) <= np.spacing(0.6397)
    assert "check_shapes=False" in out


# ---------------------------------------------------------------- the main job


def expected(derivative: str, ps: NeuralNetworkParameters, x: np.ndarray) -> Any:
    nn = SymbolicNeuralNetwork(CHAIN)
    f: Any = nn.output
    for name in reversed(derivative.replace(")", "").split("(")):
        f = {"jacobian": Jacobian, "gradient": Gradient, "hessian": Hessian, "laplacian": Laplacian}[name](f, nn)
    return build_nn_function(f, nn, backend="numpy")(x, ps)


@pytest.mark.parametrize("derivative", ["gradient", "gradient(jacobian)", "gradient(jacobian(jacobian))", "gradient(laplacian)"])
def test_a_gradient_is_written_as_an_array_for_each_parameter(place: Path, derivative: str) -> None:
    assert evaluate(derivative=derivative) == 0
    want = expected(derivative, NeuralNetworkParameters.load("trained.npz"), X)
    with np.load("result.npz") as got:
        assert list(got) == ["L1/W", "L1/b", "L2/W", "L2/b"]
        for name in got:
            layer, leaf = name.split("/")
            np.testing.assert_allclose(got[name], want[layer][leaf], rtol=1e-13, atol=1e-15)
            assert got[name].shape[0] == len(X)


@pytest.mark.parametrize(
    "derivative", ["jacobian", "hessian", "laplacian", "jacobian(gradient)", "laplacian(hessian)", "jacobian(laplacian)"]
)
def test_anything_else_is_one_array_named_after_it(place: Path, derivative: str) -> None:
    assert evaluate(derivative=f" {derivative} ".replace("(", "( ")) == 0
    want = expected(derivative, NeuralNetworkParameters.load("trained.npz"), X)
    with np.load("result.npz") as got:
        assert list(got) == [derivative]
        np.testing.assert_allclose(got[derivative], want, rtol=1e-12, atol=1e-15)


def test_value_is_the_network_and_the_default(place: Path) -> None:
    assert evaluate(derivative=None) == 0
    want = NeuralNetwork(CHAIN, NeuralNetworkParameters.load("trained.npz"))(X)
    with np.load("result.npz") as got:
        np.testing.assert_allclose(got["value"], want, rtol=1e-14)


@pytest.mark.parametrize("backend", ["native", "auto"])
def test_compiled_and_numpy_agree(place: Path, backend: str) -> None:
    options = dict(network="Dense(2,1)", derivative="hessian", params=None, init="0")
    assert evaluate(out="a.npz", **options) == evaluate(out="b.npz", backend=backend, **options) == 0
    with np.load("a.npz") as a, np.load("b.npz") as b:
        for name in a:
            np.testing.assert_allclose(b[name], a[name], rtol=1e-12, atol=1e-15)


def test_many_points_are_compiled_for(place: Path) -> None:
    rng = np.random.default_rng(0)
    np.save("many.npy", rng.normal(size=(10_000, 2)))
    options = dict(network="Dense(2,1)", derivative="jacobian", params=None, init="0", points="many.npy")
    assert evaluate(out="a.npz", **options) == evaluate(out="b.npz", backend="auto", threads="all", **options) == 0
    with np.load("a.npz") as a, np.load("b.npz") as b:
        np.testing.assert_allclose(b["jacobian"], a["jacobian"], rtol=1e-12, atol=1e-15)


def test_the_table_says_what_was_written(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "result.npz: gradient(jacobian) of Chain(Dense(2, 3, 'tanh'), Dense(3, 1, 'tanh')) at 3 points"
    assert lines[1].split() == ["array", "shape", "dtype", "min", "max"]
    with np.load("result.npz") as got:
        for line, name in zip(lines[2:], got, strict=True):
            assert line.split()[0] == name
            assert str(got[name].shape) in line
            assert line.split()[-2:] == [f"{got[name].min():.6g}", f"{got[name].max():.6g}"]


@pytest.mark.parametrize("derivative", ["value", "jacobian", "gradient(jacobian)"])
@pytest.mark.parametrize("points", ["points.csv", "cube.npy", "single.npy", "wrong.npy"])
def test_a_table_holds_the_numbers_of_the_archive(place: Path, derivative: str, points: str) -> None:
    np.save("cube.npy", np.linspace(-1, 1, 24).reshape(2, 3, 2, 2))
    np.save("single.npy", np.array([0.5, -1]))
    np.save("wrong.npy", np.array([[np.nan, 1], [np.inf, 1]], np.float32))
    n = {"points.csv": 3, "cube.npy": 12, "single.npy": 1, "wrong.npy": 2}[points]
    before = set(os.listdir())
    for out in ("result.npz", "result.csv"):
        assert evaluate(derivative=derivative, points=points, out=out) == 0
    assert set(os.listdir()) == before | {"result.npz", "result.csv"}
    head, *lines = Path("result.csv").read_text().splitlines()
    with np.load("result.npz") as file:
        want = np.concatenate([file[name].reshape(n, -1) for name in file.files], axis=1)
    np.testing.assert_array_equal(np.array([[float(c) for c in line.split(",")] for line in lines]), want)
    names = head.split(",")
    assert len(names) == len(set(names)) == want.shape[1]
    first, last = {
        "value": ("value[0]", "value[0]"),
        "jacobian": ("jacobian[0][0]", "jacobian[0][1]"),
        "gradient(jacobian)": ("L1/W[0][0][0][0]", "L2/b[0][1][0]"),
    }[derivative]
    assert (names[0], names[-1]) == (first, last)


def test_initial_parameters_come_from_the_seed(place: Path) -> None:
    assert evaluate(params=None, init="7") == 0
    want = expected("gradient(jacobian)", CHAIN.initial_parameters(7), X)
    with np.load("result.npz") as got:
        np.testing.assert_allclose(got["L1/W"], want.L1.W, rtol=1e-13, atol=1e-15)


def test_an_existing_result_is_replaced(place: Path) -> None:
    Path("result.npz").write_text("old")
    assert evaluate(derivative="value") == 0
    with np.load("result.npz") as got:
        assert list(got) == ["value"]


def test_single_precision_is_kept(place: Path) -> None:
    CHAIN.initial_parameters(3, np.float32).save("trained.npz")
    np.save("points.npy", X.astype(np.float32))
    assert evaluate(points="points.npy") == 0
    with np.load("result.npz") as got:
        assert {got[n].dtype for n in got} == {np.dtype(np.float32)}


def test_the_formula_is_shown_without_points(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alone: dict[str, str | None] = dict(params=None, points=None, out=None)
    assert evaluate(network="Dense(1,1,sin,use_bias=False)", derivative="jacobian", show="", **alone) == 0
    assert capsys.readouterr().out == "jacobian =\n[[W_1[0, 0]*cos(W_1[0, 0]*sinput[0])]]\n"
    assert evaluate(network="Dense(1,1,sin)", derivative="gradient", show="latex", **alone) == 0
    out = capsys.readouterr().out
    assert out.count(r"\begin{equation}") == 2
    assert out.startswith("% L1.W\n") and "% L1.b\n" in out
    assert not Path("result.npz").exists()


def test_the_formula_and_the_code_go_before_the_table(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(network="Dense(2,1)", derivative="jacobian", params=None, init="0", show="", source="", backend="native") == 0
    out = capsys.readouterr().out
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 1)))
    J = Jacobian(nn).derivative
    source = build_nn_function(J, nn, backend="native").source
    assert out.startswith(f"jacobian =\n{J}\n{source}")
    assert "def " in source
    assert "result.npz: jacobian of" in out.removeprefix(f"jacobian =\n{J}\n{source}")


# ---------------------------------------------------------------- networks and derivatives as text


def test_networks() -> None:
    assert parse_network(NETWORK) == CHAIN
    assert parse_network(f"Chain({NETWORK})") == CHAIN
    assert parse_network("Dense(2,1)") == Chain(Dense(2, 1))
    assert parse_network("Dense(2,1),") == Chain(Dense(2, 1))
    assert parse_network(" Dense( 2 , 3 , 'gelu' ),\n Linear(3, 1) ") == Chain(Dense(2, 3, "gelu"), Linear(3, 1))
    assert parse_network("Dense(2,4,activation=identity,use_bias=False), Affine(4,1)") == Chain(
        Dense(2, 4, "identity", use_bias=False), Affine(4, 1)
    )
    assert parse_network(
        "Dense(n_out=4, n_in=2, activation=None), Residual(Chain(Dense(4,4,sin), Linear(4,4))), Chain(Linear(4,1))"
    ) == Chain(Dense(2, 4, None), Residual(Chain(Dense(4, 4, "sin"), Linear(4, 4))), Chain(Linear(4, 1)))


@given(st.lists(st.sampled_from(sorted(DERIVATIVES)), min_size=1, max_size=6))
def test_nestings_are_read_as_they_are_written(names: list[str]) -> None:
    text = "(".join(reversed(names)) + ")" * (len(names) - 1)
    assert list(parse_derivative(text)) == names
    short = name_of(names)
    assert [n for n in parse_derivative(short) if n != "value"] == [n for n in names if n != "value"]


@pytest.mark.parametrize("names", [("jacobian", "hessian"), ("hessian", "jacobian"), ("laplacian", "jacobian", "value")])
def test_derivatives_are_taken_from_the_inside_out(names: tuple[str, ...]) -> None:
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 3, "tanh")))
    f: eg.Node = nn.output
    for name in names:
        f = {"jacobian": eg.jacobian, "hessian": eg.hessian, "laplacian": eg.laplacian, "value": lambda f, x: f}[name](f, nn.input)
    assert differentiate(names, nn) is f


BAD_NETWORKS = {
    "": ["expected layers"],
    "Dense(2,3": ["cannot read 'Dense(2,3'"],
    "Dense(2,3) Dense(3,1)": ["cannot read"],
    "Dense": ["expected a layer", "'Dense'"],
    "3": ["expected a layer", "'3'"],
    "Conv(2,3)": ["unknown layer 'Conv'", "Dense, Linear, Affine, Residual, Flow, Chain"],
    "nn.Dense(2,3)": ["expected a layer"],
    "Dense(2,1,tanhh)": ["unknown activation 'tanhh'", "tanh"],
    "Dense(2)": ["Dense(2)", "n_out"],
    "Dense(2,1,tanh,True,5)": ["too many", "Dense(n_in, n_out, activation='tanh', use_bias=True)"],
    "Dense(2,1,bias=False)": ["bias", "use_bias"],
    "Dense(2,1,use_bias=false)": ["use_bias is True or False, got 'false'"],
    "Dense(2,1,**options)": ["without **"],
    "Dense(*sizes)": ["expected a number, a name or a layer", "*sizes"],
    "Dense(2,0)": ["n_out is a positive integer, got 0"],
    "Dense(-2,1)": ["n_in is a positive integer, got -2"],
    "Dense(2.5,1)": ["n_in is a positive integer, got 2.5"],
    "Dense(2,n)": ["n_out is a positive integer, got 'n'"],
    "Dense(2,1,lambda x: x)": ["expected a number, a name or a layer"],
    "Dense(2,1,__import__('os'))": ["unknown layer '__import__'"],
    "Dense(2,3), Dense(4,1)": ["'Dense(2, 3), Dense(4, 1)'", "layer 2", "takes 4 inputs", "gives 3 outputs"],
    "Residual(Dense(2,3)), Dense(3,1)": ["Residual", "keep the shape"],
    "Residual(tanh)": ["Residual", "'tanh'"],
    "Chain()": ["at least one layer"],
    "Residual(" * 300 + "Dense(2,2)" + ")" * 300: ["cannot read", "..."],
    "-" * 10**5 + "1": ["--network"],
}
BAD_DERIVATIVES = {
    "": ["expected a derivative"],
    "grad(jacobian)": ["unknown derivative 'grad'", "value, jacobian, gradient, hessian, laplacian"],
    "gradient(jacobian": ["cannot read"],
    "gradient()": ["one thing to differentiate"],
    "gradient(jacobian, value)": ["one thing to differentiate"],
    "gradient(f=jacobian)": ["one thing to differentiate"],
    "gradient.jacobian": ["expected a nesting"],
    "gradient(2)": ["expected a nesting", "'2'"],
    "gradient(jacobian)(value)": ["expected a nesting"],
}


@pytest.mark.parametrize("text", BAD_NETWORKS, ids=lambda t: t[:40])
def test_a_bad_network_is_named(text: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if text.startswith("-"):
        with pytest.raises(InputError, match="--network"):
            parse_network(text)
    else:
        fails(capsys, "--network", *BAD_NETWORKS[text], network=text or " ")


@pytest.mark.parametrize("text", BAD_DERIVATIVES)
def test_a_bad_derivative_is_named(text: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fails(capsys, "--derivative", *BAD_DERIVATIVES[text], derivative=text or " ")


# ---------------------------------------------------------------- points


def written(place: Path, text: str, name: str = "p.csv") -> str:
    path = place / name
    path.write_bytes(text.encode())
    return str(path)


@pytest.mark.parametrize(
    "text",
    [
        "1,2\n3,4\n",
        "a,b\n1,2\n3,4",
        "\ufeffa,b\r\n1, 2\r\n\r\n3 ,4\r\n",
        "# a comment\n1.0,2e0\n# another, one\n3,4\n",
        '"a","b"\n"1","2"\n3,4\n\n',
        "\n\n  \nx y,z\n+1,2.\n3,4\n",
        "1 2\n3 4\n",
        "# x y\n1.0e+00 2.0e+00\n  3\t4  \n",
        "x y\n1 2\n3,4\n",
    ],
)
def test_points_as_text(place: Path, text: str) -> None:
    np.testing.assert_array_equal(read_points(written(place, text), 2), [[1, 2], [3, 4]])


def test_points_that_are_not_finite_are_numbers(place: Path) -> None:
    np.testing.assert_array_equal(read_points(written(place, "nan,inf\n-inf,1\n"), 2), [[np.nan, np.inf], [-np.inf, 1]])


def test_one_column(place: Path) -> None:
    np.testing.assert_array_equal(read_points(written(place, "t\n1\n2\n"), 1), [[1], [2]])


@given(st.lists(st.tuples(*[st.floats()] * 3), min_size=1, max_size=5), st.booleans())
def test_numbers_survive(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, ...]], header: bool) -> None:
    path = tmp_path_factory.mktemp("p") / "p.csv"
    path.write_text(("a,b,c\n" if header else "") + "\n".join(",".join(map(repr, r)) for r in rows))
    np.testing.assert_array_equal(read_points(str(path), 3), rows)


@pytest.mark.parametrize("shape", [(2,), (3, 2), (2, 3, 2)])
def test_points_as_an_array_of_any_leading_shape(place: Path, shape: tuple[int, ...]) -> None:
    np.save("p.npy", np.arange(np.prod(shape)).reshape(shape))
    assert evaluate(points="p.npy", derivative="jacobian") == 0
    with np.load("result.npz") as got:
        assert got["jacobian"].shape == (*shape[:-1], 1, 2)


BAD_POINTS = {
    "1,2\n3\n": ["line 2", "expected 2 columns", "got 1"],
    "a,b,c\n1,2,3\n": ["line 2", "expected 2 columns", "got 3"],
    "1;2\n": ["line 1", "expected 2 columns", "'1;2'", "numbers separated by commas or by spaces"],
    "1,5;2,5\n": ["line 1", "expected 2 columns", "'1,5;2,5'"],
    "1|2\n3|4\n": ["line 1", "'1|2'", "numbers separated by commas or by spaces"],
    "x,y\n1;2\n": ["line 2", "expected 2 columns", "'1;2'", "numbers separated by commas or by spaces"],
    "1 2 3\n": ["line 1", "expected 2 columns", "got 3"],
    "1 2\n3\n": ["line 2", "expected 2 columns", "got 1"],
    "1 two\n": ["holds no points but the header '1 two'", "lines of 2 columns, numbers separated by commas or by spaces"],
    "x,y\n1,2\n\n3,four\n": ["line 4, column 2", "expected a number, got 'four'"],
    "1,b\n": ["line 1, column 2", "'b'"],
    "1,2\nx,y\n": ["line 2, column 1", "'x'"],
    "1,\n": ["line 1, column 2", "''"],
    "1_0,2\n": ["line 1, column 1", "'1_0'"],
    "": ["holds no points", "2 columns"],
    "x,y\n": ["holds no points"],
}


@pytest.mark.parametrize("text", BAD_POINTS)
def test_bad_points_are_named_with_their_line(text: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(place, text)
    fails(capsys, "p.csv", *BAD_POINTS[text], points="p.csv")


def test_bad_files_of_points(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("bytes.csv").write_bytes(b"1,2\n\xff\xfe,3\n")
    Path("zero.csv").write_bytes(b"1,2\n\x00,3\n")
    Path("broken.npy").write_bytes(b"not an array")
    Path("empty.npy").write_bytes(b"")
    np.save("wide.npy", np.zeros((4, 3)))
    np.save("none.npy", np.zeros((0, 2)))
    np.save("number.npy", np.float64(1))
    np.save("complex.npy", np.zeros((4, 2), complex))
    np.save("object.npy", np.array([[object(), 1]]), allow_pickle=True)
    np.savez("archive.npz", a=np.zeros((4, 2)))
    os.rename("archive.npz", "archive.npy")
    Path("directory.csv").mkdir()
    for path, words in {
        "missing.csv": "there is no such file",
        "missing.npy": "there is no such file",
        "directory.csv": "cannot be read",
        "bytes.csv": "not text (at byte 4)",
        "zero.csv": "line",
        "broken.npy": "not an .npy file of numbers",
        "empty.npy": "not an .npy file of numbers",
        "wide.npy": "expected an array of shape (number of points, 2), got (4, 3)",
        "none.npy": "holds no points",
        "number.npy": "got ()",
        "complex.npy": "complex128",
        "object.npy": "not an .npy file of numbers",
        "archive.npy": "archive",
        "trained.npz": ".npz archive",
        "x" * 300 + ".csv": "cannot be read",
    }.items():
        fails(capsys, path, words, points=path)


# ---------------------------------------------------------------- parameters, output, options


def test_parameters_that_do_not_fit(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Chain(Dense(2, 3)).initial_parameters(0).save("short.npz")
    Chain(Dense(2, 3), Dense(3, 1), Dense(1, 1)).initial_parameters(0).save("long.npz")
    Chain(Dense(2, 4), Dense(4, 1)).initial_parameters(0).save("wide.npz")
    np.savez("text.npz", **{"L1/W": np.array(["a"])})
    Path("broken.npz").write_text("PK no archive")
    fails(capsys, "short.npz", "missing L2.W of shape (1, 3)", params="short.npz")
    fails(capsys, "long.npz", "unknown L3.W", params="long.npz")
    fails(capsys, "wide.npz", "L1.W: expected (3, 2), got (4, 2)", params="wide.npz")
    fails(capsys, "text.npz", "L1/W", params="text.npz")
    fails(capsys, "broken.npz", "not a file of parameters", params="broken.npz")
    fails(capsys, "nowhere.npz: there is no such file", params="nowhere.npz")
    fails(capsys, "points.csv", "not a file of parameters", params="points.csv")


def test_an_output_that_cannot_be_written_is_found_out_first(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("folder").mkdir()
    for out, words in {
        "folder": "it is a directory",
        "nowhere/result.npz": "there is no directory nowhere",
        "points.csv/result.npz": "there is no directory points.csv",
        "points.csv": "would replace the file that is read from",
        "./trained.npz": "would replace the file that is read from",
        "x" * 300: "File name too long",
    }.items():
        fails(capsys, "--out", out, words, out=out, points="points.csv")


def test_a_full_disk_leaves_the_old_file(place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    Path("result.npz").write_text("old")

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    fails(capsys, "--out", "result.npz", "No space left on device")
    assert Path("result.npz").read_text() == "old"


def test_options_that_do_not_go_together(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fails(capsys, "--out", out=None)
    fails(capsys, "--points", points=None)
    fails(capsys, "--params or --init", params=None)
    fails(capsys, "--points, --out", points=None, out=None, show="")
    fails(capsys, "--points, --out, --params or --init", points=None, out=None, params=None)
    fails(capsys, "not allowed with", init="1")
    fails(capsys, "a seed is a whole number", init="-1", params=None)
    fails(capsys, "a seed is a whole number", init="one", params=None)
    fails(capsys, "a number of threads is a whole number of at least 1, or all, got '0'", threads="0")
    fails(capsys, "--network", network=None)
    fails(capsys, "native", "numba", "numpy", "'fortran'", backend="fortran")
    assert "{native,numba,numpy,auto}" in help_of("evaluate", capsys)
    fails(capsys, "unrecognized", nonsense="1")


def help_of(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    return capsys.readouterr().out


@pytest.mark.slow
def test_a_network_too_large_for_memory(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fails(capsys, "not enough memory", network="Dense(2,10000000), Dense(10000000,10000000)", params=None, init="0")


def test_as_a_program(place: Path) -> None:
    """In a process of its own: status, streams, and a pipe that is closed early."""
    python = [sys.executable, "-m", "symnn"]
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])}
    tail = ["--points", "points.csv", "--out", "result.npz", "--backend", "numpy", "--params"]
    good = [*python, "evaluate", "--network", NETWORK, "--derivative", "gradient(jacobian)", *tail, "trained.npz"]
    done = subprocess.run(good, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "L2/b" in done.stdout and Path("result.npz").exists()
    done = subprocess.run([*good[:-1], "nowhere.npz"], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "symnn: nowhere.npz: there is no such file\n")
    first = subprocess.Popen([*python, "walk", "--backend", "numpy"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert first.stdout is not None and first.stderr is not None
    first.stdout.close()
    assert first.stderr.read() == b""
    first.stderr.close()
    assert first.wait() == 1


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    import symnn

    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0 and capsys.readouterr().out == f"symnn {symnn.__version__}\n" and symnn.__version__ == eg.__version__


def test_parts_of_the_package_are_there_when_they_are_named() -> None:
    code = "import sys, symnn; print('symnn.physics' in sys.modules, symnn.physics.partial.__name__, symnn.schedules.cosine.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False partial cosine\n"
    import symnn

    assert {"physics", "reports", "schedules", "testing"} <= set(dir(symnn))
    with pytest.raises(AttributeError, match="module 'symnn' has no attribute 'phisics'"):
        symnn.phisics  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'SGD'; there is symnn.GradientDescent, and Momentum"):
        symnn.SGD  # noqa: B018
