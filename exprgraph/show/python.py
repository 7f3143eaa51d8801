"""Code: a program with one statement per node that makes the same nodes again.

Text (:mod:`text`) is for reading: it shows a derivative as a formula, element by element.  Code is for storage and
for reports: ``exec`` or :func:`exprgraph.parse` of it makes the node itself.
"""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..canonical.operands import as_node
from ..functions.along_axes import AxisFunction
from ..functions.elementwise import Function
from ..graph import primitive
from ..graph.column import Column
from ..graph.node import Node
from ..graph.traverse import topological
from ..graph.views import Contraction, Linear, axis_of, data_of, entries_of
from ..support.offered import offered
from ..tree import flatten
from .text import is_identifier, number_text, selection

#: ``(code, node)``, where ``code`` has the texts of the arguments
PYTHON: Column[Callable[[Script, Node], str]] = Column("python", "code that makes a node again, from the texts of its arguments", __name__)
#: text that is used once and no longer than this is inlined
_SHORT = 24


def to_python(e: Any, name: str = "e") -> str:
    """A program that makes the expression, or a list of expressions, under a name.

    Every node is one statement, so a graph of any depth can be written and read.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=2)
    >>> print(eg.to_python(eg.sum(eg.tanh(x) ** 2)))
    import exprgraph as eg
    x = eg.Symbol("x", shape=(2,))
    e = eg.einsum("a->", eg.tanh(x)**2)
    """
    leaves, _ = flatten(e)
    roots = [as_node(n) for n in leaves]
    code = Script(roots, {name})
    last = code.text[roots[0]] if len(roots) == 1 and not isinstance(e, list) else f"[{', '.join(code.text[r] for r in roots)}]"
    return "\n".join(["import exprgraph as eg", *code.lines, f"{name} = {last}"])


class Script:
    """Statements that make expressions, and the text of each node after them.

    Attributes:
        lines: the statements, symbols first.
        text: for each node, its name or its expression; those of ``known`` symbols are given.
    """

    def __init__(self, roots: Sequence[Node], reserved: set[str], known: Mapping[Node, str] | None = None) -> None:
        order = topological(roots)
        uses = Counter(a for n in order for a in n.args)
        uses.update(roots)
        self.text: dict[Node, str] = dict(known or {})
        self.lines: list[str] = []
        self.taken = {"eg", "float", *reserved}
        self.count = 0
        for n in order:
            if n.op is primitive.SYMBOL and n not in self.text:
                self._name(n, self._of_symbol(n), PYTHON[n.op](self, n))
        last = set(roots)
        for n in order:
            if n.op is primitive.SYMBOL:
                continue
            text = PYTHON[n.op](self, n)
            if n.op is primitive.CONSTANT and not n.shape:
                self.text[n] = text if n not in last else f"eg.array({text})"
            elif uses[n] == 1 and (len(text) <= _SHORT or n in last):
                self.text[n] = text
            else:
                self.count += 1
                while f"n{self.count}" in self.taken:
                    self.count += 1
                self._name(n, f"n{self.count}", text)

    def _name(self, node: Node, name: str, text: str) -> None:
        self.taken.add(name)
        self.lines.append(f"{name} = {text}")
        self.text[node] = name

    def _of_symbol(self, node: Node) -> str:
        name = node.name
        if not is_identifier(name) or name in self.taken or keyword.issoftkeyword(name) or name.startswith("_"):
            name = "s"
        base, k = name, 1
        while name in self.taken:
            name, k = f"{base}{k}", k + 1
        return name

    def arguments(self, node: Node) -> str:
        """The texts of a node's arguments in a call."""
        return ", ".join(map(self.text.__getitem__, node.args))

    def atom(self, node: Node) -> str:
        """The text of a node as an operand."""
        text = self.text[node]
        return text if text.isidentifier() or (text.startswith("eg.") and text.endswith(")") and text.count("(") == 1) else f"({text})"


@PYTHON.rule(Function)
def _call(code: Script, node: Node) -> str:
    assert isinstance(node.op, Function)
    return f"{_function(node.op)}({code.arguments(node)})"


@PYTHON.rule(primitive.SUM)
def _sum(code: Script, node: Node) -> str:
    const, coefficients = Linear.of(node)
    if not _by_operators(node):
        listed = ", ".join(f"({number_text(c)}, {code.text[a]})" for c, a in zip(coefficients, node.args))
        return f"eg.sum_of_terms([{listed}]{f', {number_text(const)}' if const else ''})"
    terms = [_term(code, c, a) for c, a in zip(coefficients, node.args)]
    if const:
        terms.append(number_text(const))
    return " + ".join(terms)


def _term(code: Script, c: float, a: Node) -> str:
    if c == 1.0:
        return code.atom(a)
    return f"{'-' if c == -1.0 else number_text(c) + '*'}{code.atom(a)}"


@PYTHON.rule(primitive.PRODUCT)
def _product(code: Script, node: Node) -> str:
    args, exponents = node.args, node.params
    if not _by_operators(node):
        return f"eg.product_of_powers([{', '.join(f'({code.text[a]}, {number_text(e)})' for e, a in zip(exponents, args))}])"
    if -1.0 in exponents and len(args) == 2:
        above, below = args if exponents[1] == -1.0 else args[::-1]
        return f"{code.atom(above)}/{code.atom(below)}"
    return "*".join(code.atom(a) if e == 1.0 else f"{code.atom(a)}**{_exponent(e)}" for e, a in zip(exponents, args))


@PYTHON.rule(primitive.CONTRACT)
def _contract(code: Script, node: Node) -> str:
    labels, sizes = Contraction.of(node)
    owned = {k for ks in labels for k in ks}
    kept = [k for k in range(node.ndim) if k in owned]
    rule = ",".join("".join(map(_letter, ks)) for ks in labels) + "->" + "".join(map(_letter, kept))
    text = f'eg.einsum("{rule}", {code.arguments(node)})'
    if len(node.args) == 1 and list(labels[0]) == kept and len(sizes) == node.ndim:  # it only broadcasts
        text = code.atom(node.args[0]) if kept else code.text[node.args[0]]
    if len(kept) == node.ndim:
        return text
    if kept and kept != list(range(node.ndim - len(kept), node.ndim)):
        text += f"[{', '.join(':' if k in owned else 'None' for k in range(kept[0], node.ndim))}]"
    return f"eg.broadcast_to({text}, {node.shape})"


@PYTHON.rule(primitive.SELECT)
def _select(code: Script, node: Node) -> str:
    return selection(code.atom(node.args[0]), node.params, node.args[0].shape)


@PYTHON.rule(primitive.PLACE)
def _place(code: Script, node: Node) -> str:
    return f"eg.place({code.arguments(node)}, {entries_of(node)!r}, {node.shape})"


@PYTHON.rule(primitive.STACK, primitive.CONCATENATE)
def _joined(code: Script, node: Node) -> str:
    axis = f", axis={axis_of(node)}" if axis_of(node) else ""
    return f"eg.{node.op.name}([{code.arguments(node)}]{axis})"


@PYTHON.rule(primitive.RESHAPE)
def _reshape(code: Script, node: Node) -> str:
    return f"eg.reshape({code.arguments(node)}, {node.shape})"


@PYTHON.rule(primitive.REDUCE_MAX, primitive.REDUCE_MIN)
def _extremum(code: Script, node: Node) -> str:
    return f"eg.{'max' if node.op is primitive.REDUCE_MAX else 'min'}({code.arguments(node)}, axis={node.params})"


@PYTHON.rule(AxisFunction)
def _along(code: Script, node: Node) -> str:
    return f"eg.{node.op.name}({code.arguments(node)}, axis={node.params})"


@PYTHON.rule(primitive.SOLVE)
def by_name(code: Script, node: Node) -> str:
    """A call of the package's function that has the primitive's name and takes its arguments."""
    return f"eg.{node.op.name}({code.arguments(node)})"


@PYTHON.rule(primitive.SAMPLE_SUM)
def _sample_sum(code: Script, node: Node) -> str:
    return f"eg.over_samples.sum({code.arguments(node)})"


@PYTHON.rule(primitive.SYMBOL)
def _symbol(code: Script, node: Node) -> str:
    shape = f", shape={node.shape}" if node.shape else ""
    kind = ", per_sample=True" if node.per_sample else ""
    return f"eg.Symbol({_quoted(node.name)}{shape}{kind})"


@PYTHON.rule(primitive.CONSTANT)
def _constant(code: Script, node: Node) -> str:
    value = number_text(node.params[0])
    return value if not node.shape else f"eg.broadcast_to({value}, {node.shape})"


PYTHON.fill(lambda code, node: f"eg.array({_rows(data_of(node).tolist())})", primitive.ARRAY)
PYTHON.fill(lambda code, node: f"eg.identity({node.shape[0]})", primitive.IDENTITY)
PYTHON.fill(lambda code, node: "eg.over_samples.sum(1)", primitive.SAMPLE_COUNT)


def _by_operators(node: Node) -> bool:
    """Whether the operators of its text make this very sum or product."""
    if node.op is primitive.SUM:
        const, coefficients = Linear.of(node)
        made: Any = None
        for c, a in zip(coefficients, node.args):
            term = a if c == 1.0 else -a if c == -1.0 else c * a
            made = term if made is None else made + term
        return (made + const if const else made) is node
    if len(node.args) == 1:
        return node.args[0] ** node.params[0] is node
    if len(node.args) > 2 or set(node.params) - {1.0, -1.0} or node.params == (-1.0, -1.0):
        return False
    a, b = node.args if node.params[1] == -1.0 else node.args[::-1]
    return (a * b if min(node.params) > 0 else a / b) is node


def _function(row: Function) -> str:
    return f"eg.{row.name}" if offered(row.name) is not None else f'eg.lookup("{row.name}")'


def _exponent(e: float) -> str:
    return number_text(e) if e > 0 else f"({number_text(e)})"


def _letter(k: int) -> str:
    return chr(97 + k) if k < 26 else chr(65 + k - 26) if k < 52 else chr(0x3B1 + k - 52)


def _quoted(name: str) -> str:
    return f'"{name}"' if name.isidentifier() and name.isascii() else ascii(name)


def _rows(values: Any) -> str:
    return f"[{', '.join(map(_rows, values))}]" if isinstance(values, list) else number_text(values)


__all__ = ["PYTHON", "Script", "by_name", "to_python"]
