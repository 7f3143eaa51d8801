"""Procedures of the library that are emitted as instructions, beyond loops over vectors, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from .large_products import add_panels, packed_columns, packed_rows, packed_turned
from .products import dots, product, products
from .turning import load, load_many, store_many

#: the instructions of procedures by name, as functions of the values of parameters
TILES: dict[str, Callable[..., None]] = {
    "product": product,
    "product_left": partial(product, silences="left"),
    "product_right": partial(product, silences="right"),
    "less_product": partial(product, less=True),
    "products": products,
    "dots": dots,
    "dots_left": partial(dots, silences="left"),
    "packed_columns": packed_columns,
    "packed_turned": packed_turned,
    "packed_rows": packed_rows,
    "add_panels": add_panels,
    "load": load,
    "load_many": load_many,
    "store_many": store_many,
}

__all__ = ["TILES"]
