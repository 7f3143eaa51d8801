"""The worked examples run, for a moment, and draw their pictures."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "docs" / "examples"
NAMES = sorted(p.stem for p in EXAMPLES.glob("*.py") if not p.stem.startswith("_"))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_example(name: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="pictures are drawn with matplotlib, an extra")
    picture = tmp_path / "picture.png"
    run = subprocess.run(
        [sys.executable, str(EXAMPLES / f"{name}.py"), "--quick", "--save", str(picture)],
        capture_output=True, text=True, env={**os.environ, "MPLBACKEND": "Agg"}, timeout=300,
    )  # fmt: skip
    if "this example needs" in run.stderr:
        pytest.skip(run.stderr.splitlines()[-1])
    assert run.returncode == 0, run.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert any(word in run.stdout for word in ("error", "energy", "entropy"))


@pytest.mark.one_in(2)
@pytest.mark.parametrize("backend", ["", "Agg"])
def test_an_example_without_a_display_says_where_its_picture_is(backend: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    own = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND")}
    own |= {"TMPDIR": str(tmp_path), "TEMP": str(tmp_path), **({"MPLBACKEND": backend} if backend else {})}
    if not backend and sys.platform != "linux":
        pytest.skip("there is a display")
    script = "import sys; sys.path.insert(0, EXAMPLES); from _picture import *; g = options('text')\n"
    script += "plt, fig, axes = figure(2); finish(plt, fig, g.save)"
    (tmp_path / "small.py").write_text(script.replace("EXAMPLES", repr(str(EXAMPLES))))
    run = subprocess.run([sys.executable, str(tmp_path / "small.py")], capture_output=True, text=True, env=own, timeout=60, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    (picture,) = tmp_path.glob("exprgraph-*/small.png")
    assert f"there is no display, so nothing is shown; the picture is {picture} (--save" in run.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "without", "save", "message"),
    [
        ("burgers", "matplotlib scipy", "p.png", "this example needs matplotlib and scipy: pip install matplotlib scipy"),
        ("burgers", "scipy", "p.png", "this example needs scipy: pip install scipy"),
        ("pendulum", "matplotlib", "p.png", "this example needs matplotlib: pip install matplotlib"),
        ("pendulum", "", "nowhere/p.png", "--save nowhere/p.png: there is no directory nowhere; make it first"),
        ("pendulum", "", ".", "it is a directory; give the name of a file"),
    ],
)
@pytest.mark.one_in(5)
def test_what_the_end_of_an_example_needs_is_looked_for_first(name: str, without: str, save: str, message: str, tmp_path: Path) -> None:
    if "matplotlib" not in without:
        pytest.importorskip("matplotlib")
    run = (
        "import importlib.util, runpy, sys\n"
        f"absent, found = {without.split()!r}, importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *more: None if name in absent else found(name, *more)\n"
        f"sys.argv = ['example', '--save', {save!r}]\n"  # a whole training would take longer than the test's time
        f"sys.path.insert(0, {str(EXAMPLES)!r})\n"
        f"runpy.run_path({str(EXAMPLES / name)!r} + '.py', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert done.returncode == 2 and done.stdout == ""
    assert message in done.stderr and "Traceback" not in done.stderr


def test_each_example_is_shown_in_the_documentation() -> None:
    page = "".join((EXAMPLES.parent / name).read_text(encoding="utf-8") for name in ("examples.md", "gallery.md"))
    for name in NAMES:
        assert f"examples/{name}.py" in page
        assert f"examples/{name}.png" in page
        assert (EXAMPLES / f"{name}.png").stat().st_size < 200_000


def example(name: str) -> Any:
    """The module of an example."""
    sys.path.insert(0, str(EXAMPLES))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(EXAMPLES))


def test_an_example_is_a_module_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """``python -m docs.examples.pendulum`` finds what stands beside the example."""
    monkeypatch.delitem(sys.modules, "_picture", raising=False)
    pendulum = importlib.import_module("docs.examples.pendulum")
    assert Path(sys.modules[pendulum.options.__module__].__file__ or "").parent == EXAMPLES


@pytest.mark.slow
def test_the_gaussian_is_fitted_well() -> None:
    assert example("gaussian_fit").main()[-1] < 1e-3


@pytest.mark.slow
def test_the_path_of_a_neural_ode_is_found() -> None:
    _, results, path = example("neural_ode").main()
    assert results["SSBroyden"].history.loss[-1] < 1e-6
    assert abs(path - example("neural_ode").exact_path()).max() < 1e-3


def test_exact_solution_of_burgers_equation_solves_it() -> None:
    import numpy as np

    burgers = example("burgers")
    x, t = np.meshgrid(np.linspace(-0.9, 0.9, 19), [0.1, 0.2], indexing="ij")
    h = 1e-4
    u = burgers.exact
    ut = (u(x, t + h) - u(x, t - h)) / (2 * h)
    ux = (u(x + h, t) - u(x - h, t)) / (2 * h)
    uxx = (u(x + h, t) - 2 * u(x, t) + u(x - h, t)) / h**2
    np.testing.assert_allclose(ut + u(x, t) * ux, burgers.NU * uxx, atol=2e-4)
    np.testing.assert_allclose(u(x, np.full_like(x, 1e-12)), -np.sin(np.pi * x), atol=1e-6)
