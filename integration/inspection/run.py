"""`pruneproof inspect` from beginning to end: read, look, compare, judge, record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pruneproof.integration.inspection.beside import EQUAL, ROUNDED, Beside, compare
from pruneproof.integration.inspection.calibration_texts import CalibrationTexts
from pruneproof.integration.inspection.claimed import Claimed
from pruneproof.integration.inspection.content import Content
from pruneproof.integration.inspection.counts import Convention, Counted, common, convention_of
from pruneproof.integration.inspection.explaining import HALF_STEPS, Explaining
from pruneproof.integration.inspection.facts import Facts, as_outputs, look
from pruneproof.integration.inspection.fates import Fate, fate
from pruneproof.integration.inspection.layouts import text_config
from pruneproof.integration.inspection.model import sums
from pruneproof.integration.inspection.n_of_m import claimed as claimed_pattern
from pruneproof.integration.inspection.n_of_m import strongest
from pruneproof.integration.inspection.opening import open_checkpoint
from pruneproof.integration.inspection.pairs import Pairs, check_pairs
from pruneproof.integration.inspection.roles import EMBEDDING, EXPERTS, HEAD, MATRIX
from pruneproof.integration.inspection.source import PLAIN, SCALED, Entry, Source
from pruneproof.integration.inspection.verdicts import (
    CONTRADICTED,
    Subject,
    Verdict,
    judge,
    subject,
)
from pruneproof.integration.progress import Bars


@dataclass
class Inspection:
    """What was found.

    Attributes:
        source: the checkpoint.
        claimed: what is said of it.
        facts: of all tensors, in order.
        beside: by name, of those that were compared with a dense model's.
        fates: by name, of those that were compared with an earlier mask.
        explanations: of the mask.
        verdicts: on the claims.
        dense: the dense model's name, or None.
        earlier: the earlier checkpoint's, or None.
    """

    source: Source
    claimed: Claimed
    facts: list[Facts]
    beside: dict[str, Beside] = field(default_factory=dict)
    fates: dict[str, Any] = field(default_factory=dict)
    explanations: Sequence[Mapping[str, Any]] = ()
    verdicts: Sequence[Verdict] = ()
    dense: str | None = None
    earlier: str | None = None

    @property
    def contradicted(self) -> list[Verdict]:
        """Claims that something speaks against."""
        return [each for each in self.verdicts if each.verdict == CONTRADICTED]

    def record(self) -> dict[str, Any]:
        """As plain data, by the names of inspect.json."""
        tensors = []
        for each in self.facts:
            more = [part[each.entry.name] for part in (self.beside, self.fates)
                    if each.entry.name in part]  # fmt: skip
            tensors.append({k: v for part in (each, *more) for k, v in part.record().items()})
        return {
            "complete": True,
            "checkpoint": self.source.name,
            "dense": self.dense,
            "mask_of": self.earlier,
            "format": self.source.format,
            "tensors": tensors,
            "explanations": [dict(each) for each in self.explanations],
            "claims": [each.record() for each in self.verdicts],
            "model": sums(self.facts, self.claimed.skips),
        }


def inspect(
    name: str,
    claimed: Claimed,
    bars: Bars,
    *,
    dense: str | None = None,
    earlier: str | None = None,
    texts: CalibrationTexts | None = None,
) -> Inspection:
    """Look at a checkpoint.

    Args:
        name: hub id, folder or GGUF file.
        claimed: what is said of it.
        bars: shows how far it is.
        dense: the model that it was made of, or None.
        earlier: an earlier checkpoint with the mask, or None.
        texts: what the scores are calibrated with that look at activations; needs `dense`.

    Raises:
        ValueError: damaged or foreign files, or a claim that makes no sense.
        OSError: a file that is not there or cannot be read.
    """
    if texts is not None and dense is None:
        raise ValueError("calibration: needs --dense, since no pruned file holds removed weights")
    bars.say(f"reading {name} …")
    source = open_checkpoint(name)
    claimed.check_skip(each.role.layer for each in source.entries)
    beside = _pairs(source, dense, "dense")
    before = _pairs(source, earlier, "mask-of")
    found = Inspection(source, claimed, [], dense=dense, earlier=earlier)
    judged = [each.weights for each in source.entries
              if each.role.judged and not claimed.skips(each.role.layer)]  # fmt: skip
    without = "" if beside else "the sizes of removed weights are in no pruned file; give --dense"
    explaining = Explaining(len(judged), sum(judged), claimed.group, claimed.methods, without)
    heads = heads_of(source)
    subjects = []
    task = bars.add_task("tensors", total=max(1, sum(each.size for each in source.entries)))
    for entry in source.entries:
        if entry.unread:
            found.facts.append(Facts(entry, decided=False, why=entry.unread))
            if entry.role.judged:
                subjects.append(Subject(found.facts[-1]))
        else:
            content, original = source.read(entry), None
            facts, mask = look(entry, content, heads)
            found.facts.append(facts)
            if mask is not None and entry.role.kind in COMPARED:
                if beside is not None and comparable(entry, beside):
                    original, compared = _beside(facts, content, beside)
                    if compared is not None:
                        found.beside[entry.name] = compared
                if before is not None and comparable(entry, before):
                    found.fates[entry.name] = _followed(facts, content, before)
            if entry.role.judged and mask is not None:
                of = subject(facts, mask, claimed, found.beside.get(entry.name))
                subjects.append(of)
                if original is not None and facts.pruned and not claimed.skips(of.layer):
                    _explain(explaining, of, mask, original)
        bars.step(task, entry.size)
    name_conventions(found.facts, claimed.sparsity)
    found.explanations = list(explaining.records())
    if texts is not None and dense is not None:
        # Slow to import, and without a calibration nothing needs a model.
        from pruneproof.integration.inspection.by_calibration import by_calibration

        more = by_calibration(name, dense, texts, found.facts, claimed, found.explanations)
        found.explanations = [*found.explanations, *more]
    found.verdicts = judge(claimed, subjects, found.explanations, dense is not None)
    return found


COMPARED = (MATRIX, EXPERTS, EMBEDDING, HEAD)


def _pairs(source: Source, name: str | None, what: str) -> Pairs | None:
    if name is None:
        return None
    pairs = Pairs(source, open_checkpoint(name, what), what)
    check_pairs(pairs)
    return pairs


def comparable(entry: Entry, pairs: Pairs) -> bool:
    """Whether the other checkpoint has a tensor whose numbers mean the same."""
    name = pairs.to_other.get(entry.name, entry.name)
    other = pairs.entries.get(name)
    if not entry.role.judged and (other is None or other.shape != entry.shape):
        # A head that is the embedding in one of them, or tokens that were added.
        return False
    # Of an earlier checkpoint only the zeros matter.
    unscaled = other is not None and other.unscaled and pairs.what == "dense"
    return entry.storage != SCALED and (other is None or other.storage != SCALED) and not unscaled


def _beside(facts: Facts, own: Content, pairs: Pairs) -> tuple[Content | None, Beside | None]:
    """The dense tensor and what became of its weights; none where only its levels are known.

    A quantised dense model is the one that was pruned if the kept weights are its own numbers. Else
    the weights were other ones before they were quantised, and of these it says nothing.
    """
    dense = pairs.content(facts.entry, own)
    found = _compared(facts, own, dense)
    levels = pairs.entry(facts.entry).storage != PLAIN
    if levels and (facts.entry.storage != PLAIN or found.relation not in (EQUAL, ROUNDED)):
        return None, None
    return dense, found


def _compared(facts: Facts, content: Content, dense: Content) -> Beside:
    """What became of the kept weights; zeros of the dense model are no pruning."""
    found = compare(content, dense)
    if facts.entry.storage != PLAIN or facts.quantised:
        found = found.explained_by_storage()
    if facts.entry.unscaled:
        found = found.without_scale()
    if facts.pruned and facts.zeros == found.dense_zeros and not facts.displaced:
        facts.pruned, facts.why = False, "the dense model has the same zeros"
    return found


def _explain(explaining: Explaining, of: Subject, mask: Any, dense: Content) -> None:
    """Ask what explains a layer's mask, where its zeros can be told from a format's."""
    facts = of.facts
    if not of.exact and facts.entry.storage not in HALF_STEPS:
        explaining.skip("the format made or moved zeros, and which ones is not known")
        return
    whole = dense.floats(slice(0, dense.rows))
    claimed = of.asked if of.asked is not None and not of.asked.violations else None
    explaining.ask(facts, as_outputs(facts.entry, whole), mask, claimed)


def _followed(facts: Facts, content: Content, pairs: Pairs) -> Fate:
    earlier = pairs.content(facts.entry, content)
    found = fate(content, earlier, moved=facts.displaced > 0)
    if not found.survived + found.gone:
        return found
    mask = as_outputs(facts.entry, earlier.zeros().mask)
    pattern = strongest(mask)
    if pattern is None or pattern.along != "inputs":
        return replace(found, earlier=pattern)
    now = claimed_pattern(as_outputs(facts.entry, content.zeros().mask), pattern.n, pattern.m)
    return replace(found, earlier=pattern, broken=max(0, now.violations - pattern.violations))


def heads_of(source: Source) -> dict[str, tuple[str, int]]:
    """By the last part of a layer's name, whether rows or columns are heads', and how many."""
    settings = text_config(source.settings)
    width, heads = settings.get("hidden_size"), settings.get("num_attention_heads")
    size = settings.get("head_dim")
    if size is None and isinstance(width, int) and isinstance(heads, int) and heads > 0:
        size = width // heads
    if not isinstance(size, int) or size < 1:
        return {}
    rows = dict.fromkeys(("q_proj", "k_proj", "v_proj"), ("rows", size))
    return rows | dict.fromkeys(("o_proj", "out_proj"), ("columns", size))


def name_conventions(facts: Sequence[Facts], sparsity: float | None) -> None:
    """Say of each pruned layer by which rounding its zeros were counted.

    Args:
        facts: of all tensors; changed.
        sparsity: what is claimed, or None to find one that explains all counts, or each its own.
    """
    told = [each for each in facts if each.pruned and each.counted is not None and each.zeros]
    counted = [each.counted for each in told if each.counted is not None]

    def named(groups: Sequence[Counted]) -> Convention | None:
        return common(groups) if sparsity is None else convention_of(groups, sparsity)

    shared = named(counted)
    for each in told:
        assert each.counted is not None
        each.convention = shared or named([each.counted])
