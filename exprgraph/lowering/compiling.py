"""One thing is compiled at a time: LLVM's global context is not for two threads at once."""

from __future__ import annotations

from ..forking import lock

#: held while code is generated, compiled, loaded or looked up
compiling = lock()

__all__ = ["compiling"]
