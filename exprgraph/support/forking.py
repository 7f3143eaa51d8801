"""Locks that a process made by fork finds free, whatever the other threads of its parent were doing."""

from __future__ import annotations

import os
import threading


def lock() -> threading.RLock:
    """A lock that forking waits for: what it protects is whole in the new process.

    Locks are taken before a fork in the order opposite to that in which they were made, so one that is held
    while another is taken must be made after it.
    """
    made = threading.RLock()  # re-entrant: the thread that forks may hold it
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=made.acquire, after_in_parent=made.release, after_in_child=made.release)
    return made


__all__ = ["lock"]
