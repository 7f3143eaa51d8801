from __future__ import annotations
def compile(*a, **k):
    raise RuntimeError
