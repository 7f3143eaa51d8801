"""Files written completely or not at all, even if the process is interrupted.

A writer fills a draft beside the file, which then replaces the file in one step.  An existing file keeps its mode
and, if the system allows it, its owner; a new file gets its mode from the umask.  A link stays, and its target is
replaced.  Only regular files are replaced: root could otherwise turn a device or a pipe into a file.
"""

from __future__ import annotations

import os
import signal
import stat
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from shutil import copy2
from types import FrameType
from typing import IO

from ..errors import FileNameError

#: endings that name a format; no writer uses them for another one
_MEANINGS = {
    "source code": ".c .cc .cpp .cu .cxx .f .f90 .go .h .hpp .java .jl .js .m .ptx .py .pyi .pyx .r .rs .sh .ts",
    "machine code": ".a .bc .dll .dylib .exe .ll .o .obj .pyc .pyd .s .so .wasm",
    "a table or text": ".csv .docx .htm .html .ini .ipynb .json .log .md .pdf .rst .tex .toml .tsv .txt .xls .xlsx .xml .yaml .yml",
    "arrays or objects": ".arrow .feather .h5 .hdf5 .mat .nc .npy .npz .onnx .parquet .pickle .pkl .pt .pth .safetensors",
    "an archive": ".7z .bz2 .gz .tar .tgz .whl .xz .zip .zst",
    "a picture": ".bmp .dot .eps .gif .jpeg .jpg .png .svg .tif .tiff .webp",
}
_MEANS = {suffix: what for what, suffixes in _MEANINGS.items() for suffix in suffixes.split()}


def checked_name(path: str | os.PathLike[str], what: str, suffixes: Iterable[str]) -> str:
    """The path as text, if its name ends in one of ``suffixes`` or in no ending of another format.

    Raises:
        TypeError: it is not the path of a file.
        FileNameError: the name has the ending of another format.

    >>> from exprgraph.support.files import checked_name
    >>> checked_name("run-0.5", "parameters", [".npz"])
    'run-0.5'
    >>> checked_name("run.csv", "parameters", [".npz"])
    Traceback (most recent call last):
    ...
    exprgraph.errors.FileNameError: cannot save parameters to run.csv: the ending .csv means a table or text; give a name that ends in .npz
    """
    name = os.fspath(path) if isinstance(path, (str, os.PathLike)) else None
    if not isinstance(name, str):
        raise TypeError(f"cannot save {what}: expected the path of a file, got {path!r}")
    if not name or name.endswith(("/", os.sep)):
        raise FileNameError(f"cannot save {what} to {name!r}: it is not the name of a file")
    if "\0" in name:
        raise FileNameError(f"cannot save {what} to {name!r}: no file has a name with a zero byte")
    ending = os.path.splitext(name)[1].lower()
    known = list(suffixes)
    if ending not in known and ending in _MEANS:
        raise FileNameError(
            f"cannot save {what} to {name}: the ending {ending} means {_MEANS[ending]}; give a name that ends in {' or '.join(known)}"
        )
    return name


def check_writable(path: str | os.PathLike[str], what: str, suffixes: Iterable[str]) -> None:
    """Check that :func:`written_whole` can write there, before there is anything to lose; leaves no file behind."""
    name = checked_name(path, what, suffixes)
    with _explained(name, what), _draft(_target(name, what)) as draft:
        open(draft, "xb").close()  # permissions do not tell: a disk may be read-only


@contextmanager
def written_whole(path: str | os.PathLike[str], what: str, suffixes: Iterable[str]) -> Iterator[IO[bytes]]:
    """A file to write into.  It replaces ``path`` when the block ends, and is removed if the block fails.

    Args:
        what: the contents, for messages: "parameters".
        suffixes: the endings of this format; other names are accepted unless they have the ending of another format.

    Raises:
        FileNameError: the name has the ending of another format.
        OSError: there is no such directory, the path is not a regular file, or the disk is full.
    """
    name = checked_name(path, what, suffixes)
    with _explained(name, what):
        target = _target(name, what)
        with _draft(target) as draft:
            with open(draft, "xb") as f:
                yield f
                f.flush()
                os.fsync(f.fileno())
            _like(draft, target)
            os.replace(draft, target)


def written_together(contents: Mapping[str, bytes], what: str, suffixes: Iterable[str]) -> None:
    """Write several files, all of them or none: all drafts are complete before the first file is replaced.

    Args:
        contents: the bytes of each file by its path.
        what: the contents of the first, for messages.
        suffixes: the endings of all of them.

    Raises:
        FileNameError: a name has the ending of another format, or two names are the same file.
        OSError: as for :func:`written_whole`; the files are as they were.
    """
    endings = list(suffixes)
    names = [checked_name(path, what, endings) for path in contents]
    with ExitStack() as stack:
        stack.enter_context(_explained(names[0], what))
        targets = [_target(name, what) for name in names]
        if len(set(targets)) < len(targets):
            raise FileNameError(f"cannot save {what}: {' and '.join(names)} are the same file")
        drafts = [stack.enter_context(_draft(target)) for target in targets]
        for draft, target, content in zip(drafts, targets, contents.values()):
            with open(draft, "xb") as f:
                f.write(content)
                f.flush()
                os.fsync(f.fileno())
            _like(draft, target)
        _replaced_together(drafts, targets, stack)


def _replaced_together(drafts: Sequence[str], targets: Sequence[str], stack: ExitStack) -> None:
    """Replace files by their drafts; if one cannot be replaced, those before it get their old contents back."""
    kept: list[tuple[str, str | None]] = []
    try:
        for draft, target in zip(drafts, targets):
            old = stack.enter_context(_draft(target)) if os.path.exists(target) and len(targets) > 1 else None
            if old is not None:
                copy2(target, old)
            os.replace(draft, target)
            kept.append((target, old))
    except BaseException:
        for target, old in kept:
            if old is None:
                _remove(target)
            else:
                os.replace(old, target)
        raise


@contextmanager
def _explained(name: str, what: str) -> Iterator[None]:
    """Add the name of the contents to the system's errors."""
    try:
        yield
    except OSError as e:
        if e.errno is None:  # raised by this module, and complete
            raise
        raise OSError(e.errno, f"cannot save {what}: {e.strerror}", name) from e


def _target(name: str, what: str) -> str:
    """The file to replace: the target of links."""
    target = os.path.realpath(name)
    place = f"cannot save {what} to {name}"
    folder = os.path.dirname(target)
    if not os.path.isdir(folder):
        shown = os.path.dirname(name) if target == os.path.abspath(name) else folder
        raise FileNotFoundError(f"{place}: there is no directory {shown}; make it first")
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return target
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(f"{place}: it is a directory; give the name of a file")
    if not stat.S_ISREG(mode):
        raise FileExistsError(f"{place}: it is {_kind(mode)}, and only regular files are replaced; give another name")
    if not os.access(target, os.W_OK):
        raise PermissionError(f"{place}: the file is there and is write-protected")
    return target


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"))
    return next((name for is_kind, name in kinds if is_kind(mode)), "not a regular file")


@contextmanager
def _draft(target: str) -> Iterator[str]:
    """A name beside the file.  A file of this name is removed at the end, also when a signal ends the process."""
    folder, name = os.path.split(target)
    draft = os.path.join(folder, f".{name[:40]}.{os.urandom(6).hex()}.tmp")

    def end(number: int, frame: FrameType | None) -> None:
        _remove(draft)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    ending: list[int] = []
    if threading.current_thread() is threading.main_thread():  # only the main thread may set handlers of signals
        numbers = [getattr(signal, n, None) for n in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")]
        ending = [n for n in numbers if n is not None and signal.getsignal(n) == signal.SIG_DFL]  # the program set the others
    try:
        for number in ending:
            signal.signal(number, end)
        yield draft
    finally:
        _remove(draft)
        for number in ending:
            signal.signal(number, signal.SIG_DFL)


def _like(draft: str, target: str) -> None:
    """Give the draft the mode and the owner of the file that it replaces."""
    try:
        old = os.stat(target)
    except FileNotFoundError:  # a new file gets its mode from the umask
        return
    if hasattr(os, "chown"):
        new = os.stat(draft)
        if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
            with suppress(PermissionError):  # only root may give files away
                os.chown(draft, old.st_uid, old.st_gid)
    os.chmod(draft, stat.S_IMODE(old.st_mode) & 0o777)


def _remove(draft: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(draft)


__all__ = ["check_writable", "checked_name", "written_together", "written_whole"]
