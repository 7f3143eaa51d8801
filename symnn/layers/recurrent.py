"""Recurrent layers: a state that is updated by the entries of a series, one after another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

import exprgraph as eg
from exprgraph import Node

from ..activations import Activation, activate, check_activation
from ..errors import ShapeError
from ..parameters.layout import Shape
from ..quantities import count
from .layer import Layer
from .parameter import Initializer, Parameter, glorot_uniform


class _Recurrent(Layer):
    """The loop over the times of a series.  A subclass defines the start and one step.

    The products of all entries with ``W`` are one product in front of the loop; a step has only those with ``U``.
    """

    #: the blocks of n_out rows that ``W``, ``U`` and ``b`` have
    blocks: ClassVar[int]
    input_axes = 2

    def __init__(self, n_in: int, n_out: int, return_sequences: bool = False, reverse: bool = False, checkpoint: Any = None) -> None:
        name = type(self).__name__
        self.n_in = count(f"{name}: n_in", n_in)
        self.n_out = count(f"{name}: n_out", n_out)
        self.input_size = self.n_in
        self.return_sequences = bool(return_sequences)
        self.reverse = bool(reverse)
        self.checkpoint = checkpoint

    def own_parameters(self) -> dict[str, Parameter]:
        """``W`` for the entries, ``U`` for the state, and ``b``: blocks of n_out rows, in the order that the class names."""
        rows = self.blocks * self.n_out
        return {
            "W": Parameter((rows, self.n_in), _each_block(self.blocks, glorot_uniform)),
            "U": Parameter((rows, self.n_out), _each_block(self.blocks, _orthogonal)),
            "b": Parameter(rows),
        }

    def __call__(self, x: Any, ps: Any) -> Node:
        """The expression of the last state, or of the states of all times, for a series of shape ``(time, n_in)``.

        Raises:
            ShapeError: the input has another shape.
        """
        series = eg.as_expression(x)
        if series.ndim != 2 or series.shape[1] != self.n_in:
            raise ShapeError(f"{self!r} takes a series of shape (time, {self.n_in}), got shape {series.shape}")
        entries = series @ eg.as_expression(ps["W"]).T + ps["b"]

        def step(state: Any, entry: Node) -> tuple[Any, Node | None]:
            state = self._step(ps, state, entry)
            return state, state[0] if self.return_sequences else None

        start = (eg.zeros(self.n_out),) * self._states
        last, states = eg.scan(step, start, entries, reverse=self.reverse, checkpoint=self.checkpoint)
        found: Node = states if self.return_sequences else last[0]
        return found

    #: how many vectors the state consists of; the first is the output
    _states: ClassVar[int] = 1

    def _step(self, ps: Any, state: Any, entry: Node) -> tuple[Node, ...]:
        """The next state; ``entry`` is ``W @ x + b``."""
        raise NotImplementedError

    def _blocks(self, rows: Node) -> Sequence[Node]:
        n = self.n_out
        return [rows[k * n : (k + 1) * n] for k in range(rows.shape[0] // n)]


class RNN(_Recurrent):
    """A recurrent layer without gates (Elman 1990): ``h = activation(W @ x + U @ h + b)`` for each entry x of a series, from h = 0.

    The steps are a loop (:func:`exprgraph.scan`): the graph and the code are as long for one step as for a thousand.

    Args:
        n_in, n_out: the number of features, and the length of the state.
        activation: a name, or a function of an expression.
        return_sequences: the states of all times, ``(time, n_out)``, instead of the last one, ``(n_out,)``.
        reverse: start at the last entry.  States keep the order of the entries.
        checkpoint: the steps between two states that a gradient keeps, or ``"sqrt"``; by default it keeps all.

    Raises:
        ArgumentError: a size is not a positive whole number.
        ActivationError: the activation is unknown.

    >>> import exprgraph as eg
    >>> from symnn import RNN
    >>> layer, series = RNN(3, 4), eg.Symbol("series", shape=(10, 3))
    >>> layer(series, layer.initial_parameters(seed=0)).shape, layer.parameter_shapes()
    ((4,), {'W': (4, 3), 'U': (4, 4), 'b': (4,)})
    """

    blocks = 1

    def __init__(
        self, n_in: int, n_out: int, activation: Activation | None = "tanh", return_sequences: bool = False, reverse: bool = False,
        checkpoint: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(n_in, n_out, return_sequences, reverse, checkpoint)
        self.activation = check_activation(activation)

    def _step(self, ps: Any, state: Any, entry: Node) -> tuple[Node, ...]:
        return (activate(self.activation, entry + eg.as_expression(ps["U"]) @ state[0]),)


class LSTM(_Recurrent):
    """A recurrent layer with a memory (Hochreiter, Schmidhuber 1997; Gers 2000).  For each entry x of a series, from h = c = 0:

        i, f, g, o = W @ x + U @ h + b      (four blocks of n_out rows)
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        h = sigmoid(o) * tanh(c)

    The order of the blocks (input, forget, candidate, output) is that of PyTorch and Keras: ``W`` is PyTorch's
    ``weight_ih_l0`` or Keras' ``kernel.T``, ``U`` is ``weight_hh_l0`` or ``recurrent_kernel.T``, ``b`` is
    ``bias_ih_l0 + bias_hh_l0`` or ``bias``.

    At first ``W`` is Glorot-uniform and ``U`` orthogonal, in each block, and ``b`` is 1 for the forget gate and 0 elsewhere, as in
    Keras.

    Args:
        n_in, n_out: the number of features, and the length of the state.
        return_sequences: the states h of all times, ``(time, n_out)``, instead of the last one, ``(n_out,)``.
        reverse: start at the last entry.  States keep the order of the entries.
        checkpoint: the steps between two states that a gradient keeps, or ``"sqrt"``; by default it keeps all.

    Raises:
        ArgumentError: a size is not a positive whole number.

    >>> import exprgraph as eg
    >>> from symnn import LSTM
    >>> layer, series = LSTM(3, 4, return_sequences=True), eg.Symbol("series", shape=(10, 3))
    >>> layer(series, layer.initial_parameters(seed=0)).shape, layer.parameter_shapes()
    ((10, 4), {'W': (16, 3), 'U': (16, 4), 'b': (16,)})
    """

    blocks = 4
    _states = 2

    def own_parameters(self) -> dict[str, Parameter]:
        """``W``, ``U`` and ``b``, in four blocks: input, forget, candidate, output."""
        forget = np.repeat([0.0, 1.0, 0.0, 0.0], self.n_out)
        return {**super().own_parameters(), "b": Parameter(self.blocks * self.n_out, forget)}

    def _step(self, ps: Any, state: Any, entry: Node) -> tuple[Node, ...]:
        h, c = state
        i, f, g, o = self._blocks(entry + eg.as_expression(ps["U"]) @ h)
        c = eg.sigmoid(f) * c + eg.sigmoid(i) * eg.tanh(g)
        return eg.sigmoid(o) * eg.tanh(c), c


class GRU(_Recurrent):
    """A gated recurrent unit (Cho and others 2014), as PyTorch and Keras compute it.  For each entry x of a series, from h = 0:

        r = sigmoid(W_r @ x + b_r + U_r @ h)
        z = sigmoid(W_z @ x + b_z + U_z @ h)
        n = tanh(W_n @ x + b_n + r * (U_n @ h + c))
        h = (1 - z) * n + z * h

    ``W``, ``U`` and ``b`` have the blocks r, z, n, in PyTorch's order (Keras has z, r, n): ``W`` is ``weight_ih_l0``, ``U`` is
    ``weight_hh_l0``, ``b`` is ``bias_ih_l0``, to whose blocks r and z those of ``bias_hh_l0`` are added; ``c`` is its block n.

    Args:
        n_in, n_out: the number of features, and the length of the state.
        return_sequences: the states of all times, ``(time, n_out)``, instead of the last one, ``(n_out,)``.
        reverse: start at the last entry.  States keep the order of the entries.
        checkpoint: the steps between two states that a gradient keeps, or ``"sqrt"``; by default it keeps all.

    Raises:
        ArgumentError: a size is not a positive whole number.

    >>> import exprgraph as eg
    >>> from symnn import GRU
    >>> layer, series = GRU(3, 4), eg.Symbol("series", shape=(10, 3))
    >>> layer(series, layer.initial_parameters(seed=0)).shape, layer.parameter_shapes()
    ((4,), {'W': (12, 3), 'U': (12, 4), 'b': (12,), 'c': (4,)})
    """

    blocks = 3

    def own_parameters(self) -> dict[str, Parameter]:
        """``W``, ``U`` and ``b``, in three blocks: reset, update, candidate; and ``c``, the bias that the reset gate multiplies."""
        return {**super().own_parameters(), "c": Parameter(self.n_out)}

    def _step(self, ps: Any, state: Any, entry: Node) -> tuple[Node, ...]:
        (h,) = state
        own, old = self._blocks(entry), self._blocks(eg.as_expression(ps["U"]) @ h)
        r, z = (eg.sigmoid(a + b) for a, b in zip(own[:2], old[:2]))
        n = eg.tanh(own[2] + r * (old[2] + ps["c"]))
        return ((1 - z) * n + z * h,)


def _each_block(blocks: int, rule: Initializer) -> Initializer:
    """A rule for each block of rows."""

    def initial(shape: Shape, rng: np.random.Generator) -> np.ndarray:
        rows, columns = shape
        return np.concatenate([rule((rows // blocks, columns), rng) for _ in range(blocks)])

    return initial


def _orthogonal(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    """A random orthogonal matrix, all of them equally likely (Saxe and others 2014)."""
    q, r = np.linalg.qr(rng.standard_normal(shape))
    return np.asarray(q * np.where(np.diag(r) < 0, -1.0, 1.0))


__all__ = ["GRU", "LSTM", "RNN"]
