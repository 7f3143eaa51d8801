"""Sums of diagonal matrices are the diagonal of a sum, so that beside the diagonal there are zeros."""

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.traverse import topological

V, U, A = eg.Symbol("v", shape=(3,)), eg.Symbol("u"), eg.Symbol("A", shape=(3, 3))
S = eg.tanh(V) * eg.sin(V)


def is_diagonal(node):
    return node.op.name == "contract" and any(a.op.name == "identity" for a in node.args)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("f", [S, eg.tanh(V) + eg.sin(V), eg.exp(eg.tanh(S) * eg.sin(S)), V + eg.tanh(V), V * U + eg.sin(V)])
def test_the_jacobian_of_an_elementwise_function_is_one_diagonal(f, mode):
    J = eg.jacobian(f, V, mode=mode)
    assert is_diagonal(J) and not any(n.shape == (3, 3) for n in topological([J]) if n is not J and n.op.name != "identity")
    at = {V: np.array([0.3, -1.2, 2.0]), U: 0.7}
    one = [eg.evaluate(eg.gradient(f[k], V), at) for k in range(3)]
    np.testing.assert_allclose(eg.evaluate(J, at), one, rtol=1e-14)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_what_is_not_a_number_stays_in_its_own_element(mode):
    n = V / U
    J = eg.jacobian(eg.tanh(n) / eg.sin(n), U, mode=mode)
    value = eg.evaluate(J, {V: [np.nan, 1.0, 2.0], U: 2.0})
    assert np.isnan(value[0]) and np.isfinite(value[1:]).all()


def test_diagonals_of_other_axes_and_full_matrices_stay_terms():
    f, at = eg.sin(A) + A.T * eg.tanh(A.T), {A: np.arange(9.0).reshape(3, 3) / 7}
    reverse, forward = (eg.evaluate(eg.jacobian(f, A, mode=m), at) for m in ("reverse", "forward"))
    np.testing.assert_allclose(reverse, forward, rtol=1e-14)
    B = eg.jacobian(eg.sin(V) + A @ V, V)
    np.testing.assert_allclose(eg.evaluate(B, {V: np.ones(3), A: at[A]}), np.diag(np.cos(np.ones(3))) + at[A], rtol=1e-15)


def test_as_written_a_sum_of_matrices_stays_one():
    assert (eg.diag(V) + eg.diag(eg.sin(V))).op.name == "sum"
