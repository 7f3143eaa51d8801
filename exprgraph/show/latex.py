r"""LaTeX: scalars as in a textbook, arrays in matrix notation.

Elementwise products of arrays are ``\odot``, elementwise powers ``x^{\odot 2}``, transposes
``^{\top}``; other contractions are written with indices and a sum.  Indices count from 1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from itertools import count as count_from

from ..functions.along_axes import AxisFunction
from ..functions.elementwise import Function
from ..graph import primitive
from ..graph.column import Column
from ..graph.node import Node, Shape
from ..graph.views import Contraction, Entry, Take, axis_of, data_of, entries_of
from . import contraction
from .escape import escape_latex
from .latex_template import CLOSE, OPEN, Binds, fill_latex, takes_power, wrap
from .plan import Factors, Plan, Rendered

#: ``(plan, node, place)``, as for text
LATEX: Column[Callable[[Plan, Node, Node], Rendered]] = Column("latex", "a node as LaTeX", __name__)
#: larger constant arrays are printed as their shape
_MAX_NUMBERS = 36
_LETTERS = "ijklmnpqrs"
_GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega "
    "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega".split()
)


def body(plan: Plan) -> str:
    """The LaTeX without the equation around it."""
    prefix = plan.prefix
    definitions, roots = plan.render(_rule, lambda i: Rendered(f"{prefix}_{{{i}}}", Binds.ATOM))
    last = roots[0].text if plan.shape is None else _table([r.text for r in roots], plan.shape)
    note = plan.view.note
    if note:
        last += rf" \quad \text{{({note})}}"
    if not definitions:
        return last
    lines = [rf"{name} &= {text} \\" for name, text in definitions]
    return "\n".join([r"\begin{aligned}", *lines, "&" + last, r"\end{aligned}"])


def _table(texts: Sequence[str], shape: Shape) -> str:
    """A matrix; a vector is a column, an array of more axes a column of blocks."""
    if len(shape) > 2:
        n = math.prod(shape[1:])
        return _table([_table(texts[i : i + n], shape[1:]) for i in range(0, len(texts), n)], shape[:1])
    columns = shape[1] if len(shape) == 2 else 1
    rows = [" & ".join(texts[i : i + columns]) + r" \\" for i in range(0, len(texts), columns)]
    return "\n".join([r"\left[", rf"\begin{{array}}{{{'c' * columns}}}", *rows, r"\end{array}", r"\right]"])


def _rule(plan: Plan, node: Node) -> Rendered:
    if plan.view.is_cut(node):
        return Rendered(r"\dots", Binds.CALL)
    shown = plan.view.shown(node)
    return LATEX[shown.op](plan, shown, node)


def _arg(plan: Plan, node: Node, binds: int = Binds.LOOSE) -> str:
    return wrap(plan.get(node), binds)


def number_latex(value: float) -> str:
    """A number, with powers of ten instead of the letter e."""
    if not math.isfinite(value):
        return r"\mathrm{NaN}" if value != value else r"\infty" if value > 0 else r"-\infty"
    if value == int(value) and abs(value) < 1e16:
        return str(int(value))
    mantissa, e, exponent = repr(value).partition("e")
    return mantissa + (rf" \cdot 10^{{{int(exponent)}}}" if e else "")


def _number(value: float) -> Rendered:
    text = number_latex(value)
    return Rendered(text, Binds.SUM if text.startswith("-") else Binds.PRODUCT if "cdot" in text else Binds.ATOM)


# ---------------------------------------------------------------- arithmetic


@LATEX.rule(primitive.SUM)
def _sum(plan: Plan, shown: Node, node: Node) -> Rendered:
    terms = plan.sum_parts(node)
    if len(terms) == 1 and terms[0][1] is not None:
        return _product(plan, plan.factors(terms[0][1], quotients=True).times(terms[0][0]), node.shape)
    parts: list[str] = []
    for coefficient, term in terms:
        if term is None:
            text = number_latex(coefficient)
            text = f"- {text[1:]}" if parts and text.startswith("-") else text
        else:
            found = plan.factors(term, quotients=True).times(coefficient)
            piece = _product(plan, found, term.shape)
            bare = found.coefficient < 0 or (not parts and plan.is_nested_sum(term))
            text = piece.text if bare else wrap(piece, Binds.PRODUCT)
        if not parts or text.startswith("- "):
            parts.append(text)
        else:
            parts += ["+", text]
    if plan.view.is_shortened(node):
        parts += ["+", r"\dots"]
    return Rendered(" ".join(parts), Binds.SUM)


@LATEX.rule(primitive.PRODUCT)
def _factors(plan: Plan, shown: Node, node: Node) -> Rendered:
    return _product(plan, plan.factors(node, top=True, quotients=True), shown.shape)


def _product(plan: Plan, found: Factors, shape: Shape) -> Rendered:
    coefficient = found.coefficient
    scalars = [(b, e) for b, e in found.factors if not b.shape]
    arrays = [(b, e) for b, e in found.factors if b.shape]
    above = [_power(plan, b, e) for b, e in scalars if e > 0]
    below = [_power(plan, b, -e) for b, e in scalars if e < 0]
    sign = "- " if coefficient < 0 else ""
    if abs(coefficient) != 1.0 or not (above or below or arrays):
        above.insert(0, Rendered(number_latex(abs(coefficient)), Binds.POWER))
    pieces = above
    if below:
        top = _juxtaposed(above) if above else Rendered("1", Binds.ATOM)
        pieces = [Rendered(rf"\frac{{{top.text}}}{{{_juxtaposed(below).text}}}", Binds.POWER)]
    if arrays:
        powers = [_power(plan, b, e) for b, e in arrays]
        if len(powers) == 1:
            pieces.append(powers[0] if not pieces or powers[0].binds != Binds.MATMUL else Rendered(powers[0].text, Binds.POWER))
        else:
            text = r" \odot ".join(wrap(p, Binds.POWER) for p in powers)
            pieces.append(Rendered(text, Binds.POWER if pieces else Binds.PRODUCT))
    if found.shortened:
        pieces.append(Rendered(r"\dots", Binds.ATOM))
    whole = _juxtaposed(pieces)
    if sign:
        return Rendered(sign + wrap(whole, Binds.PRODUCT), Binds.SUM)
    return whole


def _juxtaposed(pieces: Sequence[Rendered]) -> Rendered:
    if len(pieces) == 1:
        return pieces[0]
    text = ""
    for piece in pieces:
        following = wrap(piece, Binds.POWER)
        # adjacent digits would read as one number
        text += (r" \cdot " if re.match(r"(\\math\w+)?\{?\d", following) else " ") * bool(text) + following
    return Rendered(text, Binds.PRODUCT)


@LATEX.rule(Function)
def _function(plan: Plan, node: Node, place: Node) -> Rendered:
    assert isinstance(node.op, Function)
    return fill_latex(node.op.latex, [plan.get(a) for a in node.args])


def _power(plan: Plan, base: Node, e: float) -> Rendered:
    if e == 1.0:
        return plan.get(base)
    if e == 0.5:
        return Rendered(rf"\sqrt{{{_arg(plan, base)}}}", Binds.CALL)
    shown = plan.view.shown(base)
    if plan.is_plain(base) and isinstance(shown.op, Function) and e > 0 and e == int(e) and takes_power(shown.op.latex):
        # a named function carries its power on the name: \tanh^{2}\left( x \right)
        return fill_latex(f"{shown.op.latex}^{{{int(e)}}}", [plan.get(a) for a in shown.args], command=True)
    mark = r"\odot " if base.shape else ""
    return Rendered(f"{_arg(plan, base, Binds.ATOM)}^{{{mark}{number_latex(e)}}}", Binds.POWER)


# ---------------------------------------------------------------- leaves


def symbol_latex(name: str) -> str:
    r"""A symbol's name: a single letter, the command of a Greek letter, or ``\mathtt`` for longer names."""
    if len(name) == 1 and name.isalpha():
        return name
    return f"\\{name}" if name in _GREEK else rf"\mathtt{{{escape_latex(name)}}}"


LATEX.fill(lambda plan, node, place: Rendered(symbol_latex(node.params[0]), Binds.ATOM), primitive.SYMBOL)
LATEX.fill(lambda plan, node, place: Rendered(f"I_{{{node.shape[0]}}}", Binds.CALL), primitive.IDENTITY)
LATEX.fill(lambda plan, node, place: Rendered(r"N_{\mathrm{samples}}", Binds.ATOM), primitive.SAMPLE_COUNT)


@LATEX.rule(primitive.CONSTANT)
def _constant(plan: Plan, node: Node, place: Node) -> Rendered:
    value = node.params[0]
    if not node.shape:
        return _number(value)
    size = r" \times ".join(map(str, node.shape))
    ones = rf"\mathbf{{{'0' if value == 0.0 else '1'}}}_{{{size}}}"
    return Rendered(ones, Binds.CALL) if value in (0.0, 1.0) else Rendered(f"{wrap(_number(value), Binds.PRODUCT)} {ones}", Binds.PRODUCT)


@LATEX.rule(primitive.ARRAY)
def _array(plan: Plan, node: Node, place: Node) -> Rendered:
    data = data_of(node)
    if plan.view.limit is not None and data.size > _MAX_NUMBERS:
        size = r" \times ".join(map(str, data.shape))
        return Rendered(rf"\left[ \dots \right]_{{{size}}}", Binds.CALL)
    return Rendered(_table([number_latex(float(v)) for v in data.flat], data.shape), Binds.ATOM)


# ---------------------------------------------------------------- arrays


@LATEX.rule(primitive.SELECT)
def _select(plan: Plan, node: Node, place: Node) -> Rendered:
    return _indexed(plan, node.args[0], ",".join(_entry(e) for e in node.params))


def _indexed(plan: Plan, node: Node, index: str) -> Rendered:
    """An operand with a subscript, in parentheses if it has a subscript already."""
    piece = plan.get(node)
    bare = node.op is primitive.SYMBOL and plan.is_plain(node)
    text = piece.text if bare else OPEN + piece.text + CLOSE
    return Rendered(f"{text}_{{{index}}}", Binds.ATOM)


def _entry(entry: Entry) -> str:
    if entry is None:
        return ":"
    if isinstance(entry, int):
        return str(entry + 1)
    if isinstance(entry, Take):
        return "[" + ",".join(str(i + 1) for i in entry.indices) + "]"
    start, step, last = entry.start, entry.step, entry.start + entry.step * (entry.length - 1)
    return f"{start + 1}:{last + 1}" if step == 1 else f"{start + 1}:{step}:{last + 1}"


@LATEX.rule(primitive.PLACE)
def _place(plan: Plan, node: Node, place: Node) -> Rendered:
    index = ",".join(_entry(e) for e in entries_of(node))
    return Rendered(rf"\operatorname{{place}}_{{{index}}}{OPEN}{_arg(plan, node.args[0])}{CLOSE}", Binds.CALL)


@LATEX.rule(primitive.STACK, primitive.CONCATENATE)
def _joined(plan: Plan, node: Node, place: Node) -> Rendered:
    parts = [_arg(plan, a) for a in plan.view.operands(node)]
    if plan.view.is_shortened(node):
        parts.append(r"\vdots" if axis_of(node) == 0 else r"\cdots")
    axis = axis_of(node)
    if axis == 0 and (node.op is primitive.CONCATENATE or node.ndim == 1):
        return Rendered(_table(parts, (len(parts),)), Binds.ATOM)
    if axis == 1 and node.ndim == 2:
        return Rendered(_table(parts, (1, len(parts))), Binds.ATOM)
    mark = f"_{{{axis + 1}}}"
    return Rendered(rf"\operatorname{{{node.op.name}}}{mark}{OPEN}{', '.join(parts)}{CLOSE}", Binds.CALL)


@LATEX.rule(primitive.RESHAPE)
def _reshape(plan: Plan, node: Node, place: Node) -> Rendered:
    size = r" \times ".join(map(str, node.shape))
    return Rendered(rf"\operatorname{{reshape}}_{{{size}}}{OPEN}{_arg(plan, node.args[0])}{CLOSE}", Binds.CALL)


@LATEX.rule(primitive.REDUCE_MAX, primitive.REDUCE_MIN)
def _extremum(plan: Plan, node: Node, place: Node) -> Rendered:
    name = r"\max" if node.op is primitive.REDUCE_MAX else r"\min"
    (arg,) = node.args
    if len(node.params) == arg.ndim:
        return Rendered(f"{name}{OPEN}{_arg(plan, arg)}{CLOSE}", Binds.CALL)
    letters = _letters(plan, arg.ndim)
    kept = [c for k, c in enumerate(letters) if k not in node.params]
    over = ",".join(c for k, c in enumerate(letters) if k in node.params)
    element = _indexed(plan, arg, ",".join(letters)).text
    return Rendered(rf"\left[ {name}_{{{over}}} {element} \right]_{{{','.join(kept)}}}", Binds.CALL)


@LATEX.rule(AxisFunction)
def _along(plan: Plan, node: Node, place: Node) -> Rendered:
    assert isinstance(node.op, AxisFunction)
    (arg,) = node.args
    usual = (arg.ndim - 1,) if node.op.keeps else tuple(range(arg.ndim))
    axes = "" if node.params == usual else rf"_{{\mathrm{{axis}}\,{','.join(str(k + 1) for k in node.params)}}}"
    return Rendered(node.op.latex.format(_arg(plan, arg), axes), Binds.CALL)


def by_name(plan: Plan, node: Node, place: Node) -> Rendered:
    """The primitive's name, and its arguments in parentheses."""
    return Rendered(rf"\operatorname{{{node.op.name}}}{OPEN}{', '.join(_arg(plan, a) for a in node.args)}{CLOSE}", Binds.CALL)


@LATEX.rule(primitive.SOLVE)
def _solve(plan: Plan, node: Node, place: Node) -> Rendered:
    a, b = node.args
    if b.op is primitive.IDENTITY:
        return Rendered(f"{_arg(plan, a, Binds.ATOM)}^{{-1}}", Binds.POWER)
    return Rendered(f"{_arg(plan, a, Binds.ATOM)}^{{-1}} {_arg(plan, b, Binds.MATMUL)}", Binds.MATMUL)


@LATEX.rule(primitive.SAMPLE_SUM)
def _sample_sum(plan: Plan, node: Node, place: Node) -> Rendered:
    return Rendered(rf"\sum_{{\mathrm{{samples}}}} {_arg(plan, node.args[0], Binds.PRODUCT)}", Binds.SUM)


# ---------------------------------------------------------------- contractions


@LATEX.rule(primitive.CONTRACT)
def _contract(plan: Plan, node: Node, place: Node) -> Rendered:
    key = plan.order.sketch.__getitem__
    f = contraction.familiar(node, key)
    if isinstance(f, contraction.MatMul):
        if not node.ndim:
            return Rendered(f"{_matrix(plan, f.left, 'T')} {_matrix(plan, f.right, '')}", Binds.MATMUL)
        left, right = _matrix(plan, f.left, "T" * f.left_transposed), _matrix(plan, f.right, "T" * f.right_transposed)
        return Rendered(f"{left} {right}", Binds.MATMUL)
    if isinstance(f, contraction.Transpose) and f.axes == (1, 0):
        return Rendered(_matrix(plan, f.node, "T"), Binds.POWER)
    if isinstance(f, contraction.Diag):
        return Rendered(_matrix(plan, f.vector, "diag"), Binds.CALL)
    if isinstance(f, contraction.Trace):
        return Rendered(rf"\operatorname{{tr}}{OPEN}{_arg(plan, f.matrix)}{CLOSE}", Binds.CALL)
    if isinstance(f, contraction.Diagonal):
        return Rendered(_matrix(plan, f.matrix, "diag"), Binds.CALL)
    if isinstance(f, contraction.Outer):
        return Rendered(f"{_matrix(plan, f.left, '')} {_matrix(plan, f.right, 'T')}", Binds.MATMUL)
    if isinstance(f, contraction.Broadcast) and not f.labels:
        size = r" \times ".join(map(str, node.shape))
        return Rendered(rf"{_arg(plan, f.node, Binds.POWER)} \mathbf{{1}}_{{{size}}}", Binds.PRODUCT)
    operands = contraction.operands_of(node, key)
    links = contraction.chain(operands, node.ndim)
    if links is not None:
        return Rendered(" ".join(_matrix(plan, p.node, kind) for p, kind in links), Binds.MATMUL)
    return _by_index(plan, node, operands)


def _matrix(plan: Plan, node: Node, kind: str) -> str:
    """A factor of a matrix product: plain, transposed, or a vector as a diagonal matrix."""
    if kind == "diag":
        return rf"\operatorname{{diag}}{OPEN}{_arg(plan, node)}{CLOSE}"
    if kind == "T":
        return rf"{_arg(plan, node, Binds.ATOM)}^{{\top}}"
    return _arg(plan, node, Binds.MATMUL)


def _by_index(plan: Plan, node: Node, operands: Sequence[contraction.Operand]) -> Rendered:
    """Any contraction, with an index on each axis and a sum over the indices that are not in the result."""
    letters = _letters(plan, len(Contraction.of(node).sizes))
    factors = []
    for a, ks in operands:
        index = [letters[k] for k in ks]
        if a.op is primitive.IDENTITY:
            factors.append(rf"\delta_{{{','.join(index)}}}")
        elif ks:
            factors.append(_indexed(plan, a, ",".join(index)).text)
        else:
            factors.append(_arg(plan, a, Binds.POWER))
    text = " ".join(factors)
    summed = letters[node.ndim :]
    if summed:
        text = rf"\sum_{{{','.join(summed)}}} {text}"
    if not node.shape:
        return Rendered(text, Binds.SUM)
    return Rendered(rf"\left[ {text} \right]_{{{','.join(letters[: node.ndim])}}}", Binds.CALL)


def _letters(plan: Plan, n: int) -> list[str]:
    """Names of axes that no printed symbol has."""
    taken = {str(s.params[0]) for s in plan.view.listed if s.op is primitive.SYMBOL}
    names = (c if not k else f"{c}_{k}" for k in count_from() for c in _LETTERS)
    free = (c for c in names if c not in taken)
    return [next(free) for _ in range(n)]


__all__ = ["LATEX", "body", "by_name", "number_latex", "symbol_latex"]
