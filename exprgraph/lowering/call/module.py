"""Generated source loaded as a module for Numba; equal source is compiled once in a process and cached for later processes."""

from __future__ import annotations

import linecache
import pickle
import sys
from hashlib import blake2b
from types import ModuleType
from typing import Any

import numpy as np

from ...support.compiling import compiling
from ..native import disk, machine


class Module:
    """A loaded module of generated code."""

    def __init__(self, source: str) -> None:
        digest = blake2b(source.encode(), digest_size=12).hexdigest()
        self.name = name = f"<exprgraph {digest}>"
        module = sys.modules[_importable(name)] = ModuleType(_importable(name))  # Numba keeps code of such modules
        # tracebacks and Numba's messages show the generated lines
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        namespace = vars(module)
        exec(compile(source, name, "exec"), namespace)
        self.kernel = namespace["kernel"]
        self.kernel._cache = _Kept(source)
        self.table = np.array(namespace["TABLE"], dtype=np.uint64)
        self.steps = np.array(namespace["STEPS"], dtype=np.uint64).reshape(-1, 2)
        self.constants = np.array(namespace["CONSTANTS"], dtype=namespace["R"])


class _Kept:
    """Numba's compiled code as an entry of the cache on disk; its dispatcher asks this object before it compiles.

    Numba's own cache needs a source file and writes next to it; this one uses the checks and the size limit of our cache.
    """

    cache_path = None

    def __init__(self, source: str) -> None:
        self._source = source

    def _key(self, signature: Any, context: Any) -> str:
        import numba

        parts = (numba.__version__, np.__version__, repr(context.codegen().magic_tuple()), *machine.host())
        return disk.key("numba", self._source, repr(signature), *parts)

    def load_overload(self, signature: Any, context: Any) -> Any:
        """The compiled code for a signature; ``None`` if it is not cached."""
        data = disk.read(self._key(signature, context))
        if data is None:
            return None
        from numba.core import caching

        form: Any = caching.CompileResultCacheImpl
        context.refresh()
        return form.rebuild(None, context, pickle.loads(data))

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Cache the compiled code, unless it contains addresses of this process."""
        from numba.core import caching, serialize

        form: Any = caching.CompileResultCacheImpl
        dumps: Any = serialize.dumps
        if not compiled.library.has_dynamic_globals:
            disk.write(self._key(signature, compiled.target_context), dumps(form.reduce(None, compiled)))


def _importable(name: str) -> str:
    """The name of a module of that file."""
    return "exprgraph_generated_" + name.strip("<>").rpartition(" ")[2]


#: the number of modules kept for later functions of equal source
KEPT = 256

_modules: dict[str, Module] = {}


def load_module(source: str) -> Module:
    """The module of a source text."""
    with compiling:
        module = _modules.get(source)
        if module is None:
            if len(_modules) >= KEPT:  # the oldest first
                oldest = _modules.pop(next(iter(_modules)))
                linecache.cache.pop(oldest.name, None)
                sys.modules.pop(_importable(oldest.name), None)
            module = _modules[source] = Module(source)
        return module
