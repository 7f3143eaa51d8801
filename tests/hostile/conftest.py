"""Functions that a hostile test adds are gone after it: other tests go through all there are."""

import pytest

from exprgraph.primitive import TABLE


@pytest.fixture(autouse=True)
def functions_added_by_a_test_are_removed():
    before = set(TABLE)
    yield
    for name in set(TABLE) - before:
        del TABLE[name]
