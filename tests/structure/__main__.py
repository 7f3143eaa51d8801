"""``python -m tests.structure``; how it is used is written in the package's docstring."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from .limits import LIMITS
from .measures import Measure, measures
from .picture import FILE, picture
from .sources import ROOT, read


def table(found: list[Measure]) -> str:
    width = max(len(m.name) for m in found)
    rows = [f"{'':{width}}   now  limit"]
    for m in found:
        limit = LIMITS[m.name]
        mark = "  above" if m.value > limit else f"  lower the limit to {m.value}" if m.value < limit else ""
        rows.append(f"{m.name:{width}} {m.value:5} {limit:6}{mark}")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.structure", description="the shape of the packages, read from their sources")
    parser.add_argument("--list", metavar="WORD", help="the findings of the measures whose names contain it; an empty word: of all")
    parser.add_argument("--json", action="store_true", help="measures and findings for a program")
    parser.add_argument("--picture", action="store_true", help="draw docs/layers.svg again")
    parser.add_argument("--root", type=Path, default=ROOT, help="another checkout")
    arguments = parser.parse_args()
    modules = read(arguments.root)
    if arguments.picture:
        FILE.write_text(picture(modules), encoding="utf-8")
        return
    found = measures(modules)
    if arguments.json:
        print(json.dumps({m.name: {"value": m.value, "limit": LIMITS[m.name], "findings": m.findings} for m in found}, indent=1))
    elif arguments.list is not None:
        for m in found:
            if arguments.list in m.name:
                print(f"{m.name}: {m.value}", *m.findings, sep="\n  ")
    else:
        print(table(found))


if __name__ == "__main__":
    main()
