"""Containers of parameters: nested names over one flat vector, numbers or expressions."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

import exprgraph as eg
from exprgraph import Node

from ..errors import DTypeError, ExprGraphError, ParameterError, ParameterFileError, ShapeError
from ..quantities import described
from .archives import write_npz
from .layout import Layout, Shape, Slot, gathered, packed, refuse_symbols_given_twice
from .protocols import Arithmetic, Named
from .storage import read_parameters
from .text import text_of


class NeuralNetworkParameters(Named, Arithmetic):
    """Parameters of a network: nested names, over one flat vector.

    Made from nested dicts, from keywords, or from another container.  A leaf is an array of real
    numbers, of any shape, or an expression.  Numbers are copied once into one vector, :attr:`flat`,
    in the order of the names.  Every leaf is a view of the vector: writing into a leaf changes
    ``flat``, and the reverse.  If all leaves are float32 they stay float32, else they become float64.

    Access entries as attributes or as keys (``ps.L1.W``, ``ps["L1"]["W"]``).  If a name is also the
    name of a method, use the key.  Iteration, ``len``, ``in``, ``keys``, ``values`` and
    ``items`` are those of a dict.  ``==`` compares names, their order, shapes and values exactly.
    ``+ - * /`` act on each element, with numbers and with containers of the same names and shapes.

    >>> from symnn import NeuralNetworkParameters
    >>> ps = NeuralNetworkParameters(L1=dict(W=[[1.0, 0.0]], b=[0.0]))
    >>> ps.L1.W
    array([[1., 0.]])
    >>> ps.flat
    array([1., 0., 0.])
    >>> ps - 0.5 * ps
    NeuralNetworkParameters(L1=dict(W=[[0.5, 0.0]], b=[0.0]))

    Raises:
        ParameterError: a name is not a string, or is given twice; two entries are the same symbol, for example from
            two networks with the same prefix.
        DTypeError: a leaf is not real.
    """

    __slots__ = ("__weakref__", "_children", "_flat", "_layout", "_lead")

    _children: dict[str, Any] | None
    _flat: Any
    _layout: Layout
    _lead: Shape
    #: the class of containers with leading axes, which says so itself
    _with_axes: ClassVar[type[NeuralNetworkParameters]]

    def __init_subclass__(cls, leading_axes: bool = False, **more: Any) -> None:
        super().__init_subclass__(**more)
        if leading_axes:
            NeuralNetworkParameters._with_axes = cls

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, parameters: Mapping[str, Any] | NeuralNetworkParameters | None = None, /, **layers: Any) -> None:
        tree: dict[str, Any] = {}
        if parameters is not None:
            if not isinstance(parameters, (Mapping, NeuralNetworkParameters)):
                raise DTypeError(
                    "parameters are made from a nested dict, another container or keywords such as "
                    f"L1=dict(W=..., b=...), got {described(parameters)}"
                )
            tree.update(parameters.items())
        for name, value in layers.items():
            if name in tree:
                raise ParameterError(f"parameters: {name} is given twice, in the mapping and as a keyword")
            tree[name] = value
        shapes, leaves = gathered(tree, NeuralNetworkParameters)
        layout = Layout.of_shapes(shapes)
        refuse_symbols_given_twice([slot.name for slot in layout.slots], leaves)
        if any(isinstance(v, Node) for v in leaves):
            nodes = [eg.as_expression(v) for v in leaves]
            self._set(layout, _wrap_children(layout, iter(nodes), ()), None, ())
        else:
            self._set(layout, None, packed(leaves, layout.size), ())

    def _set(self, layout: Layout, children: dict[str, Any] | None, flat: Any, lead: Shape) -> None:
        put = object.__setattr__
        put(self, "_layout", layout)
        put(self, "_children", children)
        put(self, "_flat", flat)
        put(self, "_lead", lead)

    # ------------------------------------------------------------ the flat vector

    @property
    def flat(self) -> Any:
        """All parameters as one vector, or as one expression if the leaves are expressions.

        The leaves are views of it.  Assigning to it writes new numbers into the parameters.
        """
        if self._flat is None:
            parts = [eg.as_expression(np.zeros((*self._lead, 0)))]
            parts += [eg.reshape(self._at(s), (*self._lead, s.size)) for s in self._layout.slots]
            object.__setattr__(self, "_flat", eg.concatenate(parts, axis=len(self._lead)))
        return self._flat

    @flat.setter
    def flat(self, value: Any) -> None:
        self._write((), self._numbers("flat"), value)

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """float64 or float32; ``None`` for expressions."""
        return self._flat.dtype if self.is_numeric else None

    @property
    def is_numeric(self) -> bool:
        """Whether the leaves are numbers (else they are expressions)."""
        return isinstance(self._flat, np.ndarray)

    @property
    def size(self) -> int:
        """The number of all entries: the length of the flat vector."""
        return self._layout.size

    @property
    def layout(self) -> Layout:
        """The names, shapes and positions in the flat vector."""
        return self._layout

    def like(self, vector: Any) -> NeuralNetworkParameters:
        """A container with these names and shapes from a flat vector: the inverse of ``flat``.

        The vector is copied.  Axes before the last one are batch axes; with them the result is a
        :class:`GradientContainer`, indexed by these axes.

        >>> from symnn import NeuralNetworkParameters
        >>> ps = NeuralNetworkParameters(L1=dict(W=[[1.0, 0.0]], b=[0.0]))
        >>> ps.like([1, 2, 3]).L1.W
        array([[1., 2.]])

        Raises:
            ShapeError: the vector has another length.
        """
        if eg.is_symbolic(vector):
            flat: Any = eg.as_expression(vector)
        else:
            flat = np.array(eg.real_array(vector, "a flat vector of parameters"))
        if not flat.shape or flat.shape[-1] != self.size:
            raise ShapeError(
                f"a flat vector of these parameters has {self.size} entries ({self._layout.describe()}), got shape {flat.shape}"
            )
        return from_flat(self._layout, flat)

    # ------------------------------------------------------------ access

    def _entries(self) -> dict[str, Any]:
        if self._children is None:
            children: dict[str, Any] = {}
            offset = 0
            for name, entry in self._layout.entries.items():
                if isinstance(entry, Layout):
                    part = self._flat[..., offset : offset + entry.size]
                    child: Any = container(NeuralNetworkParameters, self._lead)
                    child._set(entry, None, part, self._lead)
                    offset += entry.size
                else:
                    size = Slot((name,), 0, entry).size
                    part = self._flat[..., offset : offset + size]
                    child = eg.reshape(part, (*self._lead, *entry)) if isinstance(part, Node) else part.reshape(self._lead + entry)
                    offset += size
                children[name] = child
            object.__setattr__(self, "_children", children)
            return children
        return self._children

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "flat":
            object.__setattr__(self, name, value)
        elif name in self._layout.entries:
            self[name] = value
        elif hasattr(type(self), name):
            raise AttributeError(f"{name} of {type(self).__name__} cannot be set")
        else:
            self._missing(name)

    def __setitem__(self, name: str, value: Any) -> None:
        if name not in self._layout.entries:
            self._missing(name)
        self._numbers("setting a parameter")
        target = self._entries()[name]
        if isinstance(target, NeuralNetworkParameters):
            given = value if isinstance(value, NeuralNetworkParameters) else NeuralNetworkParameters(value)
            for own, slot in zip(target._layout.slots, target._layout.order(given._layout)):
                self._write((name, *own.path), target._at(own), given._at(slot))
        else:
            self._write((name,), target, value)

    def _write(self, path: tuple[str, ...], target: np.ndarray, value: Any) -> None:
        if value is target:
            return
        name = ".".join(path) or "flat"
        new = eg.real_array(value, name)
        if new.shape != target.shape:
            raise ShapeError(f"{name}: expected shape {target.shape}, got {new.shape}")
        target[...] = new

    def _numbers(self, what: str) -> np.ndarray:
        if not self.is_numeric:
            raise DTypeError(f"{what}: these parameters are expressions, not numbers")
        flat: np.ndarray = self._flat
        return flat

    # ------------------------------------------------------------ copies and conversions

    def copy(self) -> NeuralNetworkParameters:
        """A copy with its own memory."""
        return self._again(self._flat.copy()) if self.is_numeric else self

    def __copy__(self) -> NeuralNetworkParameters:
        return self.copy()

    def __deepcopy__(self, memo: object) -> NeuralNetworkParameters:
        return self.copy()

    def _again(self, flat: Any) -> NeuralNetworkParameters:
        new: NeuralNetworkParameters = object.__new__(type(self))
        new._set(self._layout, None, flat, self._lead)
        return new

    def __reduce__(self) -> tuple[Any, ...]:
        if self.is_numeric:
            return _load, (type(self), self._layout, np.ascontiguousarray(self._flat), self._lead)
        return _load, (type(self), self._layout, [self._at(s) for s in self._layout.slots], self._lead)

    def astype(self, dtype: Any) -> NeuralNetworkParameters:
        """The numbers as float64 or float32."""
        kind = np.dtype(dtype)
        if kind not in (np.dtype(np.float64), np.dtype(np.float32)):
            raise DTypeError(f"parameters are float64 or float32, got {kind}")
        return self._again(self._numbers("astype").astype(kind))

    def map(self, function: Callable[[Any], Any]) -> NeuralNetworkParameters:
        """The container of ``function(leaf)`` for every leaf.

        >>> import numpy as np
        >>> from symnn import NeuralNetworkParameters
        >>> NeuralNetworkParameters(L1=dict(W=[[4.0]], b=[9.0])).map(np.sqrt)
        NeuralNetworkParameters(L1=dict(W=[[2.0]], b=[3.0]))
        """
        return _of_leaves(self._layout, [function(self._at(s)) for s in self._layout.slots], self._lead)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write an .npz file with an array for each leaf, named ``L1/W``, and a digest of all of them.

        The file is written completely or not at all.  An existing file is replaced and keeps its mode.

        Raises:
            FileNameError: the name has the ending of another format, such as ``ps.csv``.
            OSError: there is no such directory, the path is not a regular file, or the disk is full.
        """
        self._numbers("save")
        if self._lead:
            raise ShapeError(f"save: expected the parameters of one network, got a container of shape {self._lead}; index it first")
        write_npz(path, {"/".join(s.path): self._at(s) for s in self._layout.slots})

    @staticmethod
    def load(path: str | os.PathLike[str]) -> NeuralNetworkParameters:
        """Read a file written by :meth:`save`, or an archive of real numbers written by :func:`numpy.savez`.

        Raises:
            FileNotFoundError: there is no such file.
            ParameterFileError: the file is not such a file, or is damaged; the message says why.
        """
        nested = read_parameters(path)
        try:
            return NeuralNetworkParameters(nested)
        except ExprGraphError as e:  # names that no parameter has
            raise ParameterFileError(f"{path}: {e}") from None

    # ------------------------------------------------------------ comparison and arithmetic

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NeuralNetworkParameters):
            return NotImplemented
        if self._layout != other._layout or self._lead != other._lead or self.is_numeric != other.is_numeric:
            return False
        if self.is_numeric:
            return bool(np.array_equal(self._flat, other._flat))
        return all(self._at(s) is other._at(s) for s in self._layout.slots)

    def _combine(self, other: Any, f: Callable[[Any, Any], Any]) -> Any:
        if isinstance(other, NeuralNetworkParameters):
            given = self._layout.order(other._layout)
            for own, slot in zip(self._layout.slots, given):
                if own.shape != slot.shape:
                    raise ShapeError(f"{own.name}: shapes {own.shape} and {slot.shape} of the two containers differ")
            try:
                lead = np.broadcast_shapes(self._lead, other._lead)
            except ValueError:
                raise ShapeError(f"containers of shapes {self._lead} and {other._lead} do not broadcast together") from None
            if self.is_numeric and other.is_numeric and self._layout == other._layout:
                cls = type(self) if type(self) is type(other) else NeuralNetworkParameters
                return from_flat(self._layout, f(self._flat, other._flat), cls)
            leaves = [f(self._at(own), other._at(slot)) for own, slot in zip(self._layout.slots, given)]
            return _of_leaves(self._layout, leaves, lead)
        if isinstance(other, Node):
            if other.shape:
                return NotImplemented
            return self.map(lambda leaf: f(leaf, other))
        if isinstance(other, (int, float, np.number, np.ndarray)) and np.ndim(other) == 0 and np.isrealobj(other):
            number = float(other)  # a plain number, so that float32 stays float32
            return self._again(f(self._flat, number)) if self.is_numeric else self.map(lambda leaf: f(leaf, number))
        return NotImplemented

    def __neg__(self) -> Any:
        return self._again(-self._flat) if self.is_numeric else self.map(operator.neg)

    def __repr__(self) -> str:
        return text_of(self, self._lead)

    def _repr_latex_(self) -> str | None:
        return eg.notebook_latex(self)

    # ------------------------------------------------------------ as a part of nested equations

    def __tree_flatten__(self) -> tuple[Any, ...]:
        return (self.flat,)

    def __tree_named__(self) -> dict[str, Any]:
        return self.leaves()

    def __tree_unflatten__(self, children: Any) -> NeuralNetworkParameters:
        (flat,) = children
        if np.shape(flat)[-1:] != (self._layout.size,):
            raise ShapeError(
                f"parameters are one vector of {self._layout.size} numbers ({self._layout.describe()}), or have axes in front of it; got "
                f"shape {np.shape(flat)}. To map over sets of parameters, give a matrix, and make a container of a row: ps.like(row)"
            )
        return from_flat(self._layout, flat if isinstance(flat, Node) else np.asarray(flat), type(self))


def container(cls: type[NeuralNetworkParameters], lead: Shape) -> NeuralNetworkParameters:
    """An unfilled container; one with leading axes is of the class that was made for these."""
    new: NeuralNetworkParameters = object.__new__(NeuralNetworkParameters._with_axes if lead else cls)
    return new


def from_flat(layout: Layout, flat: Any, cls: type[NeuralNetworkParameters] = NeuralNetworkParameters) -> NeuralNetworkParameters:
    """The container over this vector, without a copy; leading axes make it a GradientContainer."""
    lead = tuple(flat.shape[:-1])
    new = container(cls, lead)
    if isinstance(flat, Node):
        parts = iter([eg.reshape(flat[..., s.offset : s.stop], (*lead, *s.shape)) for s in layout.slots])
        new._set(layout, _wrap_children(layout, parts, lead), None, lead)
    else:
        new._set(layout, None, flat, lead)
    return new


def of_expressions(
    layout: Layout, leaves: list[Node], lead: Shape, cls: type[NeuralNetworkParameters] = NeuralNetworkParameters
) -> NeuralNetworkParameters:
    """The container of expressions of shapes ``lead + slot.shape``, in the order of the slots."""
    new = container(cls, lead)
    new._set(layout, _wrap_children(layout, iter(leaves), lead), None, lead)
    return new


def container_of(parameters: Mapping[str, Any]) -> NeuralNetworkParameters:
    """A container for derivatives or a model's parameters, in which a symbol may occur twice."""
    shapes, leaves = gathered(dict(parameters.items()), NeuralNetworkParameters)
    layout = Layout.of_shapes(shapes)
    made = container(NeuralNetworkParameters, ())
    if any(isinstance(v, Node) for v in leaves):
        made._set(layout, _wrap_children(layout, iter([eg.as_expression(v) for v in leaves]), ()), None, ())
    else:
        made._set(layout, None, packed(leaves, layout.size), ())
    return made


def _wrap_children(layout: Layout, leaves: Iterator[Node], lead: Shape) -> dict[str, Any]:
    children: dict[str, Any] = {}
    for name, entry in layout.entries.items():
        if isinstance(entry, Layout):
            child = container(NeuralNetworkParameters, lead)
            child._set(entry, _wrap_children(entry, leaves, lead), None, lead)
            children[name] = child
        else:
            children[name] = next(leaves)
    return children


def _of_leaves(layout: Layout, leaves: list[Any], lead: Shape) -> NeuralNetworkParameters:
    """A container from new leaves of any shape below ``lead``."""
    if not lead:
        return container_of(layout.nest(iter(leaves)))
    shapes = []
    for slot, leaf in zip(layout.slots, leaves):
        shape = np.shape(leaf)
        if shape[: len(lead)] != lead:
            raise ShapeError(f"{slot.name}: a leaf of this container begins with the axes {lead}, got shape {shape}")
        shapes.append(shape[len(lead) :])
    new = Layout.of_shapes(layout.nest(iter(shapes)))
    if any(isinstance(v, Node) for v in leaves):
        return of_expressions(new, [eg.as_expression(v) for v in leaves], lead)
    parts = [eg.real_array(v, s.name).reshape((*lead, s.size)) for s, v in zip(new.slots, leaves)]
    return from_flat(new, np.concatenate(parts, axis=-1))


def _load(cls: type[NeuralNetworkParameters], layout: Layout, content: Any, lead: Shape) -> NeuralNetworkParameters:
    new: NeuralNetworkParameters = object.__new__(cls)
    if isinstance(content, np.ndarray):
        fits = content.shape == (*lead, layout.size) and content.dtype in (np.float64, np.float32)
    else:
        fits = isinstance(content, list) and [getattr(n, "shape", None) for n in content] == [(*lead, *s.shape) for s in layout.slots]
    if not fits:
        raise ParameterError("this pickle of parameters is damaged: its numbers do not fit its names and shapes")
    if isinstance(content, np.ndarray):
        new._set(layout, None, content, lead)
    else:
        new._set(layout, _wrap_children(layout, iter(content), lead), None, lead)
    return new
