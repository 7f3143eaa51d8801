"""autograd's own tests on expressions, and the stand-ins that they import instead of autograd."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.peers import autograd_suite

OURS = """
import numpy as onp
import autograd.numpy as np
import autograd.numpy.random as npr
from autograd import grad
from autograd.test_util import check_grads, combo_check


def test_good():
    check_grads(lambda x: np.sort(np.sin(x)) * x[::-1])(npr.randn(4))
    combo_check(np.cumsum, [0])([npr.randn(2, 3)], axis=[None, 0, 1])


def test_nested():
    f = lambda x: np.sum(np.sin(grad(lambda y: np.sum(x * y**2))(x)))
    check_grads(grad(f))(npr.randn(3))


def test_of_lists():
    combo_check(np.hstack, [0])([[npr.randn(2), npr.randn(3)]])


def test_wrong_value():
    check_grads(lambda x: np.sum(x) + (0.0 if isinstance(x, onp.ndarray) else 1.0))(npr.randn(3))


def test_wrong_derivative():
    check_grads(lambda x: np.floor(x) if isinstance(x, onp.ndarray) else 0 * x + 0.0)(0.3 + 0 * npr.randn(3))
    check_grads(lambda x: x**2 if isinstance(x, onp.ndarray) else x * 0.7)(np.array([0.7]))


def test_converted():
    check_grads(lambda x: np.r_[x, x])(npr.randn(3))


def test_complex():
    check_grads(np.sin)(1j)
"""


def test_the_stand_ins_tell_right_from_wrong(tmp_path: Path) -> None:
    (tmp_path / "test_ours.py").write_text(OURS)
    found = {o.test.rpartition("_")[2]: o.kind for o in autograd_suite.run(tmp_path, ["test_ours"])}
    assert found == {
        "good": "passed", "nested": "passed", "lists": "passed", "value": "failed", "derivative": "failed", "converted": "converted",
        "complex": "outside",
    }  # fmt: skip


@pytest.mark.slow
def test_autograds_tests() -> None:
    """All that fail have a reason, and at least 97 of 100 pass."""
    path = os.environ.get("EXPRGRAPH_AUTOGRAD_TESTS")
    if not path:
        pytest.skip("EXPRGRAPH_AUTOGRAD_TESTS names no directory with autograd's tests (github.com/HIPS/autograd)")
    pytest.importorskip("scipy")
    outcomes = autograd_suite.run(Path(path))
    failed = [o for o in outcomes if o.kind == "failed"]
    passed = sum(o.kind == "passed" for o in outcomes)
    assert [o for o in failed if o.test not in autograd_suite.REASONS] == []
    assert passed >= 0.97 * (passed + len(failed))
