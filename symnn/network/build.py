"""``build_nn_function``: a function of numbers from equations of a network."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

import exprgraph as eg
from exprgraph import Node
from exprgraph.support.integers import whole
from exprgraph.support.names import shown

from ..errors import ArgumentError, DTypeError, UnboundSymbolError
from ..parameters.container import NeuralNetworkParameters
from ..quantities import described
from .binding import bind, common_dtype
from .compiling import at_once, c_function, compile_core, given_arrays, of_parameters, of_symbol, save_function, workspace_size, write
from .symbolic import SymbolicNeuralNetwork

if TYPE_CHECKING:
    from exprgraph.lowering.call.form import Form

REDUCTIONS = (None, "sum", "mean")


def build_nn_function(
    equations: Any,
    params: NeuralNetworkParameters | SymbolicNeuralNetwork,
    *symbols: Node,
    shared: Node | str | Iterable[Node | str] = (),
    reduce: str | None = None,
    backend: str = "native",
    check_shapes: bool = True,
    threads: int = 1,
) -> BuiltFunction:
    """A function of numbers that evaluates equations of a symbolic network.

    Called as ``build_nn_function(equations, params(nn), nn.input, *further)``, or
    ``build_nn_function(equations, nn, *further)``; the result is called as ``f(x, *values, ps)``.

    Args:
        equations: an expression, or any nesting of dicts, tuples, lists, containers and derivatives;
            the function's result has the same nesting, with arrays.
        params: the parameters, or the network itself, which also gives the input.  Combine the parameters of
            several networks in one container, ``NeuralNetworkParameters(u=params(a), v=params(b))``.
        symbols: the input and further symbols (targets, system parameters); each sample has its own
            value of them.  They need not occur in the equations.
        shared: the symbols, or their names, that have one value for all samples.
        reduce: ``"sum"`` or ``"mean"`` over the samples; ``None`` for a value per sample.
        backend: ``"native"`` makes machine code at the first call, ``"numba"`` has Numba compile the printed Python, ``"numpy"``
            evaluates without compiling, ``"auto"`` answers with NumPy while it makes machine code in the background.
        threads: the number of threads that share a batch.  Equal calls with equal threads give equal bits.
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
    if not isinstance(params, NeuralNetworkParameters):
        hint = "; make one: SymbolicNeuralNetwork(...)" if hasattr(params, "chain") or hasattr(params, "parameter_shapes") else ""
        raise ArgumentError(
            "build_nn_function(equations, params(nn), nn.input): expected the parameters or a SymbolicNeuralNetwork, "
            f"got {described(params)}{hint}"
        )
    names = tuple(shared) if isinstance(shared, (tuple, list, set, frozenset)) else (shared,)
    return BuiltFunction(equations, params, tuple(symbols), names, reduce, backend, bool(check_shapes), threads)


class BuiltFunction:
    """The function that :func:`build_nn_function` returns; call it as ``f(x, *values, ps)``.

    It can be pickled, and sent to other processes.

    Attributes:
        outputs: the computed expressions in the order of the nesting; a container is one expression, its ``flat``.
        arguments: the names of the arguments, ``"parameters"`` last.

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
        threads: int = 1,
    ) -> None:
        _check_choice("reduce", reduce, REDUCTIONS)
        _check_choice("backend", backend, tuple(eg.backends()))
        if (whole(threads) or 0) < 1:
            raise ArgumentError(f"threads is a positive whole number, got {threads!r}")
        _check_symbols(params, symbols)
        self._recipe = (equations, params, symbols, shared, reduce, backend, check_shapes, threads)
        self._layout = params.layout
        self._check_shapes = check_shapes
        given, declared = _declare(symbols, _shared_symbols(symbols, shared))
        nodes, self._restore = _equations(equations)
        _check_declared(nodes, given)
        nodes = eg.substitute(nodes, given)
        _check_bound(nodes, params, declared)
        if reduce is not None:
            over = eg.over_samples.sum if reduce == "sum" else eg.over_samples.mean
            nodes = [over(n) for n in nodes]
        self.outputs: tuple[Node, ...] = tuple(nodes)
        # what depends on no sample, and is no sum over them, is the same for each sample
        self._repeat = (False,) * len(nodes) if reduce is not None else _constant_over_samples(nodes)
        self._variables = tuple(of_symbol(s) for s in declared)
        self.arguments: tuple[str, ...] = (*(v.name for v in self._variables), "parameters")
        self._compiled = compile_core(nodes, (*self._variables, of_parameters(params)), backend, threads)

    def __call__(self, *values: Any, out: Any = None) -> Any:
        """The equations' values; with ``out``, written into those arrays, which are nested as the results are.

        Raises:
            ArgumentError: the number of arguments is wrong.
            ShapeError: a value has the wrong shape, or batches do not fit.
            ParameterError: a parameter is missing or unknown.
            DTypeError: a value is not real.
        """
        form = self._form
        if out is not None:
            given = given_arrays(out, len(self.outputs))
            if form is None or not at_once(form.quick_into, self._flat(values), given):
                write(self._results(values, given), given)
            return out
        if form is not None and (quick := form.quick) is not None:
            answer = quick(*values)
            if answer is None:
                flat = self._flat(values)
                answer = quick(*flat) if flat is not values else None
            if answer is not None:
                return self._restore((answer,) if len(self.outputs) == 1 else answer)
        return self._restore([r if r.ndim else r[()] for r in self._results(values)])

    #: the form used last, whose ``quick`` may answer; ``None`` where its results are repeated over the samples
    _form: Form | None = None

    def _flat(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """The values with the parameters as their flat vector, if they are a container like this function's."""
        ps = values[-1] if values else None
        if isinstance(ps, NeuralNetworkParameters) and ps.is_numeric and ps.layout == self._layout:
            return (*values[:-1], ps.flat)
        return values

    def _results(self, values: tuple[Any, ...], out: Sequence[np.ndarray] | None = None) -> list[np.ndarray]:
        if len(values) != len(self.arguments):
            raise ArgumentError(f"f({', '.join(map(shown, self.arguments))}) takes {len(self.arguments)} arguments, got {len(values)}")
        bound, lead = bind(self._variables, self._layout, values, self._check_shapes)
        repeated = bool(lead) and any(self._repeat)
        results, form = self._compiled.answer(*common_dtype(bound), out=None if repeated else out)
        self._form = None if repeated else form
        if repeated:
            results = [np.array(np.broadcast_to(r, lead + n.shape)) if k else r for r, n, k in zip(results, self.outputs, self._repeat)]
        return list(results)

    # -- code: for other programs the arguments are the same, in the same order, and the parameters are the flat vector

    @property
    def source(self) -> str:
        """The generated code."""
        return self._compiled.source

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the evaluator as a module that needs only numpy and numba, not this package.

        The module has ``evaluate(x, *values, parameters)``: the arguments of this function in the same order, the
        parameters last and as one flat vector, ``ps.flat``.  Batch axes come first, as here.  It returns a list of
        arrays in the order of :attr:`outputs`; a container is one array there, its ``flat``.  What depends on no sample is
        not repeated over them.  ``self_check()`` compares it with values from the time it was written.

        >>> import pathlib, tempfile
        >>> from symnn import Dense, Gradient, SymbolicNeuralNetwork, build_nn_function, derivative
        >>> nn = SymbolicNeuralNetwork(Dense(2, 1, "tanh"))
        >>> f = build_nn_function(derivative(Gradient(nn)), nn)
        >>> with tempfile.TemporaryDirectory() as place:
        ...     f.save(f"{place}/gradient.py")
        ...     text = pathlib.Path(place, "gradient.py").read_text()
        >>> "def evaluate(*values):" in text, "symnn" in text
        (True, False)

        Another program then has ``from gradient import evaluate`` and ``[g] = evaluate(x, ps.flat)``, of shape ``(N, 1, 3)``
        for ``x`` of shape ``(N, 2)``.
        """
        save_function(self._compiled, self.arguments, path)

    @property
    def c_source(self) -> str:
        """A file of C99 with this function, called as :attr:`ctypes` says; the flat parameters are the last argument.

        Raises:
            CompilationError: a part of the function is one that only Numba can compile.
        """
        return self._compiled.c_source()

    @property
    def kernel(self) -> Any:
        """The function for other Numba code: ``kernel(arrays, ..., results, ..., workspace, samples)``.

        The arrays are those of the arguments in order, the parameters last; then one array of all results that are the same
        for all samples (empty if there are none), then the other results; all of them one-dimensional, contiguous, of
        float64, samples one after another.  Nothing is checked and nothing allocated.
        """
        return self._compiled.kernel

    @property
    def workspace_size(self) -> int:
        """How many numbers of workspace callers of :attr:`kernel` give; enough for each of the two that C callers give."""
        return workspace_size(self._compiled)

    @property
    def address(self) -> int:
        """The machine code's address, for C callers: see :attr:`ctypes`.

        Raises:
            CompilationError: a part of the function is one that only Numba can compile.
        """
        return c_function(self._compiled)[0]

    @property
    def ctypes(self) -> Any:
        """The machine code as a ctypes function, which keeps it in memory.

        In C, with the arguments in order and the flat parameters last, results as for :attr:`kernel`, and
        :attr:`workspace_size` numbers of each kind of workspace::

            void f(const double *const *arguments, double *const *results,
                   double *workspace, double *shared, int64_t samples);

        Raises:
            CompilationError: a part of the function is one that only Numba can compile.
        """
        return c_function(self._compiled)[1]

    def __repr__(self) -> str:
        shapes = ", ".join(str(n.shape) for n in self.outputs[:6]) + (", ..." if len(self.outputs) > 6 else "")
        return f"<function of ({', '.join(map(shown, self.arguments))}) with outputs of shape {shapes}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return BuiltFunction, self._recipe


def _check_choice(name: str, value: object, choices: Sequence[object]) -> None:
    if value not in choices:
        raise ArgumentError(f"{name} is one of {', '.join(map(repr, choices))}, got {value!r}")


def _equations(equations: Any) -> tuple[list[Node], Any]:
    leaves, restore = eg.tree.flatten(equations)
    if isinstance(equations, Node):
        restore = itemgetter(0)  # what flatten gives is general, and slower at every call
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


def _constant_over_samples(nodes: Sequence[Node]) -> tuple[bool, ...]:
    return tuple(not n.per_sample and not used for n, used in zip(nodes, eg.over_samples.used_in(list(nodes))))
