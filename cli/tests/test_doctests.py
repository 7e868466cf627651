"""Every example in a docstring gives what it says.

The modules are taken by their import names: `--doctest-modules` would import a second copy of each
under the name of its folder, with classes and registries of its own.
"""

import doctest
import importlib
import pkgutil

import pytest
import torch

ROOMS = ("cli", "integration", "properties", "reference", "reporting", "symbolic")


def is_for_users(name: str) -> bool:
    """Neither tests, nor properties, which are tests that ship, nor what needs other libraries."""
    if name.endswith(("_peer", ".meta.mutants")):
        return False
    return not any(part == "tests" or part.startswith("test_") for part in name.split("."))


def modules() -> list[str]:
    rooms = [importlib.import_module(f"pruneproof.{room}") for room in ROOMS]
    names = [
        module.name
        for room in rooms
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}.")
    ]
    return [room.__name__ for room in rooms] + list(filter(is_for_users, names))


@pytest.mark.parametrize("name", modules())
def test_examples_give_what_they_say(name: str) -> None:
    outcome = doctest.testmod(importlib.import_module(name), extraglobs={"torch": torch})
    assert outcome.failed == 0


def test_examples_are_found() -> None:
    """A change of layout must not leave this file with nothing to run."""
    examples = doctest.DocTestFinder().find(
        importlib.import_module("pruneproof.integration.text.wikipedia")
    )
    assert sum(len(test.examples) for test in examples) == 1
