"""A compiled function as a value for code that Numba compiles, and keeps on disk.

Numba takes globals as constants, and does not look at them again when it finds a caller's code on disk.  So a caller that has
a kernel as a global contains the address of this process's code, and Numba does not keep it.  A caller that gets the kernel
as an argument contains only the kernel's type: the shapes of arguments and results.  The address comes with every call.
Such code is kept, and fits every function of that type.

This file uses nothing of this package.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from hashlib import blake2b
from inspect import getsource
from math import prod
from typing import Any, NamedTuple

import numba
import numpy as np
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.core.imputils import lower_constant
from numba.core.typing import signature
from numba.extending import NativeValue, intrinsic, lower_builtin, models, overload_attribute, register_model, typeof_impl, unbox
from numba.types import Any as Any_
from numba.types import Array, Boolean, Callable, Float, Integer, VarArg, float32, float64, int64, none, unliteral

#: the text of this file as a number: code that Numba kept for another version is not found
MECHANISM = blake2b(getsource(sys.modules[__name__]).encode(), digest_size=8).hexdigest()
#: name, shape and whether it differs by sample, of an argument; shape, whether it differs by sample, and whether it is bool, of a result
Argument = tuple[str, tuple[int, ...], bool]
Result = tuple[tuple[int, ...], bool, bool]


class KernelInterface(NamedTuple):
    """All that the code of a caller depends on.

    Attributes:
        arguments: what callers give.
        results: what they get.
        bare: whether a call returns the array of the only result, else a tuple.
        single: whether numbers are float32, else float64.
        fixed: positions of the C function's arguments that callers do not give.
        mechanism: the version of this file.
    """

    arguments: tuple[Argument, ...]
    results: tuple[Result, ...]
    bare: bool
    single: bool = False
    fixed: tuple[int, ...] = ()
    mechanism: str = MECHANISM


class NumbaKernel:
    """A compiled function for Numba code, called in one of two ways.

    ``kernel(x, y)`` takes and returns arrays, like the function itself: batch axes first, all of them the same.  It returns
    a tuple of arrays, or one array if a single expression was compiled.  A result without axes is a number.

    ``kernel(x, y, same, r, s, workspace, samples)`` allocates nothing.  It writes into contiguous arrays of any shape:
    ``same`` takes the results that are the same for all samples, one after another.  The lengths of the arrays are not
    checked.  ``workspace`` is an array of :meth:`workspace`.

    Numba keeps code on disk (``cache=True``) that gets the kernel as an argument.

    Args:
        address: a C function of tables of arguments and results, of both parts of the workspace, and the number of samples.
        interface: what callers give and get.
        workspace: the lengths of both parts of the workspace.
        owner: what keeps the code alive.
        recipe: a function and its arguments, which make the kernel again from a pickle.
        fixed: the arrays of arguments that callers do not give.
    """

    def __init__(
        self,
        address: int,
        interface: KernelInterface,
        workspace: tuple[int, int],
        owner: Any,
        recipe: tuple[Any, ...],
        fixed: Sequence[np.ndarray] = (),
    ) -> None:
        self.interface = interface
        self.dtype = np.dtype(np.float32 if interface.single else np.float64)
        self.workspace_size = max(sum(workspace), 1)
        self._words = np.array([address, workspace[0], self.workspace_size, *(a.ctypes.data for a in fixed)], np.int64)
        self._owner = owner, fixed
        self._recipe = recipe
        self._numba_type_ = KernelType(*interface)
        #: the address of the words that machine code reads
        self.words = int(self._words.ctypes.data)

    def workspace(self) -> np.ndarray:
        """A new array for calls that allocate nothing; one for each thread."""
        return np.empty(self.workspace_size, self.dtype)

    def __call__(self, *values: Any) -> Any:
        """The results, by a function that Numba compiles at the first call."""
        return _caller(len(values))(self, *values)

    def __reduce__(self) -> tuple[Any, ...]:
        return self._recipe

    def __repr__(self) -> str:
        names = (name if name.isprintable() else ascii(name) for name, _, _ in self.interface.arguments)
        return f"<kernel of ({', '.join(names)}) for Numba>"


class KernelType(Callable):  # type: ignore[misc]  # Numba's classes have no types
    """Numba's type of a kernel, which is its interface."""

    def __init__(self, *interface: Any) -> None:
        self.interface = KernelInterface(*interface)
        self.arguments, self.results, self.bare, single, *_ = self.interface
        self.real = float32 if single else float64
        self.lanes = [shape for shape, per_sample, _ in self.results if per_sample]
        #: the number of arrays, and of parameters, of a call that allocates nothing
        self.arrays = len(self.arguments) + 1 + len(self.lanes)
        self.inner = self.arrays + 2
        super().__init__(f"exprgraph kernel {blake2b(repr(tuple(self.interface)).encode(), digest_size=12).hexdigest()}")

    def __reduce__(self) -> tuple[Any, ...]:
        return KernelType, tuple(self.interface)

    def get_call_type(self, context: Any, args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
        """The signature of a call.

        Raises:
            TypingError: the arguments do not fit.
        """
        given = tuple(map(unliteral, args))
        if kws:
            raise TypingError(f"a kernel takes no arguments by name, got {', '.join(kws)}")
        if len(given) == self.inner:
            _check_inner(self, given)
            return signature(none, *given[:-1], int64, recvr=self)
        if len(given) != len(self.arguments):
            names = ", ".join(repr(name) for name, _, _ in self.arguments) or "none"
            raise TypingError(
                f"this kernel takes {len(self.arguments)} arguments ({names}) and returns new arrays, or {self.inner}: the arguments, "
                f"{1 + len(self.lanes)} arrays for the results, a workspace, the number of samples; got {len(given)}"
            )
        made = numba.typeof(_allocating(self, _axes(self, given))).get_call_type(context, (self, *given), {})
        return signature(made.return_type, *made.args[1:], recvr=self)

    def get_call_signatures(self) -> tuple[tuple[()], bool]:
        """None of them is fixed."""
        return (), True

    def get_impl_key(self, sig: Any) -> Any:
        """The implementation of a call of this signature, which has the kernel first."""
        if len(sig.args) == self.inner + 1:
            return KernelType
        return numba.typeof(_allocating(self, _axes(self, sig.args[1:]))).get_impl_key(sig)


def _check_inner(kernel: KernelType, given: tuple[Any, ...]) -> None:
    """Check the types of a call that allocates nothing.

    Raises:
        TypingError: something is no contiguous array of the kernel's numbers.
    """
    names = [f"argument {name!r}" for name, _, _ in kernel.arguments]
    names += [f"the array for result {k}" for k in ("0, of all that are the same for all samples", *range(1, kernel.arrays - len(names)))]
    for k, (name, t) in enumerate(zip([*names, "the workspace"], given)):
        if not isinstance(t, Array) or t.dtype != kernel.real or t.layout != "C":
            advice = _advice(t, kernel.real) * (k < len(kernel.arguments))
            raise TypingError(f"{name}: expected a contiguous array of {kernel.real}, got {t}{advice}")
        if k >= len(kernel.arguments) and not t.mutable:
            raise TypingError(f"{name}: expected an array to write to, got {t}")
    if not isinstance(given[-1], Integer):
        raise TypingError(f"the number of samples: expected a whole number, got {given[-1]}")


def _advice(t: Any, real: Any) -> str:
    if isinstance(t, Array):
        return "; give np.ascontiguousarray(a)" if t.dtype == real else f"; give a.astype(np.{real})"
    return ""


def _axes(kernel: KernelType, given: tuple[Any, ...]) -> tuple[int | None, ...]:
    """The number of batch axes of each argument; ``None`` for a number that is no array.

    Raises:
        TypingError: an argument is neither an array of the right number of axes nor a number.
    """
    found: list[int | None] = []
    for (name, shape, per_sample), t in zip(kernel.arguments, given):
        axes = t.ndim - len(shape) if isinstance(t, Array) else None if isinstance(t, (Float, Integer, Boolean)) and not shape else -1
        if isinstance(t, Array) and t.dtype != kernel.real:
            raise TypingError(f"argument {name!r}: expected an array of {kernel.real}, got {t}{_advice(t, kernel.real)}")
        batch = max((a for a in found if a), default=0)
        if axes is not None and (axes < 0 or (axes and not per_sample)):
            raise TypingError(f"argument {name!r}: expected {_wanted(shape, per_sample)}, got {t}")
        if axes and batch and axes != batch:
            raise TypingError(f"argument {name!r}: expected {batch} batch axes as before, got {axes}, in {t}")
        found.append(axes)
    return tuple(found)


def _wanted(shape: tuple[int, ...], per_sample: bool) -> str:
    if not shape:
        return "a number, or an array of one for each sample" if per_sample else "a number"
    return f"an array of shape {shape}" + f" or (..., {', '.join(map(str, shape))})" * per_sample


_made: dict[tuple[KernelType, tuple[int | None, ...]], Any] = {}


def _allocating(kernel: KernelType, axes: tuple[int | None, ...]) -> Any:
    """The function, compiled by Numba, of a call that returns new arrays."""
    key = kernel, axes
    if key not in _made:
        namespace: dict[str, Any] = {"np": np, "real": np.float32 if kernel.interface.single else np.float64}
        exec(_text(kernel, axes), namespace)
        _made[key] = numba.njit(namespace["call"])
    return _made[key]


def _text(kernel: KernelType, axes: tuple[int | None, ...]) -> str:
    """The source of a call that returns new arrays."""
    batch = max((a for a in axes if a), default=0)
    lead = [f"n{k}" for k in range(batch)]
    names = [f"a{k}" for k in range(len(axes))]
    lines = [f"def call(kernel, {', '.join(names)}):"]
    first = next((k for k, a in enumerate(axes) if a), 0)
    lines += [f"    n{j} = a{first}.shape[{j}]" for j in range(batch)]
    for k, ((name, shape, per_sample), own) in enumerate(zip(kernel.arguments, axes)):
        wanted = lead * bool(own) + list(map(str, shape))
        for j, n in enumerate(wanted):
            said = _wanted(shape, per_sample) if j >= (own or 0) else f"the batch axes of argument {kernel.arguments[first][0]!r}"
            lines += [f"    if a{k}.shape[{j}] != {n}:", f"        raise ValueError({f'argument {name!r}: expected {said}'!r})"]
        if own is None or (batch and per_sample and not own):
            lines += [f"    f{k} = np.empty({_tuple([*lead * per_sample, *map(str, shape)])}, real)", f"    f{k}[...] = a{k}"]
        else:
            lines += [f"    f{k} = np.ascontiguousarray(a{k})" if own or shape else f"    f{k} = a{k}"]
    lines += [f"    o = np.empty({sum(prod(shape) for shape, per_sample, _ in kernel.results if not per_sample)}, real)"]
    lanes = [k for k, (_, per_sample, _) in enumerate(kernel.results) if per_sample]
    lines += [f"    r{k} = np.empty({_tuple([*lead, *map(str, kernel.results[k][0])])}, real)" for k in lanes]
    parts = [f"f{k}" for k in range(len(names))] + ["o"] + [f"r{k}" for k in lanes]
    lines += [f"    kernel({', '.join(parts)}, np.empty(kernel.workspace_size, real), {' * '.join(lead) or 1})"]
    at, given = 0, []
    for k, (shape, per_sample, boolean) in enumerate(kernel.results):
        if not per_sample:
            lines += [f"    r{k} = o[{at}:{at + prod(shape)}].reshape({_tuple(list(map(str, shape)))})"]
            at += prod(shape)
        number = not shape and not (per_sample and batch)
        given.append(f"r{k}{'[()]' * number}{' != 0.0' * boolean}")
    lines += [f"    return {given[0] if kernel.bare else _tuple(given)}"]
    return "\n".join(lines)


def _tuple(parts: list[str]) -> str:
    return f"({''.join(f'{p}, ' for p in parts)})"


_callers: dict[int, Any] = {}


def _caller(count: int) -> Any:
    """A function, compiled by Numba, that calls a kernel with so many arguments."""
    if count not in _callers:
        names = ", ".join(f"a{k}" for k in range(count))
        namespace: dict[str, Any] = {}
        exec(f"def call(kernel, {names}):\n    return kernel({names})\n", namespace)
        _callers[count] = numba.njit(namespace["call"])
    return _callers[count]


def _word(context: Any, builder: Any, kernel: Any, k: int) -> Any:
    """A word of a kernel: the address, where the second part of the workspace begins, its length, addresses of fixed arguments."""
    words = builder.bitcast(kernel, context.get_value_type(int64).as_pointer())
    return builder.load(cgutils.gep_inbounds(builder, words, k))


def _run(context: Any, builder: Any, sig: Any, args: tuple[Any, ...]) -> Any:
    """A call that allocates nothing."""
    kernel: KernelType = sig.args[0]
    if not MECHANISM or getattr(sys.modules.get(__name__), "KernelType", None) is not KernelType or __name__ == "__main__":
        context.add_dynamic_addr(builder, 0, info="a kernel's type of a module that cannot be imported")  # Numba keeps no such code
    pointer, integer = cgutils.voidptr_t, context.get_value_type(int64)
    given = [builder.bitcast(context.make_array(t)(context, builder, a).data, pointer) for t, a in zip(sig.args[1:-1], args[1:-1])]
    arguments = given[: len(kernel.arguments)]
    for k, position in enumerate(kernel.interface.fixed):
        arguments.insert(position, builder.inttoptr(_word(context, builder, args[0], 3 + k), pointer))
    tables = []
    for part in (arguments, given[len(kernel.arguments) : kernel.arrays]):
        table = cgutils.alloca_once(builder, pointer, max(len(part), 1))
        for k, p in enumerate(part):
            builder.store(p, cgutils.gep(builder, table, k))
        tables.append(builder.bitcast(table, pointer))
    address, lanes = (_word(context, builder, args[0], k) for k in range(2))
    shared = cgutils.pointer_add(builder, given[-1], builder.mul(lanes, integer(4 if kernel.interface.single else 8)))
    kind = cgutils.ir.FunctionType(cgutils.ir.VoidType(), [pointer] * 4 + [integer])
    builder.call(builder.inttoptr(address, kind.as_pointer()), [*tables, given[-1], shared, args[-1]])
    return context.get_dummy_value()


def _size(typing: Any, kernel: Any) -> Any:
    def code(context: Any, builder: Any, sig: Any, args: tuple[Any, ...]) -> Any:
        return _word(context, builder, args[0], 2)

    return int64(kernel), code


_size_of = intrinsic(_size)


def _workspace_size(kernel: Any) -> Any:
    def size(kernel: Any) -> Any:
        return _size_of(kernel)

    return size


def _unboxed(typ: Any, kernel: Any, c: Any) -> Any:
    number = c.pyapi.object_getattr_string(kernel, "words")
    words = c.pyapi.long_as_voidptr(number)
    c.pyapi.decref(number)
    return NativeValue(words)


def _constant(context: Any, builder: Any, typ: Any, kernel: NumbaKernel) -> Any:
    """The kernel as a global of the code, which keeps it; Numba does not keep such code on disk."""
    vars(context.active_code_library).setdefault("exprgraph_kernels", []).append(kernel)
    return context.add_dynamic_addr(builder, kernel.words, info="a kernel")


register_model(KernelType)(models.OpaqueModel)
typeof_impl.register(NumbaKernel)(lambda kernel, _: kernel._numba_type_)
lower_builtin(KernelType, KernelType, VarArg(Any_))(_run)
overload_attribute(KernelType, "workspace_size")(_workspace_size)
unbox(KernelType)(_unboxed)
lower_constant(KernelType)(_constant)

__all__ = ["KernelInterface", "KernelType", "NumbaKernel"]
