"""The cache of machine code on disk, for later processes.

The directory is ``$EXPRGRAPH_CACHE_DIR``, or ``exprgraph`` in ``$XDG_CACHE_HOME`` or ``~/.cache``.  If
``EXPRGRAPH_CACHE_DIR`` is empty, nothing is kept.  Loading machine code means running it, so a file is read only if it
and the directory belong to this user, and nobody else can write there.  A damaged entry, or one of another version or
processor, is not found, and compiled again.  Files are written completely and then renamed, so processes may write the
same one at once.  Beyond ``MOST`` entries or ``MOST_BYTES``, the least recently used ones are removed.  Files without the name and the
beginning of an entry are left alone.
"""

from __future__ import annotations

import importlib
import os
import re
import stat
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from importlib.machinery import PathFinder
from itertools import accumulate
from pathlib import Path
from types import ModuleType

from ... import loops
from ...support.offered import offered
from .. import native

_MARK = b"exprgraph object 1\n"
_CHECK = 32  # bytes of the digest before the code
_SIZE = 20  # bytes of the digest in the name of an entry
#: drafts of entries, left behind by a killed process
_UNFINISHED = re.compile(r"\.exprgraph-[0-9a-z_]+\.tmp")
_ENTRY = re.compile(rf"[0-9a-f]{{{2 * _SIZE}}}")
#: seconds after which a draft is abandoned
_LEFT = 3600.0
#: the most entries, and bytes of all; most entries have 5 to 200 kB, those of large graphs have 70 bytes for each operation
MOST, MOST_BYTES = 2000, 1 << 30
#: bytes are counted when a larger entry is written: ``MOST`` smaller ones are few bytes, and are not asked for their sizes each time
_LARGE = 1 << 18


def directory() -> Path | None:
    """The directory of the cache; ``None`` to keep nothing."""
    own = os.environ.get("EXPRGRAPH_CACHE_DIR")
    if own is not None:
        return Path(own) if own else None
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "exprgraph"
    except RuntimeError:  # no home directory
        return None


@cache
def _compiler() -> bytes:
    """The digest of the compiler: typed loops, their library and printer, this package, and the version of LLVM's binding.

    Empty if their files cannot be read.
    """
    binding = _version_of_binding()
    if binding is None:
        return b""
    digest = blake2b(f"{offered('__version__')} ".encode() + binding, digest_size=16)
    for package, folder in ((native, ""), (loops, ""), (loops, "formulas/"), (loops, "print/llvm/")):
        texts = _plain_texts(package.__path__, folder)
        for text in _texts(package, folder) if texts is None else texts:
            if text is None:
                return b""
            digest.update(text)
    return digest.digest()


def _plain_texts(paths: Iterable[str], folder: str) -> list[bytes] | None:
    """The texts of the modules of a folder, by their names; ``None`` if it is no folder of files with their sources."""
    found: dict[str, str] = {}
    try:
        for path in paths:
            with os.scandir(os.path.join(path, folder)) as entries:
                for e in entries:
                    name, ending = os.path.splitext(e.name)
                    if ending == ".py":
                        found[name] = e.path
                    elif not ending and os.path.isfile(inner := os.path.join(e.path, "__init__.py")):
                        found[name] = inner
                    elif ending:
                        return None
        found.pop("__init__", None)
        texts = []
        for name in sorted(found):
            with open(found[name], "rb", 0) as f:
                texts.append(f.read())
        return texts
    except OSError:
        return None


def _texts(package: ModuleType, folder: str) -> Iterator[bytes | None]:
    """The same wherever a package is imported from, such as a zip archive."""
    pkgutil = importlib.import_module("pkgutil")  # which imports more than all of this takes
    paths = [os.path.join(path, folder) for path in package.__path__]
    for module in sorted(pkgutil.iter_modules(paths), key=lambda m: m.name):
        yield _source(package.__name__, f"{folder}{module.name}{'/__init__' * module.ispkg}")


def _version_of_binding() -> bytes | None:
    """The text of the module that tells the version of llvmlite, which takes long to import."""
    found = PathFinder.find_spec("llvmlite") or importlib.import_module("importlib.util").find_spec("llvmlite")
    read: Callable[[str], bytes] | None = getattr(found and found.loader, "get_data", None)
    if found is None or read is None:
        return None
    with suppress(OSError):
        return read(os.path.join(*(found.submodule_search_locations or ())[:1], "_version.py"))
    return None


def _source(package: str, path: str) -> bytes | None:
    """The text of a module, or its bytecode where that is all there is."""
    get: Callable[[str, str], bytes | None] = importlib.import_module("pkgutil").get_data
    for ending in (".py", ".pyc"):
        with suppress(OSError):
            return get(package, path + ending)
    return None


def key(*parts: str) -> str:
    """The name of an entry, from everything the code depends on; empty if nothing is kept, or the compiler is unknown."""
    if directory() is None or not _compiler():
        return ""
    digest = blake2b(_compiler(), digest_size=_SIZE)
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


def _is_ours(info: os.stat_result) -> bool:
    """Whether this user owns a file or directory, and nobody else can write to it."""
    if not hasattr(os, "geteuid"):  # access is controlled by lists that the user's profile directory inherits
        return True
    return info.st_uid == os.geteuid() and not stat.S_IMODE(info.st_mode) & 0o022


def read(name: str) -> bytes | None:
    """The code of an entry; ``None`` if there is no trusted one."""
    where = directory()
    if where is None or not name:
        return None
    try:
        if not _is_ours(os.lstat(where)):
            return None
        # never follow a link, never wait for a pipe
        handle = os.open(where / name, os.O_RDONLY | _flag("O_NOFOLLOW") | _flag("O_NONBLOCK") | _flag("O_BINARY"))
        with os.fdopen(handle, "rb") as f:
            about = os.fstat(f.fileno())
            if not _is_ours(about) or not stat.S_ISREG(about.st_mode):
                return None
            data = f.read()
    except OSError:  # missing or unreadable: compile instead
        return None
    code = data[len(_MARK) + _CHECK :]
    if not data.startswith(_head(name, code)):
        return None
    with suppress(OSError):  # the directory has become read-only: the entry is still good
        os.utime(where / name)
    return code


def _flag(name: str) -> int:
    """A flag of ``os.open``, if the system has it."""
    return int(getattr(os, name, 0))


def _head(name: str, code: bytes) -> bytes:
    """The bytes before the code: an entry is valid only under its own name."""
    return _MARK + blake2b(name.encode() + code, digest_size=_CHECK, person=b"exprgraph").digest()


def write(name: str, code: bytes) -> bool:
    """Keep an entry; returns whether that was possible."""
    where = directory()
    if where is None or not name:
        return False
    temporary = ""
    try:
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours(os.lstat(where)):
            return False
        temporary = str(where / f".exprgraph-{os.urandom(8).hex()}.tmp")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _flag("O_NOFOLLOW") | _flag("O_BINARY"), 0o600)
        with os.fdopen(handle, "wb") as f:
            f.write(_head(name, code) + code)
        os.replace(temporary, where / name)
        temporary = ""
        _prune(where, len(code) > _LARGE)
    except OSError:  # read-only, full, or of another user: this process has its code, and keeps nothing
        return False
    finally:  # also after an interrupt
        if temporary:
            with suppress(OSError):
                os.unlink(temporary)
    return True


def _prune(where: Path, counted: bool) -> None:
    """Remove the older half of the entries if there are too many, or too many bytes if these are counted; and abandoned drafts."""
    with os.scandir(where) as found:
        names = [entry.name for entry in found]
    entries = [name for name in names if _ENTRY.fullmatch(name)]
    if len(entries) <= MOST and not counted:
        return
    used: list[tuple[float, int, str]] = []
    for name in entries:
        with suppress(OSError):  # another process removes entries too
            info = os.lstat(where / name)
            used.append((info.st_mtime, info.st_size, name))
    used.sort(reverse=True)
    sums = list(accumulate(size for _, size, _ in used))
    if len(used) <= MOST and (not sums or sums[-1] <= MOST_BYTES):
        return
    kept = min(MOST // 2, max(1, bisect_right(sums, MOST_BYTES // 2)))  # the newest is kept, however large it is
    surplus = [name for _, _, name in used[kept:]]
    for name in (*surplus, *filter(_UNFINISHED.fullmatch, names)):
        with suppress(OSError):
            if _may_go(where / name):
                os.unlink(where / name)


def _may_go(path: Path) -> bool:
    """Whether this package wrote the file, and no process is writing it."""
    handle = os.open(path, os.O_RDONLY | _flag("O_NOFOLLOW") | _flag("O_NONBLOCK") | _flag("O_BINARY"))
    with os.fdopen(handle, "rb") as f:
        about = os.fstat(f.fileno())
        if not stat.S_ISREG(about.st_mode) or not _is_ours(about):
            return False
        start = f.read(len(_MARK))
    if _UNFINISHED.fullmatch(path.name):  # possibly truncated before its first byte
        return _MARK.startswith(start) and time.time() - about.st_mtime > _LEFT
    return start == _MARK


__all__ = ["directory", "key", "read", "write"]
