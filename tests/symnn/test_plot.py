"""Pictures: what is drawn where, labels, colours that all eyes tell apart, files."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.errors import FileNameError, ShapeError
from symnn import (
    ArgumentError,
    Chain,
    Dense,
    LossTerm,
    Model,
    NeuralNetwork,
    ResidualTerm,
    SymbolicNeuralNetwork,
    build_nn_function,
    plot,
    train,
)
from symnn.physics import partial
from symnn.plot.drawing import COLOURS, MAGNITUDES, VALUES
from symnn.plot.grids import function_of, grid, values_on
from symnn.points import Ball, Box, Interval
from symnn.reports import History

matplotlib = pytest.importorskip("matplotlib", reason="pictures are drawn with matplotlib, an extra")

SQUARE = [(-1, 1), (0, 2)]


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    import matplotlib.pyplot as plt

    plt.switch_backend("Agg")
    yield
    plt.close("all")


def network() -> tuple[SymbolicNeuralNetwork, Any]:
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 3), Dense(3, 2)))
    return nn, nn.chain.initial_parameters(0)


def wave(p: np.ndarray) -> np.ndarray:
    return np.sin(3 * p[:, 0]) * (1 + p[:, 1])


def test_values_of_functions_networks_and_expressions_on_a_grid() -> None:
    nn, ps = network()
    g = grid([(-1, 1), 0.5], 7)
    assert g.varying == (0,) and g.points.shape == (7, 2) and np.all(g.points[:, 1] == 0.5)
    slope, f = partial(nn.output[1], nn.input, 0), eg.Symbol("f", per_sample=True)
    expected = build_nn_function(slope, nn, backend="numpy")(g.points, ps)
    for params in (ps, ps.flat, NeuralNetwork(nn.chain, ps)):
        np.testing.assert_allclose(values_on(g, function_of(slope, nn, params, None)), expected, rtol=1e-13)
    shifted = function_of(slope - f, nn, ps, {f: wave})
    np.testing.assert_allclose(values_on(g, shifted), expected - wave(g.points), rtol=1e-13)
    whole = function_of(NeuralNetwork(nn.chain, ps), None, None, None)
    np.testing.assert_allclose(values_on(g, whole, entries=2)[:, 1], build_nn_function(nn.output[1], nn, backend="numpy")(g.points, ps))
    assert np.array_equal(values_on(g, function_of(eg.as_expression(2.0), nn, ps, None)), np.full(7, 2.0))
    masked = values_on(g, wave, where=lambda p: p[:, 0] > 0)
    assert np.isnan(masked[:4]).all() and np.isfinite(masked[4:]).all()


def test_a_domain_is_a_box_of_which_only_the_inside_is_drawn() -> None:
    ax = plot.solution(wave, Box([0, 0], [2, 1]) - Ball([1, 0.5], 0.3), points=(41, 21), contours=0)
    (mesh,) = ax.collections
    drawn = ~np.ma.getmaskarray(mesh.get_array()).reshape(21, 41)
    assert ax.get_xlim() == (0, 2) and drawn[0].all() and not drawn[10, 20] and drawn[10, 0]
    (line,) = plot.residual(lambda x: x[:, 0], Interval(-1, 3)).lines[1:]
    assert list(np.asarray(line.get_xdata())[[0, -1]]) == [-1, 3]


def test_two_inputs_are_colours_with_the_first_across() -> None:
    ax = plot.solution(wave, SQUARE, points=(5, 4), labels=["x", ("t", "s")], name=("u", "m"))
    (mesh,) = [c for c in ax.collections if isinstance(c, matplotlib.collections.QuadMesh)]
    np.testing.assert_allclose(np.asarray(mesh.get_array()).T, values_on(grid(SQUARE, (5, 4)), wave))
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_xlim(), ax.get_ylim()) == ("x", "t (s)", (-1, 1), (0, 2))
    assert mesh.get_cmap().name == VALUES and [a.get_ylabel() for a in ax.figure.axes[1:]] == ["u (m)"]


@pytest.mark.slow
def test_a_residual_is_white_at_zero_and_an_error_is_logarithmic() -> None:
    ax = plot.residual(lambda p: p[:, 0] + 0.5, SQUARE, points=5)
    assert ax.collections[0].get_clim() == (-1.5, 1.5)
    ax = plot.error(lambda p: 1e-3 * wave(p), SQUARE, lambda p: 0 * p[:, 0], points=5)
    assert isinstance(ax.collections[0].norm, matplotlib.colors.LogNorm) and ax.collections[0].get_cmap().name == MAGNITUDES
    ax = plot.error(wave, [(-1, 1), 1.0], wave)
    assert ax.get_yscale() == "log"  # an error of zero everywhere is drawn, too
    for value in (0.0, 3.0, np.nan):  # without a range of colours
        for draw in (plot.solution, plot.residual, lambda f, box, points: plot.error(f, box, lambda p: 0 * p[:, 0], points=points)):
            draw(lambda p, value=value: np.full(len(p), value), SQUARE, points=5).figure.draw_without_rendering()
    assert ax.get_yscale() == "log" and History().plot().get_xlabel() == History([np.nan, 1.0]).plot().get_xlabel() == "epoch"


def test_a_line_with_the_exact_solution_goes_into_given_axes() -> None:
    import matplotlib.pyplot as plt

    _, both = plt.subplots(1, 2)
    ax = plot.solution(wave, [0.3, (0, 2)], exact=lambda p: wave(p) + 1, ax=both[1], labels=["x", "t"])
    assert ax is both[1] and ax.get_xlabel() == "t" and len(ax.lines) == 2 and not both[0].lines
    np.testing.assert_allclose(np.asarray(ax.lines[0].get_ydata()) - np.asarray(ax.lines[1].get_ydata()), 1.0)


def test_convergence_has_a_line_for_each_list_and_few_points() -> None:
    h = History([1.0, 0.1, 0.01], [0.5], [3], terms={"inside": [0.6, 0.06, 0.006], "ends": [0.4, 0.04, 0.004]})
    ax = h.plot()
    assert [line.get_label() for line in ax.lines] == ["loss", "inside", "ends", "validation"] and ax.get_yscale() == "log"
    assert list(ax.lines[3].get_xdata()) == [3] and list(ax.lines[0].get_xdata()) == [1, 2, 3]
    assert len(h.plot(terms=False).lines) == 2
    likelihood = History(list(np.linspace(1, -1, 100_000)))
    ax = plot.convergence({"one": h, "other": likelihood})
    assert ax.get_yscale() == "linear" and [len(line.get_xdata()) for line in ax.lines] == [3, 2000]
    assert ax.lines[1].get_xdata()[-1] == 100_000


@pytest.mark.slow
def test_a_portrait_has_streamlines_and_paths() -> None:
    path = np.stack([np.cos(np.arange(5)), np.sin(np.arange(5))], 1)
    ax = plot.phase(lambda z: np.stack([z[:, 1], -z[:, 0]], 1), [(-2, 2), (-2, 2)], paths=[path], labels=["q", "p"])
    assert len(ax.collections) > 0 and (ax.get_xlabel(), ax.get_ylabel()) == ("q", "p")
    four = np.concatenate([path, path], 1)
    ax = plot.phase(None, [0.0, (-2, 2), 0.0, (-2, 2)], paths={"orbit": four})
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), four[:, [1, 3]])


@pytest.mark.slow
def test_an_animation_shows_each_time(tmp_path: Path) -> None:
    for box, time in (([(-1, 1), (0, 2)], -1), ([(0, 2), (-1, 1), (0, 1)], 0)):
        made = plot.animation(lambda p: p.sum(1), box, time=time, frames=3, points=5, labels=["x", "t", "z"][: len(box)])
        ax = made._fig.axes[0]
        made._draw_was_started = True
        made._draw_frame(2)
        assert ax.get_title() == ("t = 2" if time else "x = 2")
        if time:
            np.testing.assert_allclose(ax.lines[0].get_ydata(), np.linspace(-1, 1, 5) + 2)
        else:
            np.testing.assert_allclose(ax.collections[0].get_array()[0], np.linspace(-1, 1, 5) + 2)
    content = plot.save(made, tmp_path / "a.gif", dpi=40).read_bytes()
    assert content.startswith(b"GIF89a")
    from PIL import Image

    assert Image.open(tmp_path / "a.gif").n_frames == 3


@pytest.mark.slow
def test_the_same_pictures_are_the_same_files_of_the_wanted_size(tmp_path: Path) -> None:
    for ending, start in ((".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml"), (".eps", b"%!PS")):
        first, second = (plot.save(plot.solution(wave, [(-1, 1), 0], points=9), tmp_path / f"{k}{ending}", dpi=50) for k in "ab")
        assert first.read_bytes() == second.read_bytes() and first.read_bytes().startswith(start), ending
    ax = plot.solution(wave, [(-1, 1), 0])
    plot.save(ax.figure, tmp_path / "wide.png", width=127, dpi=100)
    from PIL import Image

    assert Image.open(tmp_path / "wide.png").size[0] == 500


def test_what_cannot_be_drawn_or_saved_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nn, ps = network()
    ax = plot.solution(wave, [(-1, 1), 0])
    for match, wrong in {
        "box is a list with two ends for each input": lambda: plot.solution(wave, 3.0),  # type: ignore[arg-type]
        "input 1 has 'a'": lambda: plot.solution(wave, [(0, 1), "a"]),
        "the ends of an interval grow, input 0": lambda: plot.solution(wave, [(1, 0), 0]),
        "one to two inputs vary, .* got 3 of 3": lambda: plot.solution(wave, [(0, 1)] * 3),
        "an expression with its network and parameters, nn= and params=": lambda: plot.solution(nn.output[0], SQUARE),
        "has no numbers; draw NeuralNetwork": lambda: plot.solution(nn.chain, SQUARE, params=ps),
        "plot.error": lambda: plot.solution(wave, SQUARE, exact=wave),
        "labels: expected 2, one for each input, got 1": lambda: plot.solution(wave, SQUARE, labels=["x"]),
        r'a label is a name, or a name and its unit as in \("t", "s"\), got 3': lambda: plot.solution(wave, SQUARE, labels=["x", 3]),  # type: ignore[list-item]
        "points is a whole number of at least 2": lambda: plot.solution(wave, SQUARE, points=1),
        "labels are a list with a name for each input, got 3": lambda: plot.solution(wave, SQUARE, labels=3),  # type: ignore[arg-type]
        "contours is a whole number": lambda: plot.solution(wave, SQUARE, contours="x"),  # type: ignore[arg-type]
        "of several networks is drawn as a function": lambda: plot.solution(nn.output[0], SQUARE, nn=Model({"u": nn}), params=ps),  # type: ignore[arg-type]
        "density is a finite number of more than 0": lambda: plot.phase(None, SQUARE, density=0.0),
        "paths are in a dict by name or in a list, got 3": lambda: plot.phase(None, SQUARE, paths=3),  # type: ignore[arg-type]
        "seconds is a finite number of more than 0": lambda: plot.animation(wave, SQUARE, seconds=0.0),
        "ax is matplotlib's Axes, got list": lambda: plot.solution(wave, SQUARE, ax=[ax]),  # type: ignore[arg-type]
        "expected a history": lambda: plot.convergence([1.0]),  # type: ignore[arg-type]
        "phase: two inputs vary": lambda: plot.phase(None, [(0, 1), 0]),
        "the time, input -1": lambda: plot.animation(wave, [(0, 1), 0]),
        "the name of the file says the format": lambda: plot.save(ax, tmp_path / "picture"),
        "expected matplotlib's figure": lambda: plot.save(3, tmp_path / "picture.png"),
        "dpi is a finite number": lambda: plot.save(ax, tmp_path / "picture.png", dpi=-1),
    }.items():
        with pytest.raises(ArgumentError, match=match):
            wrong()
    with pytest.raises(ShapeError, match=r"expected 1 value for each point, got 2; take one, as in nn.output\[0\]"):
        plot.solution(nn.output, SQUARE, nn=nn, params=ps)
    with pytest.raises(ShapeError, match=r"box: its number of inputs is 1, and one input of the network has shape \(2,\); give two ends"):
        plot.solution(nn.output[0], [0, 1], nn=nn, params=ps)
    with pytest.raises(ShapeError, match=r"a path has shape \(times, 2\)"):
        plot.phase(None, SQUARE, paths=[np.zeros(3)])
    with pytest.raises(FileNameError, match=r"the ending .csv means a table or text"):
        plot.save(ax, tmp_path / "p.csv")
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'pip install matplotlib, or this package with its extra: pip install "exprgraph\[plot\]"'):
        plot.solution(wave, SQUARE)


def test_all_eyes_tell_the_colours_apart() -> None:
    """Machado, Oliveira and Fernandes (2009): what people without one kind of cones see."""
    protan = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    deutan = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    rgb = np.array([matplotlib.colors.to_rgb(c) for c in COLOURS])
    for seen in (np.eye(3), np.array(protan), np.array(deutan)):
        apart = np.linalg.norm(rgb[:, None] @ seen.T - rgb[None] @ seen.T, axis=-1)[~np.eye(len(rgb), dtype=bool)]
        assert apart.min() > 0.15
    for name in (VALUES, MAGNITUDES):
        luminance = matplotlib.colormaps[name](np.linspace(0, 1, 64))[:, :3] ** 2.2 @ [0.2126, 0.7152, 0.0722]
        assert np.all(np.diff(luminance) > 0)


@pytest.mark.slow
def test_a_report_is_one_page_that_needs_no_other_file(tmp_path: Path) -> None:
    from html.parser import HTMLParser

    nn, _ = network()
    terms = [
        ResidualTerm(nn.output - 1, {nn.input: np.zeros((3, 2))}, 2.0, "<inside>"),
        LossTerm(eg.sum(nn.params.L1.W**2), {}, 1e-3, "small"),
    ]
    result = train(nn, terms, epochs=2, rng=0, progress=False)
    more = {"Slope & more": partial(nn.output[0], nn.input, 0)}
    path = result.report(tmp_path / "run.html", title="A <run>", figures=[plot.solution(wave, [(-1, 1), 0])], formulas=more)
    text = path.read_text(encoding="utf-8")
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attributes: Any) -> None:
            found.extend(f"{tag} {v[:15]}" for k, v in attributes if k in ("src", "href"))

    Reader().feed(text)
    assert found == ["img data:image/png;"] * 2 and "http" not in text and text.count("<math") == 3
    for part in ("A &lt;run&gt;", "&lt;inside&gt;", "Slope &amp; more", "Chain(Dense(2, 3", "Adam, beta1", "17 of type float64", "NumPy"):
        assert part in text, part
    assert {"network", "parameters", "optimizer", "samples of a step"} <= result.settings.keys()
    again = pickle.loads(pickle.dumps(result))
    assert again.settings == result.settings and again.terms == () and again.report(tmp_path / "again.html").exists()
    with pytest.raises(FileNameError, match="the ending .pdf means a table or text; give a name that ends in .html"):
        result.report(tmp_path / "run.pdf")
    with pytest.raises(ArgumentError, match="a file that ends in .html"):
        result.report(tmp_path / "run")
