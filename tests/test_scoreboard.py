"""The published problems: each one can be solved, its exact solution is one, and the page shows the records."""

from __future__ import annotations

import numpy as np
import pytest

from docs.examples.scoreboard import kovasznay, navier_stokes, periodic, references, table
from docs.examples.scoreboard.__main__ import PROBLEMS, main
from docs.examples.scoreboard.marching import March, Waves


@pytest.mark.slow
@pytest.mark.parametrize("name", ["beam", "volterra", "inverse-diffusion", "poisson-2"])  # the cheapest ones of each kind
def test_a_problem_can_be_solved(name: str) -> None:
    """A few steps, which lower the error; how far it gets is measured, not tested."""
    solved = PROBLEMS[name].solve(0, 0.005)
    assert all(np.isfinite(v) and v >= 0 for v in solved.errors.values()) and solved.parameters > 30


def test_the_page_has_the_records() -> None:
    page = table.PAGE.read_text(encoding="utf-8")
    assert page == table.page(PROBLEMS, table.read())
    rows = [line.replace("\\|", "") for line in page.split("## ")[0].splitlines() if line.startswith("|")]
    assert len(rows) == 2 + len(PROBLEMS) and {row.count("|") for row in rows} == {8}


def test_unknown_problems_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["burger"])
    assert "there is no problem 'burger'; there are burgers, " in capsys.readouterr().err


@pytest.mark.slow
def test_burgers_reference_solves_the_equation() -> None:
    """By differences of a smooth part of the solution."""
    h, nu = 1e-3, 0.01 / np.pi
    x, t = np.meshgrid(np.linspace(0.3, 0.8, 6), np.linspace(0.1, 0.9, 5))

    def u(dx: float, dt: float) -> np.ndarray:
        return references.burgers(x + dx, t + dt, nu)

    ut, ux, uxx = (u(0, h) - u(0, -h)) / (2 * h), (u(h, 0) - u(-h, 0)) / (2 * h), (u(h, 0) - 2 * u(0, 0) + u(-h, 0)) / h**2
    np.testing.assert_allclose(ut + u(0, 0) * ux - nu * uxx, 0, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("solution", "sizes", "tolerance"),
    [
        (periodic.allen_cahn, (1024, 2048), 1e-5),
        (periodic.korteweg_de_vries, (512, 1024), 1e-9),
        (lambda n: periodic.kuramoto_sivashinsky(0.4, n), (256, 512), 1e-6),
        (periodic.schroedinger, (512, 1024), 1e-4),
    ],
)
def test_spectral_references_have_converged(solution, sizes, tolerance) -> None:
    coarse, fine = (solution(n)[2] for n in sizes)
    assert np.linalg.norm(coarse - fine[:: sizes[1] // sizes[0]]) < tolerance * np.linalg.norm(coarse)


def test_waves_follow_a_linear_equation() -> None:
    """Values and derivatives of two waves on a circle, one of which decays."""
    x = 1 + 3 * np.arange(32) / 32
    k = 2 * np.pi / 3
    waves = Waves(1.0, 3.0, 2 + np.sin(3 * k * (x - 1)), lambda ik: 0.1 * ik**2)
    at, s = np.array([1.1, 2.7]), np.array([0.0, 0.8])
    sine, cosine = (f(3 * k * (at - 1)) * np.exp(-0.1 * (3 * k) ** 2 * s) for f in (np.sin, np.cos))
    value, slope, rate = waves.at(at, s, 1)
    np.testing.assert_allclose(value, 2 + sine, atol=1e-14)
    np.testing.assert_allclose(slope, 3 * k * cosine, atol=1e-13)
    np.testing.assert_allclose(rate, -0.1 * (3 * k) ** 2 * sine, atol=1e-13)
    np.testing.assert_allclose(waves.everywhere(0.8, 1), waves.at(x, 0.8 + 0 * x, 1)[1], atol=1e-13)


@pytest.mark.slow
def test_marching_carries_a_wave_around() -> None:
    march = March(start=0, length=2, end=0.5, order=1, windows=5, steps=30, points=200)
    x, t = 2 * np.arange(50) / 50, np.linspace(0, 0.5, 11)
    nn = periodic.network(periodic.Circle(2, 2), 8, 1)
    got, steps = march.solve(nn, lambda d: -d[1], lambda x: np.sin(np.pi * x), x, t, 0, 1.0)
    assert steps <= 150 and np.abs(got - np.sin(np.pi * (x[:, None] - t))).max() < 1e-3


def test_kovasznay_flow_has_no_divergence() -> None:
    h, x = 1e-5, np.random.default_rng(0).uniform(-0.5, 1, (20, 2))
    right, left, up, down = (kovasznay.exact(x + h * np.array(d)) for d in ((1, 0), (-1, 0), (0, 1), (0, -1)))
    np.testing.assert_allclose((right - left)[:, 0] + (up - down)[:, 1], 0, atol=1e-13)


def test_the_flow_on_a_torus_decays() -> None:
    u, v = navier_stokes.flow(np.linspace(0, 0.2, 5))
    energies = (u**2 + v**2).mean(axis=(1, 2))
    assert np.all(np.diff(energies) < 0) and energies[-1] > 0.9 * energies[0]
