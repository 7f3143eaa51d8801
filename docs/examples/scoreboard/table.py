"""Recorded runs, and the page that shows them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from .problem import Problem, Solved

RECORDS = Path(__file__).with_name("records.json")
PAGE = Path(__file__).parents[2] / "scoreboard.md"

HEAD = """# Published problems

Each problem is solved from fixed seeds, 0, 1 and 2, with the same settings.  `python -m docs.examples.scoreboard` runs all of them, or
those that you name, and writes this page.  Times are of two cores, without a graphics card, with building and compiling.  Published
errors are those of their authors; their data, points and measures may differ from ours.

"""


@dataclass(frozen=True)
class Record:
    """What a run reached."""

    errors: dict[str, float]
    parameters: int
    steps: int
    seconds: float

    @staticmethod
    def of(solved: Solved, seconds: float) -> Record:
        return Record({k: float(f"{v:.3g}") for k, v in solved.errors.items()}, solved.parameters, solved.steps, round(seconds, 1))

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
        "| problem | measure | errors | goal | reached | seconds | parameters |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, problem in problems.items():
        what, measure = f"`{name}`: {problem.title}", problem.measure.replace("|", r"\|")
        own = [record for (n, _), record in sorted(records.items()) if n == name]
        if own:
            errors, seconds = ", ".join(f"{r.error:.1e}" for r in own), ", ".join(f"{r.seconds:.0f}" for r in own)
            reached = sum(r.error <= problem.goal for r in own)
            cells = (what, measure, errors, f"{problem.goal:.0e}", f"{reached} of {len(own)}", seconds)
            lines.append(f"| {' | '.join(cells)} | {own[0].parameters} |")
        else:
            lines.append(f"| {what} | {measure} | no run is recorded | {problem.goal:.0e} | | | |")
    lines += ["", "## Published errors", "", "| problem | error | by | on |", "|---|---|---|---|"]
    lines += [f"| `{p.name}` | {m.error} | {m.source} | {m.hardware} |" for p in problems.values() for m in p.marks]
    return HEAD + "\n".join(lines) + "\n"
