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


def test_derivatives_of_all_differences_keep_no_axis_more() -> None:
    """Sums over pairs: the tangent of ``t[i] - t[j]`` is two diagonals, and not an array of pairs times elements."""
    counts = []
    for n in (10, 20):
        z = eg.Symbol("z", 2 * n)
        weights = np.arange(n * n).reshape(n, n) / n**2
        power = []
        for t, v in ((eg.Symbol("t", n), eg.Symbol("v", n)), (z[:n], z[n:]), (eg.reshape(z, (2, n))[0], eg.reshape(z, (2, n))[1])):
            d = t[:, None] - t[None, :]
            power.append(v * ((weights * eg.cos(d) + eg.sin(d)) @ v))
        x = eg.Symbol("x", 3 * n)
        d = eg.reshape(x, (n, 3))[:, None] - eg.reshape(x, (n, 3))[None]
        energy = eg.sum(eg.exp(-eg.sum(d**2, axis=2)))
        made = [eg.jacobian(power[0], eg.Symbol("t", n)), eg.jacobian(power[1], z), eg.jacobian(power[2], z), eg.hessian(energy, x)]
        largest = [max(k.size for k in topological([j])) for j in made]
        assert largest == [n**2, 2 * n**2, 2 * n**2, 9 * n**2]
        counts.append([eg.count_ops(j) for j in made])
        at = {s: np.random.default_rng(1).normal(size=s.shape) for s in (z, x, eg.Symbol("t", n), eg.Symbol("v", n))}
        for j, f, by in ((made[0], power[0], eg.Symbol("t", n)), (made[1], power[1], z), (made[3], eg.gradient(energy, x), x)):
            np.testing.assert_allclose(eg.evaluate(j, at), eg.evaluate(eg.jacobian(f, by, "reverse"), at), rtol=1e-11, atol=1e-12)
    assert (np.array(counts[1]) < 5 * np.array(counts[0])).all()


def test_parts_of_parts_are_counted_once():
    """A symbol that is read by a part, by an element of that part, and by another part."""
    x = eg.Symbol("x", 6)
    m = eg.reshape(x, (2, 3))
    pairs = eg.sum(eg.outer(eg.sin(m), eg.cos(m[1])) * 2, axis=1)
    for f in (pairs, pairs[0] * m[0, 1], pairs + eg.sum(eg.outer(x, x)), pairs[:2] * x[1:3]):
        at = {x: np.linspace(0.2, 1.3, 6)}
        np.testing.assert_allclose(eg.evaluate(eg.jacobian(f, x, "forward"), at), eg.evaluate(eg.jacobian(f, x, "reverse"), at), rtol=1e-13)
