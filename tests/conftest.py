"""Options of the test run, and the tests that they multiply."""

from __future__ import annotations

import pytest

CHUNK = 100


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("programs")
    group.addoption("--programs", type=int, default=CHUNK, help="how many numbered programs to compare methods on")
    group.addoption("--seed-start", type=int, default=0, help="the number of the first of them")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test of `seeds` for every hundred numbers, so that workers share them."""
    if "seeds" not in metafunc.fixturenames:
        return
    first = metafunc.config.getoption("--seed-start")
    stop = first + metafunc.config.getoption("--programs")
    chunks = [range(start, min(start + CHUNK, stop)) for start in range(first, stop, CHUNK)]
    metafunc.parametrize("seeds", chunks, ids=[f"{seeds.start}-{seeds.stop - 1}" for seeds in chunks])
