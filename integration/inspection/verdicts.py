"""What speaks for and against each claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pruneproof.integration.inspection.beside import EQUAL, Beside
from pruneproof.integration.inspection.claimed import MASKS_ONLY, Claimed, base_of
from pruneproof.integration.inspection.facts import DENSE_ZEROS, ROWS, Facts
from pruneproof.integration.inspection.formats import storage_format
from pruneproof.integration.inspection.n_of_m import Pattern, row_zeros
from pruneproof.integration.inspection.n_of_m import claimed as asked_of
from pruneproof.integration.inspection.source import PLAIN

HOLDS, CONTRADICTED, NOT_DECIDED = "holds", "contradicted", "not_decided"
NEAR = 0.005
"""By how much the sparsity of a layer, and the mean of all, may differ from what is claimed."""
UNCERTAIN = 0.15
"""By how much moved zeros may be counted wrong: of 20 % Q5_1 shows 16.7 %, of a random 50 % of
Student's weights IQ4_XS shows 57 %."""
LIKE_CHANCE = 0.25
"""Of the deviation that outputs' numbers of zeros have by chance: where they have less than this,
something held them together. With eight outputs chance alone has less once in some thousands."""


@dataclass(frozen=True)
class Verdict:
    """What became of a claim."""

    claim: str
    verdict: str
    why: str

    def record(self) -> dict[str, Any]:
        """As plain data."""
        return {"claim": self.claim, "verdict": self.verdict, "why": self.why}


@dataclass(frozen=True)
class Subject:
    """A layer with what is needed to judge claims about it.

    Attributes:
        facts: of the layer.
        asked: the claimed n:m pattern in it.
        beside: it and the dense model's.
        counted: `output` where all outputs have as many zeros, `layer` where they have not, and
            `either` where they have almost; None without zeros.
    """

    facts: Facts
    asked: Pattern | None = None
    beside: Beside | None = None
    counted: str | None = None

    @property
    def layer(self) -> str:
        """Its name for patterns."""
        return self.facts.entry.role.layer

    @property
    def exact(self) -> bool:
        """Whether its zeros are those that pruning left: no format made or moved some."""
        facts = self.facts
        if facts.entry.storage != PLAIN or facts.displaced:
            return False
        # A format that came after pruning would have made more zeros here and there; one that came
        # before it made none of them.
        even = facts.counted is not None and facts.counted.group == "output"
        kept = facts.pattern is not None and not facts.pattern.violations
        same = self.beside is not None and self.beside.relation == EQUAL
        return not facts.quantised or even or kept or same


def subject(
    facts: Facts, mask: NDArray[np.bool_], claimed: Claimed, beside: Beside | None = None
) -> Subject:
    """What is needed of a layer, while its mask is in memory."""
    asked = None
    if claimed.n_m is not None:
        n, m = claimed.n_m
        asked = asked_of(mask, n, m) if m <= mask.shape[1] else None
    counted = None
    if facts.counted is not None:
        counted = facts.counted.group
        if counted == "layer" and claimed.group is not None:
            counted = _counted(row_zeros(mask), mask.shape[1], beside)
    return Subject(facts, asked, beside, counted)


def _counted(zeros: NDArray[np.int64], inputs: int, beside: Beside | None) -> str:
    """Whether an output's zeros were counted, although outputs have different numbers of them.

    Outputs that are all zero say nothing, if the dense model's are. Where a threshold falls on
    weights that tie, more or fewer go: far fewer than where outputs compete, which differ by
    √(inputs · s (1 − s)) or more, as by chance.
    """
    there = zeros[zeros < inputs]
    if len(there) < ROWS or not there.min():
        return "layer"
    if there.min() == there.max():
        gone = (len(zeros) - len(there)) * inputs
        return "output" if beside is not None and beside.dense_zeros == gone else "either"
    share = there.mean() / inputs
    chance = np.sqrt(inputs * share * (1 - share))
    return "either" if there.std() < LIKE_CHANCE * chance else "layer"


def judge(
    claimed: Claimed,
    subjects: Sequence[Subject],
    explanations: Sequence[Mapping[str, Any]],
    has_dense: bool,
) -> list[Verdict]:
    """A verdict on each claim."""
    there = [each for each in subjects if not claimed.skips(each.layer)]
    verdicts = []
    if claimed.sparsity is not None:
        verdicts.append(_of_sparsity(claimed, there))
    if claimed.n_m is not None:
        verdicts.append(_of_pattern(claimed.n_m, there))
    if claimed.group is not None:
        verdicts.append(_of_group(claimed.group, there))
    verdicts += [_of_method(each, there, explanations, has_dense) for each in claimed.methods]
    return verdicts


def _of_sparsity(claimed: Claimed, there: Sequence[Subject]) -> Verdict:
    share = claimed.sparsity or 0.0
    claim = f"sparsity {share:g}"

    def say(verdict: str, why: str) -> Verdict:
        return Verdict(claim, verdict, why)

    if not there:
        return say(NOT_DECIDED, "no layer is left to look at")
    if unread := _unread(there):
        return say(NOT_DECIDED, unread)
    if open_ := [each for each in there if not each.facts.decided]:
        return say(NOT_DECIDED, f"{_some(open_)}: {open_[0].facts.why}")
    if not share:
        if some := [each for each in there if each.facts.pruned]:
            return say(CONTRADICTED, f"{_some(some)} pruned ({some[0].facts.why})")
        rounded = [each.facts.entry.dtype for each in there if each.facts.quantised]
        near = f", as near as {rounded[0]} shows it" if rounded else ""
        return say(HOLDS, f"none of {len(there)} layers is pruned{near}")
    if alone := [each for each in there if not each.facts.pruned and not _few(each, share)]:
        # Weights that are rounded to the value nearest to 0 anyway may have been removed.
        told = [each for each in alone if not _hides(each, share)]
        first = (told or alone)[0]
        found = CONTRADICTED if told else NOT_DECIDED
        return say(found, f"{_some(told or alone)} not pruned ({first.facts.why})")
    exact = [each for each in there if each.exact]
    off = [each for each in exact if not _counts(each, share)]
    within = _tolerance(share)
    if wrong := [each for each in off if abs(each.facts.sparsity - share) > within]:
        weights = sum(each.facts.entry.weights for each in exact)
        mean = sum(each.facts.zeros for each in exact) / weights
        found = _with_zeros(wrong)
        if claimed.group is not None or abs(mean - share) > within:
            return say(CONTRADICTED, found)
        why = f"{found}; it is the mean of all ({100 * mean:.4g} %), as where layers compete"
        return say(NOT_DECIDED, why)
    if blurred := [each for each in there if not each.exact]:
        if wrong := [each for each in blurred if not _near(each, share)]:
            first = wrong[0].facts
            gone = 100 * first.removed / first.entry.weights
            why = f"{_some(wrong)} with {gone:.4g} % zeros, moved ones included"
            told = any(not _near(each, share, UNCERTAIN) for each in wrong)
            return say(CONTRADICTED if told else NOT_DECIDED, why)
        return say(HOLDS, f"as near as {blurred[0].facts.entry.dtype} shows it")
    near = f", to {100 * within:g} % of the weights: {_with_zeros(off)}" if off else ""
    return say(HOLDS, f"all {len(there)} layers have it{near}")


def _hides(each: Subject, share: float) -> bool:
    """Whether rounding gives the value nearest to 0 as many weights as a sparsity removes."""
    levels = each.facts.levels
    return levels is not None and each.facts.quantised and share <= levels.nearest


def _with_zeros(layers: Sequence[Subject]) -> str:
    shares = [100 * each.facts.sparsity for each in layers]
    return f"{_some(layers)} with {min(shares):.4g} to {max(shares):.4g} % zeros"


def _tolerance(share: float) -> float:
    """By how much a layer may differ where weights that tie went together."""
    return min(NEAR, share / 10)


def _few(each: Subject, share: float) -> bool:
    """Whether a layer has the zeros of a sparsity so low that it looks like a dense one's."""
    facts = each.facts
    beside = each.beside.dense_zeros if each.beside else 0
    if not (each.exact and 0 < facts.sparsity <= DENSE_ZEROS and beside < facts.zeros):
        return False
    total = facts.entry.weights
    return abs(facts.zeros - share * total) <= max(1, _tolerance(share) * total)


def _counts(each: Subject, share: float) -> bool:
    """Whether a layer has the zeros of a sparsity, to one weight, in each output or in all."""
    facts = each.facts
    if abs(facts.zeros - share * facts.entry.weights) <= 1:
        return True
    inputs = facts.entry.shape[-2 if facts.entry.role.inputs_first else -1]
    return facts.pruned and all(abs(count - share * inputs) <= 1 for count in facts.row_zeros)


def _near(each: Subject, share: float, uncertain: float = 0.0) -> bool:
    """Whether zeros, and moved ones, are those of a sparsity and of what rounding adds.

    Moved zeros of a block that has few of them are not seen, and kept weights that are rounded to
    the same value are counted, too: `uncertain` is by how much.
    """
    facts = each.facts
    if not facts.displaced and _counts(each, share):
        return True
    less = more = uncertain if facts.displaced else 0.0
    known = storage_format(facts.entry.storage)
    zeros = None if known is None else known.dense_zeros
    more += 0.1 if zeros is None else 2 * zeros + 0.05
    found = facts.removed / facts.entry.weights
    return share - NEAR - less <= found <= share + more


def _of_pattern(n_m: tuple[int, int], there: Sequence[Subject]) -> Verdict:
    n, m = n_m
    claim = f"{n}:{m}"
    if not there:
        return Verdict(claim, NOT_DECIDED, "no layer is left to look at")
    if unread := _unread(there):
        return Verdict(claim, NOT_DECIDED, unread)
    if moved := [each for each in there if each.facts.displaced]:
        return Verdict(claim, CONTRADICTED, f"the format moved the zeros of {_some(moved)}")
    if thin := [each for each in there if each.asked is None]:
        return Verdict(claim, NOT_DECIDED, f"{_some(thin)} narrower than a group")
    broken = [each for each in there if each.asked and each.asked.violations]
    if broken:
        worst = max(broken, key=lambda each: each.asked.violations if each.asked else 0)
        assert worst.asked is not None
        why = (
            f"{_some(broken)} with groups that keep more than {n}: "
            f"{worst.asked.violations:,} of {worst.asked.groups:,} in {worst.facts.entry.name}"
        )
        return Verdict(claim, CONTRADICTED, why)
    return Verdict(claim, HOLDS, f"no group of {len(there)} layers keeps more than {n} of {m}")


def _of_group(group: str, there: Sequence[Subject]) -> Verdict:
    claim = f"group {group}"
    told = [each for each in there if each.facts.pruned and each.exact and each.counted]
    if not told:
        return Verdict(claim, NOT_DECIDED, "no layer's zeros are just those that were pruned")
    if wrong := [each for each in told if each.counted not in (group, "either")]:
        low, high = wrong[0].facts.row_zeros
        how = f"the same number of zeros ({low}) in each output"
        if group == "output":
            how = f"{low} to {high} zeros in an output"
        return Verdict(claim, CONTRADICTED, f"{_some(wrong)} with {how}")
    if almost := [each for each in told if each.counted == "either"]:
        low, high = almost[0].facts.row_zeros
        why = f"{_some(almost)} with {low} to {high} zeros in an output: almost the same"
        return Verdict(claim, NOT_DECIDED, why)
    return Verdict(claim, HOLDS, f"the zeros of {len(told)} layers are counted so")


def _of_method(
    method: str,
    there: Sequence[Subject],
    explanations: Sequence[Mapping[str, Any]],
    has_dense: bool,
) -> Verdict:
    claim = f"method {method}"
    if not has_dense:
        return Verdict(
            claim, NOT_DECIDED, "the sizes of removed weights are in no pruned file; give --dense"
        )
    changed = [each for each in there if each.beside is not None and each.beside.speaks_of_change]
    if base_of(method) in MASKS_ONLY and changed:
        worst = max(changed, key=lambda each: each.beside.changed if each.beside else 0)
        assert worst.beside is not None
        assert worst.beside.largest is not None
        return Verdict(
            claim,
            CONTRADICTED,
            f"it only masks, and kept weights changed in {_some(changed)}: {worst.beside.changed:,}"
            f" in {worst.facts.entry.name}, by up to {worst.beside.largest:.3g}",
        )
    kin = [each for each in explanations if base_of(each["method"]) == base_of(method)]
    # Where weights of an n:m group alone compare, nothing was asked of larger groups.
    kin = [each for each in kin if each["layers"]] or kin
    about = [each for each in kin if each["method"] == method]
    others = _explaining([each for each in kin if each["method"] != method])
    for verdict, of in (("explains", HOLDS), ("possible", NOT_DECIDED)):
        if found := [each for each in about if each["verdict"] == verdict]:
            return Verdict(claim, of, _because(found[0]))
    refuted = [each for each in about if each["verdict"] == "refuted"]
    # That some parameters do not explain a mask says nothing of others.
    if about and len(refuted) == len(about) and method not in OPEN:
        return Verdict(claim, CONTRADICTED, _because(refuted[0]) + others)
    if about:
        why = about[0]["why"] or _unasked(there)
    elif kin:
        why = "without parameters it is many scores, and not all were asked about"
    else:
        why = "nothing that is looked at tells it from others"
    return Verdict(claim, NOT_DECIDED, f"{why}{others}")


def _unread(there: Sequence[Subject]) -> str:
    """Which layers' numbers are not read, and why; "" where all are."""
    unread = [each for each in there if each.facts.entry.unread]
    return f"{_some(unread)}: {unread[0].facts.entry.unread}" if unread else ""


def _unasked(there: Sequence[Subject]) -> str:
    """Why nothing was asked of any layer."""
    if not there:
        return "no layer is left to look at"
    if unread := _unread(there):
        return unread
    if apart := [each for each in there if each.beside is None]:
        how = apart[0].facts.entry.storage
        by = "by that one's storage" if how == PLAIN else f"by their storage ({how})"
        return f"{_some(apart)} cannot be compared with the dense model's, {by}"
    if not any(each.facts.pruned for each in there):
        return f"no layer is pruned ({there[0].facts.why})"
    return "no layer has pruned and kept weights that compare"


def _explaining(variants: Sequence[Mapping[str, Any]]) -> str:
    """Which parameters explain the mask, to be added to a reason."""
    found = [each for each in variants if each["verdict"] == "explains"]
    told = ", ".join(f"{each['method']} within each {each['group']}" for each in found)
    return f"; what explains it: {told}" if told else ""


OPEN = ("lp", "stochria")
"""Methods with parameters or statistics beyond those that are asked about."""


def _because(explanation: Mapping[str, Any]) -> str:
    where = f" ({explanation['tensor']})" if explanation.get("tensor") else ""
    asked, layers = explanation["layers"], explanation["of_layers"]
    of = f"; asked of {asked} of {layers} layers" if asked < layers else ""
    return f"within each {explanation['group']}: {explanation.get('why') or ''}{where}{of}"


def _some(subjects: Sequence[Subject]) -> str:
    first = subjects[0].layer
    return f"{len(subjects)} layers ({first} first)" if len(subjects) > 1 else first
