"""Functions that users add: checked, read and entered in the table of primitives."""

from __future__ import annotations

import warnings
from typing import Any

from ..errors import NotNativeWarning
from ..graph.primitive import TABLE, enter
from ..support.forking import lock
from ..support.offered import offered
from .code import names_of_helpers, read_code
from .definitions import definition_of
from .elementwise import DEFINED, Function
from .signatures import check_name, check_numpy, check_sample, check_text, intervals_of, partials_of

_LEFT = (
    "its code is left to Numba, which takes seconds to compile; it computes in one thread, gives no address for C and trains more "
    "slowly. The reason is"
)
_entering = lock()


def added(
    name: str, numpy: Any, derivative: Any, code: Any, text: Any, latex: Any, domain: Any, sample: Any, source: Any, doc: Any
) -> Function:
    """The row of the arguments of :func:`exprgraph.function`, in the table."""
    check_name(name)
    if offered(name) is not None and name not in TABLE:
        raise ValueError(f"exprgraph has a function {name!r}, which printed expressions would mean; choose another name")
    partials = partials_of(name, derivative)
    arity = len(partials)
    check_numpy(name, numpy, arity)
    template = read_code(name, code, source, arity)
    check_text(name, text, latex, doc, arity)
    domains, samples = intervals_of(name, "domain", domain, arity), intervals_of(name, "sample", sample, arity)
    check_sample(name, domains, samples)
    row = Function(
        name, numpy=numpy, partials=partials, code=code, text=text, latex=latex, domain=domains, sample=samples, source=source, doc=doc
    )  # fmt: skip
    row.added = True
    row.template_ = template
    entered = _entered(row)
    if entered is row and template.unread is not None:
        warnings.warn(NotNativeWarning(f"function {name}: {_LEFT}: {template.unread}"), stacklevel=3)
    return entered


def _entered(row: Function) -> Function:
    """Put the row of a definition into the table, unless the table has the same definition."""
    definition = definition_of((row.numpy, *row.partials), (row.code, row.source))
    row.key = f"{row.name} {definition}".encode()
    with _entering:
        known = TABLE.get(row.name)
        if known is not None and not (isinstance(known, Function) and known.added):
            return enter(row)  # an error
        same = DEFINED.get((row.name, row.key))
        if same is None:
            others = {r.source for r in DEFINED.values()} - {row.source}
            row.helper_names = names_of_helpers(row.source, others)
            if row.helper_names:
                row.template_ = None
            same = DEFINED[row.name, row.key] = row
        else:
            same.text, same.latex, same.domain, same.sample, same.doc = row.text, row.latex, row.domain, row.sample, row.doc
        TABLE[row.name] = same
    return same


__all__ = ["added"]
