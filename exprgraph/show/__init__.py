"""Printing: text that is Python, LaTeX, Graphviz.

:mod:`plan` decides once what is printed, in which order and with which names, for a bounded part of the graph
(:mod:`view`).  Text and LaTeX differ only in notation.
"""

from __future__ import annotations

from ..graph.node import Node
from .dot import to_dot
from .equations import latex, notebook_latex
from .mathml import mathml
from .python import to_python
from .text import to_text


def _install() -> None:
    def as_text(self: Node) -> str:
        return to_text(self)

    methods = {"__repr__": as_text, "__str__": as_text, "_repr_latex_": notebook_latex}
    for name, f in methods.items():
        setattr(Node, name, f)


_install()

__all__ = ["latex", "mathml", "notebook_latex", "to_dot", "to_python", "to_text"]
