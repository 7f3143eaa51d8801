"""Recorded runs, and the page that shows them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from .problem import Problem, Seconds, Solved

RECORDS = Path(__file__).with_name("records.json")
PAGE = Path(__file__).parents[2] / "scoreboard.md"

HEAD = """# Published problems

Each problem is solved with the same settings from the seeds 0, 1 and 2; the columns have a number for each run.
`python -m docs.examples.scoreboard` runs all problems, or those that you name, and writes this page.  Published errors are those of
their authors; their data, points and measures may differ from ours.

Each run had one thread and no graphics card.  Seconds are those of the processor, with building, compiling and measuring.  In parentheses
are seconds on the clock: the machine has two cores (AMD EPYC), and about ten other programs ran on it, so that a run took some four times
as long as on a quiet machine.

"""

METHODS = """## How they are solved

All use Levenberg-Marquardt, with geodesic acceleration (Transtrum, Sethna 2012), on points that are drawn anew from time to time.

Equations in time on a circle are solved window after window of time.  In a window the solution is `g(x) + s N(x, s)`: `g` is the
trigonometric interpolation of the values at the end of the window before, `s` the time since then, and `N` the network, which begins
with the parameters of the window before.  So the first values of each window hold exactly, and an error of the network counts only
as much as the solution changes.  The next window begins when the residual at new points is small enough.
"""


@dataclass(frozen=True)
class Record:
    """What a run reached."""

    errors: dict[str, float]
    parameters: int
    steps: int
    seconds: float
    processor: float

    @staticmethod
    def of(solved: Solved, seconds: Seconds) -> Record:
        errors = {k: float(f"{v:.3g}") for k, v in solved.errors.items()}
        return Record(errors, solved.parameters, solved.steps, round(seconds.wall, 1), round(seconds.processor, 1))

    @property
    def error(self) -> float:
        """What is compared with the goal."""
        return next(iter(self.errors.values()))


Records = dict[tuple[str, int], Record]


def read() -> Records:
    """All recorded runs, by problem and seed."""
    if not RECORDS.exists():
        return {}
    return {(r.pop("name"), r.pop("seed")): Record(**r) for r in json.loads(RECORDS.read_text(encoding="utf-8"))}


def write(records: Records) -> None:
    rows = [{"name": name, "seed": seed, **asdict(record)} for (name, seed), record in sorted(records.items())]
    RECORDS.write_text("[\n" + ",\n".join(f"  {json.dumps(row)}" for row in rows) + "\n]\n", encoding="utf-8")


def page(problems: Mapping[str, Problem], records: Records) -> str:
    """The page, from the records."""
    lines = [
        "| problem | measure | errors | goal | reached | seconds of the processor (on the clock) | parameters |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, problem in problems.items():
        what, measure = f"`{name}`: {problem.title}", problem.measure.replace("|", r"\|")
        own = [record for (n, _), record in sorted(records.items()) if n == name]
        if own:
            errors = ", ".join(f"{r.error:.1e}" for r in own)
            processor = ", ".join(f"{r.processor:.0f}" for r in own)
            seconds = f"{processor} ({', '.join(f'{r.seconds:.0f}' for r in own)})"
            reached = sum(r.error <= problem.goal for r in own)
            cells = (what, measure, errors, f"{problem.goal:.0e}", f"{reached} of {len(own)}", seconds)
            lines.append(f"| {' | '.join(cells)} | {own[0].parameters} |")
        else:
            lines.append(f"| {what} | {measure} | no run is recorded | {problem.goal:.0e} | | | |")
    lines += ["", "## Published errors", "", "| problem | error | by | on |", "|---|---|---|---|"]
    lines += [f"| `{p.name}` | {m.error} | {m.source} | {m.hardware} |" for p in problems.values() for m in p.marks]
    notes = [f"* `{name}`: {problem.note}" for name, problem in problems.items() if problem.note]
    lines += ["", METHODS, *notes]
    return HEAD + "\n".join(lines) + "\n"
