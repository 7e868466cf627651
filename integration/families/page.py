"""docs/families.md, from the results that are kept here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parents[2] / "docs" / "families.md"

def page() -> str:
    return ""
