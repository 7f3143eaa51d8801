"""The node: one immutable, interned, array-valued type for every expression.

Structurally equal nodes are the same object, so ``is`` is equality and a common
subexpression exists once.  The intern table holds its nodes weakly.  A node's
digest is a function of its structure alone (not of the hash seed, the order of
creation or the process), and every order in the package is derived from it.
"""

from __future__ import annotations

import math
import weakref
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NoReturn, Union

import numpy as np

from ..support.collecting import is_tracked, untrack
from ..support.forking import lock
from .primitive import CONSTANT, SAMPLE_SUM, SYMBOL, Primitive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import ArrayLike

#: the version of digests and pickles; changes whenever either does
FORMAT = 3

Params = tuple[Any, ...]  # hashable, and its repr is its content
Shape = tuple[int, ...]


class _Content:
    """What a node stores."""

    __slots__ = ("args", "digest", "op", "params", "per_sample", "shape")

    op: Primitive
    args: tuple[Node, ...]
    params: Params
    shape: Shape
    digest: bytes
    #: whether the value differs from sample to sample
    per_sample: bool


class Node(_Content):
    """An expression: an operation, its arguments, and the shape of its value.

    Nodes are made by the package's functions (``eg.symbols``, ``+``, ``eg.tanh`` ...), never by
    calling this class.  They are immutable; equal structure is the same object:

    >>> import exprgraph as eg
    >>> x, y = eg.symbols("x y")
    >>> x + y is y + x
    True

    So ``==`` is identity, and a node can be a dictionary key; ``eg.equal`` compares elements.
    ``shape``, ``ndim`` and ``size`` describe the value, without batch axes.
    """

    __slots__ = ("__weakref__",)

    __array_priority__ = 1000.0

    def __init__(self, *_: object) -> None:
        raise TypeError("expressions are made with exprgraph.Symbol and operators, not with Node(...)")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"expressions are immutable: cannot set {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"expressions are immutable: cannot delete {name!r}")

    def __copy__(self) -> Node:
        return self

    def __deepcopy__(self, memo: object) -> Node:
        return self

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def name(self) -> str:
        """The name of a symbol; only symbols have one."""
        if self.op is not SYMBOL:
            raise AttributeError(f"only symbols have a name; this is a {self.op.name} expression")
        return str(self.params[0])

    if TYPE_CHECKING:  # attached by exprgraph.language.operators, exprgraph.show and exprgraph.graph.pickling
        T: Node
        mT: Node  # noqa: N815

        def __add__(self, other: Operand) -> Node: ...
        def __radd__(self, other: Operand) -> Node: ...
        def __sub__(self, other: Operand) -> Node: ...
        def __rsub__(self, other: Operand) -> Node: ...
        def __mul__(self, other: Operand) -> Node: ...
        def __rmul__(self, other: Operand) -> Node: ...
        def __truediv__(self, other: Operand) -> Node: ...
        def __rtruediv__(self, other: Operand) -> Node: ...
        def __pow__(self, other: Operand) -> Node: ...
        def __rpow__(self, other: Operand) -> Node: ...
        def __mod__(self, other: Operand) -> Node: ...
        def __rmod__(self, other: Operand) -> Node: ...
        def __floordiv__(self, other: Operand) -> Node: ...
        def __rfloordiv__(self, other: Operand) -> Node: ...
        def __matmul__(self, other: Operand) -> Node: ...
        def __rmatmul__(self, other: Operand) -> Node: ...
        def __neg__(self) -> Node: ...
        def __pos__(self) -> Node: ...
        def __abs__(self) -> Node: ...
        def __lt__(self, other: Operand) -> Node: ...
        def __le__(self, other: Operand) -> Node: ...
        def __gt__(self, other: Operand) -> Node: ...
        def __ge__(self, other: Operand) -> Node: ...
        def __getitem__(self, index: Any) -> Node: ...
        def __len__(self) -> int: ...
        def __iter__(self) -> Iterator[Node]: ...
        def __and__(self, other: Operand) -> Node: ...
        def __rand__(self, other: Operand) -> Node: ...
        def __or__(self, other: Operand) -> Node: ...
        def __ror__(self, other: Operand) -> Node: ...
        def __xor__(self, other: Operand) -> Node: ...
        def __rxor__(self, other: Operand) -> Node: ...
        def __invert__(self) -> Node: ...
        def reshape(self, *shape: Any) -> Node: ...
        def transpose(self, *axes: Any) -> Node: ...
        def ravel(self) -> Node: ...

        # attached by exprgraph.language.methods
        dtype: np.dtype[Any]
        real: Node
        imag: Node

        def all(self, axis: Axis = None, keepdims: bool = False, **options: Any) -> Node: ...
        def any(self, axis: Axis = None, keepdims: bool = False, **options: Any) -> Node: ...
        def astype(self, dtype: Any, *options: Any) -> Node: ...
        def clip(self, min: Any = None, max: Any = None) -> Node: ...  # noqa: A002
        def copy(self, order: str = "C") -> Node: ...
        def cumprod(self, axis: int | None = None) -> Node: ...
        def cumsum(self, axis: int | None = None) -> Node: ...
        def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Node: ...
        def dot(self, b: Operand) -> Node: ...
        def flatten(self, order: str = "C") -> Node: ...
        def max(self, axis: Axis = None, keepdims: bool = False, **options: Any) -> Node: ...
        def mean(self, axis: Axis = None, keepdims: bool = False, **options: Any) -> Node: ...
        def min(self, axis: Axis = None, keepdims: bool = False, **options: Any) -> Node: ...
        def prod(self, axis: Axis = None, keepdims: bool = False, **options: Any) -> Node: ...
        def ptp(self, axis: Axis = None, keepdims: bool = False) -> Node: ...
        def repeat(self, repeats: Any, axis: int | None = None) -> Node: ...
        def round(self, decimals: int = 0) -> Node: ...
        def squeeze(self, axis: Axis = None) -> Node: ...
        def std(self, axis: Axis = None, keepdims: bool = False, **options: Any) -> Node: ...
        def sum(self, axis: Axis = None, keepdims: bool = False, **options: Any) -> Node: ...
        def swapaxes(self, axis1: int, axis2: int) -> Node: ...
        def take(self, indices: Any, axis: int | None = None) -> Node: ...
        def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Node: ...
        def var(self, axis: Axis = None, keepdims: bool = False, **options: Any) -> Node: ...


#: the operands of operators
Operand = Union[Node, "ArrayLike"]
Axis = Union[int, tuple[int, ...], None]


class _Open(_Content):
    """A node on its way: its attributes can be set, until it becomes a :class:`Node`."""

    __slots__ = ("__weakref__",)


class _Ref(weakref.ref):  # type: ignore[type-arg]  # its type arguments need a call at run time
    __slots__ = ("key",)
    key: bytes


_table: dict[bytes, _Ref] = {}
# re-entrant: a garbage collection inside the locked region may run _forget in the same thread
_lock = lock()


def _forget(ref: _Ref) -> None:
    global _are_many
    with _lock:
        if _table.get(ref.key) is ref:
            del _table[ref.key]
        if len(_table) < UNTRACKED_NODES // 2:
            _are_many = False


#: a digest is computed with a copy: a new one takes longer than the rest
_empty = blake2b(digest_size=16)
#: parameters that many nodes share, by identity, with the beginning of the digests of scalars for each operation
_shared: dict[int, tuple[Params, dict[bytes, blake2b]]] = {}


def share(params: Params) -> None:
    """Keep parameters: nodes with just this object are made in a third of the time."""
    _shared[id(params)] = params, {}


def _text(params: Params, shape: Shape) -> bytes:
    """The part of a digest that says what a node does with its arguments."""
    return f"({_repr(params)}, {shape!r})".encode("utf-8", "surrogatepass")


def make(op: Primitive, args: tuple[Node, ...], params: Params, shape: Shape) -> Node:
    """The interned node of canonical arguments and parameters.

    An array without elements depends on nothing: it is zeros.
    """
    if args and 0 in shape:
        op, args, params = CONSTANT, (), (0.0,)
    known = None if shape else _shared.get(id(params))
    if known is not None and known[0] is params:
        begun = known[1].get(op.key)
        if begun is None:
            begun = _empty.copy()
            begun.update(op.key + _text(params, shape))
            known[1][op.key] = begun
        digest = begun.copy()
    else:
        digest = _empty.copy()
        digest.update(op.key + _text(params, shape))
    if len(args) == 2:  # the common numbers of arguments without a loop, which takes longer than the rest
        a, b = args
        per_sample = a.per_sample or b.per_sample
        digest.update(a.digest + b.digest)
    elif len(args) == 1:
        (a,) = args
        per_sample = a.per_sample and op is not SAMPLE_SUM
        digest.update(a.digest)
    elif args:
        per_sample = any([a.per_sample for a in args])  # noqa: C419  (slower as a generator)
        digest.update(b"".join([a.digest for a in args]))
    else:
        per_sample = op is SYMBOL and params[1]
    key = digest.digest()
    ref = _table.get(key)
    known_node: Node | None = None if ref is None else ref()
    if known_node is not None:
        return known_node
    made = _Open()
    made.op = op
    made.args = args
    made.params = params
    made.shape = shape
    made.digest = key
    made.per_sample = per_sample
    made.__class__ = Node  # type: ignore[assignment]  # the layout is the same, and now it is immutable
    node: Node = made  # type: ignore[assignment]  # it is one now
    new = _Ref(node, _forget)
    new.key = key
    # one step, which no other thread can be in the middle of; only what is in the table already needs the lock
    if _table.setdefault(key, new) is not new:
        return _in_table(node, new)
    if len(_table) >= UNTRACKED_NODES:
        if _are_many:
            _leave_out(node, new)
        else:
            _leave_all_out()
    return node


def _in_table(node: Node, new: _Ref) -> Node:
    """The node of that digest in the table, which may have been another thread's; the given one if that is gone."""
    with _lock:
        ref = _table.get(new.key)
        found = None if ref is None else ref()
        if found is None:
            found = node
            _table[new.key] = new
        return found


#: from so many nodes on, the collector of cycles does not look at nodes: most of the time of a large graph would be its own
UNTRACKED_NODES = 20_000
_are_many = False


def _leave_all_out() -> None:
    """Take all nodes out of the collector's sight that are part of no cycle, and from now on each new one."""
    global _are_many
    _are_many = True
    with _lock:
        refs = list(_table.values())
    for ref in refs:
        node = ref()
        if node is not None and is_tracked(node):
            _leave_out(node, ref)


def _leave_out(node: Node, ref: _Ref) -> None:
    """Take a node out of the collector's sight if it is part of no cycle.

    Arguments are older than the node.  So a cycle would go through a row, or through parameters that refer to expressions.
    """
    if not node.op.acyclic:
        return
    args, params = node.args, node.params
    for a in args:
        if is_tracked(a):
            return
    untrack(id(node))
    untrack(id(ref))
    if args:
        untrack(id(args))
    if is_tracked(params):
        untrack(id(params))


#: of the views of parameters, too, which are tuples
_repr = tuple.__repr__


def interned_count() -> int:
    """The number of distinct nodes that are alive."""
    return len(_table)


def forget_operations(ops: set[Primitive], inner: Callable[[Node], Sequence[Node]] = lambda node: ()) -> None:
    """Remove nodes with these operations from the table, since the names of the operations may get new meanings.

    ``inner`` has the nodes inside of a node's parameters.
    """
    with _lock:
        alive = {node for ref in list(_table.values()) if (node := ref()) is not None}
        gone: dict[Node, bool] = {}
        for root in alive:
            pending = [root]
            while pending:
                node = pending[-1]
                parts = (*node.args, *inner(node))
                missing = [a for a in parts if a not in gone]
                if node.op not in ops and missing:
                    pending += missing
                    continue
                gone[pending.pop()] = node.op in ops or any(gone[a] for a in parts)
        for node, is_gone in gone.items():
            if is_gone:
                _table.pop(node.digest, None)


class FrozenArray:
    """A read-only float64 array as a node parameter; equal content is equal."""

    __slots__ = ("_hex", "data")

    def __init__(self, data: np.ndarray) -> None:
        data = np.array(data, dtype=np.float64, order="C")
        data.flags.writeable = False
        self.data = data
        h = blake2b(repr(data.shape).encode(), digest_size=16)
        h.update(data.tobytes())
        self._hex = h.hexdigest()

    def __repr__(self) -> str:
        return f"array:{self._hex}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FrozenArray) and self._hex == other._hex

    def __hash__(self) -> int:
        return hash(self._hex)

    def __reduce__(self) -> tuple[object, ...]:
        # plain bytes: reading a damaged pickle of a NumPy array can change NumPy's own types
        return _frozen, (self.data.astype("<f8").tobytes(), self.data.shape)


def _frozen(data: bytes, shape: Shape) -> FrozenArray:
    """The array of a pickle."""
    return FrozenArray(np.frombuffer(data, "<f8").reshape(shape))
