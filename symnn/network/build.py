"""``build_nn_function``: a function of numbers from equations of a network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph import Node
from exprgraph.support.integers import whole
from exprgraph.support.names import shown

from ..errors import ArgumentError, DTypeError, UnboundSymbolError
from ..parameters.container import NeuralNetworkParameters
from ..quantities import described
from .binding import bind, bind_parameters
from .model import Model
from .owners import refuse_clashes
from .symbolic import SymbolicNeuralNetwork

REDUCTIONS = (None, "sum", "mean")


def build_nn_function(
    equations: Any,
    params: NeuralNetworkParameters | SymbolicNeuralNetwork | Model,
    *symbols: Node,
    shared: Node | str | Iterable[Node | str] = (),
    reduce: str | None = None,
    backend: str = "native",
    check_shapes: bool = True,
    threads: int | None = 1,
) -> BuiltFunction:
    """A function of numbers that evaluates equations of a symbolic network.

    Called as ``build_nn_function(equations, params(nn), nn.input, *further)``, or
    ``build_nn_function(equations, nn, *further)``; the result is called as ``f(x, *values, ps)``.

    Args:
        equations: an expression, or any nesting of dicts, tuples, lists, containers and derivatives;
            the function's result has the same nesting, with arrays.
        params: the parameters, or the network itself, which also gives the input.  Of several networks and unknowns, a
            :class:`Model`, or one container, ``NeuralNetworkParameters(u=params(a), v=params(b))``.
        symbols: the input and further symbols (targets, system parameters); each sample has its own
            value of them.  They need not occur in the equations.
        shared: the symbols, or their names, that have one value for all samples.
        reduce: ``"sum"`` or ``"mean"`` over the samples; ``None`` for a value per sample.
        backend: ``"native"`` makes machine code at the first call or soon after, ``"numba"`` has Numba compile the printed Python,
            ``"numpy"`` evaluates without compiling, ``"auto"`` never waits: NumPy or an interpreter answers until there is machine code.
        threads: the number of threads that share a batch, ``None`` for one on each processor that this process may use.  Equal calls
            with equal threads give equal bits.
        check_shapes: ``False`` accepts parameters larger than declared; their leading block is read.

    Returns:
        A function of the input, the further values and, last, the parameters: a container, a nested
        dict, or one flat vector of all of them.  ``x`` of shape ``(d,)`` gives ``equation.shape``,
        ``(N, d)`` gives ``(N,) + equation.shape``; any leading shape works.  float32 if all values
        are float32, else float64.  A sum or a mean over the samples has no batch axes; with ``reduce``, no
        result has them.

    Raises:
        UnboundSymbolError: the equations contain a symbol that is not given.
        ArgumentError: an argument is not a symbol, or is given twice, or an option is unknown.
        ParameterError: the equations have symbols of several networks under one name.

    >>> from symnn import Dense, Jacobian, Gradient, SymbolicNeuralNetwork, build_nn_function, derivative, params
    >>> nn = SymbolicNeuralNetwork(Dense(2, 1, "tanh"))
    >>> g = derivative(Gradient(Jacobian(nn), nn))
    >>> f = build_nn_function(g, params(nn), nn.input, backend="numpy")
    >>> f([1.0, 0.0], {"L1": {"W": [[1.0, 0.0]], "b": [0.0]}})[0, 0].L1.b
    array([-0.63970001])
    """
    if isinstance(params, SymbolicNeuralNetwork):
        further = symbols[1:] if symbols and symbols[0] is params.input else symbols
        symbols, params = (params.input, *further), params.params
    if isinstance(params, Model):
        params = params.params
    if not isinstance(params, NeuralNetworkParameters):
        hint = "; make one: SymbolicNeuralNetwork(...)" if hasattr(params, "chain") or hasattr(params, "parameter_shapes") else ""
        raise ArgumentError(
            "build_nn_function(equations, params(nn), nn.input): expected the parameters or a SymbolicNeuralNetwork, "
            f"got {described(params)}{hint}"
        )
    names = tuple(shared) if isinstance(shared, (tuple, list, set, frozenset)) else (shared,)
    return BuiltFunction(equations, params, tuple(symbols), names, reduce, backend, bool(check_shapes), threads)


class BuiltFunction(eg.CompiledFunction):
    """The function that :func:`build_nn_function` returns; call it as ``f(x, *values, ps)``.

    It can be pickled, and sent to other processes.  Other programs call it with the same arguments in the same order: the input, the
    further values and, last, the parameters as one flat vector, ``ps.flat``.  That holds for :meth:`save`, :attr:`kernel`,
    :attr:`address`, :attr:`ctypes` and :attr:`c_source`; there a container among the results is one array, its ``flat``.

    Attributes:
        outputs: the computed expressions in the order of the nesting; a container is one expression, its ``flat``.
        arguments: the names of the arguments, ``"parameters"`` last.

    Raises, when it is called:
        ArgumentError: the number of arguments is wrong.
        ShapeError: a value has the wrong shape, or batches do not fit.
        ParameterError: a parameter is missing or unknown.
        DTypeError: a value is not real.

    >>> from symnn import Dense, Jacobian, SymbolicNeuralNetwork, build_nn_function, derivative
    >>> nn = SymbolicNeuralNetwork(Dense(2, 1, "identity"))
    >>> f = build_nn_function({"u": nn.output, "slope": derivative(Jacobian(nn))}, nn, backend="numpy")
    >>> f
    <function of (sinput, parameters) with outputs of shape (1,), (1, 2)>
    >>> f([[1.0, 2.0]] * 5, [3.0, 4.0, 0.5])["u"].shape
    (5, 1)
    """

    def __init__(
        self,
        equations: Any,
        params: NeuralNetworkParameters,
        symbols: tuple[Node, ...],
        shared: tuple[Node | str, ...],
        reduce: str | None,
        backend: str,
        check_shapes: bool,
        threads: int | None = 1,
    ) -> None:
        _check_choice("reduce", reduce, REDUCTIONS)
        _check_choice("backend", backend, tuple(eg.backends()))
        if (whole(eg.processors() if threads is None else threads) or 0) < 1:
            raise ArgumentError(f"threads must be a positive whole number, got {threads!r}")
        _check_symbols(params, symbols)
        self._layout = params.layout
        self._check_shapes = check_shapes
        given, declared = _declare(symbols, _shared_symbols(symbols, shared))
        nodes, restore = _equations(equations)
        refuse_clashes(nodes, (*symbols, *params.leaves().values()))
        _check_declared(nodes, given)
        nodes = eg.substitute(nodes, given)
        _check_bound(nodes, params, declared)
        if reduce is not None:
            over = eg.over_samples.sum if reduce == "sum" else eg.over_samples.mean
            nodes = [over(n) for n in nodes]
        parameters = eg.packed("parameters", params.leaves().values())
        together = [s for s in declared if not s.per_sample]
        super().__init__(nodes, (*declared, parameters), (*together, parameters), backend, threads)
        self._recipe = (equations, params, symbols, shared, reduce, backend, check_shapes, threads)
        self._reduced = reduce is not None
        self._restore, self._bare = restore, isinstance(equations, Node)

    @cached_property
    def _repeated(self) -> tuple[bool, ...]:
        """Outputs that do not depend on the sample, and are not sums over samples, are repeated for each sample."""
        if self._reduced:
            return (False,) * len(self.outputs)
        used = eg.over_samples.used_in(list(self.outputs))
        return tuple(not n.per_sample and not summed for n, summed in zip(self.outputs, used))

    def _plain(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """The values with the parameters as their flat vector, if they are a container like this function's."""
        ps = values[-1] if values else None
        if isinstance(ps, NeuralNetworkParameters) and ps.is_numeric and ps.layout == self._layout:
            return (*values[:-1], ps.flat)
        return values

    def _frozen(self, params: Any) -> dict[int, np.ndarray]:
        """The parameters as the numbers of the last argument."""
        return {len(self.arguments) - 1: bind_parameters(self._layout, params, self._check_shapes)}

    def _bind(self, values: tuple[Any, ...]) -> eg.Bound:
        """The values as arrays, the parameters as one; a sample's value without batch axes holds for every sample.

        Raises:
            ArgumentError: the number of arguments is wrong, or parameters take the place of an input.
            ParameterError: a parameter is missing or unknown.
        """
        if len(values) != len(self.arguments):
            raise ArgumentError(f"f({', '.join(map(shown, self.arguments))}) takes {len(self.arguments)} arguments, got {len(values)}")
        return bind(self.core.arguments, self._layout, values, self._check_shapes)

    def __repr__(self) -> str:
        shapes = ", ".join(str(n.shape) for n in self.outputs[:6]) + (", ..." if len(self.outputs) > 6 else "")
        return f"<function of ({', '.join(map(shown, self.arguments))}) with outputs of shape {shapes}>"


def _check_choice(name: str, value: object, choices: Sequence[object]) -> None:
    if value not in choices:
        raise ArgumentError(f"{name} is one of {', '.join(map(repr, choices))}, got {value!r}")


def _equations(equations: Any) -> tuple[list[Node], Any]:
    leaves, restore = eg.tree.flatten(equations)
    if not leaves:
        raise ArgumentError(f"there are no equations in {equations!r}")
    nodes = []
    for i, leaf in enumerate(leaves):
        try:
            nodes.append(eg.as_expression(leaf))
        except DTypeError:
            raise DTypeError(f"equation {i} is neither an expression nor a real number, but {described(leaf)}") from None
    return nodes, restore


def _check_symbols(params: NeuralNetworkParameters, symbols: tuple[Node, ...]) -> None:
    own: dict[Node, str] = {}
    for name, leaf in params.leaves().items():
        if not eg.is_symbol(leaf) or leaf.per_sample:
            what = described(leaf)
            raise ArgumentError(f"the parameters must be symbols shared by all samples, as params(nn) gives them; {name} is {what}")
        if leaf in own:
            raise ArgumentError(f"the parameters {own[leaf]} and {name} are the same symbol, {leaf!r}")
        own[leaf] = name
    seen: set[str] = set()
    for s in symbols:
        if not eg.is_symbol(s):
            raise ArgumentError(f"after the parameters come symbols (the input, then further ones), got {described(s)}")
        if s in own:
            raise ArgumentError(f"the symbol {s.name!r} is the parameter {own[s]}; it need not be given again")
        if s.name in seen:
            refuse_clashes((), symbols)
            raise ArgumentError(f"two of the symbols given are named {s.name!r}; names must differ")
        seen.add(s.name)


def _shared_symbols(symbols: tuple[Node, ...], shared: tuple[Node | str, ...]) -> set[Node]:
    by_name = {s.name: s for s in symbols}
    found = set()
    for item in shared:
        symbol = by_name.get(item) if isinstance(item, str) else item
        if symbol is None or symbol not in symbols:
            raise ArgumentError(
                f"shared names {item!r}, which is not among the symbols given: {', '.join(by_name) or 'none'}; "
                "give it after the input as well"
            )
        if symbol.per_sample:
            raise ArgumentError(f"the symbol {symbol.name!r} was made with per_sample=True and cannot be shared; make it without")
        found.add(symbol)
    return found


def _declare(symbols: tuple[Node, ...], shared: set[Node]) -> tuple[dict[Node, Node], list[Node]]:
    """The symbols as arguments of the function, and their replacements in the equations."""
    declared = [s if s in shared else eg.Symbol(s.name, s.shape, per_sample=True) for s in symbols]
    return {a: b for a, b in zip(symbols, declared) if a is not b}, declared


def _check_declared(nodes: Sequence[Node], given: dict[Node, Node]) -> None:
    """Refuse symbols that a sum over samples was already simplified as shared, but that differ by sample here."""
    if not given:
        return
    for node in nodes:
        if eg.over_samples.used_in(node):
            late = [s.name for s in eg.free_symbols(node) if s in given]
            if late:
                name = late[0]
                raise ArgumentError(
                    f"the equations contain a sum or mean over the samples, and the symbol {name!r}, which was not declared per sample; "
                    f"make it with Symbol({name!r}, ..., per_sample=True) before it is used, or name it in shared=({name!r},) "
                    "if all samples share one value"
                )


def _check_bound(nodes: Sequence[Node], params: NeuralNetworkParameters, declared: Sequence[Node]) -> None:
    bound = {*params.leaves().values(), *declared}
    for s in eg.free_symbols(nodes):
        if s in bound:
            continue
        like = next((b for b in bound if b.name == s.name), None)
        if like is not None:
            kinds = ["per sample" if n.per_sample else "shared" for n in (s, like)]
            raise UnboundSymbolError(
                f"the equations contain the symbol {s.name!r} of shape {s.shape} ({kinds[0]}), "
                f"the one given is of shape {like.shape} ({kinds[1]})"
            )
        raise UnboundSymbolError(
            f"the equations contain the symbol {s.name!r} of shape {s.shape}, which is neither a parameter nor among the symbols given "
            f"({', '.join(shown(d.name) for d in declared) or 'none'}); "
            f"give it after the input: build_nn_function(equations, nn, {shown(s.name)})"
        )
