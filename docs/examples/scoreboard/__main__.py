"""Solve published problems and write the table of the documentation: ``python -m docs.examples.scoreboard``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import (
    allen_cahn,
    antiderivative,
    beam,
    burgers,
    helmholtz,
    inverse_diffusion,
    korteweg_de_vries,
    kovasznay,
    kuramoto_sivashinsky,
    lorenz,
    navier_stokes,
    poisson,
    schroedinger,
    two_body,
    volterra,
)
from .pictures import Picture
from .problem import Problem, timed
from .table import PAGE, Record, page, read, write

MODULES = (
    burgers, allen_cahn, poisson, helmholtz, korteweg_de_vries, kuramoto_sivashinsky, schroedinger, kovasznay, beam, volterra,
    navier_stokes, lorenz, inverse_diffusion, antiderivative, two_body,
)  # fmt: skip
PROBLEMS: dict[str, Problem] = {p.name: p for m in MODULES for p in getattr(m, "PROBLEMS", None) or (m.PROBLEM,)}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m docs.examples.scoreboard", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"the problems, by default all: {', '.join(PROBLEMS)}")
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds, from 0 on (default 3)")
    parser.add_argument("--effort", type=float, default=1.0, help="a factor for the numbers of steps; below 1 nothing is recorded")
    parser.add_argument("--missing", action="store_true", help="only runs that are not recorded")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="save a picture of each solution and its error")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.names if name not in PROBLEMS]
    if unknown:
        parser.error(f"there is no problem {unknown[0]!r}; there are {', '.join(PROBLEMS)}")
    for name in given.names or PROBLEMS:
        problem = PROBLEMS[name]
        for seed in range(given.seeds):
            if given.missing and (name, seed) in read():
                continue
            solved, seconds = timed(problem, seed, given.effort)
            errors = ", ".join(f"{what} {value:.1e}" for what, value in solved.errors.items())
            took = f"{seconds.processor:.0f} s of the processor in {seconds.wall:.0f} s"
            print(f"{name}, seed {seed}: {errors}; {solved.parameters} parameters, {solved.steps} steps, {took}", flush=True)
            if given.effort == 1:
                records = {**read(), (name, seed): Record.of(solved, seconds)}  # another process may have recorded others
                write(records)
                PAGE.write_text(page(PROBLEMS, records), encoding="utf-8")
            if given.pictures and solved.picture and seed == 0:
                save_picture(problem, solved.picture, given.pictures)
    return 0


def save_picture(problem: Problem, draw: Picture, folder: Path) -> None:
    """The solution and its error, side by side, as a PNG."""
    from matplotlib.figure import Figure  # an extra

    folder.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(8, 3), layout="constrained")
    draw(*figure.subplots(1, 2))
    figure.suptitle(problem.title)
    figure.savefig(folder / f"{problem.name}.png", dpi=100)


if __name__ == "__main__":
    sys.exit(main())
