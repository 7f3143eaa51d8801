"""A page of a run: one HTML file that holds its pictures and formulas, and needs no network."""

from __future__ import annotations

import base64
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any, Protocol

import numpy as np

import exprgraph as eg
from exprgraph import Node
from exprgraph.support import files

from ..errors import ArgumentError
from .convergence import Losses, convergence
from .drawing import load
from .saving import drawn, figure_of

ENDINGS = (".html", ".htm")
_STYLE = """
:root { color-scheme: light dark; --line: #c8ccd0; --faint: #656d76 }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem } h2 { font-size: 1.15rem; margin-top: 2rem; border-bottom: 1px solid var(--line) }
table { border-collapse: collapse } th { text-align: left; font-weight: 600; padding: .15rem 1.2rem .15rem 0; vertical-align: top }
td { padding: .15rem 1.2rem .15rem 0; vertical-align: top } td.number { text-align: right; font-variant-numeric: tabular-nums }
.formula { overflow-x: auto; margin: .3rem 0 1rem } math { font-size: 1.05rem }
math .name { font-family: ui-monospace, monospace; font-size: .9em }
figure { margin: 1rem 0; background: white; border-radius: 4px } img { max-width: 100%; display: block } figcaption { color: var(--faint) }
details { margin: .3rem 0 } pre { overflow-x: auto; font-size: .85rem } .faint { color: var(--faint) }
"""


class TermRow(Protocol):
    """What a term of the loss has: :class:`symnn.reports.Term`."""

    @property
    def name(self) -> str: ...

    @property
    def weight(self) -> float | None: ...

    @property
    def samples(self) -> int: ...

    @property
    def formula(self) -> Node: ...


def machine() -> dict[str, str]:
    """This machine and the versions of what computes, as text by name."""
    cores = os.cpu_count()
    return {
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}, {cores} cores",
        "processor": _processor(),
        "versions": f"Python {platform.python_version()}, NumPy {np.__version__}, exprgraph {eg.__version__}",
    }


def _processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor())
    except OSError:  # not Linux
        return platform.processor()


def write(
    path: str | os.PathLike[str],
    title: str,
    outcome: Mapping[str, str],
    settings: Mapping[str, str],
    terms: Sequence[TermRow],
    history: Losses,
    figures: Mapping[str, Any] | Sequence[Any] = (),
    formulas: Mapping[str, Any] | None = None,
) -> Path:
    """Write the page, whole or not at all.

    Args:
        path: a file that ends in ``.html``.
        outcome, settings: rows of the first tables.
        terms: the terms of the loss.
        figures: further pictures, matplotlib's figures or axes, by title or in a list.
        formulas: further formulas by title: expressions, or nestings of them.
    """
    name = files.checked_name(path, "the report", ENDINGS)
    if not name.lower().endswith(ENDINGS):
        raise ArgumentError(f"a report is a web page, in a file that ends in .html; got {name!r}")
    named = figures if isinstance(figures, Mapping) else {f"picture {k}": f for k, f in enumerate(figures, 1)}
    pictures = [(str(title), figure_of(f)) for title, f in named.items()]
    sections = [
        _rows(outcome),
        _section("Convergence", _picture("The loss over the epochs", _convergence(history))),
        _section("Loss", _table_of_terms(terms, history) + "".join(_formula(t.name, t.formula) for t in terms)),
        *(_section(str(title), _formula("", e)) for title, e in (formulas or {}).items()),
        *(_section(title, _picture(title, f)) for title, f in pictures),
        _section("Settings", _rows(settings)),
        _section("Machine", _rows(machine())),
    ]
    when = f"{datetime.now().astimezone():%Y-%m-%d %H:%M %Z}"
    text = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>\n"
        f'<h1>{escape(title)}</h1>\n<p class="faint">{when}</p>\n' + "\n".join(sections) + "\n</body></html>\n"
    )
    with files.written_whole(name, "the report", ENDINGS) as f:
        f.write(text.encode())
    return Path(name)


def _section(title: str, inner: str) -> str:
    return f"<section><h2>{escape(title)}</h2>\n{inner}</section>"


def _rows(rows: Mapping[str, str]) -> str:
    return f"<table>{''.join(f'<tr><th>{escape(k)}</th><td>{escape(v)}</td></tr>' for k, v in rows.items())}</table>"


def _table_of_terms(terms: Sequence[TermRow], history: Losses) -> str:
    """The terms with their first and last losses."""
    lines = ["<tr><th>term</th><th>weight</th><th>samples</th><th>first loss</th><th>last loss</th></tr>"]
    for t in terms:
        losses = history.terms.get(t.name, history.loss if len(terms) == 1 else [])
        numbers = ["" if t.weight is None else f"{t.weight:g}", f"{t.samples:,}", *(f"{losses[k]:.3g}" if losses else "" for k in (0, -1))]
        lines.append(f"<tr><td>{escape(t.name)}</td>{''.join(f'<td class=number>{n}</td>' for n in numbers)}</tr>")
    return f"<table>{''.join(lines)}</table>"


def _formula(title: str, e: Any) -> str:
    """A formula, and its LaTeX to copy."""
    head = f"<p>{escape(title)}</p>" if title else ""
    source = f"<details><summary class=faint>LaTeX</summary><pre>{escape(eg.latex(e))}</pre></details>"
    return f"{head}<div class=formula>{eg.mathml(e)}</div>{source}"


def _convergence(history: Losses) -> Any:
    """The figure of the losses, in a canvas of its own: no window knows of it."""
    figure = load("matplotlib.figure").Figure(figsize=(7.0, 3.6), layout="constrained")
    convergence(history, ax=figure.subplots())
    return figure


def _picture(title: str, figure: Any) -> str:
    data = base64.b64encode(drawn(figure, ".png", 144)).decode()
    return f'<figure><img alt="{escape(title)}" src="data:image/png;base64,{data}"></figure>'


__all__ = ["machine", "write"]
