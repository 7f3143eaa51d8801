"""Graphviz: the graph as it is stored, each node once."""

from __future__ import annotations

from collections.abc import Callable

from ..functions.elementwise import Function
from ..graph.column import Column
from ..graph.node import Node
from ..graph.primitive import ARRAY, CONSTANT, CONTRACT, PLACE, PRODUCT, SELECT, SUM, SYMBOL
from ..graph.views import Contraction, Linear
from ..tree import Nesting, named
from .escape import escape_dot
from .text import index_text, number_text
from .view import View

#: the label of a node
DOT: Column[Callable[[Node], str]] = Column("dot", "the label of a node", __name__, otherwise="its name and its parameters")
#: a picture of more operations is unreadable
LIMIT = 200


def to_dot(node: Nesting, limit: int | None = LIMIT) -> str:
    """The expression's graph in the language of Graphviz; ``dot -Tsvg`` draws it.

    A nesting of expressions (a dict, a list, a container, a derivative) is one graph, with the name of each part above
    it.  An edge goes from an operand to the operation that uses it.  Beyond ``limit`` operations the
    graph is elided (``None``: all of it is written).

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> print(eg.to_dot(eg.tanh(x)))
    digraph expression {
      rankdir=BT;
      node [shape=box, style=rounded];
      n0 [label="x", shape=ellipse];
      n1 [label="tanh"];
      n0 -> n1;
    }
    """
    found = named(node)
    view = View([part for _, part in found], limit, as_shown=False)
    order = view.order(view.roots, view.args)
    number = {n: i for i, n in enumerate(order)}
    lines = ["digraph expression {", "  rankdir=BT;", "  node [shape=box, style=rounded];"]
    for n in order:
        i = number[n]
        if view.is_cut(n):
            lines.append(f'  n{i} [label="...", shape=plaintext];')
            continue
        size = f", shape {'x'.join(map(str, n.shape))}" if n.shape else ""
        kind = "" if n.args else ", shape=ellipse"
        lines.append(f'  n{i} [label="{escape_dot(_label(n) + size)}"{kind}];')
        lines.extend(f"  n{number[a]} -> n{i};" for a in view.args(n))
        if view.is_shortened(n):
            lines += [f'  more{i} [label="...", shape=plaintext];', f"  more{i} -> n{i};"]
    for k, (name, root) in enumerate(found):
        if name:
            lines += [f'  part{k} [label="{escape_dot(name)}", shape=plaintext];', f"  n{number[root]} -> part{k};"]
    if view.note:
        lines.append(f'  label="{view.note}";')
    return "\n".join([*lines, "}"])


def _label(node: Node) -> str:
    label = DOT.find(node.op)
    if label is not None:
        return label(node)
    return f"{node.op.name} {', '.join(map(str, node.params))}" if node.params else node.op.name


DOT.fill(lambda node: str(node.params[0]), SYMBOL)
DOT.fill(lambda node: number_text(node.params[0]), CONSTANT)
DOT.fill(lambda node: node.op.name, ARRAY, PLACE, Function)
DOT.fill(lambda node: f"[{index_text(node.params, node.args[0].shape)}]", SELECT)


@DOT.rule(SUM)
def _sum(node: Node) -> str:
    const, coefficients = Linear.of(node)
    if all(c == 1.0 for c in coefficients) and not const:
        return "+"
    terms = [number_text(const)] * (const != 0.0) + [number_text(c) + "*" for c in coefficients[:8]]
    return "+ (" + ", ".join(terms) + (", ..." if len(coefficients) > 8 else "") + ")"


@DOT.rule(PRODUCT)
def _product(node: Node) -> str:
    if all(e == 1.0 for e in node.params):
        return "*"
    return "* (" + ", ".join("**" + number_text(e) for e in node.params[:8]) + (", ..." if len(node.params) > 8 else "") + ")"


@DOT.rule(CONTRACT)
def _contract(node: Node) -> str:
    labels, sizes = Contraction.of(node)
    letters = "ijklmnopqrstuvwxyzabcdefgh"
    if len(sizes) > len(letters):
        return "contract"
    operands: list[str] = ["".join(letters[k] for k in ks) for ks in labels]
    return ",".join(operands) + "->" + letters[: node.ndim]


__all__ = ["DOT", "to_dot"]
