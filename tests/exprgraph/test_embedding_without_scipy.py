"""What is for SciPy alone says so where SciPy is not installed."""

from __future__ import annotations

import sys

import pytest

import exprgraph as eg


def test_low_level_callable_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    t = eg.Symbol("t")
    fn = eg.compile(eg.sin(t), t)
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(ImportError, match="low_level_callable makes a scipy.LowLevelCallable and needs SciPy: pip install scipy"):
        fn.low_level_callable()
