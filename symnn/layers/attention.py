"""Attention: tokens that look at one another."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph import Node

from ..errors import ShapeError
from ..quantities import count
from .layer import Layer
from .parameter import Parameter


class MultiHeadAttention(Layer):
    """Self-attention of several heads (Vaswani and others 2017), for tokens of shape ``(tokens, n)``; it keeps the shape.

    Queries, keys and values are ``x @ Wq.T + bq``, ``x @ Wk.T + bk`` and ``x @ Wv.T + bv``.  Each head has ``n // heads`` columns of
    them, and computes ``softmax(q @ k.T / sqrt(n // heads)) @ v``.  The heads' results, side by side, are multiplied by ``Wo.T``, and
    ``bo`` is added.  In PyTorch, the rows of ``in_proj_weight`` are ``Wq``, ``Wk`` and ``Wv``, and ``out_proj`` has ``Wo`` and ``bo``.

    Args:
        n: the number of features of a token.
        heads: how many heads there are; they divide n.
        causal: whether a token sees only itself and those before it.
        use_bias: whether there are ``bq``, ``bk``, ``bv`` and ``bo``.

    Raises:
        ArgumentError: a number is not a positive whole number.
        ShapeError: the heads do not divide n.

    >>> import exprgraph as eg
    >>> from symnn import MultiHeadAttention
    >>> layer, tokens = MultiHeadAttention(8, heads=2), eg.Symbol("tokens", shape=(5, 8))
    >>> layer(tokens, layer.initial_parameters(seed=0)).shape, list(layer.parameter_shapes())
    ((5, 8), ['Wq', 'bq', 'Wk', 'bk', 'Wv', 'bv', 'Wo', 'bo'])
    """

    input_axes = 2

    def __init__(self, n: int, heads: int, causal: bool = False, use_bias: bool = True) -> None:
        self.n = count("MultiHeadAttention: n", n)
        self.heads = count("MultiHeadAttention: heads", heads)
        if self.n % self.heads:
            raise ShapeError(f"MultiHeadAttention: heads must divide n, got {self.heads} heads for {self.n} features")
        self.input_size = self.n
        self.causal = bool(causal)
        self.use_bias = bool(use_bias)

    def own_parameters(self) -> dict[str, Parameter]:
        """``Wq``, ``Wk``, ``Wv``, ``Wo`` of shape ``(n, n)``, each with a bias ``(n,)`` if there are biases."""
        found = {}
        for name in "qkvo":
            found[f"W{name}"] = Parameter((self.n, self.n))
            if self.use_bias:
                found[f"b{name}"] = Parameter(self.n)
        return found

    def __call__(self, x: Any, ps: Any) -> Node:
        """The expression, of the input's shape ``(tokens, n)``.

        Raises:
            ShapeError: the input has another shape.
        """
        tokens = eg.as_expression(x)
        if tokens.ndim != 2 or tokens.shape[1] != self.n:
            raise ShapeError(f"{self!r} takes tokens of shape (tokens, {self.n}), got shape {tokens.shape}")
        size = self.n // self.heads
        q, k, v = (eg.reshape(self._mapped(name, tokens, ps), (-1, self.heads, size)) for name in "qkv")
        scores = eg.einsum("qhd,khd->hqk", q, k) / math.sqrt(size)
        if self.causal:
            scores = eg.where(np.tri(tokens.shape[0], dtype=bool), scores, -np.inf)
        mixed = eg.einsum("hqk,khd->qhd", eg.softmax(scores, axis=-1), v)
        return self._mapped("o", eg.reshape(mixed, tokens.shape), ps)

    def _mapped(self, name: str, tokens: Node, ps: Any) -> Node:
        made = tokens @ eg.as_expression(ps[f"W{name}"]).T
        return made + ps[f"b{name}"] if self.use_bias else made


__all__ = ["MultiHeadAttention"]
