"""Elementwise functions: the rows of the table that a user can add to.

A row has everything the package knows of a function: its NumPy value, its derivative, its code for one number, its text
and LaTeX, its domain, and the interval in which tests sample it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from types import ModuleType
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np

from ..canonical.contract import contract, is_structural
from ..canonical.grouping import as_written, keep
from ..canonical.index_maps import MOVED_IN, IndexMap
from ..canonical.moving_in import with_diagonals
from ..canonical.operands import as_node
from ..canonical.select import select
from ..canonical.squares import NON_NEGATIVE, SQUARE
from ..canonical.written import spread
from ..errors import DifferentiationError, DTypeError, ShapeError
from ..graph.leaves import array, constant, constant_values, number
from ..graph.node import Node, Operand, Shape, make
from ..graph.primitive import CONCATENATE, CONSTANT, CONTRACT, RESHAPE, SELECT, STACK, SYMBOL, TABLE, Primitive, enter
from ..graph.primitive import lookup as primitive
from ..graph.properties import Property
from ..graph.traverse import REBUILD, topological
from ..support.deep import deep_syntax
from .signatures import Interval, usual_sample

if TYPE_CHECKING:
    from ..loops.read import Template

#: the derivative by one argument, from all arguments; ``None``: zero wherever it exists
Partial = Callable[..., Node]
#: a function of expressions and numbers
Elementwise = Callable[..., Node]
REAL: Interval = (-math.inf, math.inf)


class NoDerivative:
    """The derivative by an argument for which there is no formula: an error, with its reason.

    ``at`` are numbers at which tests take the argument.
    """

    def __init__(self, why: str, *at: float) -> None:
        self.why = why
        self.at = at

    def __call__(self, *args: Node) -> Node:
        raise DifferentiationError(self.why)


class FirstDerivative(NoDerivative):
    """The derivative by an argument that has no second one; ``at`` as for :class:`NoDerivative`."""

    def __init__(self, formula: Partial, *at: float) -> None:
        super().__init__("", *at)
        self.formula = formula

    def __call__(self, *args: Node) -> Node:
        return self.formula(*args)


class Function(Primitive):
    """A row: a function of ``arity`` numbers, applied element by element."""

    __slots__ = (
        "__weakref__", "added", "boolean", "branch", "build", "code", "doc", "domain", "family", "fixed", "helper_names",
        "internal", "latex", "numpy", "partials", "sample", "shown_as", "source", "template_", "text",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        *,
        numpy: Callable[..., Any],
        partials: Sequence[Partial | None],
        code: str,
        text: str | None = None,
        latex: str | None = None,
        shown_as: Callable[..., Node] | None = None,
        build: Callable[..., Node] | None = None,
        domain: Sequence[Interval] | None = None,
        sample: Sequence[Interval] | None = None,
        boolean: bool = False,
        branch: bool = False,
        internal: bool = False,
        family: str = "",
        source: str = "",
        doc: str = "",
    ) -> None:
        super().__init__(name)
        self.numpy = numpy
        self.partials = tuple(partials)
        #: the arguments without derivatives of every order, by position, with numbers at which tests take them
        self.fixed = {k: p.at for k, p in enumerate(partials) if isinstance(p, NoDerivative)}
        #: an expression of ``{0}``, ``{1}``, ... in the names of the runtime module
        self.code = code
        self.text = text if text is not None else name + "(" + ", ".join(f"{{{i}}}" for i in range(self.arity)) + ")"
        #: a command such as ``\tanh``, or a template of ``{0}``
        self.latex = latex if latex is not None else rf"\operatorname{{{name.replace('_', chr(92) + '_')}}}"
        #: an expression to print instead of the function
        self.shown_as = shown_as
        #: the domain in which the value is finite and smooth, an open interval for each argument
        self.domain = tuple(domain) if domain is not None else (REAL,) * self.arity
        #: the interval in which tests sample each argument
        self.sample = tuple(sample) if sample is not None else tuple(map(usual_sample, self.domain))
        self.boolean = boolean
        #: whether it chooses between its arguments: where a derivative is 0, the argument has no effect
        self.branch = branch
        #: whether only derivatives and simplification make nodes of it; others are exported by the package
        self.internal = internal
        #: the same text for rows that have most of their work in common if they have the same argument
        self.family = family
        #: whether a user added it
        self.added = False
        #: Python source of helper functions that ``code`` calls, for functions users define
        self.source = source
        #: names that some of these have in programs, where another function has theirs
        self.helper_names: Mapping[str, str] = {}
        self.doc = doc
        self.template_: Template | None = None
        #: the canonical expression of operands; a node of this row, unless it is simpler
        self.build: Callable[..., Node] = build or (lambda *operands: apply(self, *operands))

    @property
    def arity(self) -> int:
        """The number of arguments."""
        return len(self.partials)

    @property
    def template(self) -> Template:
        """The code for one number as typed loops: an expression that kernels inline."""
        if self.template_ is None:
            with deep_syntax():
                self.template_ = _reader().read_row(self.name, self.code, self.arity, self.source, self.helper_names)
        return self.template_

    def __reduce__(self) -> tuple[object, ...]:
        return (defined, (self.name, self.key, self.arity)) if self.added else super().__reduce__()

    def values(self, values: Sequence[Any]) -> np.ndarray:
        """The result of ``numpy`` for arrays; for a user's function, checked."""
        if not self.added:
            value: np.ndarray = self.numpy(*values)
            return value
        try:
            given = self.numpy(*values)
        except (TypeError, ValueError) as e:
            if type(e) not in (TypeError, ValueError):  # an error of its own
                raise
            hint = "np.where chooses by element" if "ambiguous" in str(e) else "np.vectorize makes of a function of numbers one of arrays"
            raise type(e)(f"function {self.name}: its numpy cannot be computed for arrays: {e}; {hint}") from e
        return self._of_shape(given, np.broadcast_shapes(*(np.shape(v) for v in values)))

    def _of_shape(self, value: Any, shape: Shape) -> np.ndarray:
        """Check the result of a user's function for arrays of that shape."""
        try:
            given = np.asarray(value)
        except ValueError as e:
            raise ShapeError(f"function {self.name}: what its numpy gave cannot be made an array: {e}") from None
        if given.dtype.kind not in "biuf":
            raise DTypeError(f"function {self.name}: its numpy gave {repr(value)[:100]}; it gives real numbers")
        if given.ndim and given.shape != shape:
            raise ShapeError(
                f"function {self.name}: its numpy gave an array of shape {given.shape} for arrays of shape {shape}; it must be elementwise"
            )
        return np.asarray(np.broadcast_to(given, shape))

    def partial(self, node: Node, k: int) -> Node | None:
        """The derivative by argument k, elementwise; of the node's shape or a scalar."""
        p = self.partials[k]
        if p is None:
            return None
        if not self.added and type(given := p(*node.args)) is Node and given.shape in ((), node.shape):
            return given
        with as_written() if self.added else nullcontext():  # a formula that a user wrote
            given = p(*node.args)
            try:
                made = as_node(given)
            except (DTypeError, ShapeError) as e:
                raise type(e)(f"function {self.name}: its derivative by argument {k}: {e}") from None
        if self.added:
            keep(made)
        if made.shape not in ((), node.shape):
            raise ShapeError(
                f"function {self.name}: its derivative by argument {k} has shape {made.shape} where the value has shape {node.shape}; "
                "it must be a number or elementwise"
            )
        if self.added and node.shape and not made.shape and number(made) is None and self._mixes(k):
            raise ShapeError(
                f"function {self.name}: its derivative by argument {k} is a number that depends on all elements of an array; "
                "it must be elementwise"
            )
        return made

    def _mixes(self, k: int) -> bool:
        """Whether the derivative by argument k of arrays is one number, for example a sum."""
        p = self.partials[k]
        assert p is not None
        probes = [make(SYMBOL, (), (f"argument {i}", False), (2,)) for i in range(self.arity)]
        made = as_node(p(*probes))
        return not made.shape and any(n.op is SYMBOL for n in topological([made]))


def _reader() -> ModuleType:
    from . import code  # the compiler's reader is loaded when code is read

    return code


class ByFormula:
    """NumPy's value of a row that is computed by a formula of compiled code: the formula, on arrays."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *arrays: Any) -> np.ndarray:
        value: np.ndarray = _reader().values_of(self.name, arrays)
        return value


@REBUILD.rule(Function)
def _rebuild(node: Node, args: tuple[Node, ...]) -> Node:
    assert isinstance(node.op, Function)
    return node.op.build(*args)


def row(name: str, numpy: Any, *partials: Any, squared: Callable[..., Node] | None = None, **columns: Any) -> Elementwise:
    """Add a row of the package to the table; its code is a call of its name.

    ``squared`` is the square of a row that is a root.
    """
    columns.setdefault("code", name + "(" + ", ".join(f"{{{i}}}" for i in range(len(partials))) + ")")
    made = enter(Function(name, numpy=numpy, partials=partials, **columns))
    made.acyclic = True
    if squared is not None:
        SQUARE.fill(lambda node: squared(*node.args), made)
        NON_NEGATIVE.fill(lambda node: True, made)
    return caller(made)


def row_named(name: str) -> Function:
    """The row of the package with this name."""
    row = TABLE[name]
    assert isinstance(row, Function)
    return row


#: comparisons, and what moves their results
BOOLEAN = Property("boolean", "whether every element is the result of a comparison", __name__)
BOOLEAN.fill(lambda node: node.args, SELECT, STACK, CONCATENATE, RESHAPE)
BOOLEAN.fill(lambda node: node.args if is_structural(node) and len(node.args) == 1 else False, CONTRACT)
BOOLEAN.fill(lambda node: isinstance(node.op, Function) and node.op.boolean, Function)


def is_boolean(node: Node) -> bool:
    """Whether every element is the result of a comparison, possibly moved."""
    return BOOLEAN.holds(node)


def broadcast_shapes(*shapes: Shape, what: str = "operands") -> Shape:
    """NumPy's broadcasting rule, with an error that names the shapes."""
    out: list[int] = []
    for k in range(max(map(len, shapes), default=0), 0, -1):
        lengths = {s[-k] for s in shapes if len(s) >= k} - {1}
        if len(lengths) > 1:
            raise ShapeError(f"{what} of shapes {' and '.join(map(str, shapes))} do not broadcast together")
        out.append(lengths.pop() if lengths else 1)
    return tuple(out)


def broadcast_to(node: Node, shape: Shape) -> Node:
    """``node`` repeated along new and unit-length axes, like NumPy's broadcast_to."""
    if node.shape == shape:
        return node
    if not node.shape:
        return spread(node, shape)
    if broadcast_shapes(node.shape, shape) != shape:
        raise ShapeError(f"an expression of shape {node.shape} cannot be broadcast to {shape}")
    lead = len(shape) - len(node.shape)
    stretched = [k for k, n in enumerate(node.shape) if n == 1 and shape[lead + k] != 1]
    picked = select(node, tuple(0 if k in stretched else None for k in range(node.ndim)))
    kept = [lead + k for k in range(node.ndim) if k not in stretched]
    return contract([(picked, kept)], range(len(shape)), dict(enumerate(shape)))


def broadcast(*operands: Operand, what: str = "operands") -> tuple[list[Node], Shape]:
    """Broadcast operands to one shape; scalars stay scalars."""
    nodes = [o if type(o) is Node else as_node(o) for o in operands]
    for n in nodes:
        if n.shape:
            break
    else:
        return nodes, ()
    shape = broadcast_shapes(*(n.shape for n in nodes), what=what)
    return [n if not n.shape else broadcast_to(n, shape) for n in nodes], shape


def apply(function: Function, *operands: Operand) -> Node:
    """The canonical node of a function of broadcast operands."""
    if not any([type(o) is not Node or o.shape or o.op is CONSTANT for o in operands]):  # noqa: C419  (slower as a generator)
        return make(function, operands, (), ())  # type: ignore[arg-type]  # all are nodes, as the line above says
    nodes, shape = broadcast(*operands, what=f"the arguments of {function.name}")
    if all(n.op is CONSTANT for n in nodes):
        with np.errstate(all="ignore"):
            return constant(float(function.values([np.float64(number(n)) for n in nodes])), shape)
    if 0 in shape:
        return constant(0.0, shape)
    values = constant_values(nodes)
    if values is not None:
        with np.errstate(all="ignore"):
            return array(np.broadcast_to(function.values(values), shape))
    if shape and all(not n.shape for n in nodes):
        return spread(make(function, tuple(nodes), (), ()), shape)
    return make(function, tuple(nodes), (), shape)


@MOVED_IN.rule(Function)
def moved_in(node: Node, along: IndexMap) -> Node | None:
    """Push diagonals into an elementwise function; sums stay outside."""
    return with_diagonals(node, along, lambda args, shape: REBUILD[node.op](node, args))


#: every user's function that is still alive, by name and definition
DEFINED: WeakValueDictionary[tuple[str, bytes], Function] = WeakValueDictionary()


def defined(name: str, key: bytes, arity: int) -> Primitive:
    """The function of a pickle, by its definition."""
    row = DEFINED.get((name, key))
    if row is not None:
        return row
    here = primitive(name)
    if isinstance(here, Function) and here.arity != arity:
        raise ValueError(
            f"the pickled expression calls {name} with {arity} arguments; the function registered under this name in this "
            f"process takes {here.arity}"
        )
    raise ValueError(
        f"the function {name!r} was defined otherwise where this pickle was written (another code, numpy or derivative, or another "
        "version of Python); define it as it was, or build the expression again"
    )


def caller(row: Function) -> Callable[..., Node]:
    """The Python function users call for a row."""

    def call(*operands: Operand) -> Node:
        if len(operands) != row.arity:
            raise TypeError(f"{row.name} takes {row.arity} argument{'s' * (row.arity != 1)}, got {len(operands)}")
        return row.build(*operands)

    call.__name__ = call.__qualname__ = row.name
    call.__module__ = "exprgraph"  # its public place, also for pickles of objects that hold it
    call.__doc__ = row.doc or f"{row.name}, elementwise."
    return call


__all__ = [
    "DEFINED",
    "ByFormula",
    "Elementwise",
    "FirstDerivative",
    "Function",
    "NoDerivative",
    "apply",
    "broadcast",
    "broadcast_shapes",
    "broadcast_to",
    "caller",
    "is_boolean",
    "row",
    "row_named",
]  # fmt: skip
