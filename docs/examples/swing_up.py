"""Swing a pendulum up with a weak motor and a learned friction: IPOPT, through CasADi, with exact derivatives of this package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from _picture import figure, finish, options

import exprgraph as eg
from symnn import MSE, Adam, Chain, Dense, SymbolicNeuralNetwork, train
from symnn.schedules import cosine

STEPS, STEP, STRONGEST = 40, 0.1, 5.0
COMPILER = next(filter(shutil.which, ("cc", "gcc", "clang")), "")


def friction(angle: np.ndarray, speed: np.ndarray) -> np.ndarray:
    """What nobody knows: drag of the air, and a motor that cogs."""
    return -0.1 * speed * np.abs(speed) - 0.5 * np.sin(3 * angle)


def learned_friction(quick: bool) -> tuple[SymbolicNeuralNetwork, Any]:
    """A network of the friction, by the sine and the cosine of the angle and by the speed, from measurements with an error."""
    rng = np.random.default_rng(0)
    angle, speed = rng.uniform(-np.pi, np.pi, 2000), rng.uniform(-8, 8, 2000)
    given = np.stack([np.sin(angle), np.cos(angle), speed / 8], -1)
    measured = friction(angle, speed) + 0.02 * rng.standard_normal(2000)
    nn = SymbolicNeuralNetwork(Chain(Dense(3, 32, "tanh"), Dense(32, 32, "tanh"), Dense(32, 1, "identity")))
    epochs = 20 if quick else 500
    trained = train(nn, MSE(), (given, measured[:, None]), optimizer=Adam(cosine(1e-2, 40 * epochs)), epochs=epochs, batch_size=50, rng=0)
    return nn, trained.params


def runge_kutta(rate: Callable[[Any], Any], x: Any) -> Any:
    """The state after a step."""
    a = rate(x)
    b = rate(x + STEP / 2 * a)
    c = rate(x + STEP / 2 * b)
    d = rate(x + STEP * c)
    return x + STEP / 6 * (a + 2 * b + 2 * c + d)


def by_this_package(nn: SymbolicNeuralNetwork, ps: Any, folder: Path) -> Any:
    """The step as a CasADi function, from a file of C with all derivatives."""
    import casadi as ca

    x, u = eg.Symbol("x", shape=2), eg.Symbol("u")

    def rate(x: eg.Node) -> eg.Node:
        inputs = eg.stack([eg.sin(x[0]), eg.cos(x[0]), x[1] / 8])
        return eg.stack([x[1], u - 9.81 * eg.sin(x[0]) + nn.chain(inputs, nn.params)[0]])

    fn = eg.compile({"next": runge_kutta(rate, x)}, (x, u, eg.packed("parameters", nn.params.leaves().values())))
    fn.save(folder / "step.so", abi="casadi", derivatives="jac, jac_adj", params={"parameters": ps.flat})
    return ca.external("step", str(folder / "step.so"))


def by_casadi(ps: Any, kind: Any) -> Any:
    """The same in CasADi's matrices (MX) or scalars (SX)."""
    import casadi as ca

    x, u = kind.sym("x", 2), kind.sym("u")
    W1, b1, W2, b2, W3, b3 = (ca.DM(np.asarray(a)) for a in ps.leaves().values())

    def rate(x: Any) -> Any:
        inputs = ca.vertcat(ca.sin(x[0]), ca.cos(x[0]), x[1] / 8)
        force = W3 @ ca.tanh(W2 @ ca.tanh(W1 @ inputs + b1) + b2) + b3
        return ca.vertcat(x[1], u - 9.81 * ca.sin(x[0]) + force)

    return ca.Function("step", [x, u], [runge_kutta(rate, x)], {"cse": True})


def by_casadis_c(step: Any, folder: Path) -> Any:
    """CasADi's function from the file of C that CasADi writes, with the same derivatives."""
    import casadi as ca

    code = ca.CodeGenerator("step.c")
    for f in (step, step.jacobian(), step.reverse(1), step.reverse(1).jacobian()):
        code.add(f)
    code.generate(f"{folder}{os.sep}")
    made = str(folder / "step_by_casadi.so")
    command = [COMPILER, "-O3", "-march=native", "-shared", "-fPIC", str(folder / "step.c"), "-o", made, "-lm"]
    subprocess.run(command, check=True)
    return ca.external("step", made)


class Result(NamedTuple):
    """A solution: angles, speeds, torques; how it was found."""

    angle: np.ndarray
    speed: np.ndarray
    torque: np.ndarray
    iterations: int
    status: str
    prepared: float
    seconds: float


def clock() -> float:
    """Seconds of the processor, of compilers too; what else the machine does is not in them."""
    return time.process_time() + os.times().children_user


def solve(make: Callable[[], Any]) -> Result:
    """The torques of least effort that bring the pendulum up, by direct multiple shooting."""
    import casadi as ca

    start = clock()
    step = make()
    x, u = ca.MX.sym("x", 2, STEPS + 1), ca.MX.sym("u", 1, STEPS)
    gaps = [step(x[:, k], u[k]) - x[:, k + 1] for k in range(STEPS)]
    problem = {"x": ca.veccat(x, u), "f": ca.sumsqr(u), "g": ca.vertcat(*gaps)}
    solver = ca.nlpsol("solver", "ipopt", problem, {"ipopt.print_level": 0, "ipopt.sb": "yes", "print_time": False, "ipopt.tol": 1e-10})
    prepared = clock() - start
    lower, upper = np.full(2 * STEPS + 2, -np.inf), np.full(2 * STEPS + 2, np.inf)
    lower[:2] = upper[:2] = 0.0
    lower[-2:] = upper[-2:] = np.pi, 0.0
    bounds = {side: np.append(b, np.full(STEPS, t)) for side, b, t in (("lbx", lower, -STRONGEST), ("ubx", upper, STRONGEST))}
    first = np.append(np.outer(np.linspace(0, 1, STEPS + 1), [np.pi, 0.0]).ravel(), np.zeros(STEPS))
    seconds = np.inf
    for _ in range(3):
        start = clock()
        found = solver(x0=first, lbg=0, ubg=0, **bounds)["x"].full().ravel()
        seconds = min(seconds, clock() - start)
    stats = solver.stats()
    states = found[: 2 * STEPS + 2].reshape(-1, 2)
    return Result(*states.T, found[2 * STEPS + 2 :], stats["iter_count"], stats["return_status"], prepared, seconds)


def main(quick: bool = False) -> dict[str, Result]:
    import casadi as ca

    nn, ps = learned_friction(quick)
    with tempfile.TemporaryDirectory() as folder:
        results = {
            "this package's file of C": solve(lambda: by_this_package(nn, ps, Path(folder))),
            "CasADi's file of C": solve(lambda: by_casadis_c(by_casadi(ps, ca.MX), Path(folder))),
            "CasADi, matrices (MX)": solve(lambda: by_casadi(ps, ca.MX)),
            "CasADi, scalars (SX)": solve(lambda: by_casadi(ps, ca.SX)),
        }
    first = next(iter(results.values()))
    print("| step | prepared, s | solved, ms | iterations | largest difference in the torque |\n|---|---|---|---|---|")
    for name, r in results.items():
        difference = np.max(np.abs(r.torque - first.torque))
        print(f"| {name} | {r.prepared:.2f} | {1e3 * r.seconds:.0f} | {r.iterations} | {difference:.1e} |")
    print(f"energy in the end {first.speed[-1] ** 2 / 2 - 9.81 * np.cos(first.angle[-1]):.6f}, {first.status}")
    return results


if __name__ == "__main__":
    given = options(__doc__, "casadi")
    if not COMPILER:
        sys.exit("this example needs a C compiler on the path: cc, gcc or clang")
    results = main(given.quick)
    best = next(iter(results.values()))
    plt, fig, axes = figure(2)
    t = STEP * np.arange(STEPS + 1)
    axes[0].plot(t, best.angle, label="angle")
    axes[0].plot(t, best.speed, label="speed")
    axes[0].axhline(np.pi, color="gray", lw=0.7)
    axes[0].set(title="swing-up", xlabel="time", ylabel="angle, speed")
    axes[0].legend()
    axes[1].step(t[:-1], best.torque, where="post")
    axes[1].axhline(9.81, color="gray", lw=0.7)
    axes[1].set(title="torque (gray: it would lift the pendulum)", xlabel="time", ylabel="torque")
    finish(plt, fig, given.save)
