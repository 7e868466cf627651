"""What honest implementations differ in: what an adapter declares, and what it is seen to do."""

from __future__ import annotations

from pruneproof.properties.gate.subject import Subject

VALUES = {
    "group": ("output", "layer"),
    "count": ("floor", "round", "ceil"),
    "ties": ("any", "lowest_index"),
    "tail": ("error", "dense", "prune_partial"),
    "score_scale": ("exact", "positive_multiple", "order"),
    "dead": ("zero", "error", "nan"),
}
"""By key, the values that can be declared; the first is the default."""


def resolved(subject: Subject) -> dict[str, str]:
    """The conventions by which an adapter is judged: declared, else the defaults."""
    declared = dict(getattr(subject.adapter, "conventions", {}))
    return {key: declared.get(key, values[0]) for key, values in VALUES.items()}
