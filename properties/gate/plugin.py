"""The gate's options for pytest: `pytest --pyargs pruneproof.properties --implementation TARGET`.

It is an entry point, since pytest reads no conftest of a package named with `--pyargs` before it
reads its options. Every pytest run where pruneproof is installed imports this file: it must stay
light.
"""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = "test_every_property.py"
PROPERTIES = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """Name the implementation, and how it is judged."""
    group = parser.getgroup("pruneproof", "pruneproof's gate")
    group.addoption(
        "--implementation",
        metavar="TARGET",
        help="judge this adapter, package.module:Name or path/to/file.py:Name, and nothing else "
        "of pruneproof.properties",
    )
    group.addoption(
        "--gate-known-failures", metavar="FILE", help="TOML file of the failures that are known"
    )
    group.addoption(
        "--gate-profile",
        choices=("quick", "standard", "exhaustive"),
        help="how many examples of each property are tried (default: standard)",
    )
    group.addoption("--gate-seed", metavar="N", type=int, help="try other examples")
    group.addoption(
        "--gate-timeout",
        metavar="SECONDS",
        type=float,
        default=30.0,
        help="for one call of the adapter (default: 30)",
    )
    group.addoption(
        "--gate-in-process",
        action="store_true",
        help="run the adapter in pytest's own process, for a debugger; it may end it",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Import the tests by their full name, so that they are not mixed up with anybody's own."""
    if config.getoption("--implementation") and config.getoption("importmode") != "importlib":
        config.option.importmode = "importlib"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With an implementation, leave out the properties that are not about it."""
    if not config.getoption("--implementation"):
        return None
    path = collection_path.resolve()
    if PROPERTIES not in path.parents or path == PROPERTIES / TESTS:
        return None
    return True
