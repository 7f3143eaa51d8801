"""The command ``export``: derivatives of a network as a file, and one line for every fault of the input."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from symnn import Chain, Dense, Gradient, Jacobian, NeuralNetworkParameters, SymbolicNeuralNetwork, build_nn_function
from symnn.cli.derivative_text import parse_derivatives
from symnn.cli.main import main
from symnn.cli.problem import InputError

NETWORK = "Dense(2,3,tanh), Dense(3,1)"
CHAIN = Chain(Dense(2, 3, "tanh"), Dense(3, 1))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory to work in, with parameters."""
    monkeypatch.chdir(tmp_path)
    CHAIN.initial_parameters(3).save("trained.npz")
    return tmp_path


def export(out: str, derivative: str = "value, jacobian", *options: str, network: str = NETWORK) -> int:
    return main(["export", "--network", network, "--derivative", derivative, "--out", out, *options])


def fails(capsys: pytest.CaptureFixture[str], said: str, out: str, *options: str, **more: str) -> None:
    """It ends with status 2 and one line that says this, and changes no file."""
    before = {name: Path(name).read_bytes() for name in os.listdir() if Path(name).is_file()}
    try:
        status: Any = export(out, *options, **more)
    except SystemExit as e:  # argparse's own end
        status = e.code
    printed = capsys.readouterr()
    assert status == 2 and printed.out == ""
    assert printed.err.endswith("\n") and printed.err.count("\n") == 1, printed.err
    assert said in printed.err
    assert {name: Path(name).read_bytes() for name in os.listdir() if Path(name).is_file()} == before


def loaded(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_summary_says_what_the_function_takes_and_gives(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export("evaluator.c", "value, jacobian, gradient(jacobian)") == 0
    assert capsys.readouterr().out == (
        "evaluator.c: value, jacobian, gradient(jacobian) of Chain(Dense(2, 3, 'tanh'), Dense(3, 1, 'tanh'))\n"
        "takes  sinput              (2,)\n"
        "takes  parameters          (13,)\n"
        "gives  value               (1,)\n"
        "gives  jacobian            (1, 2)\n"
        "gives  gradient(jacobian)  (1, 2, 13)\n"
    )
    assert set(os.listdir()) == {"trained.npz", "evaluator.c", "evaluator.h"}


@pytest.mark.slow
def test_a_module_computes_what_the_package_does(place: Path) -> None:
    assert export("evaluator.py", "value, gradient(jacobian)") == 0
    nn = SymbolicNeuralNetwork(CHAIN)
    ps, x = NeuralNetworkParameters.load("trained.npz"), np.array([[0.0, 0.5], [1.0, -0.25]])
    value, gradient = build_nn_function([nn.output, Gradient(Jacobian(nn), nn)], nn)(x, ps)
    got = loaded("evaluator.py").evaluate(x, ps.flat)
    np.testing.assert_allclose(got[0], value, rtol=1e-13)
    np.testing.assert_allclose(got[1].reshape(gradient.flat.shape), gradient.flat, rtol=1e-12, atol=1e-14)


def test_a_file_of_c_has_its_header_and_the_names_of_the_derivatives(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export("evaluator.c", "value, jacobian(jacobian)", "--params", "trained.npz") == 0
    printed = capsys.readouterr().out
    assert "takes  sinput              (2,)\ngives  value               (1,)" in printed and "parameters" not in printed
    header = " ".join(Path("evaluator.h").read_text().split())
    assert "evaluator_call(const double *sinput, double *value, double *jacobian_jacobian, double *workspace, int64_t samples)" in header
    assert set(os.listdir()) == {"trained.npz", "evaluator.c", "evaluator.h"}


def test_a_file_in_casadis_conventions(place: Path) -> None:
    options = ("--abi", "casadi", "--abi-derivatives", "jac, jac_adj", "--abi-by", "sinput", "--params", "trained.npz")
    assert export("f.c", "value", *options) == 0
    text = Path("f.c").read_text()
    assert all(f" {name}(" in text for name in ("f", "jac_f", "adj1_f", "jac_adj1_f"))
    assert set(os.listdir()) == {"trained.npz", "f.c"}


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
@pytest.mark.parametrize(("options", "takes"), [((), 2), (("--params", "trained.npz", "--name", "net", "--no-batch"), 1)])
def test_a_file_of_c_checks_itself(options: tuple[str, ...], takes: int, place: Path) -> None:
    assert export("evaluator.c", "value, gradient(jacobian)", *options) == 0
    name = "NET" if "--name" in options else "EVALUATOR"
    assert f"#define {name}_ARGUMENTS {takes}\n" in Path("evaluator.h").read_text()
    subprocess.run(["cc", "-std=c99", f"-D{name}_MAIN", "evaluator.c", "-o", "check", "-lm"], check=True)
    done = subprocess.run(["./check"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("self-check passed")


@pytest.mark.slow
def test_an_object_file_for_another_machine_with_its_parameters(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    machine = ("--target", "thumbv7em-none-eabihf", "--cpu", "cortex-m4", "--dtype", "float32", "--no-batch")
    assert export("small.o", "value, hessian", "--params", "trained.npz", "--name", "net", *machine) == 0
    assert "parameters" not in capsys.readouterr().out
    header = Path("small.h").read_text()
    assert "thumbv7em-none-eabihf, processor cortex-m4" in header
    assert "net_call(const float *sinput, float *value, float *hessian, float *workspace, int64_t samples)" in " ".join(header.split())
    assert Path("small.o").read_bytes().startswith(b"\x7fELF")


def test_lists_of_derivatives() -> None:
    assert parse_derivatives("value,hessian , gradient(jacobian),") == [("value",), ("hessian",), ("jacobian", "gradient")]
    for text, said in {
        "value, value": "value is there twice",
        "gradient, gradient(value)": "gradient is there twice",
        "value, jacobean": "unknown derivative 'jacobean'",
        "value; jacobian": "cannot read",
        "": "got nothing",
        "(value, (jacobian, hessian))": "expected a nesting",
    }.items():
        with pytest.raises(InputError, match=f"--derivative: .*{said}"):
            parse_derivatives(text)


def test_bad_input_is_one_line(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fails(capsys, "unknown derivative 'jacobean'; known are value, jacobian", "f.py", "value, jacobean")
    fails(capsys, "unknown layer 'Dens'", "f.py", network="Dens(2,3)")
    fails(capsys, "--network", "f.py", network="Dense(2,3), Dense(4,1)")
    fails(capsys, "the ending .csv means a table or text; give a name that ends in .py", "f.csv")
    fails(capsys, "the ending .xyz means no format; give a name that ends in .py", "f.xyz")
    fails(capsys, "--out: cannot save the function to nowhere/f.py: there is no directory nowhere", "nowhere/f.py")
    fails(capsys, "it is a directory", ".")
    fails(capsys, "--out: trained.npz would replace the file that is read from", "trained.npz", "value", "--params", "trained.npz")
    fails(capsys, "nowhere.npz: there is no such file", "f.py", "value", "--params", "nowhere.npz")
    fails(capsys, "not allowed with", "f.py", "value", "--params", "trained.npz", "--init", "1")
    fails(capsys, "has no option 'cpu'", "f.py", "value", "--cpu", "none")
    fails(capsys, "unknown target 'vax'; a target is", "f.o", "value", "--target", "vax")
    fails(capsys, "'int', cannot be the name of a function in C", "int.o", "value")
    fails(capsys, "there is no derivative 'jacobi'; there are jac", "f.c", "value", "--abi", "casadi", "--abi-derivatives", "jacobi")
    fails(capsys, "no argument has the name 'q'", "f.c", "value", "--abi", "casadi", "--abi-derivatives", "jac", "--abi-by", "q")
    fails(capsys, "there is no abi 'fortran'", "f.c", "value", "--abi", "fortran")
    fails(capsys, "'float64', 'float32'", "f.py", "value", "--dtype", "int8")
    Chain(Dense(2, 4), Dense(4, 1)).initial_parameters(0).save("wide.npz")
    fails(capsys, "wide.npz: L1.W: expected (3, 2), got (4, 2)", "f.py", "value", "--params", "wide.npz")


def test_a_full_disk_leaves_the_old_file(place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    Path("evaluator.c").write_text("old")

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    fails(capsys, "--out: cannot save the function: No space left on device: evaluator.c", "evaluator.c")
    assert Path("evaluator.c").read_text() == "old"
