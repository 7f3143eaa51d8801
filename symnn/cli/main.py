"""The options of the command line.  An input error is one line on stderr, and exit status 2."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from exprgraph import __version__, backends

from ..starting import LINE, STATUS
from . import evaluate, export, walk
from .derivative_text import DERIVATIVES
from .network_text import LAYERS
from .problem import InputError

_DESCRIPTION = """\
Any composition of derivatives of a neural network.  Without arguments: the reference document, with
each derivative as mathematics and the number at its end."""

_NETWORKS = f"""\
networks    layers from left to right: {", ".join(LAYERS)}, as in
            "Dense(2,16,tanh), Dense(16,1)"; "Dense(2,8), Residual(Dense(8,8,gelu)), Linear(8,1)".
            Dense(n_in, n_out, activation=tanh, use_bias=True): the activation is tanh unless another
            is named, on the last layer too; Linear(n_in, n_out) has no bias and Affine(n_in, n_out) has
            one, both without activation.  Activations: see symnn.activations.activation_names()."""

_EVALUATE = f"""\
Evaluate a derivative of a network at points from a file.

{_NETWORKS}
derivatives {", ".join(DERIVATIVES)}, in any nesting, as in "gradient(jacobian)",
            which is the gradient, by all parameters, of each entry of the Jacobian by the input.
results     an .npz file, or a table: result.csv has a point a line, and a column for each entry of a result,
            named as L1/W[0][1].  In the .npz, of a gradient: an array for each parameter, named L1/W, L1/b, ... as in a file
            of parameters; of anything else: one array, named as the derivative.  The points' axes come
            first, then the axes of the differentiated value, then those of the parameter."""

_EXPORT = f"""\
Write derivatives of a network to a file for another program.

{_NETWORKS}
derivatives {", ".join(DERIVATIVES)}, in any nesting, separated by commas, as in
            "value, jacobian, hessian".  All of them are computed together.
parameters  with --params or --init the file holds the parameters; without, they are the last argument of its
            function: one vector, in the order of NeuralNetworkParameters.flat.  A file of parameters has no
            activations; those are in --network alone.
files       the ending of the file's name says what is written: evaluator.c, a file of C99 and a header; evaluator.o, an object
            file; libevaluator.so, a shared library; evaluator.wasm, a module of WebAssembly; evaluator.py, a Python module.
            The page "Use functions in other programs" shows what to do with them, and which options they have."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """argparse would print the usage before the message."""
        self.exit(2, f"{self.prog}: {message}; --help says more\n")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    raw = argparse.RawDescriptionHelpFormatter
    top = _Parser(prog="python -m symnn", description=_DESCRIPTION, formatter_class=raw, allow_abbrev=False)
    top.add_argument("--version", action="version", version=f"symnn {__version__}", help="show the version and exit")
    commands = top.add_subparsers(dest="command", metavar="command", parser_class=_Parser)

    w = commands.add_parser("walk", help="walk through the reference document (as without arguments)", allow_abbrev=False)
    _add_backend(w)

    e = commands.add_parser(
        "evaluate", help="derivatives of a network at points from a file", description=_EVALUATE, formatter_class=raw, allow_abbrev=False
    )
    _add_network(e)
    e.add_argument("--derivative", default="value", metavar="NESTING", help='for example "gradient(jacobian)"; default: value')
    _add_parameters(e)
    points = "numbers separated by commas or spaces, a point a line, a header or none; or .npy, file.h5:/array, .zarr"
    e.add_argument("--points", metavar="FILE", help=points)
    e.add_argument("--out", metavar="FILE", help="the .npz or .csv to write; it appears whole or not at all")
    e.add_argument("--show", nargs="?", const="text", choices=("text", "latex"), help="print the formula, as text (default) or LaTeX")
    e.add_argument("--source", action="store_true", help="print the generated code")
    _add_backend(e)
    e.add_argument(
        "--threads", type=_threads, default=1, metavar="N",
        help='the number of threads that share the points in machine code, or "all" for one on each processor; default: 1',
    )  # fmt: skip
    _add_export(commands.add_parser(
        "export", help="derivatives of a network as a file for other programs", description=_EXPORT, formatter_class=raw, allow_abbrev=False
    ))  # fmt: skip
    return top


def _add_export(x: argparse.ArgumentParser) -> None:
    _add_network(x)
    x.add_argument("--derivative", default="value", metavar="LIST", help='for example "value, jacobian, hessian"; default: value')
    _add_parameters(x)
    x.add_argument("--out", required=True, metavar="FILE", help="the file to write; it appears whole or not at all")
    x.add_argument("--dtype", choices=("float64", "float32"), help="the numbers of the file; default: float64")
    x.add_argument("--name", help="the function's name in C; default: the file's name without its ending")
    x.add_argument("--libm", action="store_true", help="call the C library's elementary functions")
    x.add_argument("--no-batch", dest="batch", action="store_false", help="leave out the code for several samples at once")
    x.add_argument("--abi", help='the conventions of calls: "casadi"')
    x.add_argument("--abi-derivatives", dest="derivatives", metavar="LIST", default=(), help='what CasADi gets, for example "jac, jac_adj"')
    x.add_argument("--abi-by", dest="by", metavar="LIST", type=_list, help="the arguments of these derivatives; default: all")
    x.add_argument("--target", help='the machine of an object file, for example "aarch64-linux-gnu"')
    x.add_argument("--cpu", help="its processor")
    x.add_argument("--features", help='features of the processor, for example "+avx2,+fma"')


def _add_network(p: argparse.ArgumentParser) -> None:
    p.add_argument("--network", required=True, metavar="LAYERS", help='for example "Dense(2,16,tanh), Dense(16,1)"')


def _add_parameters(p: argparse.ArgumentParser) -> None:
    source = p.add_mutually_exclusive_group()
    source.add_argument("--params", metavar="FILE", help="parameters, an .npz as NeuralNetworkParameters.save writes it")
    source.add_argument("--init", type=_seed, metavar="SEED", help="initial parameters from this seed instead")


def _add_backend(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--backend", choices=tuple(backends()), default="auto", help="native and numba compile, numpy does not; auto (default) chooses"
    )


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def _threads(text: str) -> int | None:
    """A number of threads; ``None`` for one on each processor."""
    if text == "all":
        return None
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a number of threads is a whole number of at least 1, or all, got {text!r}")
    return int(text)


def _seed(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"a seed is a whole number of at least 0, got {text!r}")
    return int(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status: 0, 2 after an error of the input, or 130 after Ctrl-C."""
    try:
        options = parser().parse_args(argv)
        if options.command == "evaluate":
            evaluate.run(options)
        elif options.command == "export":
            export.run(options)
        else:
            wanted = getattr(options, "backend", "auto")
            walk.run("native" if wanted == "auto" else wanted)
        sys.stdout.flush()
    except InputError as e:
        print(f"symnn: {e}", file=sys.stderr)
        return 2
    except MemoryError as e:
        print(f"symnn: not enough memory: {e or 'take fewer points, or a smaller network'}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(LINE, file=sys.stderr)
        return STATUS
    except BrokenPipeError:  # the reader has closed the pipe, as in `python -m symnn | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0
