"""Layers around an inner one that keeps the shape of its input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from exprgraph import Node

from ..errors import ShapeError
from ..parameters.layout import Shape
from .layer import Layer, as_layer, fitting_shapes


class SameShape(Layer):
    """The base of layers that need an inner layer with an output of its input's shape; its parameters keep their names.

    A subclass says why in ``needs``, the first part of the error's sentence.
    """

    needs: ClassVar[str]

    def __init__(self, inner: Layer | Callable[[Node], Any]) -> None:
        self.inner = as_layer(inner, type(self).__name__)
        before, after = fitting_shapes(self.inner)
        if before is not None:
            self.check_shapes(before, after)

    def inner_layers(self) -> dict[str, Layer]:
        """The inner layer, without a prefix."""
        return {"": self.inner}

    def check_shapes(self, before: Shape, after: Shape | None) -> None:
        """Check that the inner layer keeps the shape.

        Raises:
            ShapeError: it makes another one.
        """
        if before != after:
            raise ShapeError(f"{self.needs}: {self.inner!r} makes {after} of {before}")

    def output_shape(self, input_shape: Shape | None) -> Shape | None:
        """The input's shape.

        Raises:
            ShapeError: the inner layer changes it.
        """
        shape = self.inner.output_shape(input_shape)
        if input_shape is not None:
            self.check_shapes(input_shape, shape)
        return shape


__all__ = ["SameShape"]
