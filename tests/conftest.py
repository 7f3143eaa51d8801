"""Compiled code of a test run is kept in a directory of its own."""

import os
import tempfile

os.environ.setdefault("EXPRGRAPH_CACHE_DIR", tempfile.mkdtemp(prefix="exprgraph-tests-"))
