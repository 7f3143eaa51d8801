"""Names of parameters and of inputs in containers, files, functions and on the command line."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from odd_names import CODE, NAMES, WORDS

import exprgraph as eg
from symnn import Chain, Dense, NeuralNetworkParameters, SymbolicNeuralNetwork, build_nn_function, train
from symnn.cli.main import main
from symnn.errors import ArgumentError, ParameterError, ParameterFileError, ShapeError, UnboundSymbolError

ROOT = str(Path(eg.__file__).parent.parent)
#: what a parameter can be named
GOOD = [n for n in NAMES if n.isprintable() and "/" not in n]


@pytest.fixture(autouse=True)
def nothing_is_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    assert not (tmp_path / "pwned").exists()


def test_names_that_files_and_messages_cannot_hold_are_refused() -> None:
    for name in NAMES:
        if name not in GOOD:
            with pytest.raises(ParameterError, match="a parameter's name must not") as caught:
                NeuralNetworkParameters({"L1": {name: [1.0]}})
            str(caught.value).encode()
            assert str(caught.value).isprintable()
    assert len(GOOD) > 70


def test_a_printed_container_is_the_code_that_makes_it() -> None:
    for name in GOOD:
        ps = NeuralNetworkParameters({"L": {name: [1.0, 2.0]}, name: 3.0})
        assert eval(repr(ps), {"__builtins__": {}, "NeuralNetworkParameters": NeuralNetworkParameters, "dict": dict}) == ps, name


def test_containers_files_and_pickles_keep_every_name_apart(tmp_path) -> None:
    ps = NeuralNetworkParameters({"layer": {n: [k, -k] for k, n in enumerate(GOOD)}, **{n: float(k) for k, n in enumerate(GOOD)}})
    assert ps.size == 3 * len(GOOD)
    for k, n in enumerate(GOOD):
        assert ps[n] == k and ps["layer"][n].tolist() == [k, -k]
    ps.save(tmp_path / "ps.npz")
    assert NeuralNetworkParameters.load(tmp_path / "ps.npz") == ps
    assert pickle.loads(pickle.dumps(ps)) == ps
    assert list(ps.copy()) == list(ps)
    with np.load(tmp_path / "ps.npz", allow_pickle=False) as file:
        assert len(file.files) == 2 * len(GOOD)


def test_two_leaves_of_one_full_name_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"two parameters have the full name 'a\.b'"):
        NeuralNetworkParameters({"a": {"b": 1.0}, "a.b": 2.0})
    assert list(NeuralNetworkParameters({"a": {"b": 1.0}, "a.c": 2.0}).leaves()) == ["a.b", "a.c"]


def test_a_name_that_no_archive_takes_is_refused_before_anything_is_written(tmp_path) -> None:
    ps = NeuralNetworkParameters({"x" * 70_000: 1.0})
    with pytest.raises(ParameterFileError, match=r"'x+'\.\.\. has 70000 characters"):
        ps.save(tmp_path / "ps.npz")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_outside_of_the_file(tmp_path) -> None:
    (tmp_path / "inner").mkdir()
    ps = NeuralNetworkParameters({"..": {"..": {"escaped": 1.0}}, "C:\\x": 2.0})
    ps.save(tmp_path / "inner" / "ps.npz")
    assert NeuralNetworkParameters.load(tmp_path / "inner" / "ps.npz") == ps
    assert [p.name for p in tmp_path.iterdir()] == ["inner"]
    assert [p.name for p in (tmp_path / "inner").iterdir()] == ["ps.npz"]


def test_names_that_are_methods_are_reached_as_keys() -> None:
    ps = NeuralNetworkParameters({n: float(k) for k, n in enumerate(("flat", "size", "keys", "_flat", "_layout", "__class__", "self"))})
    assert ps.flat.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert [float(ps[n]) for n in ps] == ps.flat.tolist()
    assert ps.size == 7 and type(ps) is NeuralNetworkParameters
    ps["_flat"] = 9.0
    assert ps.flat[3] == 9


@pytest.mark.parametrize("name", [*CODE[:4], "class", "{0}", "a b", "a\nb", "a\0b", "\ud800", "\ufb01", "parameters"], ids=ascii)
def test_functions_of_networks_take_symbols_of_any_name(name: str) -> None:
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 1)))
    target = eg.Symbol(name, 1, per_sample=True)
    f = build_nn_function(nn.output - target, nn, target)
    ps = nn.chain.initial_parameters(0)
    x = np.linspace(-1, 1, 6).reshape(3, 2)
    plain = build_nn_function(nn.output, nn, backend="numpy")(x, ps)
    np.testing.assert_allclose(f(x, np.ones((3, 1)), ps), plain - 1, rtol=1e-12, atol=1e-15)
    copy = pickle.loads(pickle.dumps(f))
    np.testing.assert_array_equal(copy(x, np.ones((3, 1)), ps), f(x, np.ones((3, 1)), ps))
    calls = (
        lambda: f(x, np.ones((3, 2)), ps),
        lambda: f(x, np.ones((4, 1)), ps),
        lambda: f(x, ps),
        lambda: build_nn_function(nn.output - target, nn),
        lambda: build_nn_function(nn.output, nn, target, target),
        lambda: build_nn_function(nn.output, nn, shared=name),
        lambda: train(nn, eg.sum((nn.output - target) ** 2), {nn.input: x, target: np.ones((4, 1))}, epochs=1),
        lambda: train(nn, eg.sum((nn.output - target) ** 2), {nn.input: x}, epochs=1),
    )
    for call in calls:
        with pytest.raises((ArgumentError, ShapeError, UnboundSymbolError)) as caught:
            call()
        assert str(caught.value).isprintable()
    assert repr(f).isprintable()


@pytest.mark.parametrize("name", ["class", "a b", "{0}", "'); open('pwned', 'w'); ('", "\ufb01", "\u03a9"], ids=ascii)
def test_parameters_of_any_name_are_trained_and_bound(name: str) -> None:
    nn = SymbolicNeuralNetwork(Dense(2, 1, "identity"))
    ps = NeuralNetworkParameters({name: {"W": nn.params["L1"]["W"], name: nn.params["L1"]["b"]}})
    x = np.random.default_rng(0).standard_normal((20, 2))
    loss = eg.sum((nn.output - eg.sum(nn.input)) ** 2)
    r = train(ps, loss, {nn.input: x}, params={name: {"W": np.zeros((1, 2)), name: [1.0]}}, epochs=50, progress=False)
    assert r.history.loss[-1] < r.history.loss[0]
    f = build_nn_function(nn.output, ps, nn.input)
    assert f(x, r.params).shape == (20, 1)
    with pytest.raises(ParameterError, match="missing") as caught:
        f(x, {name: {"W": np.zeros((1, 2))}})
    assert str(caught.value).isprintable()


def test_damaged_files_never_give_other_numbers(tmp_path) -> None:
    path = tmp_path / "ps.npz"
    ps = NeuralNetworkParameters({"L1": {"W": [[1.0, 2.0]], "b": [3.0]}})
    ps.save(path)
    good = path.read_bytes()
    for at in range(0, len(good), 7):
        damaged = bytearray(good)
        damaged[at] ^= 0x55
        for data in (bytes(damaged), good[:at]):
            path.write_bytes(data)
            try:
                read = NeuralNetworkParameters.load(path)
            except ParameterFileError:
                continue
            else:  # bytes that nothing depends on, or the archive's own list of what is in it
                leaves = read.leaves()
                assert all(np.array_equal(leaf, ps.leaves()[name]) for name, leaf in leaves.items() if name in ps.leaves())


def test_files_with_code_or_with_one_name_twice_are_refused(tmp_path) -> None:
    path = tmp_path / "ps.npz"

    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return os.system, ("touch pwned",)

    np.savez(path, W=np.array([Evil()], dtype=object), allow_pickle=True)
    with pytest.raises(ParameterFileError, match=r"Object arrays cannot be loaded"):
        NeuralNetworkParameters.load(path)
    array = io.BytesIO()
    np.save(array, np.ones(2))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("W.npy", array.getvalue())
        archive.writestr("W", array.getvalue())
    with pytest.raises(ParameterFileError, match="two arrays of this name"):
        NeuralNetworkParameters.load(path)
    for names in (("W", "W/x"), ("/W",), ("L//W",), ("",)):
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(f"{name}.npy", array.getvalue())
        with pytest.raises(ParameterFileError):
            NeuralNetworkParameters.load(path)


# ---------------------------------------------------------------- the command line


@pytest.mark.parametrize(
    "network",
    [
        *CODE, *WORDS, "__import__('os').system('touch pwned')", "Dense(2,1,__import__('os').system('touch pwned'))",
        "Dense.__class__(2,1)",
        "Dense(2,1,'tanh').__init__", "Dense(*[2,1])", "Dense(**{})", "Dense(2,1,activation=lambda x: x)", "(Dense)(2,1)()",
        "Dense(2,1)[0]",
        "Dense(2,1,f'{open(\"pwned\",\"w\")}')", "[Dense(2,1) for _ in open('pwned','w')]", "Dense(2,-1)", "Dense(0,1)", "Dense(2.5,1)",
        "Dense(1e400,1)", "Dense(10**400,1)", "Dense(2,True)", "Dense('2',1)", "Dense(None,None)", "Dense()", "Chain()", "(" * 500,
        "Dense(2,1,", "\0",
        "\ud800", "Residual(Dense(2,3))", "Dense(2,1),Dense(2,1)", "Dense(2,1,nosuch)", "-Dense(2,1)", "Dense(2,1):=3",
    ],
    ids=ascii,
)  # fmt: skip
def test_a_network_on_the_command_line_is_read_and_never_run(network: str) -> None:
    err, out = io.StringIO(), io.StringIO()
    with contextlib.redirect_stderr(err), contextlib.redirect_stdout(out):
        status = main(["evaluate", f"--network={network}", "--show"])
    assert status == 2, out.getvalue()
    message = err.getvalue()
    assert message.startswith("symnn: ") and message.count("\n") == 1
    assert "Traceback" not in message


@pytest.mark.parametrize(
    "text",
    [*CODE, "gradient(open('pwned','w'))", "jacobian.__class__", "jacobian()", "a" * 100_000, "(" * 500, "\0"],
    ids=lambda t: ascii(t)[:40],
)
def test_a_derivative_on_the_command_line_is_read_and_never_run(text: str) -> None:
    err = io.StringIO()
    with contextlib.redirect_stderr(err):
        assert main(["evaluate", "--network", "Dense(2,1)", "--derivative", text, "--show"]) == 2
    assert err.getvalue().count("\n") == 1 and len(err.getvalue()) < 1_000


def test_text_that_is_deep_or_long_on_the_command_line() -> None:
    deep = ["Dense(2,1)" + "+1" * 900, "Dense(2," + "-" * 900 + "1)", "Dense(" + "[" * 150 + "]" * 150 + ",1)", "Dense(2,1).a" + ".b" * 900]
    deep += ["Dense(2,1)" + "()" * 900, "Dense(0x" + "f" * 100_000 + ",1)", "Dense(" + "9" * 4000 + ",1)"]
    deep += ["Dense(2,1" + ",1" * 10_000 + ")", "Residual(" * 150 + "Dense(2,2)" + ")" * 150, "Dense(2,1,'" + "a" * 100_000 + "')"]
    for network in deep:
        for option in (["--network", network], ["--network", "Dense(2,1)", "--derivative", network]):
            err = io.StringIO()
            with contextlib.redirect_stderr(err):
                assert main(["evaluate", *option, "--show"]) == 2, network[:50]
            assert err.getvalue().count("\n") == 1 and len(err.getvalue()) < 3_000, network[:50]


def test_files_named_on_the_command_line(tmp_path) -> None:
    points = tmp_path / "'; touch pwned; '.csv"
    points.write_text("1,2\n3,4\n")
    out = tmp_path / "$(touch pwned).npz"
    command = [
        sys.executable,
        "-m",
        "symnn",
        "evaluate",
        "--network",
        "Dense(2,1)",
        "--init",
        "0",
        "--points",
        str(points),
        "--out",
        str(out),
    ]
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": ROOT})
    assert done.returncode == 0, done.stderr
    with np.load(out) as file:
        assert file["value"].shape == (2, 1)
    for content in ("1,__import__('os').system('touch pwned')\n", "=cmd|'/c calc'!A0,1\n", "1,2\n3\n", "nan,inf,1\n", "\0", ""):
        points.write_text(content)
        err = io.StringIO()
        with contextlib.redirect_stderr(err):
            assert main(command[3:]) == 2, content
        assert err.getvalue().count("\n") == 1 and err.getvalue().startswith("symnn: ")
