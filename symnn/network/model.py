"""Several networks and unknown numbers, which are trained together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph import Node

from ..errors import ArgumentError, ParameterError
from ..parameters.container import NeuralNetworkParameters
from ..quantities import described, generator
from .binding import bind_parameters
from .symbolic import SymbolicNeuralNetwork
from .unknown import Unknown


class Frozen:
    """A network, an unknown or a container of symbols with numbers that a training leaves as they are.

    Args:
        part: a symbolic network, an :class:`Unknown`, or a container of symbols, such as ``nn.params.L1``.
        params: its numbers: a container, a nested dict or a flat vector; for an :class:`Unknown` by default its first value.

    Raises:
        ArgumentError: the part is something else, or its numbers are missing.
        ShapeError, ParameterError: the numbers do not fit.

    >>> from symnn import Chain, Dense, Frozen, SymbolicNeuralNetwork
    >>> nn = SymbolicNeuralNetwork(Chain(Dense(1, 2), Dense(2, 1)))
    >>> first = nn.chain.initial_parameters(seed=0)
    >>> parts = {"first": Frozen(nn.params.L1, first.L1), "second": nn.params.L2}
    """

    def __init__(self, part: Any, params: Any = None) -> None:
        self.part = part
        symbols = _symbols_of("a frozen part", part)
        if params is None:
            if not isinstance(part, Unknown):
                raise ArgumentError(f"Frozen({described(part)}, params): give the numbers that it keeps")
            params = part.initial
        if isinstance(symbols, Node):
            self.values = {symbols: np.broadcast_to(eg.real_array(params, f"the value of {symbols.name!r}"), symbols.shape)}
        else:
            numbers = symbols.like(bind_parameters(symbols.layout, params, check_shapes=True)).leaves()
            self.values = {s: numbers[name] for name, s in symbols.leaves().items()}

    def __repr__(self) -> str:
        return f"Frozen({self.part!r}, ...)"


class Model:
    """Several networks, unknowns and containers of symbols by name, which are trained together.

    ``train`` and ``Trainer`` make one of a dict.

    Args:
        parts: by name, symbolic networks, :class:`Unknown`, containers of symbols, :class:`Frozen` parts, or dicts of these.

    Attributes:
        params: the symbols that are trained: ``params.u`` has those of the network ``"u"``.
        frozen: the numbers of symbols that are not trained, by symbol.

    Raises:
        ArgumentError: a part is something else.
        ParameterError: two parts have a symbol in common: networks need different prefixes.

    >>> from symnn import Dense, Model, SymbolicNeuralNetwork, Unknown
    >>> u, p = (SymbolicNeuralNetwork(Dense(2, 1), prefix=name, input_name="x") for name in "up")
    >>> model = Model({"u": u, "p": p, "nu": Unknown("nu", 0.01)})
    >>> model.params.nu, model.params.p.L1.W, model.initial_parameters(seed=0).nu
    (nu, p_1, array(0.01))
    """

    params: NeuralNetworkParameters

    def __init__(self, parts: Mapping[str, Any]) -> None:
        if not isinstance(parts, Mapping):
            raise ArgumentError(f"a Model has its parts in a dict by name, got {described(parts)}")
        self.parts = dict(parts)
        symbols: dict[str, Any] = {}
        self.frozen: dict[Node, np.ndarray] = {}
        for name, part in self.parts.items():
            if isinstance(part, Mapping):
                part = self.parts[name] = Model(part)
            if isinstance(part, Model):
                symbols[name] = part.params
                self.frozen.update(part.frozen)
            elif isinstance(part, Frozen):
                self.frozen.update(part.values)
            else:
                symbols[name] = _symbols_of(repr(name), part)
        self.params = NeuralNetworkParameters(symbols)
        both = [s.name for s in self.params.leaves().values() if s in self.frozen]
        if both:
            raise ParameterError(f"{both[0]} is both trained and frozen: give each network a prefix of its own, or freeze it whole")

    @cached_property
    def network(self) -> SymbolicNeuralNetwork:
        """The only network, for losses that compare outputs and targets.

        Raises:
            ArgumentError: there is none, or there are several.
        """
        networks = networks_of(self)
        if len(networks) != 1:
            names = ", ".join(map(repr, self.parts))
            raise ArgumentError(
                f"a loss such as MSE() is of one network, and there are {len(networks)} among {names}: "
                "make terms of expressions, as in ResidualTerm(u.output - target, {u.input: x, target: y})"
            )
        return networks[0]

    def initial_parameters(self, seed: int | np.random.Generator | None = None, given: Any = None) -> Any:
        """First parameters of all parts: drawn for networks, the first values of unknowns.

        Args:
            seed: a seed or a generator.
            given: parameters of some parts, by name, which are taken instead.

        Raises:
            ArgumentError: a container of symbols has no first parameters, or ``given`` is no dict.
            ParameterError: there is no part of a given name.
        """
        rng = generator("seed", seed)
        if given is not None and not isinstance(given, (Mapping, NeuralNetworkParameters)):
            raise ArgumentError(f"given is a dict from names of parts to their parameters, got {described(given)}")
        given = {} if given is None else dict(given.items())
        unknown = [n for n in given if n not in self.parts]
        if unknown:
            raise ParameterError(f"params: there is no part {unknown[0]!r}; there are: {', '.join(self.parts)}")
        values: dict[str, Any] = {}
        for name, part in self.parts.items():
            if isinstance(part, Frozen):
                continue
            if isinstance(part, Model):
                values[name] = part.initial_parameters(rng, given.get(name))
            elif name in given:
                values[name] = getattr(given[name], "params", given[name])
            elif isinstance(part, Unknown):
                values[name] = part.initial
            elif isinstance(part, SymbolicNeuralNetwork):
                values[name] = part.chain.initial_parameters(rng)
            else:
                raise ArgumentError(f"{name!r} is a container of symbols without first parameters of its own: params={{{name!r}: ...}}")
        made = NeuralNetworkParameters(values)
        numbers = [v.flat if isinstance(v, NeuralNetworkParameters) else v for v in given.values()]
        single = bool(numbers) and all(getattr(v, "dtype", None) == np.float32 for v in numbers)
        return made.astype(np.float32) if single else made

    def __repr__(self) -> str:
        return f"Model({self.parts!r})"


def networks_of(nn: Any) -> list[SymbolicNeuralNetwork]:
    """All symbolic networks of what is trained, also frozen ones."""
    if isinstance(nn, Model):
        return [n for part in nn.parts.values() for n in networks_of(part)]
    part = nn.part if isinstance(nn, Frozen) else nn
    return [part] if isinstance(part, SymbolicNeuralNetwork) else []


def _symbols_of(name: str, part: Any) -> Any:
    """The symbol or the container of symbols of a part."""
    if isinstance(part, Unknown):
        return part.expression
    if isinstance(part, SymbolicNeuralNetwork):
        return part.params
    if isinstance(part, NeuralNetworkParameters) and not part.is_numeric:
        return part
    hint = ""
    if hasattr(part, "chain") or hasattr(part, "parameter_shapes"):
        hint = '; make one, and use its output in the loss: SymbolicNeuralNetwork(..., prefix="u")'
    elif isinstance(part, (int, float, np.ndarray)):
        hint = f"; of a first value make an unknown: Unknown({name if name.startswith(chr(39)) else repr(name)}, {part!r})"
    elif eg.is_symbol(part):
        hint = f"; of a symbol make an unknown with a first value: Unknown({part.name!r}, 1.0)"
    raise ArgumentError(
        f"{name}: expected a SymbolicNeuralNetwork, an Unknown, a container of symbols or Frozen(...), got {described(part)}{hint}"
    )


__all__ = ["Frozen", "Model", "networks_of"]
