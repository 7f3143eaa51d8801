"""Invertible layers and normalizing flows: densities of data, by a map to a Gaussian.

Sources: Dinh, Sohl-Dickstein, Bengio, "Density estimation using Real NVP" (2017); Chen et al., "Neural ordinary differential
equations" (2018), for flows of differential equations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph import Node
from exprgraph.support.integers import whole

from ..errors import ArgumentError, ShapeError
from ..parameters.layout import Shape
from ..quantities import count, described, number
from .chain import Chain
from .layer import Layer, applied, as_layer, part_of


class Coupling(Layer):
    """An affine coupling: some entries stay, the others become ``x * exp(s) + t``, with s and t of those that stay.

    The map is invertible for all parameters, and the logarithm of the determinant of its Jacobian is the sum of s.

    Args:
        inner: a layer or chain; of the k entries that stay it makes ``2*(n - k)`` numbers, s then t.
        n: the number of entries.
        kept: which entries stay, by their indices.
        bound: the largest ``abs(s)``: s is ``bound * tanh(s / bound)``.

    Raises:
        ArgumentError: the indices are not different ones of the n entries, or all of them.
        ShapeError: ``inner`` takes or gives other numbers of entries.

    >>> from symnn import Chain, Coupling, Dense
    >>> inner = Chain(Dense(1, 16), Dense(16, 2, "identity"))
    >>> Coupling(inner, 2, kept=[0])
    Coupling(Chain(Dense(1, 16, 'tanh'), Dense(16, 2, 'identity')), n=2, kept=(0,), bound=2.0)
    """

    def __init__(self, inner: Layer, n: int, kept: Sequence[int], bound: float = 2.0) -> None:
        self.inner, self.n, self.bound = as_layer(inner, "Coupling"), count("Coupling: n", n, 2), number("Coupling: bound", bound, above=0)
        indices = [whole(k) for k in kept] if np.iterable(kept) else []
        self.kept = tuple(k for k in indices if k is not None and 0 <= k < self.n)
        if not 0 < len(self.kept) == len(indices) == len(set(indices)) < self.n:
            given = list(kept) if indices else described(kept)
            raise ArgumentError(f"Coupling: kept has some of the indices from 0 to {self.n - 1}, each once and not all, got {given}")
        self._moved = tuple(k for k in range(self.n) if k not in self.kept)
        came = self.inner.output_shape((len(self.kept),))
        if came != (2 * len(self._moved),):
            raise ShapeError(f"Coupling: {inner!r} makes {2 * len(self._moved)} numbers, s and t, of {len(self.kept)}; it makes {came}")
        self.input_size: int = self.n

    def inner_layers(self) -> dict[str, Layer]:
        """The inner layer, whose parameters keep their names."""
        return {"": self.inner}

    def output_shape(self, input_shape: Shape | None) -> Shape:
        """The input's shape."""
        return (self.n,)

    def _parts(self, x: Any, ps: Any) -> tuple[Node, Node, Node, Node]:
        """What stays, what changes, s and t."""
        node = eg.as_expression(x)
        if node.shape != (self.n,):
            raise ShapeError(f"{self!r} takes an input of shape ({self.n},), got shape {node.shape}")
        stays, changes = eg.take(node, list(self.kept)), eg.take(node, list(self._moved))
        both = self.apply_inner("", stays, ps)
        m = len(self._moved)
        return stays, changes, self.bound * eg.tanh(both[:m] / self.bound), both[m:]

    def _joined(self, stays: Node, changes: Node) -> Node:
        order = [*self.kept, *self._moved]
        return eg.take(eg.concatenate([stays, changes]), [order.index(k) for k in range(self.n)])

    def __call__(self, x: Any, ps: Any) -> Node:
        """The output as an expression, of the input's shape."""
        stays, changes, s, t = self._parts(x, ps)
        return self._joined(stays, changes * eg.exp(s) + t)

    def inverse(self, y: Any, ps: Any) -> Node:
        """The input of an output as an expression, of the same shape."""
        stays, changes, s, t = self._parts(y, ps)
        return self._joined(stays, (changes - t) * eg.exp(-s))

    def log_det(self, x: Any, ps: Any) -> Node:
        """The logarithm of the absolute determinant of the Jacobian at ``x``, one number."""
        return eg.sum(self._parts(x, ps)[2])


class NormalizingFlow(Chain):
    """A chain of invertible layers that maps data to a standard Gaussian, and so has a density.

    A layer with a method ``log_det``, such as :class:`Coupling`, gives the logarithm of its determinant.  Of other layers, such
    as :class:`Flow`, it is the logarithm of the determinant of the exact Jacobian.

    >>> import exprgraph as eg
    >>> from symnn import Chain, Coupling, Dense, NormalizingFlow
    >>> inner = Chain(Dense(1, 8), Dense(8, 2, "identity"))
    >>> flow = NormalizingFlow(Coupling(inner, 2, [0]), Coupling(inner, 2, [1]))
    >>> x = eg.Symbol("x", 2)
    >>> density = eg.exp(flow.log_density(x, flow.initial_parameters(0)))
    >>> eg.evaluate(density, {x: [0.0, 0.0]}).round(6)  # 1/(2*pi): the inner layers are 0 there
    np.float64(0.159155)
    """

    def log_density(self, x: Any, ps: Any) -> Node:
        """The logarithm of the density at ``x``, one number.

        Raises:
            ShapeError: a layer changes the shape.
        """
        z = eg.as_expression(x)
        n = z.size
        total: Any = -n / 2 * math.log(2 * math.pi)
        for k, layer in enumerate(self.layers, 1):
            after = applied(layer, f"L{k}", z, ps)
            if after.shape != z.shape:
                raise ShapeError(f"layer {k} of a NormalizingFlow, {layer!r}, makes shape {after.shape} of {z.shape}")
            total = total + self._log_det(k, layer, z, ps)
            z = after
        density: Node = total - eg.sum(z**2) / 2
        return density

    def _log_det(self, k: int, layer: Layer, z: Node, ps: Any) -> Node:
        if hasattr(layer, "log_det"):
            own: Node = layer.log_det(z, part_of(layer, f"L{k}", ps))
            return own
        x = eg.Symbol("input of a layer", z.shape, per_sample=True)
        found: Node = eg.substitute(eg.logabsdet(eg.jacobian(applied(layer, f"L{k}", x, ps), x)), {x: z})
        return found

    def inverse(self, z: Any, ps: Any) -> Node:
        """The data of a point of the Gaussian as an expression, of the same shape: a sample, if z is one.

        Raises:
            ArgumentError: a layer has no method ``inverse``.
        """
        x = eg.as_expression(z)
        for k in reversed(range(len(self.layers))):
            layer = self.layers[k]
            if not hasattr(layer, "inverse"):
                raise ArgumentError(f"layer {k + 1} of a NormalizingFlow, {layer!r}, has no inverse(y, ps)")
            x = layer.inverse(x, part_of(layer, f"L{k + 1}", ps))
        return x


__all__ = ["Coupling", "NormalizingFlow"]
