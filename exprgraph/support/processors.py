"""The processors that this process may use, and the numbers of threads that users ask for."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

from .integers import whole


def processors() -> int:
    """The number of processors that this process may use, which ``threads=None`` takes.

    It follows the affinity of the process, and the time that control groups of Linux grant it, as in containers.  From Python 3.13
    on, ``PYTHON_CPU_COUNT`` and ``-X cpu_count`` may say another number.

    >>> import exprgraph as eg
    >>> eg.processors() >= 1
    True
    """
    return usable_processors()


def usable_processors() -> int:
    """The number of processors that this process may use; saved modules contain the source."""
    if hasattr(os, "process_cpu_count"):
        count = os.process_cpu_count()
    else:
        count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min([count or 1, *granted()]))


def granted(groups: Path = Path("/proc/self/cgroup"), mounted: Path = Path("/sys/fs/cgroup")) -> Iterator[int]:
    """The processors whose time the control groups of this process grant, of both versions; nothing where there is no limit.

    Args:
        groups: the file that lists the groups of the process.
        mounted: the directory of all groups.
    """
    try:
        lines = groups.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = mounted / "cpu" if controllers else mounted
        # a limit of a group holds for all groups inside of it
        for own in (Path(path), *Path(path).parents):
            limit = limit_of(root / own.relative_to("/"), bool(controllers))
            if limit is not None:
                yield limit


def limit_of(group: Path, first_version: bool) -> int | None:
    try:
        if first_version:
            quota, period = ((group / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        else:
            quota, period = (group / "cpu.max").read_text().split()
        share = int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):  # no such file; "max"
        return None
    return math.ceil(share) if share > 0 else None


def threads_of(value: object) -> int | None:
    """The number of threads that a user asks for, ``None`` for as many as there are processors.

    Returns:
        ``None`` if the value is no number of threads.

    >>> from exprgraph.support.processors import threads_of
    >>> threads_of(2), threads_of(0), threads_of("2")
    (2, None, None)
    """
    count = processors() if value is None else whole(value)
    return count if count is not None and count >= 1 else None


__all__ = ["granted", "limit_of", "processors", "threads_of", "usable_processors"]
