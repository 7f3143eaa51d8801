"""Compiled code of a test run is kept in a directory of its own."""

import atexit
import os
import shutil
import tempfile

if "EXPRGRAPH_CACHE_DIR" not in os.environ:  # workers of a parallel run have that of the run
    os.environ["EXPRGRAPH_CACHE_DIR"] = tempfile.mkdtemp(prefix="exprgraph-tests-")
    atexit.register(shutil.rmtree, os.environ["EXPRGRAPH_CACHE_DIR"], ignore_errors=True)
