"""A small catalogue, and adapters in files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pruneproof.properties.gate import run
from pruneproof.properties.gate.property import Property
from pruneproof.properties.meta.small import HEAD, a_property, not_large, not_negative


@pytest.fixture
def adapter(tmp_path: Path) -> Callable[[str], str]:
    """The target of an adapter whose score has this body."""

    def write(body: str) -> str:
        path = tmp_path / "small_adapter.py"
        path.write_text(HEAD + "        " + body + "\n", encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def catalogue(monkeypatch: pytest.MonkeyPatch) -> dict[str, Property]:
    """Two properties in place of all."""
    found = {
        "score.negative": a_property("score.negative", "MUST", not_negative),
        "score.large": a_property("score.large", "SHOULD", not_large),
    }
    monkeypatch.setattr(run, "CATALOGUE", found)
    return found
