"""The implementation that the properties are about."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from pruneproof import reference
from pruneproof.properties.certified.implementation import REFERENCE, Implementation

Row = tuple[str, str, int, float]
"""Kind of property, method, number of weights, largest error ÷ bound."""


@pytest.fixture(scope="session")
def implementation() -> Implementation:
    """The scores under test, in `nn.Linear`'s layout."""
    return REFERENCE


@pytest.fixture(scope="session")
def library() -> ModuleType:
    """The norms and objectives under test, under the names of `pruneproof.reference`."""
    return reference


@pytest.fixture(scope="session")
def constructions() -> ModuleType:
    """The constructions under test, under the names of `pruneproof.reference.constructions`."""
    return reference.constructions


@pytest.fixture(scope="session")
def table(request: pytest.FixtureRequest) -> Iterator[list[Row]]:
    """Results of whole layers, one line a method when all are through."""
    rows: list[Row] = []
    yield rows
    capture: Any = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(f"\n\n{'layer':<15}{'method':<28}{'weights':>12}  worst error ÷ bound")
        for kind, method in dict.fromkeys((kind, method) for kind, method, _, _ in rows):
            same = [row for row in rows if row[:2] == (kind, method)]
            worst = "equal" if kind == "exact" else f"{max(row[3] for row in same):.4f}"
            print(f"{kind:<15}{method:<28}{sum(row[2] for row in same):>12,}  {worst}")
