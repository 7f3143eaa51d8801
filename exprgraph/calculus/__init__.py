"""Differentiation: graph in, graph out.

``forward`` pushes tangents (jvp), ``reverse`` pulls cotangents (vjp), ``rules`` holds both rules of
each primitive, ``entries`` does graphs of scalars entry by entry; ``derivatives`` composes them.
"""

from . import axes as axes  # fills columns of the table
