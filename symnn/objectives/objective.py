"""Objectives: a loss with its data, or a sum of several losses, each on its own samples."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

import exprgraph as eg
from exprgraph import Node
from exprgraph.support.names import shown

from ..errors import ArgumentError, ShapeError, UnboundSymbolError
from ..losses import NetworkLoss, as_batch
from ..network.derivatives import by_parameters, expression_of
from ..network.model import Model, networks_of
from ..network.owners import refuse_clashes
from ..network.symbolic import SymbolicNeuralNetwork
from ..parameters.container import NeuralNetworkParameters
from ..points.domain import Domain
from ..points.drawn import Column, Drawing
from ..quantities import described, number


@dataclass(frozen=True, eq=False)
class LossTerm:
    """A term of a loss, with its own samples and weight; a list of terms is a loss.

    Args:
        loss: a :class:`Loss`, or an expression.  An expression with a value for each sample is averaged.
        data: ``(inputs, targets)`` for a :class:`Loss`, a dict from symbols to arrays for an expression.  An array may be
            :class:`~symnn.points.Points`.
        weight: the factor of the term, a finite number.
        name: the name of the term in reports, such as :attr:`Trainer.losses`.

    Raises:
        ArgumentError: the weight is not a finite number.

    >>> import numpy as np
    >>> from symnn import Dense, LossTerm, SymbolicNeuralNetwork
    >>> nn = SymbolicNeuralNetwork(Dense(1, 1, "tanh"))
    >>> boundary = LossTerm(nn.output[0] ** 2, {nn.input: np.array([[-1.0], [1.0]])}, weight=10.0)
    """

    loss: Any
    data: Any
    weight: float = 1.0
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", number("a LossTerm's weight", self.weight))

    def __repr__(self) -> str:
        weight = "" if self.weight == 1.0 else f", weight={self.weight:g}"
        return f"<LossTerm of {self.loss!r}, data {_shapes(self.data)}{weight}>"


class ResidualTerm(LossTerm):
    """A term that should be zero: an expression, its own samples and a weight.

    As a loss it is ``weight`` times the mean over the samples of the sum of its squares.  Least-squares optimizers such as
    :class:`LevenbergMarquardt` differentiate the expression itself.

    Args:
        residual: an expression of any shape, with a value for each sample or one for all.
        data: a dict from symbols to arrays with samples first.
        weight: the factor of the term, at least 0.
        name: the name of the term in reports.

    Raises:
        ArgumentError: the weight is negative or not finite.

    >>> import numpy as np
    >>> from symnn import Dense, ResidualTerm, SymbolicNeuralNetwork
    >>> nn = SymbolicNeuralNetwork(Dense(1, 1, "tanh"))
    >>> boundary = ResidualTerm(nn.output[0], {nn.input: np.array([[-1.0], [1.0]])}, weight=10.0)
    """

    residual: Node

    def __init__(self, residual: Any, data: Any, weight: float = 1.0, name: str = "") -> None:
        e = expression_of(residual)
        object.__setattr__(self, "residual", e)
        super().__init__(eg.sum(e**2), data, number("a ResidualTerm's weight", weight, least=0), name)

    def __repr__(self) -> str:
        return super().__repr__().replace(f"<LossTerm of {self.loss!r}", f"<ResidualTerm {self.residual!r}", 1)


def _shapes(data: Any) -> str:
    """The shapes of data of any kind: a term is checked at use, but may be printed before."""
    if not isinstance(data, (Mapping, tuple, list)):
        return type(data).__name__
    shapes = []
    for name, value in data.items() if isinstance(data, Mapping) else zip(("inputs", "targets"), data):
        try:
            shapes.append(f"{name}: {value.shape if eg.blocks.is_elsewhere(value) else np.asarray(value, float).shape}")
        except (TypeError, ValueError):
            shapes.append(f"{name}: {type(value).__name__}")
    return f"of shapes {{{', '.join(shapes)}}}"


class Part(NamedTuple):
    """A prepared term: a scalar expression over all samples, and the values of its symbols.

    Attributes:
        expression: contains the weight as a symbol, if there is one.
        weight: a symbol with its array, last among the symbols; ``None`` if the loss is not a list of terms.
        residual: if the term is the mean over the samples of a sum of squares, what is squared, without the weight.
        name: for reports.
        columns: the drawn values, by their symbols.
        arrays: in the order of the symbols; those that are not in memory as they were given.
    """

    expression: Node
    symbols: tuple[Node, ...]
    arrays: tuple[Any, ...]
    samples: int
    weight: Node | None = None
    residual: Node | None = None
    name: str = ""
    columns: Mapping[Node, Column] = {}

    @property
    def formula(self) -> Node:
        """What is squared, or else the loss."""
        return self.expression if self.residual is None else self.residual


def parameters_of(nn: Any) -> NeuralNetworkParameters:
    """The symbols to train, of a symbolic network or a container of symbols."""
    ps = nn if isinstance(nn, NeuralNetworkParameters) else getattr(nn, "params", None)
    if isinstance(ps, NeuralNetworkParameters) and not ps.layout.slots:
        raise ArgumentError(f"{described(nn)} without parameters: there is nothing to differentiate by, and nothing to train")
    if not isinstance(ps, NeuralNetworkParameters) or ps.is_numeric:
        hint = "; make one: SymbolicNeuralNetwork(...)" if hasattr(nn, "chain") or hasattr(nn, "parameter_shapes") else ""
        raise ArgumentError(f"expected a SymbolicNeuralNetwork or a container of symbols, got {described(nn)}{hint}")
    for name, leaf in ps.leaves().items():
        if not eg.is_symbol(leaf) or leaf.per_sample:
            raise ArgumentError(f"the parameters must be symbols that all samples share; {name} is {leaf!r}")
    return ps


def names_of(parts: Sequence[Part]) -> list[str]:
    """The names of the terms, numbered where they are equal."""
    names = [p.name for p in parts]
    return [n if names.count(n) == 1 else f"{n} ({k})" for k, n in enumerate(names, 1)]


def network_of(nn: Any) -> Any:
    """What a :class:`Loss` compares with targets: of several parts that are trained together, the only network."""
    return nn.network if isinstance(nn, Model) else nn


def loss_expression(nn: Any, loss: Any) -> tuple[Node, Node | None]:
    """The loss as a scalar over all samples, and for a :class:`Loss` the symbol of the target."""
    if isinstance(loss, type) and issubclass(loss, NetworkLoss):
        raise ArgumentError(f"expected a loss, got the class {loss.__name__}; make one, as in {loss.__name__}()")
    target = None
    loss = loss.expression if isinstance(loss, eg.StandIn) else loss
    if isinstance(loss, NetworkLoss):
        nn = network_of(nn)
        if not isinstance(nn, SymbolicNeuralNetwork):
            raise ArgumentError(f"{type(loss).__name__} compares the output of a network; got {described(nn)} instead of one")
        target = loss.target(nn)
        e = loss.of(nn, target)
    elif isinstance(loss, Node):
        e = loss
    else:
        if isinstance(loss, (list, tuple)):
            k = next((k for k, t in enumerate(loss) if not isinstance(t, LossTerm)), 0)
            came = f"entry {k} is {described(loss[k])}" if loss else "it is empty"
            raise ArgumentError(f"a list of losses has a LossTerm(loss, data, weight) for each; {came}")
        hint = "; of one of your own, call it on nn.output and symbols, or make it a subclass of Loss" if callable(loss) else ""
        raise ArgumentError(f"a loss is a Loss such as MSE(), an expression, or a list of LossTerm, got {described(loss)}{hint}")
    refuse_clashes([e])
    if e.shape:
        raise ShapeError(f"a loss is one number, this expression has shape {e.shape}; sum it: eg.sum(...)")
    if e.per_sample:
        e = eg.over_samples.mean(e)
    return e, target


def parts_of(nn: Any, loss: Any, data: Any, drawing: Drawing | None = None) -> list[Part]:
    """The terms of a loss with their data checked and points drawn, and the weights of a list of terms as data."""
    drawing = Drawing() if drawing is None else drawing
    terms = [loss] if isinstance(loss, LossTerm) else loss
    weighted = isinstance(terms, (list, tuple)) and bool(terms) and all(isinstance(t, LossTerm) for t in terms)
    if not weighted:
        terms = [LossTerm(loss, data)]
    elif data is not None:
        raise ArgumentError("each LossTerm brings its own data; leave data out")
    expressions = [loss_expression(nn, t.loss) for t in terms]
    given = [_columns_of(nn, target, t.data) for t, (_, target) in zip(terms, expressions)]
    bindings = [bindings_of(nn, target, _drawn(t.data, drawing)) for t, (_, target) in zip(terms, expressions)]
    _check_used(nn, expressions, bindings)
    parts = []
    for k, (t, (e, target), bound, columns) in enumerate(zip(terms, expressions, bindings, given), 1):
        part = _part(nn, e, bound)
        columns = {s: column for s, column in columns.items() if s in part.symbols}
        part = part._replace(residual=_residual(nn, t, target), name=t.name or f"term {k}", columns=columns)
        parts.append(_weighted(part, t.weight) if weighted else part)
    return parts


def in_memory(parts: Sequence[Part]) -> list[Part]:
    """The terms with their data read."""
    return [p._replace(arrays=tuple(np.asarray(a) if eg.blocks.is_elsewhere(a) else a for a in p.arrays)) for p in parts]


def _columns_of(nn: Any, target: Node | None, data: Any) -> dict[Node, Column]:
    """The drawn values in the data, by their symbols."""
    pairs: Any = data.items() if isinstance(data, Mapping) else ()
    if target is not None and isinstance(data, (tuple, list)):
        pairs = zip((network_of(nn).input, target), data)
    return {_symbol(s): value for s, value in pairs if isinstance(value, Column)}


def _symbol(key: Any) -> Any:
    """The symbol that a key of the data stands for."""
    return key.expression if isinstance(key, eg.StandIn) else key


def _drawn(data: Any, drawing: Drawing) -> Any:
    """Data with arrays in place of drawn values."""

    def plain(value: Any) -> Any:
        if isinstance(value, Domain):
            raise ArgumentError(f"a domain is no array: Points(domain, n) are drawn from it; got {value!r}")
        # a copy: later points are written over it
        return np.array(drawing.values(value)) if isinstance(value, Column) else value

    if isinstance(data, Mapping):
        return {_symbol(s): plain(value) for s, value in data.items()}
    return tuple(map(plain, data)) if isinstance(data, (tuple, list)) else data


def _weighted(part: Part, weight: float) -> Part:
    """The part times its weight, which is data: it may change without new code."""
    symbol = eg.Symbol(f"weight of {part.name}")
    return part._replace(
        expression=symbol * part.expression, symbols=(*part.symbols, symbol), arrays=(*part.arrays, np.array(weight)), weight=symbol
    )


def _residual(nn: Any, term: LossTerm, target: Node | None) -> Node | None:
    """What the term squares, if it is a mean of sums of squares."""
    if isinstance(term, ResidualTerm):
        return term.residual
    return None if target is None else term.loss.residual_of(network_of(nn), target)


def _check_used(nn: Any, expressions: Sequence[tuple[Node, Node | None]], bindings: Sequence[Mapping[Node, Any]]) -> None:
    """Refuse data of a symbol that no term contains, a misspelt name or a symbol that the loss forgot, and a loss without parameters.

    A term may have data that only another term uses, so that all terms share one dict.  A loss need not contain the
    network's input: the derivative of a linear network does not.  If a term counts its samples and contains no
    symbol with samples, another symbol's data give their number.
    """
    used = set(eg.free_symbols([e for e, _ in expressions]))
    inputs = {n.input for n in networks_of(nn)}
    parameters = set(parameters_of(nn).leaves().values())
    if parameters and not used & parameters:
        names = ", ".join(sorted(shown(s.name) for s in used)) or "none"
        raise ArgumentError(f"the loss contains no parameter that is trained (its symbols: {names}); make it of the network's output")
    for (e, target), given in zip(expressions, bindings):
        if target is not None:
            continue  # a Loss states its symbols itself
        counted = eg.contains(e, eg.over_samples.sum(1)) and not any(s.per_sample for s in eg.free_symbols(e))
        for s in given:
            if s in parameters:
                raise ArgumentError(f"the data have values of {shown(s.name)}, which is a parameter and is trained; leave it out")
            if s not in used and s not in inputs and not (counted and s.per_sample):
                known = ", ".join(sorted(shown(u.name) for u in used - parameters)) or "none"
                raise ArgumentError(
                    f"the data have values of the symbol {s.name!r} of shape {s.shape}, which no term of the loss contains "
                    f"(it has the symbols: {known}); leave it out, or correct the loss"
                )


def frozen_in(nn: Any, e: Node) -> dict[Node, np.ndarray]:
    """The numbers of an expression's symbols that are not trained."""
    if not isinstance(nn, Model) or not nn.frozen:
        return {}
    inside = set(eg.free_symbols(e))
    return {s: value for s, value in nn.frozen.items() if s in inside}


def _part(nn: Any, e: Node, bindings: Mapping[Node, Any]) -> Part:
    bindings = {**frozen_in(nn, e), **bindings}
    symbols, arrays, samples = _checked(bindings)
    known = {*parameters_of(nn).leaves().values(), *symbols}
    for s in eg.free_symbols(e):
        if s not in known:
            raise UnboundSymbolError(
                f"the loss depends on the symbol {s.name!r} of shape {s.shape}, which is neither a parameter nor in the data "
                f"({', '.join(shown(b.name) for b in symbols) or 'none'}){_how_to_bind(nn, s)}"
            )
    if not eg.over_samples.used_in(e):
        # independent of samples, such as a penalty of the parameters: one evaluation for any data
        samples = 1
        kept = [k for k, s in enumerate(symbols) if not s.per_sample]
        symbols, arrays = tuple(symbols[k] for k in kept), tuple(arrays[k] for k in kept)
    return Part(e, symbols, arrays, samples)


def bindings_of(nn: Any, target: Node | None, data: Any) -> dict[Node, Any]:
    """The symbols and values in the data."""
    if target is not None:
        if not isinstance(data, (tuple, list)) or len(data) != 2:
            hint = "; the parameters come before the data" if isinstance(data, NeuralNetworkParameters) else ""
            raise ArgumentError(f"the data of a Loss is (inputs, targets), got {described(data)}{hint}")
        x = network_of(nn).input
        return {x: as_batch(data[0], x.shape, "input"), target: as_batch(data[1], target.shape, "target")}
    if not isinstance(data, Mapping):
        raise ArgumentError(f"the data of an expression is a dict from symbols to arrays, got {described(data)}")
    for s in data:
        if not eg.is_symbol(s):
            raise ArgumentError(f"the data of an expression is a dict from symbols to arrays; {s!r} is not a symbol")
    return dict(data)


def _how_to_bind(nn: Any, s: Node) -> str:
    """What to do about a symbol without a value, for the message."""
    if s.per_sample:
        return ""
    entry = f'"{shown(s.name)}": Unknown("{shown(s.name)}", 1.0)'
    if isinstance(nn, Model):
        return f"; a number to be found is trained beside the networks, with {entry} in their dict"
    return f'; a number to be found is trained beside the network, as in train({{"u": network, {entry}}}, ...)'


def _checked(bindings: Mapping[Node, Any]) -> tuple[tuple[Node, ...], tuple[np.ndarray, ...], int]:
    absent = {s: _absent(s, v) for s, v in bindings.items() if eg.blocks.is_elsewhere(v)}
    absent = {s: v for s, v in absent.items() if not isinstance(v, np.ndarray) or eg.blocks.is_stored(v)}
    values = [eg.blocks.stand_in(absent[s]) if s in absent else v for s, v in bindings.items()]
    bound = eg.bind(values, list(bindings), batches="samples", called=shown, one_type=False)
    empty = next((s for s in bindings if s.per_sample), None) if bound.batch == (0,) else None
    if empty is not None:
        raise ShapeError(f"{shown(empty.name)}: there are no samples")
    return tuple(bindings), tuple(absent.get(s, a) for s, a in zip(bindings, bound.arrays)), math.prod(bound.batch)


def _absent(symbol: Node, value: Any) -> Any:
    """A value that is not in memory, of known length; a small file is read.

    Raises:
        ShapeError: the length of a Dask array is not known.
    """
    if eg.blocks.is_lazy(value):
        if hasattr(value, "to_dask_array"):
            value = value.to_dask_array(lengths=True)
        if any(n != n for n in value.shape):
            raise ShapeError(f"{shown(symbol.name)}: the lengths of the chunks are not known; call its compute_chunk_sizes() first")
        return value
    small = math.prod(value.shape) * np.dtype(value.dtype).itemsize <= eg.blocks.BLOCK or not symbol.per_sample
    return np.asarray(value[()]) if small else value


def flat_gradient(e: Node, ps: NeuralNetworkParameters) -> Node:
    """The derivative of a scalar by all parameters, in the order of the flat vector."""
    flat: Node = by_parameters(e, ps).flat
    return flat


__all__ = [
    "LossTerm", "Part", "ResidualTerm", "bindings_of", "flat_gradient", "frozen_in", "in_memory", "loss_expression", "names_of",
    "network_of", "parameters_of", "parts_of",
]  # fmt: skip
