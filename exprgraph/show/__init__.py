"""Printing: text that is Python, LaTeX, Graphviz.

What is printed, in which order and with which names is decided once (:mod:`plan`), from a bounded
part of the graph (:mod:`view`); text and LaTeX then only differ in their signs.
"""

from __future__ import annotations

from ..graph.node import Node
from .dot import to_dot
from .equations import latex, notebook_latex
from .python import to_python
from .text import to_text


def _install() -> None:
    def as_text(self: Node) -> str:
        return to_text(self)

    methods = {"__repr__": as_text, "__str__": as_text, "_repr_latex_": notebook_latex}
    for name, f in methods.items():
        setattr(Node, name, f)


_install()

__all__ = ["latex", "notebook_latex", "to_dot", "to_python", "to_text"]
