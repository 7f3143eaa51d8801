"""Loops as text: the body is a text of its own, in the names of its bound symbols."""

from __future__ import annotations

from collections.abc import Sequence

from ..canonical.operands import as_node
from ..errors import ShapeError
from ..graph.leaves import bound
from ..graph.node import Node, Operand
from ..show.latex import LATEX
from ..show.latex import body as latex_of
from ..show.latex_template import CLOSE, OPEN, Binds
from ..show.plan import Plan, Rendered
from ..show.python import PYTHON, Script
from ..show.text import TEXT
from ..show.view import SIGNS, operations
from ..text.called import PARSE
from ..text.parse import statements
from .body import SCAN, Body, Recurrence, Rounds
from .node import Carried, Over, Shared, scan

#: the most nodes of a body that is printed for readers
_LONGEST = 200
_NEXT = "next_"


def recurrence(body: str, length: int, backwards: bool = False, *, frugal: bool = False, **operands: Operand) -> Node:
    """A loop by the text of its body, as :func:`to_python` writes it: all its results in one vector.  :func:`scan` reads functions.

    Args:
        body: statements.  ``next_c1 = ...`` is what a round makes of ``c1``, ``y1 = ...`` the first of its results.
        length: the number of rounds.
        backwards: start with the last entries of the arrays.
        frugal: derivatives keep little, as outer loops of ``scan(..., checkpoint=...)`` do.
        operands: ``c1`` and so on are the first values, ``x1`` arrays with an entry for each round, ``k1`` equal in all rounds.

    Returns:
        The last values of ``c1`` and so on, then for ``y1`` and so on the values of all rounds, in the order of the entries.

    Raises:
        ParseError: the body cannot be read.
        ShapeError: a name, or a shape, does not fit.

    >>> import exprgraph as eg
    >>> eg.evaluate(eg.recurrence("next_c1 = k1*c1; y1 = c1", 3, c1=1.0, k1=2.0))
    array([8., 1., 2., 4.])
    """
    nodes = {name: as_node(value) for name, value in operands.items()}
    found: dict[str, list[tuple[Node, Node]]] = {"c": [], "x": [], "k": []}
    for name, node in nodes.items():
        kind = found.get(name[:1])
        if kind is None or name[1:] != str(len(kind) + 1):
            raise ShapeError(f"recurrence: operands are c1, c2, ..., x1, x2, ..., k1, k2, ...; {name!r} is not expected here")
        if name[0] == "x" and node.shape[:1] != (length,):
            raise ShapeError(f"recurrence: {name} has shape {node.shape}; its first axis counts the {length} rounds")
        kind.append((bound(name, node.shape[1:] if name[0] == "x" else node.shape, node.per_sample), node))
    symbols = {s.name: s for kind in found.values() for s, _ in kind}
    made = statements(body, symbols)
    then = [_result(made, _NEXT + s.name) for s, _ in found["c"]]
    for (s, _), node in zip(found["c"], then):
        if node.shape != s.shape:
            raise ShapeError(f"recurrence: {s.name} has shape {s.shape}, and {_NEXT}{s.name} shape {node.shape}")
    gives: list[Node] = []
    while f"y{len(gives) + 1}" in made:
        gives.append(_result(made, f"y{len(gives) + 1}"))
    carry = [Carried(s, start, t) for (s, start), t in zip(found["c"], then)]
    rounds = Rounds(length, bool(backwards), bool(frugal))
    results = scan(carry, [Over(*p) for p in found["x"]], [Shared(*p) for p in found["k"]], gives, rounds)
    return results.vector()


def _result(made: dict[str, object], name: str) -> Node:
    if name not in made:
        raise ShapeError(f"recurrence: the body does not say what {name} is")
    return as_node(made[name])  # type: ignore[arg-type]


PARSE.fill({"recurrence": recurrence}, SCAN)


def _names(body: Body) -> list[str]:
    return [f"{_NEXT}{s.name}" for s in body.carry] + [f"y{k}" for k in range(1, len(body.gives) + 1)]


def _call(node: Node, text: str, operands: Sequence[str]) -> str:
    loop = Recurrence.of(node)
    backwards = ", True" if loop.backwards else ""
    backwards += ", frugal=True" if loop.rounds.frugal else ""
    given = "".join(f", {s.name}={text}" for s, text in zip(loop.body.symbols, operands))
    return f"recurrence({text}, {loop.length}{backwards}{given})"


def _statements(body: Body) -> str:
    names = _names(body)
    inner = Script(body.results, {*names, *(s.name for s in body.symbols)}, {s: s.name for s in body.symbols})
    return "; ".join([*inner.lines, *(f"{name} = {inner.text[r]}" for name, r in zip(names, body.results))])


@PYTHON.rule(SCAN)
def _python(code: Script, node: Node) -> str:
    return "eg." + _call(node, ascii(_statements(node.params[0])), [code.text[a] for a in node.args])


@TEXT.rule(SCAN)
def _text(plan: Plan, node: Node, place: Node) -> Rendered:
    """As code: a body is not printed element by element, and its parts have names."""
    body = node.params[0]
    short = plan.view.limit is not None and len(body.order) > _LONGEST
    text = "..." if short else ascii(_statements(body).replace("eg.", ""))
    return Rendered(_call(node, text, [plan.get(a).text for a in node.args]), 4)


SIGNS.fill(lambda node: sum(map(operations, node.params[0].order)), SCAN)


@LATEX.rule(SCAN)
def _latex(plan: Plan, node: Node, place: Node) -> Rendered:
    loop = Recurrence.of(node)
    symbols = ", ".join(latex_of(Plan(s, None)) for s in loop.body.symbols)
    short = plan.view.limit is not None and len(loop.body.order) > _LONGEST
    results = r"\dots" if short else ", ".join(latex_of(Plan(r, plan.view.limit)) for r in loop.body.results)
    operands = ", ".join(plan.get(a).text for a in node.args)
    arrow = r"\mapsto" if not loop.backwards else r"\leftarrow\mapsto"
    inner = f"{OPEN}({symbols}) {arrow} {results}{CLOSE}"
    return Rendered(rf"\operatorname{{scan}}_{{{loop.length}}}{inner}{OPEN}{operands}{CLOSE}", Binds.CALL)


__all__ = ["recurrence"]
