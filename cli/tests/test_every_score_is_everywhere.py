"""A score that has a record stands in each place that is written by hand, or the place is named."""

from pathlib import Path

import pytest

from pruneproof.integration.inspection.claimed import MASKS_ONLY
from pruneproof.properties import certified
from pruneproof.properties.gate.catalogue import CATALOGUE
from pruneproof.properties.meta.everything import FAULTS
from pruneproof.properties.meta.plain_scores import Plain
from pruneproof.reference.methods import SCORES
from pruneproof.symbolic import claims

ROOT = Path(__file__).parents[2]
CODE = {claim.code for _, claim in claims.load()}
PLACES = {
    "reference/tests/test_scores.py or test_NAME.py": lambda name: any(
        f"reference.{name}" in path.read_text(encoding="utf-8")
        for path in (ROOT / "reference" / "tests").glob("test_*.py")
        if path.stem in ("test_scores", f"test_{name}")
    ),
    "properties/certified/scores.py": lambda name: hasattr(certified.scores, name),
    "a claim of symbolic/claims": lambda name: any(
        f"pruneproof.reference.{package}.{name}" in CODE for package in ("scores", "constructions")
    ),
    "properties/test_NAME.py": lambda name: (ROOT / f"properties/test_{name}.py").exists(),
    "a property of properties/gate/checks": lambda name: any(
        name in prop.methods for prop in CATALOGUE.values() if prop.kind == "score"
    ),
    "properties/meta/plain_scores.py": lambda name: hasattr(Plain, name),
    "a fault of properties/meta/faults": lambda name: any(
        fault.caught_by.endswith(f":{name}") for fault in FAULTS.values()
    ),
    "properties/vectors/NAME.json": lambda name: (
        ROOT / f"properties/vectors/{name}.json"
    ).exists(),
    "integration/inspection/claimed.py": lambda name: name in MASKS_ONLY,
}
WRITTEN = {
    "properties/certified/tests/test_closed_forms.py": "certified.scores.{name}(",
    "properties/tests/test_wrong_scores.py": 'Variant("{name}", "", ',
    "docs/gate.md": "`{name}`",
    "docs/notation.md": "| `{name}` |",
}
"""Text that stands in a file; wrong variants of a score stand beside the right ones."""


def missing(name: str) -> list[str]:
    """The places that do not know a score."""
    found = [place for place, knows in PLACES.items() if not knows(name)]
    for place, text in WRITTEN.items():
        written = (ROOT / place).read_text(encoding="utf-8").replace("\n        ", "")
        if text.format(name=name) not in written:
            found.append(place)
    return found


@pytest.mark.parametrize("name", SCORES)
def test_a_score_is_missing_nowhere(name: str) -> None:
    assert missing(name) == []


def test_a_newcomer_is_missing_everywhere() -> None:
    assert missing("toy") == [*PLACES, *WRITTEN]
