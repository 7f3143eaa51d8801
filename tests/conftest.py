"""Compiled code of a test run is kept in a directory of its own."""

import atexit
import os
import shutil
import tempfile
from importlib.util import find_spec

if "EXPRGRAPH_CACHE_DIR" not in os.environ:  # workers of a parallel run have that of the run
    os.environ["EXPRGRAPH_CACHE_DIR"] = tempfile.mkdtemp(prefix="exprgraph-tests-")
    atexit.register(shutil.rmtree, os.environ["EXPRGRAPH_CACHE_DIR"], ignore_errors=True)

# an oracle where it is installed
collect_ignore = [] if find_spec("jax") else ["fuzz/jax_oracle.py"]
