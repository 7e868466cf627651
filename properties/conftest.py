"""The implementation that the properties are about."""

from types import ModuleType

import pytest

from pruneproof import reference
from pruneproof.properties.implementation import REFERENCE, Implementation


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
