"""Compiled code of a test run is kept in a directory of its own; a test leaves the table of functions as it was."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from exprgraph.testing import temporary_functions

if "EXPRGRAPH_CACHE_DIR" not in os.environ:  # workers of a parallel run have that of the run
    os.environ["EXPRGRAPH_CACHE_DIR"] = tempfile.mkdtemp(prefix="exprgraph-tests-")
    atexit.register(shutil.rmtree, os.environ["EXPRGRAPH_CACHE_DIR"], ignore_errors=True)

# an oracle where it is installed
collect_ignore = [] if find_spec("jax") else ["fuzz/jax_oracle.py"]


@pytest.fixture(autouse=True)
def _functions_of_a_test() -> Iterator[None]:
    """A function that a test adds, a wrong one perhaps, is not among what other tests draw."""
    with temporary_functions():
        yield
