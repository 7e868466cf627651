"""A property must fail for something wrong: how the tests of the tests run one until it does."""

from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import Phase, settings

from pruneproof import properties

FIRST_FAILURE = settings(
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    max_examples=100,
)


@pytest.fixture
def rejects() -> Callable[..., None]:
    """Assert that a property, named by file and function, fails for the given fixtures."""

    def check(file: str, name: str, **fixtures: object) -> None:
        with pytest.raises(AssertionError):
            getattr(load(file), name)(**fixtures)

    return check


@pytest.fixture
def accepts() -> Callable[..., None]:
    """Let a property pass for fixtures that are written otherwise but are not wrong."""

    def check(file: str, name: str, **fixtures: object) -> None:
        getattr(load(file), name)(**fixtures)

    return check


def load(file: str) -> ModuleType:
    """A fresh copy of a file of properties, which stop at the first failure and don't shrink it.

    Properties take their settings and some formulas from where they are defined, so a wrong
    formula has to be in place before.
    """
    settings.register_profile("outer", settings.default)
    settings.register_profile("first_failure", FIRST_FAILURE)
    settings.load_profile("first_failure")
    try:
        path = Path(str(properties.__file__)).with_name(f"test_{file}.py")
        spec = spec_from_file_location(f"fresh_{file}", path)
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        settings.load_profile("outer")
