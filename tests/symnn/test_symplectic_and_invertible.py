"""Maps with a structure: symplectic to rounding, invertible, with the determinants that they state."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from symnn import ArgumentError, Chain, Coupling, Dense, Flow, Layer, NormalizingFlow, SymbolicNeuralNetwork
from symnn.errors import ShapeError
from symnn.physics import (
    ActivationShear,
    GenericField,
    GradientShear,
    HenonLayer,
    LinearShear,
    SympNet,
    hamiltonian_field,
    port_hamiltonian_field,
)

POTENTIAL = Chain(Dense(2, 4), Dense(4, 1, "identity", use_bias=False))
MAPS = (
    GradientShear(2, 5),
    LinearShear(2, "q"),
    ActivationShear(2, "sigmoid", "q"),
    HenonLayer(POTENTIAL),
    SympNet(2, 3, 5, "sin"),
    SympNet(2, 2, kind="linear"),
)
J = np.block([[np.zeros((2, 2)), np.eye(2)], [-np.eye(2), np.zeros((2, 2))]])


def bound(nn: SymbolicNeuralNetwork, x: np.ndarray, scale: float = 2.0) -> dict[Any, Any]:
    """Values of the input and of the parameters, larger than initial ones."""
    rng = np.random.default_rng(1)
    return {nn.input: x, **{s: scale * rng.standard_normal(s.shape) / np.sqrt(s.size) for s in nn.params.leaves().values()}}


@pytest.mark.parametrize("layer", MAPS, ids=lambda m: type(m).__name__)
def test_maps_are_symplectic_to_rounding_and_have_inverses(layer: Any) -> None:
    nn = SymbolicNeuralNetwork(Chain(layer))
    x = np.random.default_rng(0).standard_normal((3, 4))
    both = [eg.jacobian(nn.output, nn.input), layer.inverse(nn.output, nn.params.L1)]
    jacobians, back = eg.evaluate(both, bound(nn, x))
    M = np.broadcast_to(jacobians, (3, 4, 4))  # of a linear map it is one for all samples
    assert nn.output.shape == (4,) and np.abs(M[0] - np.eye(4)).max() > 0.05
    np.testing.assert_allclose(np.swapaxes(M, 1, 2) @ J @ M, np.broadcast_to(J, (3, 4, 4)), atol=4e-16 * np.abs(M).max() ** 2 * 16)
    np.testing.assert_allclose(back, x, atol=1e-14 * np.abs(M).max() ** 2)
    assert eval(repr(layer), {k: v for k, v in globals().items() if isinstance(v, type)}) == layer


class Swapped(Layer):
    """An invertible layer without parameters."""

    input_size = 2

    def __call__(self, x: Any, ps: Any) -> Any:
        return x[::-1]

    def inverse(self, y: Any, ps: Any) -> Any:
        return y[::-1]

    def log_det(self, x: Any, ps: Any) -> Any:
        return eg.as_expression(0.0)


def test_an_invertible_layer_may_have_no_parameters() -> None:
    flow, x = NormalizingFlow(Swapped(), Coupling(Dense(1, 2), 2, [0]), Swapped()), np.array([0.3, -0.7])
    ps = flow.initial_parameters(0)
    np.testing.assert_allclose(eg.evaluate(flow.inverse(flow(x, ps), ps)), x, atol=1e-15)
    plain = NormalizingFlow(Coupling(Dense(1, 2), 2, [0])).log_density(x[::-1], {"L1": ps.L2})
    assert eg.evaluate(flow.log_density(x, ps)) == pytest.approx(eg.evaluate(plain))


def test_densities_integrate_to_one_and_samples_come_back() -> None:
    def inner(k: int, n: int) -> Chain:
        return Chain(Dense(k, 4), Dense(4, n, "identity"))

    couplings = [Coupling(inner(1, 2), 2, [k % 2]) for k in range(3)]
    nn = SymbolicNeuralNetwork(NormalizingFlow(*couplings))
    ticks = np.linspace(-9, 9, 241)
    x = np.stack(np.meshgrid(ticks, ticks), -1).reshape(-1, 2)
    at = bound(nn, x)
    found = eg.evaluate(eg.exp(nn.chain.log_density(nn.input, nn.params)), at)
    assert np.sum(found) * (ticks[1] - ticks[0]) ** 2 == pytest.approx(1.0, abs=2e-3)
    back, determinants, stated = eg.evaluate(
        [nn.chain.inverse(nn.output, nn.params), eg.logabsdet(eg.jacobian(nn.output, nn.input)),
         nn.chain.log_density(nn.input, nn.params) + eg.sum(nn.output**2) / 2 + np.log(2 * np.pi)], {**at, nn.input: x[::500]},
    )  # fmt: skip
    np.testing.assert_allclose(back, x[::500], atol=1e-9)
    np.testing.assert_allclose(stated, determinants, atol=1e-10)
    three = Coupling(inner(2, 2), 3, [2, 0])
    one = SymbolicNeuralNetwork(Chain(three))
    point = bound(one, np.array([0.3, -0.2, 0.9]))
    out, jacobian, stated = eg.evaluate(
        [one.output, eg.jacobian(one.output, one.input), three.log_det(one.input, one.params.L1)], point
    )
    assert out[0] == 0.3 and out[2] == 0.9 and np.linalg.slogdet(jacobian)[1] == pytest.approx(stated, abs=1e-12)


def test_a_flow_of_a_differential_equation_has_the_density_of_its_jacobian() -> None:
    flow = NormalizingFlow(Flow(lambda y: -0.5 * y, steps=10))
    x = eg.Symbol("x", 2, per_sample=True)
    nn = SymbolicNeuralNetwork(NormalizingFlow(Flow(Chain(Dense(2, 3), Dense(3, 2)), steps=4)))
    found = eg.evaluate(flow.log_density(x, {}), {x: np.ones((1, 2))})
    assert found[0] == pytest.approx(-np.exp(-1) - np.log(2 * np.pi) - 1.0, abs=1e-6)
    (density,) = eg.evaluate([nn.chain.log_density(nn.input, nn.params)], bound(nn, np.ones(2)))
    assert np.isfinite(density)
    back = eg.evaluate(nn.chain.inverse(nn.output, nn.params), bound(nn, np.ones(2)))
    np.testing.assert_allclose(back, 1.0, atol=2e-3)  # the error of the steps
    with pytest.raises(ArgumentError, match=r"layer 1 of a NormalizingFlow, Dense.* has no inverse"):
        NormalizingFlow(Dense(2, 2)).inverse(x, Chain(Dense(2, 2)).initial_parameters(0))


def test_a_port_hamiltonian_field_has_the_balance_of_its_energy() -> None:
    nn = SymbolicNeuralNetwork(Chain(Dense(4, 6), Dense(6, 1, "identity")))
    L, G, u = eg.Symbol("L", (4, 4)), eg.Symbol("G", (4, 2)), eg.Symbol("u", 2)
    field = port_hamiltonian_field(nn.output, nn.input, L @ L.T, G, u)
    slope = eg.gradient(nn.output[0], nn.input)
    rng = np.random.default_rng(0)
    values = {L: rng.standard_normal((4, 4)), G: rng.standard_normal((4, 2)), u: rng.standard_normal(2)}
    at = {**bound(nn, rng.standard_normal((5, 4))), **{s: np.broadcast_to(v, (5, *v.shape)) for s, v in values.items()}}
    rate, lost, came = eg.evaluate([eg.dot(slope, field), eg.sum((L.T @ slope) ** 2), eg.dot(G.T @ slope, u)], at)
    np.testing.assert_allclose(rate, came - lost, atol=1e-12)
    assert port_hamiltonian_field(nn.output, nn.input) is hamiltonian_field(nn)
    diagonal, whole = (port_hamiltonian_field(nn.output, nn.input, R) for R in ([0.0, 0.0, 0.3, 0.2], np.diag([0, 0, 0.3, 0.2])))
    np.testing.assert_allclose(*eg.evaluate([diagonal, whole], bound(nn, rng.standard_normal((5, 4)))), atol=1e-14)


def test_a_generic_field_keeps_energy_and_gains_entropy() -> None:
    E, S = Chain(Dense(4, 5), Dense(5, 1)), Chain(Dense(4, 6, "softplus"), Dense(6, 1))
    field = GenericField(E, S, rank=3)
    nn = SymbolicNeuralNetwork(Chain(field))
    x, ps = nn.input, nn.params.L1
    slopes = [eg.gradient(layer(x, own)[0], x) for layer, own in ((E, ps.energy), (S, ps.entropy))]
    velocity, of_energy, of_entropy = eg.evaluate([nn.output, *slopes], bound(nn, np.random.default_rng(0).standard_normal((50, 4)), 3.0))
    size = np.linalg.norm(velocity, axis=1) * np.linalg.norm(of_energy, axis=1)
    assert np.abs(np.sum(of_energy * velocity, 1)).max() < 1e-13 * size.max()
    gained = np.sum(of_entropy * velocity, 1)
    assert gained.min() > -1e-13 and gained.max() > 1e-3 and size.max() > 1e-2
    assert eval(repr(field), {k: v for k, v in globals().items() if isinstance(v, type)}) == field


def test_what_is_no_such_map_says_why() -> None:
    z = eg.Symbol("z", 4)
    for match, error, wrong in (
        ('changes is "p" or "q", got "x"', ArgumentError, lambda: LinearShear(1, "x")),
        ("GradientShear: n is a whole number of at least 1", ArgumentError, lambda: GradientShear(0, 3)),
        ('kind is "gradient" or "linear"', ArgumentError, lambda: SympNet(1, kind="G")),
        (r"takes a state of shape \(4,\), got shape \(3,\)", ShapeError, lambda: LinearShear(2)(z[:3], {})),
        ("must have a fixed number of inputs and one output", ShapeError, lambda: HenonLayer(Dense(2, 2))),
        ("energy and entropy take the same state", ShapeError, lambda: GenericField(Dense(2, 1), Dense(3, 1))),
        ("must have one output", ShapeError, lambda: GenericField(Dense(2, 1), Dense(2, 2))),
        ("kept has some of the indices from 0 to 1", ArgumentError, lambda: Coupling(Dense(1, 2), 2, [0, 1])),
        ("each once and not all, got 0", ArgumentError, lambda: Coupling(Dense(1, 2), 2, 0)),
        ("each once and not all, got \\[0.5\\]", ArgumentError, lambda: Coupling(Dense(1, 2), 2, [0.5])),
        ("makes 2 numbers, s and t, of 1; it makes", ShapeError, lambda: Coupling(Dense(1, 1), 2, [0])),
        ("makes shape", ShapeError, lambda: NormalizingFlow(Dense(4, 2)).log_density(z, Chain(Dense(4, 2)).initial_parameters(0))),
        (r"a matrix of shape \(4, 4\), or its diagonal", ShapeError, lambda: port_hamiltonian_field(z[0], z, [1.0])),
        ("a matrix of 4 rows", ShapeError, lambda: port_hamiltonian_field(z[0], z, None, np.ones((3, 1)), [1.0])),
        ("ports= and inputs= come together", ArgumentError, lambda: port_hamiltonian_field(z[0], z, inputs=[1.0])),
    ):
        with pytest.raises(error, match=match.replace('"x"', "'x'")):
            wrong()
