"""Expressions that something was once wrong with, kept as text: code that is parsed, never executed, and the point."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import exprgraph as eg
from exprgraph.graph.node import Node

PLACE = Path(__file__).with_name("corpus")


class Case(NamedTuple):
    """An expression, a value for each of its symbols, and what was wrong."""

    e: Node
    at: dict[Node, np.ndarray]
    story: str


def cases() -> Iterator[tuple[str, Case]]:
    """Every case of the corpus with its name."""
    for path in sorted(PLACE.glob("*.json")):
        yield path.stem, read(path)


def read(path: Path) -> Case:
    kept = json.loads(path.read_text(encoding="utf-8"))
    e = eg.parse("\n".join(kept["code"]))
    values = {s: np.array(kept["at"][s.name], dtype=float).reshape(_shape(s, kept["at"][s.name])) for s in eg.free_symbols(e)}
    return Case(e, values, kept["story"])


def _shape(symbol: Node, value: Any) -> tuple[int, ...]:
    return ((len(value),) if symbol.per_sample else ()) + symbol.shape


def write(e: Node, at: Mapping[Node, Any], story: str, place: Path = PLACE) -> Path:
    """Keep a case, named by the expression's digest."""
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{e.digest.hex()[:12]}.json"
    values = {s.name: np.asarray(v, dtype=float).tolist() for s, v in at.items()}
    text = json.dumps({"story": story, "code": eg.to_python(e).splitlines(), "at": values}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
    return path
