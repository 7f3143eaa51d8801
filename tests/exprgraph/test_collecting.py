"""Python's collector of cycles is paused for large graphs only, and always comes back."""

from __future__ import annotations

import gc

import pytest

from exprgraph.support import collecting
from exprgraph.support.collecting import UNCOLLECTED_NODES, uncollected


def test_it_is_paused_inside_and_runs_again_afterwards() -> None:
    assert gc.isenabled()
    with uncollected(UNCOLLECTED_NODES):
        with uncollected(UNCOLLECTED_NODES):
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    with uncollected(UNCOLLECTED_NODES - 1):
        assert gc.isenabled()


def test_a_thread_may_leave_what_a_forked_process_has_forgotten() -> None:
    with uncollected(UNCOLLECTED_NODES):
        collecting._in_child()
        assert gc.isenabled()
    with uncollected(UNCOLLECTED_NODES):
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_runs_again_after_an_error() -> None:
    with pytest.raises(ValueError, match="ours"), uncollected(UNCOLLECTED_NODES):
        raise ValueError("ours")
    assert gc.isenabled()


def test_it_stays_off_if_it_was_off() -> None:
    gc.disable()
    try:
        with uncollected(UNCOLLECTED_NODES):
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
