"""What a calibration says of a checkpoint's mask, as explanations beside those without one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pruneproof.integration.inspection.agreement import Groups
from pruneproof.integration.inspection.calibrated import CalibrationTexts, agreements
from pruneproof.integration.inspection.claimed import Claimed
from pruneproof.integration.inspection.facts import Facts


def by_calibration(
    name: str,
    dense: str,
    texts: CalibrationTexts,
    facts: Sequence[Facts],
    claimed: Claimed,
    others: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Compare the masks of scores that look at activations with the one that is there.

    Args:
        name: of the checkpoint.
        dense: the model that it was made of.
        texts: what is calibrated with.
        facts: of all tensors; they say which weights competed.
        claimed: says it where they cannot.
        others: explanations without a calibration: what weights refute, no text explains.

    Raises:
        ValueError: nothing is pruned, or models and texts do not fit each other.
        OSError: a file that cannot be read.
    """
    own = {
        each.entry.role.layer: groups_of(each, claimed)
        for each in facts
        if each.entry.role.judged and each.pruned
    }
    if not own:
        raise ValueError(
            "calibration: nothing in the checkpoint is pruned, so there is no mask to explain"
        )
    # Experts of one tensor are matrices of their own names in the model.
    (most, _), *_ = Counter(own.values()).most_common(1)
    refuted = {(each["method"], each["group"]) for each in others if each["verdict"] == "refuted"}
    found = []
    for each in agreements(name, dense, texts, groups=most, own=own):
        data = each.as_data()
        if (data["method"], data["group"]) in refuted:
            data["verdict"] = "not_decided"
        found.append(data)
    return found


def groups_of(facts: Facts, claimed: Claimed) -> Groups:
    """Which weights competed, as the zeros of a tensor show it, or as it is said."""
    if claimed.n_m is not None:
        return Groups("output", claimed.n_m[1])
    if facts.pattern is not None and facts.pattern.along == "inputs":
        return Groups("output", facts.pattern.m)
    same = facts.counted is not None and facts.counted.group == "output"
    return Groups(claimed.group or ("output" if same else "layer"))
