"""Text: Python for people to read, with the package's names."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ..functions.along_axes import AxisFunction
from ..functions.elementwise import Function
from ..graph import primitive
from ..graph.column import Column
from ..graph.node import Node, Shape
from ..graph.views import Contraction, Entries, Entry, Take, axis_of, data_of, entries_of
from ..support.names import is_identifier
from . import contraction
from .order import Factor
from .plan import LIMIT, Factors, Plan, Rendered

# binding in Python: a comparison or an unknown operator, a sum, a product, a power, a call
_LOOSE, _SUM, _PRODUCT, _POWER, _ATOM = range(5)

#: larger constant arrays are printed as their corners
_MAX_NUMBERS = 64
_CORNER = 3
_LETTERS = "ijklmnopqrstuvwxyzabcdefgh"
#: ``(plan, node, place)``: the node that is printed, and the one in whose place it stands; mostly the same
TEXT: Column[Callable[[Plan, Node, Node], Rendered]] = Column("text", "a node as Python for readers", __name__)
#: names with a meaning in printed code
_RESERVED = frozenset(
    "Symbol array broadcast_to concatenate diag diagonal einsum identity outer over_samples place solve sqrt stack "
    "sum trace transpose float eg exprgraph".split()
)


def to_text(node: Node, limit: int | None = LIMIT) -> str:
    """The expression as Python for people to read: ``str`` with a limit of your choice.

    A small array is printed element by element.  A long print first names the parts that occur more than
    once, one line each (``t1 = ...``).  Beyond ``limit`` operations, the parts farthest from the root are elided as
    ``...`` (``None``: everything is printed).  :func:`parse` reads the text, unless a part is elided;
    :func:`to_python` writes code that makes the same node.

    >>> import exprgraph as eg
    >>> W, x = eg.Symbol("W", shape=(3, 2)), eg.Symbol("x", shape=2)
    >>> print(eg.tanh(W @ x)[0])
    tanh(W[0, 0]*x[0] + W[0, 1]*x[1])
    >>> print(eg.show.to_text(eg.sin(x[0]) + eg.sin(x[0]) ** 2, limit=None))
    sin(x[0]) + sin(x[0])**2
    """
    plan = Plan(node, limit)
    prefix = plan.prefix
    definitions, roots = plan.render(_rule, lambda i: Rendered(f"{prefix}{i}", _ATOM))
    body = roots[0].text if plan.shape is None else _nested([r.text for r in roots], plan.shape)
    note = plan.view.note
    return "\n".join([*(f"{name} = {text}" for name, text in definitions), body + (f"  # {note}" if note else "")])


def _nested(texts: Sequence[str], shape: Shape) -> str:
    """Nested lists; if they are long, one row per line."""
    rows = list(texts)
    for n in reversed(shape[1:]):
        rows = ["[" + ", ".join(rows[i : i + n]) + "]" for i in range(0, len(rows), n)]
    separator = ",\n " if len(rows) > 1 and sum(map(len, rows)) > 100 else ", "
    return "[" + separator.join(rows) + "]"


def _rule(plan: Plan, node: Node) -> Rendered:
    if plan.view.is_cut(node):
        return Rendered("...", _LOOSE)
    shown = plan.view.shown(node)
    return TEXT[shown.op](plan, shown, node)


def _wrap(piece: Rendered, binds: int) -> str:
    """A piece, in parentheses if it binds less tightly than required."""
    return piece.text if piece.binds >= binds else f"({piece.text})"


def _arg(plan: Plan, node: Node, binds: int = _LOOSE) -> str:
    return _wrap(plan.get(node), binds)


def number_text(value: float) -> str:
    """A number as Python, the shortest that reads back the same; integers without a point."""
    if not math.isfinite(value):
        return f'{"-" if value < 0 else ""}float("{"nan" if value != value else "inf"}")'
    if value == int(value) and abs(value) < 1e16 and not (value == 0 and math.copysign(1, value) < 0):
        return str(int(value))
    return repr(value)


def _number(value: float) -> Rendered:
    text = number_text(value)
    return Rendered(text, _SUM if text.startswith("-") else _ATOM)


# ---------------------------------------------------------------- arithmetic


@TEXT.rule(primitive.SUM)
def _sum(plan: Plan, shown: Node, node: Node) -> Rendered:
    terms = plan.sum_parts(node)
    if len(terms) == 1 and terms[0][1] is not None:
        return _product(plan, plan.factors(terms[0][1]).times(terms[0][0]))
    parts: list[str] = []
    for coefficient, term in terms:
        if term is None:
            text = number_text(coefficient)
        else:
            found = plan.factors(term).times(coefficient)
            piece = _product(plan, found)
            bare = found.coefficient < 0 or (not parts and plan.is_nested_sum(term))
            text = piece.text if bare else _wrap(piece, _PRODUCT)
        if not parts:
            parts.append(text)
        elif text.startswith("-"):
            parts += ["-", text[1:]]
        else:
            parts += ["+", text]
    if plan.view.is_shortened(node):
        parts += ["+", "..."]
    return Rendered(" ".join(parts), _SUM)


def _product(plan: Plan, found: Factors) -> Rendered:
    coefficient = found.coefficient
    factors, mean = _mean(plan, found.factors)
    first: list[Rendered] = []
    if abs(coefficient) == 1.0:  # x/z*y is (x/z)*y
        quotients = [b for b, e in factors if e == 1.0 and plan.is_plain(b) and plan.view.shown(b).op is primitive.PRODUCT][:1]
        factors = [f for f in factors if f[0] not in quotients or f[1] != 1.0]
        first = [Rendered(plan.get(b).text, _POWER) for b in quotients]
    above = [*first, *mean, *(_power(plan, b, e) for b, e in factors if e > 0)]
    below = [_power(plan, b, -e) for b, e in factors if e < 0]
    sign = "-" if coefficient < 0 else ""
    if abs(coefficient) != 1.0 or not above:
        above.insert(0, Rendered(number_text(abs(coefficient)), _ATOM))
    if found.shortened:
        above.append(Rendered("...", _ATOM))
    if len(above) == 1 and not below:
        text = sign + (_wrap(above[0], _PRODUCT) if sign else above[0].text)
        return Rendered(text, _SUM if sign else above[0].binds)
    text = sign + "*".join(_wrap(p, _POWER) for p in above)
    if below:
        divisor = "*".join(_wrap(p, _POWER) for p in below)
        text += "/" + (divisor if len(below) == 1 else f"({divisor})")
    return Rendered(text, _SUM if sign else _PRODUCT)


def _power(plan: Plan, base: Node, e: float) -> Rendered:
    if e == 1.0:
        return plan.get(base)
    if e == 0.5:
        return Rendered(f"sqrt({_arg(plan, base)})", _ATOM)
    return Rendered(f"{_arg(plan, base, _ATOM)}**{number_text(e)}", _POWER)


def _mean(plan: Plan, factors: Sequence[Factor]) -> tuple[Sequence[Factor], list[Rendered]]:
    """A sum over samples divided by their number is their mean."""
    count = [f for f in factors if f[0].op is primitive.SAMPLE_COUNT and f[1] == -1.0]
    total = [f for f in factors if f[0].op is primitive.SAMPLE_SUM and f[1] == 1.0 and plan.is_plain(f[0])]
    if len(count) != 1 or len(total) != 1:
        return factors, []
    rest = [f for f in factors if f not in (count[0], total[0])]
    return rest, [Rendered(f"over_samples.mean({_arg(plan, total[0][0].args[0])})", _ATOM)]


@TEXT.rule(primitive.PRODUCT)
def _factors(plan: Plan, shown: Node, node: Node) -> Rendered:
    return _product(plan, plan.factors(node, top=True))


@TEXT.rule(Function)
def _apply(plan: Plan, node: Node, place: Node) -> Rendered:
    assert isinstance(node.op, Function)
    return fill_text(node.op.text, [plan.get(a) for a in node.args])


def fill_text(template: str, args: Sequence[Rendered]) -> Rendered:
    """A function's template with its arguments, in parentheses where needed."""
    filled = []
    for k, a in enumerate(args):
        beside = re.findall(rf"(.?)\s*\{{{k}\}}\s*(?=(.?))", template)  # the text on either side of each argument
        if all(before and before in "(,[<>=" and after and after in "),]<>=" for before, after in beside):
            # adjacent comparisons would read as a chain
            compared = any(before in "<>=" or after in "<>=" for before, after in beside)
            filled.append(_wrap(a, _SUM) if compared else a.text)
        else:
            filled.append(_wrap(a, _ATOM))
    text = template.format(*filled)
    if template.startswith("(") and template.endswith(")") and template.count("(") == 1:
        return Rendered(text[1:-1], _LOOSE)  # the template's own parentheses, only where needed
    if re.fullmatch(r"\w+\([^()]*\)", template):
        return Rendered(text, _ATOM)
    return Rendered(text, _POWER if re.fullmatch(r"\{\d\}\s*\*\*\s*\{\d\}", template) else _LOOSE)


# ---------------------------------------------------------------- leaves


@TEXT.rule(primitive.SYMBOL)
def _symbol(plan: Plan, node: Node, place: Node) -> Rendered:
    name = node.params[0]
    if is_identifier(name) and name not in plan.functions and name not in _RESERVED:
        return Rendered(name, _ATOM)
    shape = f", shape={node.shape}" if node.shape else ""
    kind = ", per_sample=True" if node.per_sample else ""
    return Rendered(f"Symbol({ascii(name)}{shape}{kind})", _ATOM)


@TEXT.rule(primitive.CONSTANT)
def _constant(plan: Plan, node: Node, place: Node) -> Rendered:
    if not node.shape:
        return _number(node.params[0])
    return Rendered(f"broadcast_to({number_text(node.params[0])}, {node.shape})", _ATOM)


TEXT.fill(lambda plan, node, place: Rendered(f"identity({node.shape[0]})", _ATOM), primitive.IDENTITY)
TEXT.fill(lambda plan, node, place: Rendered("over_samples.sum(1)", _ATOM), primitive.SAMPLE_COUNT)


@TEXT.rule(primitive.ARRAY)
def _array(plan: Plan, node: Node, place: Node) -> Rendered:
    data = data_of(node)
    short = plan.view.limit is not None and data.size > _MAX_NUMBERS
    return Rendered(f"array({_numbers(data, short)})", _ATOM)


def _numbers(data: np.ndarray, short: bool) -> str:
    if data.ndim == 0:
        return number_text(float(data))
    if short and len(data) > 2 * _CORNER:
        parts = [*(_numbers(a, short) for a in data[:_CORNER]), "...", *(_numbers(a, short) for a in data[-_CORNER:])]
    else:
        parts = [_numbers(a, short) for a in data]
    return "[" + ", ".join(parts) + "]"


# ---------------------------------------------------------------- arrays


def index_text(entries: Entries, shape: Shape) -> str:
    """The inside of the brackets of a selection from an array of that shape."""
    last = max(k for k, e in enumerate(entries) if e is not None)
    return ", ".join(_entry(e, n) for e, n in zip(entries[: last + 1], shape))


def selection(text: str, entries: Entries, shape: Shape) -> str:
    """A selection from the text of its operand.

    NumPy would pair the positions along several axes, and move the axis if a number stands elsewhere.  So positions are
    taken one axis after another.
    """
    takes = [k for k, e in enumerate(entries) if isinstance(e, Take)]
    advanced = [k for k, e in enumerate(entries) if k in takes or isinstance(e, int)]
    together = len(takes) == 1 and advanced == list(range(advanced[0], advanced[-1] + 1))
    apart = [] if together else takes
    for k in apart:
        text += f"[{index_text(tuple(entries[k] if i == k else None for i in range(len(entries))), shape)}]"
    rest = tuple(None if k in apart else e for k, e in enumerate(entries))
    return text if all(e is None for e in rest) else f"{text}[{index_text(rest, shape)}]"


def _entry(entry: Entry, n: int) -> str:
    if entry is None:
        return ":"
    if isinstance(entry, int):
        return str(entry)
    if isinstance(entry, Take):
        return "[" + ", ".join(map(str, entry.indices)) + "]"
    first, step, count = entry.start, entry.step, entry.length
    stop = first + step * count
    forward = step > 0
    start_text = "" if first == (0 if forward else n - 1) else str(first)
    stop_text = "" if stop < 0 or (forward and stop >= n) else str(stop)
    return f"{start_text}:{stop_text}" + (f":{step}" if step != 1 else "")


@TEXT.rule(primitive.SELECT)
def _select(plan: Plan, node: Node, place: Node) -> Rendered:
    return Rendered(selection(_arg(plan, node.args[0], _ATOM), node.params, node.args[0].shape), _ATOM)


@TEXT.rule(primitive.PLACE)
def _place(plan: Plan, node: Node, place: Node) -> Rendered:
    return Rendered(f"place({_arg(plan, node.args[0])}, {entries_of(node)}, {node.shape})", _ATOM)


@TEXT.rule(primitive.STACK, primitive.CONCATENATE)
def _joined(plan: Plan, node: Node, place: Node) -> Rendered:
    parts = [_arg(plan, a) for a in plan.view.operands(node)]
    if plan.view.is_shortened(node):
        parts.append("...")
    axis = f", axis={axis_of(node)}" if axis_of(node) else ""
    return Rendered(f"{node.op.name}([{', '.join(parts)}]{axis})", _ATOM)


@TEXT.rule(primitive.RESHAPE)
def _reshape(plan: Plan, node: Node, place: Node) -> Rendered:
    return Rendered(f"{_arg(plan, node.args[0], _ATOM)}.reshape({node.shape})", _ATOM)


@TEXT.rule(primitive.REDUCE_MAX, primitive.REDUCE_MIN)
def _extremum(plan: Plan, node: Node, place: Node) -> Rendered:
    name = "max" if node.op is primitive.REDUCE_MAX else "min"
    return Rendered(f"{_arg(plan, node.args[0], _ATOM)}.{name}({_axis_text(node.args[0], node.params)})", _ATOM)


@TEXT.rule(AxisFunction)
def _along(plan: Plan, node: Node, place: Node) -> Rendered:
    assert isinstance(node.op, AxisFunction)
    (arg,) = node.args
    usual = (arg.ndim - 1,) if node.op.keeps else tuple(range(arg.ndim))
    axis = "" if node.params == usual else f", axis={node.params[0] if len(node.params) == 1 else node.params}"
    return Rendered(f"{node.op.name}({_arg(plan, arg)}{axis})", _ATOM)


def _axis_text(node: Node, axes: Sequence[int]) -> str:
    if len(axes) == len(node.shape):
        return ""
    return f"axis={axes[0] if len(axes) == 1 else tuple(axes)}"


@TEXT.rule(primitive.SOLVE)
def by_name(plan: Plan, node: Node, place: Node) -> Rendered:
    """A call of a function that has the primitive's name and takes its arguments."""
    return Rendered(f"{node.op.name}({', '.join(_arg(plan, a) for a in node.args)})", _ATOM)


@TEXT.rule(primitive.SAMPLE_SUM)
def _sample_sum(plan: Plan, node: Node, place: Node) -> Rendered:
    return Rendered(f"over_samples.sum({_arg(plan, node.args[0])})", _ATOM)


# ---------------------------------------------------------------- contractions


@TEXT.rule(primitive.CONTRACT)
def _contract(plan: Plan, node: Node, place: Node) -> Rendered:
    f = contraction.familiar(node, plan.order.sketch.__getitem__)
    if isinstance(f, contraction.MatMul):
        left, right = _matrix(plan, f.left, f.left_transposed), _matrix(plan, f.right, f.right_transposed)
        return Rendered(f"{left} @ {right}", _PRODUCT)
    if isinstance(f, contraction.Transpose):
        if f.axes == (1, 0):
            return Rendered(_matrix(plan, f.node, True), _ATOM)
        return Rendered(f"transpose({_arg(plan, f.node)}, {f.axes})", _ATOM)
    if isinstance(f, contraction.Broadcast):
        core = _extended(_arg(plan, f.node, _ATOM if f.labels else _LOOSE), f.labels, node.ndim)
        return Rendered(f"broadcast_to({core}, {node.shape})", _ATOM)
    if isinstance(f, contraction.Diag):
        return Rendered(f"diag({_arg(plan, f.vector)})", _ATOM)
    if isinstance(f, (contraction.Trace, contraction.Diagonal)):
        name = "trace" if isinstance(f, contraction.Trace) else "diagonal"
        return Rendered(f"{name}({_arg(plan, f.matrix)})", _ATOM)
    if isinstance(f, contraction.AxisSum):
        axes = _axis_text(f.node, f.axes)
        return Rendered(f"sum({_arg(plan, f.node)}{', ' * bool(axes)}{axes})", _ATOM)
    if isinstance(f, contraction.Outer):
        return Rendered(f"outer({_arg(plan, f.left)}, {_arg(plan, f.right)})", _ATOM)
    if isinstance(f, contraction.Scaled):
        return Rendered("*".join(_extended(_arg(plan, a, _ATOM), ks, node.ndim) for a, ks in f.operands), _PRODUCT)
    return _einsum(plan, node, f)


def _matrix(plan: Plan, node: Node, transposed: bool) -> str:
    return f"{_arg(plan, node, _ATOM)}.T" if transposed else _arg(plan, node, _POWER)


def _extended(text: str, labels: Sequence[int], ndim: int) -> str:
    """An operand with axes of length one where the output has axes that it has not."""
    if not labels:
        return text
    axes = [":" if k in labels else "None" for k in range(labels[0], ndim)]
    return text if "None" not in axes else f"{text}[{', '.join(axes)}]"


def _einsum(plan: Plan, node: Node, f: contraction.General) -> Rendered:
    letters: Iterator[str] = (_letter(i) for i in range(len(Contraction.of(node).sizes)))
    letter: dict[int, str] = {}
    inputs = []
    links = contraction.chain(f.operands, node.ndim)
    operands = f.operands if links is None else [p for p, _ in links]
    for _, ks in operands:
        for k in ks:
            if k not in letter:
                letter[k] = next(letters)
        inputs.append("".join(letter[k] for k in ks))
    kept = [k for k in range(node.ndim) if k not in f.missing]
    rule = ",".join(inputs) + "->" + "".join(letter[k] for k in kept)
    text = f'einsum("{rule}", {", ".join(_arg(plan, a) for a, _ in operands)})'
    if f.missing:
        text = f"broadcast_to({_extended(text, kept, node.ndim)}, {node.shape})"
    return Rendered(text, _ATOM)


def _letter(i: int) -> str:
    every = _LETTERS + _LETTERS.upper()
    return every[i] if i < len(every) else chr(0x3B1 + i - len(every))


__all__ = ["TEXT", "Rendered", "by_name", "fill_text", "index_text", "is_identifier", "number_text", "selection", "to_text"]
