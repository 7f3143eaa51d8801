"""Statements of users' helper functions in the few forms that are read: assignments of one name, ``if`` and ``return``."""

from __future__ import annotations

import ast
from itertools import count


def plain_statements(body: list[ast.stmt]) -> list[ast.stmt]:
    """The same statements, with ``a += b``, ``a: float = b``, ``a = b = c`` and ``a, b = c, d`` as assignments of one name.

    What is no such form is left as it is.
    """
    numbers = count()
    return _plain(body, numbers)


def _plain(body: list[ast.stmt], numbers: count[int]) -> list[ast.stmt]:
    out: list[ast.stmt] = []
    for s in body:
        if isinstance(s, ast.AugAssign) and isinstance(s.target, ast.Name):
            out.append(_assign(s.target.id, ast.BinOp(ast.Name(s.target.id), s.op, s.value), s))
        elif isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name):
            out += [_assign(s.target.id, s.value, s)] if s.value is not None else []
        elif isinstance(s, ast.Assign) and all(map(_is_readable, s.targets)):
            out += _assigned(s, numbers)
        elif isinstance(s, ast.If):
            out.append(ast.copy_location(ast.If(s.test, _plain(s.body, numbers), _plain(s.orelse, numbers)), s))
        elif not isinstance(s, ast.Pass):
            out.append(s)
    return out


def _is_readable(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) or (isinstance(target, ast.Tuple) and all(isinstance(e, ast.Name) for e in target.elts))


def _assigned(s: ast.Assign, numbers: count[int]) -> list[ast.stmt]:
    """All values first, then the names: they may be exchanged."""
    if len(s.targets) == 1 and isinstance(s.targets[0], ast.Name):
        return [s]
    parts = s.value.elts if isinstance(s.value, ast.Tuple) else [s.value]
    for target in s.targets:
        if isinstance(target, ast.Tuple) and (not isinstance(s.value, ast.Tuple) or len(target.elts) != len(parts)):
            return [s]
        if isinstance(target, ast.Name) and isinstance(s.value, ast.Tuple):
            return [s]
    held = [f"0{next(numbers)}" for _ in parts]  # no name of Python's
    out = [_assign(name, part, s) for name, part in zip(held, parts)]
    for target in s.targets:
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        out += [_assign(n.id, ast.Name(h), s) for n, h in zip(names, held) if isinstance(n, ast.Name)]
    return out


def _assign(name: str, value: ast.expr, s: ast.stmt) -> ast.stmt:
    return ast.copy_location(ast.Assign([ast.Name(name)], value), s)


__all__ = ["plain_statements"]
