"""The base of all layers: the methods of a layer, and everything derived from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from pickle import PicklingError
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

import exprgraph as eg
from exprgraph import Node

from ..activations import describe
from ..errors import AxisError, DTypeError, ParameterError, ShapeError, UnknownParameterError
from ..parameters.container import NeuralNetworkParameters
from ..parameters.layout import Layout, Shape, check_name
from ..quantities import described, generator
from .calls import Arguments, call_text, found_arguments
from .leading_axes import over_leading_axes
from .parameter import Parameter, declared


class _InputSize:
    """The number of inputs of a layer, by default that of the wrapped layer.

    An attribute of the instance takes precedence, so a constructor may set it.
    """

    def __get__(self, layer: Layer | None, kind: type | None = None) -> int | None:
        wrapped = None if layer is None else layers_inside(layer).get("")
        return None if wrapped is None else wrapped.input_size


class _InputAxes:
    """The number of axes of an input that a layer is written for: one for a layer of vectors.

    An attribute of the class takes precedence.
    """

    def __get__(self, layer: Layer | None, kind: type | None = None) -> int | None:
        return None if layer is None or layer.input_size is None or takes_several_axes(layer) else 1


class Layer:
    """The base of all layers.  A subclass defines its parameters and its expression.

    * :meth:`own_parameters` returns the shape of each parameter, and its initial value;
    * :meth:`__call__` returns the expression for an input and parameters;
    * :attr:`input_size` is set if the layer fixes the number of inputs, the length of the input's last axis;
    * :attr:`input_axes` is set if an input is not a vector: 2 for tokens, None for arrays of any shape.

    Layers that are attributes are *inner* layers (:meth:`inner_layers`): their parameters belong to this layer, under the name
    of the attribute, with their own initial values.  Sizes, shapes, names and initial values are derived.

    Layers with equal attributes are equal.  A layer prints as the call that makes it, if attributes keep the constructor's
    arguments under their names (:meth:`constructor_arguments`).

    >>> import exprgraph as eg
    >>> from symnn import Chain, Dense, Layer, Parameter, SymbolicNeuralNetwork
    >>> class Gated(Layer):
    ...     def __init__(self, n):
    ...         self.n = n
    ...         self.gate = Dense(n, n, "sigmoid")
    ...     def own_parameters(self):
    ...         return {"gain": Parameter(self.n, initial=1), "shift": self.n}
    ...     def __call__(self, x, ps):
    ...         return ps.gain * x * self.gate(x, ps.gate) + ps.shift
    >>> nn = SymbolicNeuralNetwork(Chain(Dense(2, 3), Gated(3)))
    >>> nn.output.shape, nn.chain[1], list(nn.params.L2)
    ((3,), Gated(n=3), ['gain', 'shift', 'gate'])
    >>> nn.chain.initial_parameters(seed=0).L2.gain
    array([1., 1., 1.])
    """

    #: ``input_size``: the number of inputs; ``None`` if the layer takes any number
    #: ``input_axes``: the number of axes of an input that ``__call__`` is written for; ``None`` if it takes arrays of any shape.  Chains
    #: map a layer over further axes in front.  A layer with a number of inputs takes vectors, unless its class says otherwise
    if TYPE_CHECKING:
        input_size: int | None
        input_axes: int | None
    else:
        input_size = _InputSize()
        input_axes = _InputAxes()

    # ------------------------------------------------------------ for subclasses to define

    def own_parameters(self) -> Mapping[str, Any]:
        """The layer's own parameters by name: a shape, or a :class:`Parameter` with an initial value.

        Mappings nest.  By default there are none.
        """
        return {}

    def inner_layers(self) -> Mapping[str, Layer]:
        """The inner layers, by the names of their parameters.

        By default these are the attributes that are layers; the layers of a list or tuple ``self.blocks`` are named
        ``blocks1``, ``blocks2``, ...  A layer named ``""`` is wrapped: its parameters keep their names, and both take the same
        number of inputs.
        """
        found: dict[str, Layer] = {}
        for name, value in vars(self).items():
            if isinstance(value, Layer):
                found[name] = value
            elif isinstance(value, (list, tuple)) and all(isinstance(v, Layer) for v in value):
                found.update({f"{name}{i}": v for i, v in enumerate(value, 1)})
        return found

    def __call__(self, x: Any, ps: Any) -> Node:
        """The layer's expression for an input and parameters."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(x, ps)")

    def constructor_arguments(self) -> Arguments:
        """The arguments of the constructor that make this layer again: a tuple, and a dict of arguments by name.

        By default these are the attributes with the names of the constructor's arguments.  ``repr`` uses them.
        """
        return found_arguments(self, Layer)

    # ------------------------------------------------------------ derived

    def parameter_shapes(self) -> Mapping[str, Any]:
        """The shape of each parameter by name, also of inner layers; mappings nest.

        >>> from symnn import Chain, Dense, Linear
        >>> Chain(Dense(2, 3), Linear(3, 1)).parameter_shapes()
        {'L1': {'W': (3, 2), 'b': (3,)}, 'L2': {'W': (1, 3)}}
        """
        return self._all_parameters(lambda name, p: p.shape, lambda layer: layer.parameter_shapes())

    def layout(self) -> Layout:
        """Names, shapes and order of the parameters."""
        shapes = self.parameter_shapes()
        if not isinstance(shapes, Mapping):
            raise TypeError(f"{type(self).__name__}: parameter_shapes() gives a dict from names to shapes, got {described(shapes)}")
        return Layout.of_shapes(shapes)

    def output_shape(self, input_shape: Shape | None) -> Shape | None:
        """The shape of the output, found by applying the layer; ``None`` if it is unknown.  Axes in front stay."""
        if input_shape is None:
            return None
        x = eg.Symbol("x", input_shape, per_sample=True)
        return expression_of(self, x, symbolic_parameters(self.layout())).shape

    def initial_parameters(self, seed: int | np.random.Generator | None = None, dtype: Any = np.float64) -> NeuralNetworkParameters:
        """Initial parameters, drawn in order, also of inner layers.

        Layers define initial values.  By default matrices are Glorot-uniform, and vectors and numbers are 0.

        Args:
            seed: an integer, or a NumPy generator, which is advanced; ``None`` for one from the system.
            dtype: float64 or float32.

        Raises:
            ParameterError: a parameter has no rule (``Parameter(shape, initial=None)``).

        >>> from symnn import Dense
        >>> Dense(2, 3).initial_parameters(0).b
        array([0., 0., 0.])
        """
        rng = generator("seed", seed)
        if type(self).parameter_shapes is not Layer.parameter_shapes:
            return self._by_shapes(rng).astype(dtype)
        values = self._all_parameters(lambda name, p: p.begin(rng, name), lambda layer: layer.initial_parameters(rng, dtype))
        return NeuralNetworkParameters(values).astype(dtype)

    def apply_inner(self, name: str, x: Any, ps: Any) -> Node:
        """The expression of the inner layer of this name, for an input and its part of this layer's parameters.

        ``apply_inner("gate", x, ps)`` is ``self.gate(x, ps.gate)``, and also works for layers without parameters.

        Raises:
            ParameterError: there is no such layer.
        """
        inside = layers_inside(self)
        if name not in inside:
            known = ", ".join(map(repr, inside)) or "none"
            raise ParameterError(f"{type(self).__name__} has no layer {name!r} inside; there are: {known}")
        return applied(inside[name], name, x, ps)

    def _all_parameters(self, own: Callable[[str, Parameter], Any], inner: Callable[[Layer], Any]) -> dict[str, Any]:
        """Collect a property of all parameters, own and inner, nested by name.

        All delegation to inner layers is here.  Layers without parameters are left out.
        """
        owner = type(self).__name__
        found = _each(declared(self.own_parameters(), owner), own, owner)
        for name, layer in layers_inside(self).items():
            parts = inner(layer)
            if name:
                parts = {name: parts} if len(parts) else {}
            for key, part in parts.items():
                if key in found:
                    raise ParameterError(
                        f"{owner} has two parameters {key!r}: a second one comes with the layer inside, {layer!r}; "
                        "rename one, or put that layer below a name of its own in inner_layers()"
                    )
                found[key] = part
        return found

    def _by_shapes(self, rng: np.random.Generator) -> NeuralNetworkParameters:
        """Initial values of a layer whose class overrides ``parameter_shapes``."""
        owner = type(self).__name__
        own = declared(self.own_parameters(), owner)
        layout = self.layout()
        begun = []
        for slot in layout.slots:
            p = own.get(slot.name)
            if not isinstance(p, Parameter) or p.shape != slot.shape:
                p = Parameter(slot.shape)
            begun.append(p.begin(rng, f"{owner}: {slot.name}"))
        return NeuralNetworkParameters(layout.nest(iter(begun)))

    def __getstate__(self) -> dict[str, Any]:
        for name, value in vars(self).items():
            if isinstance(value, FunctionType) and ("<lambda>" in value.__qualname__ or "<locals>" in value.__qualname__):
                raise PicklingError(
                    f"the layer {self!r} is not pickled: pickle finds functions by name, and {name!r} is {_local(value)}; define it with "
                    "def at the top level of a module, or save the parameters alone: params.save(path)"
                )
        return dict(vars(self))

    def __copy__(self) -> Any:
        new = object.__new__(type(self))
        vars(new).update(vars(self))
        return new

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        new = memo[id(self)] = object.__new__(type(self))
        vars(new).update(deepcopy(vars(self), memo))
        return new

    def __repr__(self) -> str:
        return call_text(self, Layer)

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        own, others = vars(self), vars(other)
        return own.keys() == others.keys() and all(_same(value, others[name]) for name, value in own.items())

    def __hash__(self) -> int:
        return hash((type(self), frozenset((name, _hash(value)) for name, value in vars(self).items())))


class _Function(Layer):
    """A plain Python function of an expression, as a layer without parameters."""

    def __init__(self, function: Callable[[Node], Any]) -> None:
        self.function = function

    def __call__(self, x: Any, ps: Any = None) -> Node:
        return eg.as_expression(self.function(eg.as_expression(x)))

    def __repr__(self) -> str:
        return describe(self.function)


def layer_kinds() -> dict[str, type[Layer]]:
    """All classes of layers in this process by name, the package's and users', each before its subclasses; no bases, which compute nothing.

    >>> from symnn.layers.layer import layer_kinds
    >>> list(layer_kinds())[:3]
    ['Dense', 'Linear', 'Affine']
    """
    kinds = (kind for kind in _subclasses(Layer) if kind.__call__ is not Layer.__call__)
    return {kind.__name__: kind for kind in kinds if not kind.__name__.startswith("_")}


def _subclasses(kind: type[Layer]) -> Iterator[type[Layer]]:
    for sub in kind.__subclasses__():
        yield sub
        yield from _subclasses(sub)


def as_layer(value: Any, where: str) -> Layer:
    """Check a layer; a function becomes a layer without parameters."""
    if isinstance(value, Layer):
        return value
    if isinstance(value, type):
        raise TypeError(f"{where}: expected a layer, got the class {value.__name__}; make one, as in Dense(2, 1)")
    if not callable(value):
        hint = ""
        if isinstance(value, str):
            known = f"eg.{value}" if value in eg.__all__ else "eg.tanh"
            hint = f"; an activation by itself is a function, {known}, and by name belongs to a layer, Dense(2, 1, {value!r})"
        elif isinstance(value, (list, tuple)):
            hint = "; give layers one by one: Chain(*layers)"
        raise TypeError(f"{where}: expected a layer, a chain or a function of an expression, got {described(value)}{hint}")
    return _Function(value)


def layers_inside(layer: Layer) -> dict[str, Layer]:
    """The inner layers of a layer, by name, checked."""
    owner = type(layer).__name__
    given = layer.inner_layers()
    if not isinstance(given, Mapping):
        raise TypeError(f"{owner}: inner_layers() gives a dict from names to layers, got {described(given)}")
    found: dict[str, Layer] = {}
    for name, value in given.items():
        if name != "":
            try:
                check_name(name)
            except ParameterError as error:
                raise ParameterError(f"{owner}, inner_layers(): {error}") from None
        if value is layer:
            raise ParameterError(f"{owner}: the layer inside named {name!r} is this layer itself")
        found[name] = as_layer(value, f"{owner}: the layer inside named {name!r}")
    return found


def applied(layer: Layer, name: str, x: Any, ps: Any) -> Node:
    """The expression of an inner layer, for the parameters ``ps`` of the outer one."""
    return expression_of(layer, x, part_of(layer, name, ps))


def part_of(layer: Layer, name: str, ps: Any) -> Any:
    """The parameters of an inner layer, among those of the outer one; layers without parameters are left out there."""
    if not name:
        return ps
    return ps[name] if name in ps or layer.layout().slots else _NOTHING


_NOTHING = NeuralNetworkParameters()


def takes_several_axes(layer: Layer) -> bool:
    """Whether a layer, or one inside of it at any depth, says that its inputs have several axes."""
    pending = [layer]
    while pending:
        inner = pending.pop()
        said = vars(inner).get("input_axes", type(inner).input_axes)
        if said is not None and said > 1:
            return True
        pending += layers_inside(inner).values()
    return False


def depends_on_tokens(layer: Layer) -> bool:
    """Whether a plain function, or one inside of the layer, may make a size from the number of tokens, as a reshape does."""
    pending = [layer]
    while pending:
        inner = pending.pop()
        pending += layers_inside(inner).values()
        if inner.input_size is None and inner.input_axes is None and not layers_inside(inner):
            inner.layout()  # whose own errors are no question of shapes
            try:
                few, more = inner.output_shape((4, 4)), inner.output_shape((5, 4))
            except (ShapeError, AxisError):  # it may need so and so many tokens
                return True
            if few is not None and more is not None and few[-1:] != more[-1:]:
                return True
    return False


def needs_several_axes(layer: Layer) -> bool:
    """Whether a vector may be no input of a layer."""
    return takes_several_axes(layer) or depends_on_tokens(layer)


def fitting_shapes(layer: Layer) -> tuple[Shape | None, Shape | None]:
    """A shape that an input can have, and the output's: of a vector or, where vectors do not fit, of an array.  None if it is unknown.

    Tokens, or plain functions such as a mean over tokens, need an array.

    Raises:
        ShapeError, AxisError: no input fits.
    """
    n = layer.input_size
    if n is None:
        return None, layer.output_shape(None)
    first: Exception | None = None
    for lead in [(), (4,), (4, 4)][(layer.input_axes or 1) - 1 :]:
        shape = (*lead, n)
        try:
            return shape, layer.output_shape(shape)
        except (ShapeError, AxisError) as error:
            first = first or error
    if first is not None and not needs_several_axes(layer):  # which may need so and so many tokens
        raise first
    return None, None


def expression_of(layer: Layer, x: Any, ps: Any) -> Node:
    """Call a layer with an input and its parameters, mapped over axes in front of its inputs; errors name the layer."""
    axes = layer.input_axes
    if axes is not None and isinstance(x, (Node, np.ndarray)) and x.ndim > axes:
        return over_leading_axes(lambda v: expression_of(layer, v, ps), eg.as_expression(x), axes)
    try:
        given = layer(x, ps)
    except UnknownParameterError as error:
        error.name_layer(layer)
        raise
    try:
        return eg.as_expression(given)
    except (DTypeError, ShapeError) as error:
        raise type(error)(f"the layer {layer!r} gave no expression: {error}") from None


def symbolic_parameters(layout: Layout, prefix: str = "W") -> NeuralNetworkParameters:
    """A symbol for each parameter, numbered from 1 over the whole layout."""
    names = (eg.Symbol(f"{prefix}_{i}", s.shape) for i, s in enumerate(layout.slots, 1))
    return NeuralNetworkParameters(layout.nest(names))


def _each(parameters: Mapping[str, Any], own: Callable[[str, Parameter], Any], owner: str, where: tuple[str, ...] = ()) -> dict[str, Any]:
    found = {}
    for name, p in parameters.items():
        path = (*where, name)
        found[name] = own(f"{owner}: {'.'.join(path)}", p) if isinstance(p, Parameter) else _each(p, own, owner, path)
    return found


def _local(function: FunctionType) -> str:
    """A function that pickle does not find, in words."""
    return "a lambda" if function.__name__ == "<lambda>" else f"the function {function.__name__} defined inside another one"


def _same(a: Any, b: Any) -> bool:
    """Whether two attributes are equal; arrays are equal if all their numbers are."""
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and a.dtype == b.dtype and bool(np.array_equal(a, b))
    return a is b or bool(a == b)


def _hash(value: Any) -> int:
    try:
        return hash(value)
    except TypeError:  # an array and a list: compared by ==
        return 0


__all__ = [
    "Layer", "applied", "as_layer", "depends_on_tokens", "expression_of", "fitting_shapes", "layer_kinds", "layers_inside",
    "needs_several_axes", "part_of", "symbolic_parameters", "takes_several_axes",
]  # fmt: skip
