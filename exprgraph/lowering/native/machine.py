"""LLVM modules as machine code of this machine: object files."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from ...loops.print.llvm import LLVMTarget
from ...support.collecting import uncollected
from ...support.compiling import compiling, in_llvm
from .side_by_side import compiled_side_by_side


@cache
def _llvm() -> Any:
    with in_llvm(), uncollected():
        import llvmlite.binding as llvm  # part of Numba; imported at the first compilation

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        return llvm


@cache
def host() -> tuple[str, str, str]:
    """Triple, processor and features, on which an object file depends."""
    llvm = _llvm()
    features = llvm.get_host_cpu_features()
    return llvm.get_process_triple(), llvm.get_host_cpu_name(), features.flatten()


def target(bits: int) -> LLVMTarget:
    """The vectors of this machine, for reals of ``bits`` bits."""
    features = host()[2].split(",")
    fuses = "+fma" in features or not host()[0].startswith("x86_64")
    if "+avx512f" in features and "+avx512vl" in features and "+avx512dq" in features:
        return LLVMTarget(512 // bits, bits, 32, fuses=fuses)
    if "+avx2" in features:
        return LLVMTarget(256 // bits, bits, 16, fuses=fuses)
    if host()[0].startswith(("aarch64", "arm64")):
        return LLVMTarget(256 // bits, bits, 16, partial=False)  # pairs of its 32 registers
    return LLVMTarget(128 // bits, bits, 16, partial=False, fuses=fuses)


def _target_machine(level: int = 2) -> Any:
    triple, cpu, features = host()
    made = _llvm().Target.from_triple(triple)
    if triple.startswith("x86_64") and "linux" in triple:  # constants by their distance: a tenth less code than with their addresses
        return made.create_target_machine(cpu=cpu, features=features, opt=level, reloc="pic", codemodel="small")
    return made.create_target_machine(cpu=cpu, features=features, opt=level, jit=True)


def _module(text: str, level: int = 2, context: Any = None) -> tuple[Any, Any]:
    machine, module = _target_machine(level), _llvm().parse_assembly(text, context)
    module.triple = host()[0]
    module.data_layout = str(machine.target_data)
    return machine, module


def _emitted(text: str) -> bytes:  # LLVM's objects are freed on return
    machine, module = _module(text)
    return bytes(machine.emit_object(module))


def _piece(text: str) -> bytes:
    """The object file of one of many modules, beside other threads.

    LLVM's level 1 leaves out a second ordering of instructions: a quarter to a half less time, and calls of straight-line code take as
    long.
    """
    llvm = _llvm()
    machine, module = _module(text, 1, llvm.create_context())
    emit = llvm.ffi.lib.LLVMPY_TargetMachineEmitToMemory
    free = getattr(emit, "_cfn", None)  # the function without the lock of LLVM's binding, which one context for each module needs not
    if free is None:
        return bytes(machine.emit_object(module))
    with llvm.ffi.OutputString() as error:
        buffer = free(machine, module, 1, error)
        if not buffer:
            raise RuntimeError(str(error))
    try:
        return ctypes.string_at(llvm.ffi.lib.LLVMPY_GetBufferStart(buffer), llvm.ffi.lib.LLVMPY_GetBufferSize(buffer))
    finally:
        llvm.ffi.lib.LLVMPY_DisposeMemoryBuffer(buffer)


def _printed(text: str) -> str:
    machine, module = _module(text)
    return str(machine.emit_assembly(module))


def compile_object(text: str) -> bytes:
    """The object file of a module."""
    with compiling, in_llvm():
        return _emitted(text)


def compile_pieces(texts: Iterable[str]) -> list[bytes]:
    """The object files of the pieces of a program, compiled side by side.  They are the same for any number of threads."""
    with compiling, in_llvm():
        return compiled_side_by_side(texts, _piece)


def assembly(text: str) -> str:
    """The machine code of a module as text."""
    with compiling, in_llvm():
        return _printed(text)


def linked(parts: Sequence[bytes]) -> Any:
    """LLVM's engine with object files that its own loader has placed."""
    llvm = _llvm()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target_machine())
    for part in parts:
        engine.add_object_file(llvm.ObjectFileRef.from_data(part))
    engine.finalize_object()
    return engine


__all__ = ["assembly", "compile_object", "compile_pieces", "host", "linked", "target"]
