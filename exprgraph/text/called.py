"""The functions that text calls by name, each with the primitive whose nodes it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .. import over_samples
from ..functions import rows as functions
from ..functions.along_axes import LOG_SOFTMAX, LOGSUMEXP, NORM, SOFTMAX
from ..functions.elementwise import Function
from ..graph import leaves, primitive
from ..graph.column import Column
from ..graph.primitive import TABLE, Primitive
from ..language import linalg, many_operands, operators, reductions, shapes, special, statistics
from ..language.functions import lookup


class Callee:
    """A callee: a function, or a method and its object."""

    def __init__(self, text: str, call: Callable[..., Any]) -> None:
        self.text = text
        self.call = call


Called = Mapping[str, Callable[..., Any]]
#: the functions that make nodes of a primitive, by their names in text: ``{"stack": shapes.stack}``
PARSE: Column[Called] = Column("parse", "the functions by name that text calls to make nodes of it", __name__)
PARSE.leave_out("its name is read from the table, so that functions that are added are found", Function)


def _of(module: Any, names: str) -> dict[str, Callable[..., Any]]:
    return {name: getattr(module, name) for name in names.split()}


PARSE.fill(_of(leaves, "Symbol"), primitive.SYMBOL)
PARSE.fill(_of(shapes, "ones zeros"), primitive.CONSTANT)
PARSE.fill(_of(shapes, "array"), primitive.ARRAY)
PARSE.fill(_of(shapes, "identity"), primitive.IDENTITY)
PARSE.fill(_of(over_samples, ""), primitive.SAMPLE_COUNT, primitive.SAMPLE_SUM)  # over_samples.sum(...)
PARSE.fill(_of(operators, "add subtract negative") | _of(many_operands, "sum_of_terms"), primitive.SUM)
PARSE.fill(
    _of(operators, "multiply divide")
    | _of(functions, "power sqrt square")
    | _of(many_operands, "product_of_powers")
    | _of(reductions, "prod"),
    primitive.PRODUCT,
)
PARSE.fill(
    _of(linalg, "diag diagonal dot einsum matmul moveaxis outer swapaxes trace transpose")
    | _of(reductions, "mean sum")
    | _of(statistics, "std var")
    | _of(shapes, "broadcast_to"),
    primitive.CONTRACT,
)
PARSE.fill(_of(linalg, "squeeze"), primitive.SELECT)
PARSE.fill(_of(shapes, "place"), primitive.PLACE)
PARSE.fill(_of(shapes, "stack"), primitive.STACK)
PARSE.fill(_of(shapes, "concatenate"), primitive.CONCATENATE)
PARSE.fill(_of(shapes, "reshape") | _of(linalg, "expand_dims"), primitive.RESHAPE)
PARSE.fill(_of(reductions, "max"), primitive.REDUCE_MAX)
PARSE.fill(_of(reductions, "min"), primitive.REDUCE_MIN)
PARSE.fill(_of(linalg, "solve inv"), primitive.SOLVE)
for _row in (NORM, LOGSUMEXP, SOFTMAX, LOG_SOFTMAX):
    PARSE.fill(_of(reductions, _row.name), _row)


def is_called(row: Primitive) -> bool:
    """Whether text calls a function with the name of a primitive."""
    return isinstance(row, Function) or row.name in (PARSE.find(row) or ())


def called() -> dict[str, Callable[..., Any]]:
    """The functions by name, without the elementwise rows, to which users add."""
    found: dict[str, Callable[..., Any]] = {
        "lookup": _looked_up,
        **_of(functions, "clip"),
        **_of(operators, "greater greater_equal"),
        **_of(special, "gammasgn loggamma ndtri polygamma"),
    }
    for row in TABLE.values():
        found.update(PARSE.find(row) or {})
    return found


def _looked_up(name: str) -> Callee:
    return Callee(name, lookup(name))


__all__ = ["PARSE", "Callee", "called", "is_called"]
