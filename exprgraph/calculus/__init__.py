"""Differentiation: graph in, graph out.

``forward`` pushes tangents (jvp), ``reverse`` pulls cotangents (vjp), ``rules`` holds both rules of each primitive; ``derivatives``
composes them.  Graphs of scalars go their own way: ``entries`` has a derivative for each element that a scalar depends on, made of
``terms``, forward in ``rows`` or in reverse in ``scalar_sweep``.  Sparse derivatives of arrays are carried in ``bands``.
"""

from . import axes as axes  # fills columns of the table
