"""One experiment: everything that decides its result, and nothing else."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from pruneproof.integration.files import in_words
from pruneproof.integration.recipe.plan import Plan
from pruneproof.integration.recipe.texts import Texts


@dataclass(frozen=True)
class Experiment:
    """A model, how it is pruned, and what it is calibrated and evaluated with.

    Args:
        model: a name that stays the same from machine to machine; a runner knows the place.
        plan: how to prune; None leaves the model dense.
        data: what with; its sources may be names too.
        dtype: see `load_model`.
    """

    model: str
    plan: Plan | None
    data: Texts
    dtype: str = "auto"

    def record(self) -> dict[str, Any]:
        """As data that JSON can hold: infinity as a word, and without what is None or empty.

        So an option that a plan gets later, None by default, leaves earlier digests as they are.
        """
        plan = None if self.plan is None else self.plan.record()
        data = asdict(self.data) | {"pack": self.data.pack or None}
        return plain({"model": self.model, "plan": plan, "data": data, "dtype": self.dtype})

    def __hash__(self) -> int:
        # A plan holds dictionaries, which have no hash.
        return hash(self.digest)

    @property
    def digest(self) -> str:
        """A short name of the record, the same on every machine."""
        text = json.dumps(self.record(), sort_keys=True)
        return sha256(text.encode()).hexdigest()[:16]


def plain(value: Any) -> Any:
    """Nested data for JSON: infinity as a word, None and what is empty left out.

    Example:
        >>> plain({"p": float("inf"), "refine": None, "parameters": {}, "n_m": (2, 4)})
        {'p': 'inf', 'n_m': [2, 4]}
    """
    if isinstance(value, dict):
        pairs = ((name, plain(each)) for name, each in value.items())
        return {name: each for name, each in pairs if each not in (None, {}, [])}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return in_words(value)
