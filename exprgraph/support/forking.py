"""Locks that are free in a forked process, even if another thread of its parent held them."""

from __future__ import annotations

import os
import threading


def lock() -> threading.RLock:
    """A lock that a fork waits for, so that the data it protects are consistent in the new process.

    A fork takes all locks, the newest first.  So if a lock is held while another one is taken, the first must be newer.
    """
    made = threading.RLock()  # re-entrant: the thread that forks may hold it
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=made.acquire, after_in_parent=made.release, after_in_child=made.release)
    return made


__all__ = ["lock"]
