"""The derivative rules of functions along axes.

*The norm* has the derivative v/norm(v): a quotient of numbers of similar size (``share``), and 0 at 0.

*Softmax.*  With p = softmax(x) and a tangent t, ``dp_i = p_i*(t_i - sum of p_j t_j)``.  Where one p is nearly 1, ``1 - p`` has no
correct digits, but it is the sum of the others.  So the leading i, with p_i > 1/2, is treated separately: with w = 1
there and 0 elsewhere, v = 1 - w, and q the sum of all ``v_j p_j``,

    t_i - sum of p_j t_j  =  v_i t_i - v_i t_w - sum of v_j p_j t_j + q t_w,        t_w = sum of w_j t_j,

without harmful cancellation: each entry of the Jacobian is a product, or a difference of numbers that are not close.  If
no p is above 1/2, w is 0, and this is the usual formula.  w and v are comparisons with derivative 0, so derivatives of
all orders are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from ..canonical.arithmetic import linear, product
from ..canonical.contract import contract
from ..functions.along_axes import LOG_SOFTMAX, LOGSUMEXP, NORM, SOFTMAX, AxisFunction, along
from ..functions.rows import less, less_equal
from ..functions.scaled import share
from ..graph.node import Node, Shape
from .branches import GATED_JVP, GATED_VJP
from .gates import Zeros, gated_product, inside
from .rules import JVP, VJP

Labels = list[Hashable]
Operand = tuple[Node, Labels]
#: a tangent or cotangent with its labels, its factor, the labels of the result
Join = Callable[[Node, Labels, Sequence[Operand], Labels], Node]


class _Labels:
    """The labels of an argument's axes, of those that stay, and of the argument with other labels on the reduced axes."""

    def __init__(self, node: Node, extra: Shape) -> None:
        (arg,) = node.args
        self.n: Labels = [("n", k) for k in range(arg.ndim)]
        self.kept: Labels = [key for k, key in enumerate(self.n) if k not in node.params]
        self.summed: Labels = [("m", k) if k in node.params else key for k, key in enumerate(self.n)]
        self.e: Labels = [("e", k) for k in range(len(extra))]
        pairs = [*zip(self.n, arg.shape), *zip(self.summed, arg.shape), *zip(self.e, extra)]
        self.sizes: dict[Hashable, int] = dict(pairs)


def _joined(at: _Labels, zeros: Zeros) -> Join:
    if zeros is None:
        return lambda ct, own, others, out: contract([(ct, own), *others], out, {k: at.sizes[k] for k in out})
    return lambda ct, own, others, out: gated_product(ct, own, others, out, dict(at.sizes), zeros)


def weights_of(node: Node) -> Node:
    """The derivative of a norm, or of a logarithm of a sum of exponentials, by each element."""
    (arg,) = node.args
    if node.op is LOGSUMEXP:
        return along(SOFTMAX, arg, node.params)
    axes = range(arg.ndim)
    kept = [k for k in axes if k not in node.params]
    norm = node if not node.shape else contract([(node, kept)], axes, dict(zip(axes, arg.shape)))
    return share(arg, norm)


def _reduction_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape, zeros: Sequence[Zeros] = (None,)) -> Node | None:
    (t,) = tangents
    if t is None:
        return None
    at = _Labels(node, extra)
    return _joined(at, zeros[0])(t, at.n + at.e, [(weights_of(node), at.n)], at.kept + at.e)


def _reduction_vjp(node: Node, ct: Node, extra: Shape, zeros: Zeros = None) -> list[Node | None]:
    at = _Labels(node, extra)
    return [_joined(at, zeros)(ct, at.e + at.kept, [(weights_of(node), at.n)], at.e + at.n)]


class _Parts:
    """The probabilities p, the mask of the leading one (w), of the others (v), their probabilities (pv) and the sum (q)."""

    def __init__(self, node: Node, at: _Labels) -> None:
        self.p = along(SOFTMAX, node.args[0], node.params)
        self.w, self.v = less(0.5, self.p), less_equal(self.p, 0.5)
        self.pv = product([(self.p, 1.0), (self.v, 1.0)], 1.0, self.p.shape)
        self.q = contract([(self.pv, at.n)], at.kept)


def _softmax_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape, zeros: Sequence[Zeros] = (None,)) -> Node | None:
    (t,) = tangents
    if t is None:
        return None
    at = _Labels(node, extra)
    x = _Parts(node, at)
    join = _joined(at, zeros[0])
    own, other, out = at.n + at.e, at.summed + at.e, at.n + at.e
    front: list[Operand] = [(x.p, at.n)] if node.op is SOFTMAX else []
    terms = [
        (1.0, join(t, own, [*front, (x.v, at.n)], out)),
        (-1.0, join(t, other, [*front, (x.v, at.n), (x.w, at.summed)], out)),
        (-1.0, join(t, other, [*front, (x.pv, at.summed)], out)),
        (1.0, join(t, other, [*front, (x.q, at.kept), (x.w, at.summed)], out)),
    ]
    return linear(terms, 0.0, node.shape + extra)


def _softmax_vjp(node: Node, ct: Node, extra: Shape, zeros: Zeros = None) -> list[Node | None]:
    at = _Labels(node, extra)
    x = _Parts(node, at)
    join = _joined(at, zeros)
    front: list[Operand] = [(x.p, at.summed)] if node.op is SOFTMAX else []
    own, other, out = at.e + at.n, at.e + at.summed, at.e + at.n
    beside: list[Operand] = [(x.p, at.n)] if node.op is SOFTMAX else []
    terms = [
        (1.0, join(ct, own, [*beside, (x.v, at.n)], out)),
        (-1.0, join(ct, other, [*front, (x.v, at.summed), (x.w, at.n)], out)),
        (-1.0, join(ct, other, [*front, (x.pv, at.n)], out)),
        (1.0, join(ct, other, [*front, (x.q, at.kept), (x.w, at.n)], out)),
    ]
    return [linear(terms, 0.0, ct.shape)]


def _behind_choices(jvp: Callable[..., Node | None], vjp: Callable[..., list[Node | None]], *rows: AxisFunction) -> None:
    """Rules without silencing zeros, from the rules that track them."""
    JVP.fill(jvp, *rows)
    VJP.fill(vjp, *rows)
    GATED_JVP.fill(lambda node, tangents, extra, zeros: (jvp(node, tangents, extra, zeros), inside(zeros[0])), *rows)
    GATED_VJP.fill(lambda node, ct, extra, zeros: [(v, inside(zeros)) for v in vjp(node, ct, extra, zeros)], *rows)


_behind_choices(_reduction_jvp, _reduction_vjp, NORM, LOGSUMEXP)
_behind_choices(_softmax_jvp, _softmax_vjp, SOFTMAX, LOG_SOFTMAX)
