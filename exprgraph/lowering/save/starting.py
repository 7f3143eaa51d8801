"""How a saved module starts: as machine code of the file, by LLVM, by Numba, or as plain Python.

This package does not run these functions.  A saved module contains their source, from the line of dashes on, after the
names that :mod:`.numba_form` declares.
"""

from __future__ import annotations

import base64
import ctypes
import json
import mmap
import os
import struct
import sys
import warnings
import zlib
from collections.abc import Callable
from hashlib import blake2b
from types import FunctionType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from .numba_form import BLOCK, CONSTANTS, FAST, ONE, ONE_SIZES, RESULTS, SHARED, STEPS, TABLE, WORKSPACE, Arrays, Forms, R, by_numba

# ---------------------------------------------------------------- how it starts

#: the ways to start, quickest first
WAYS = ("x86-64-v4", "x86-64-v3", "llvm", "numba", "python")
#: the features of a processor, in Linux's words, that machine code needs
LEVELS = {
    "x86-64-v3": frozenset("avx avx2 abm bmi1 bmi2 cx16 f16c fma lahf_lm movbe popcnt sse4_1 sse4_2 ssse3 xsave".split()),
}
LEVELS["x86-64-v4"] = LEVELS["x86-64-v3"] | set("avx512f avx512bw avx512cd avx512dq avx512vl".split())
#: what may go wrong with a form
FAILURES = (ImportError, OSError, RuntimeError, ValueError, zlib.error)


class StartedForm(NamedTuple):
    """What runs the function: for any number of samples, or for one; which results it writes apart; numbers in its workspaces.

    ``part`` runs one part of it, for some of the samples; only machine code has it.
    """

    run: Callable[..., None]
    apart: tuple[bool, ...]
    workspace: int
    shared: int
    part: Callable[..., None] | None = None


#: the way; the form for any number of samples, and that for one if there was such a call
_started: tuple[str, list[StartedForm]] | None = None


class StartError(RuntimeError):
    """The function cannot start in this way, on this machine."""


def start(way: str | None = None) -> str:
    """Prepare the function for calls in one of ``WAYS``, and return the way; by default the first that this machine has.

    The first call of ``evaluate`` does this.  Name a way for the same bits on several machines, or to compare ways.  Without
    a name, a function that has started stays as it is.

    Raises:
        ValueError: there is no such way.
        StartError: this machine does not have it.
    """
    global _started
    if way is not None and way not in WAYS:
        raise ValueError(f"unknown way to start: {way!r}; expected one of {', '.join(WAYS)}")
    if way is None and _started is not None:
        return _started[0]
    if "FAST" not in globals():
        raise StartError("this file is not complete; save it again")
    failures: list[str] = []
    for name in suitable(processor()) if way is None else [way]:
        try:
            _started = name, [form_of(prepared(name))]
        except FAILURES as error:
            failures.append(f"{name}: {error}")
            continue
        if failures:
            warnings.warn(f"{__name__} starts by {name}; {'; '.join(failures)}", RuntimeWarning, stacklevel=3)
        return name
    raise StartError("; ".join(failures))


def form_of(run: Callable[..., None]) -> StartedForm:
    """The form for any number of samples."""
    return StartedForm(run, tuple(per_sample for _, per_sample in RESULTS), WORKSPACE, SHARED, vars(run).get("part"))


def form_for(lead: tuple[int, ...]) -> StartedForm:
    """The form for these batch axes, started: without any, that for one sample, which is quicker."""
    start()
    assert _started is not None
    way, forms = _started
    if lead or way not in ONE:
        return forms[0]
    if len(forms) == 1:
        try:
            lengths, _, data = unpacked("tables", ONE).partition(b"\n")
            tables = np.split(np.frombuffer(data, np.uint64), np.cumsum(json.loads(lengths)))
            forms.append(StartedForm(prepared(way, ONE, tables), (False,) * len(RESULTS), *ONE_SIZES))
        except FAILURES as error:
            warnings.warn(f"{__name__} has no form for one sample: {error}", RuntimeWarning, stacklevel=3)
            forms.append(forms[0])
    return forms[1]


def prepared(way: str, forms: Forms | None = None, tables: Arrays = ()) -> Callable[..., None]:
    """A form, started in this way."""
    if way == "python":
        return by_python()
    if sys.platform == "linux":  # where this is forbidden, LLVM would end the process
        make_executable(*writable(mmap.PAGESIZE))
    if way == "numba":
        return by_numba()
    data = unpacked(way, FAST if forms is None else forms)
    return (by_llvm if way == "llvm" else by_machine_code)(way, data, tables or [CONSTANTS, TABLE, STEPS])


def processor() -> frozenset[str]:
    """The features of this processor, if it is one of 64-bit x86 under Linux."""
    if sys.platform != "linux" or os.uname().machine != "x86_64" or struct.calcsize("P") != 8:
        return frozenset()
    try:
        handle = os.open("/proc/cpuinfo", os.O_RDONLY)
        try:
            text = os.read(handle, 1 << 14).decode(errors="replace")
        finally:
            os.close(handle)
    except OSError:  # nobody tells: LLVM finds out
        return frozenset()
    return frozenset(next((line.split() for line in text.splitlines() if line.startswith("flags")), ()))


def suitable(features: frozenset[str]) -> list[str]:
    """The ways of a processor with these features."""
    return [way for way in WAYS if (features >= LEVELS[way] if way in LEVELS else True) and (way in FAST or way in ("numba", "python"))]


def unpacked(way: str, forms: Forms) -> bytes:
    """The bytes of a form; their digest must be right."""
    if way not in forms:
        raise StartError("this file does not have it")
    digest, text = forms[way]
    data = zlib.decompress(base64.b64decode(text))
    if blake2b(data, digest_size=16).hexdigest() != digest:
        raise StartError("its bytes in this file are damaged")
    return data


def by_machine_code(way: str, data: bytes, tables: Arrays) -> Callable[..., None]:
    """Machine code in pages that are writable first and executable afterwards.

    The pages stay until the process ends, because a thread may be in them.
    """
    missing = LEVELS[way] - processor()
    if missing:
        raise StartError(f"this machine lacks {' '.join(sorted(missing))}")
    head, _, code = data.partition(b"\n")
    about, image = json.loads(head), bytearray(code)
    memory, base = writable(len(image))
    for at in about["inside"]:
        struct.pack_into("<Q", image, at, base + struct.unpack_from("<Q", image, at)[0])
    for name, places in about["outside"].items():
        function = getattr(ctypes.pythonapi, name, None)
        if function is None:
            raise StartError(f"this process has no function {name} of C")
        address = ctypes.cast(function, ctypes.c_void_p).value
        for at in places:
            struct.pack_into("<Q", image, at, address)
    struct.pack_into("<3Q", image, about["data"], *map(address_of, tables))
    memory[:] = bytes(image)
    make_executable(memory, base)
    for kept in (memory, tables):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))
    return called_at(base + about["run"], base + about["part"])


def writable(size: int) -> tuple[mmap.mmap, int]:
    """Memory, and its address."""
    memory = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ | mmap.PROT_WRITE)
    return memory, ctypes.addressof(ctypes.c_char.from_buffer(memory))


def make_executable(memory: mmap.mmap, base: int) -> None:
    """From writable to executable; some systems forbid it."""
    protect = ctypes.CDLL(None, use_errno=True).mprotect
    protect.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    if protect(base, len(memory), mmap.PROT_READ | mmap.PROT_EXEC):
        raise OSError(ctypes.get_errno(), "the system does not let memory become executable")


def by_llvm(way: str, data: bytes, tables: Arrays) -> Callable[..., None]:
    """Assembly compiled by llvmlite, for the processor of this machine."""
    import llvmlite.binding as llvm  # part of Numba, of which it needs nothing else

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    triple = llvm.get_process_triple()
    machine = llvm.Target.from_triple(triple).create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=2, jit=True
    )
    module = llvm.parse_assembly(data.decode())
    module.triple, module.data_layout = triple, str(machine.target_data)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    ctypes.memmove(engine.get_global_value_address("DATA"), struct.pack("3Q", *map(address_of, tables)), 24)
    addresses = [engine.get_function_address(name) for name in ("run", "part")]
    engine.detach()  # it stays until the process ends
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(tables))
    return called_at(*addresses)


def address_of(a: np.ndarray) -> int:
    """Where an array begins; ``a.ctypes.data`` takes longer."""
    return int(a.__array_interface__["data"][0])


def called_at(address: int, address_of_part: int) -> Callable[..., None]:
    """The C function at an address as one of arrays; with that of its parts."""
    pointer, integer = ctypes.c_void_p, ctypes.c_int64
    takes = None, pointer, pointer, pointer, pointer, integer
    whole, one_part = ctypes.CFUNCTYPE(*takes)(address), ctypes.CFUNCTYPE(*takes, integer, integer, integer)(address_of_part)

    def called(function: Callable[..., None]) -> Callable[..., None]:
        def run(arguments: Arrays, results: Arrays, workspace: np.ndarray, shared: np.ndarray, *numbers: int) -> None:
            given = (pointer * len(arguments))(*map(address_of, arguments))
            wanted = (pointer * len(results))(*map(address_of, results))
            function(given, wanted, address_of(workspace), address_of(shared), *numbers)

        return run

    run = called(whole)
    vars(run).update(address=address, part=called(one_part))  # for the kernel, and for several threads
    return run


def by_python() -> Callable[..., None]:
    """The definition as Python runs it, slowly, in NumPy's numbers: these have infinities where Python's raise errors.

    Indices are Python's integers.  The definition takes them modulo 2**64, so that its negative strides are large numbers.
    """
    names = {**globals(), "u64": lambda n: int(n) - (int(n) >> 63 << 64), "BLOCK": int(BLOCK)}
    for name, f in globals().items():
        if hasattr(f, "options"):
            constants = tuple(R(c) if type(c) is float else c for c in f.__code__.co_consts)
            names[name] = FunctionType(f.__code__.replace(co_consts=constants), names, name)
    definition, tables = names["definition"], (CONSTANTS, TABLE.view(np.int64).tolist(), STEPS.view(np.int64).tolist())

    def run(arguments: Arrays, results: Arrays, workspace: np.ndarray, shared: np.ndarray, samples: int) -> None:
        with np.errstate(all="ignore"):
            definition(*arguments, *results, workspace, shared, *tables, samples)

    return run
