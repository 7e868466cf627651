"""Which score that looks at activations made a mask: block by block, as pruning does it.

Every block is observed as it was before it was pruned, with what the pruned blocks before it give,
on each calibration text in two halves. What the two halves' masks differ in is the noise: no
calibration of that size finds a mask again more closely than that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pruneproof.integration.checkpoint.load import load_skeleton, load_tokenizer, load_weights
from pruneproof.integration.decoder.decoder import Decoder
from pruneproof.integration.decoder.matrices import Matrices
from pruneproof.integration.decoder.passes import Passes, waiting
from pruneproof.integration.inspection.agreement import Groups, pruned_alike
from pruneproof.integration.inspection.calibration_texts import CalibrationTexts
from pruneproof.integration.inspection.candidates import CANDIDATES, Candidate, Matrix
from pruneproof.integration.inspection.recognised import Overlaps, verdicts
from pruneproof.integration.progress import Bars
from pruneproof.integration.pruning.layer import Observed
from pruneproof.integration.pruning.observe import observe
from pruneproof.integration.pruning.prepare import check_length, check_vocabulary
from pruneproof.integration.recipe.plan import Plan
from pruneproof.integration.text.sources import draw_calibration


@dataclass(frozen=True)
class Agreement:
    """How close a score comes to what is there.

    Attributes:
        candidate: the score.
        groups: which weights compete.
        source: the text.
        agreement: of the weights that are gone the share that it prunes, too.
        noise: the same share between the masks of the two halves of the text: another text of half
            the size gives no more.
        distance: from its own masks, see `Overlaps.distances`.
        verdict: see `recognised.verdicts`.
        layers: agreement by matrix, as `3.self_attn.q_proj`.
    """

    candidate: Candidate
    groups: Groups
    source: str
    agreement: float
    noise: float
    distance: float
    verdict: str
    layers: dict[str, float]

    @property
    def why(self) -> str:
        """In one sentence."""
        share = (
            f"{percent(self.agreement)} of what is gone goes by {self.candidate} on "
            f"{Path(self.source).name}, whose two halves agree in {percent(self.noise)}"
        )
        return share + {
            "explains": "; no other score comes as near",
            "possible": "; this text does not tell it from all others",
        }.get(self.verdict, "")

    def as_data(self) -> dict[str, Any]:
        """By the names of inspect.json's `explanations`."""
        return {
            "method": self.candidate.method,
            "group": self.groups.group,
            "verdict": self.verdict,
            "agreement": self.agreement,
            "why": self.why,
            "compared_in_groups_of": self.groups.m,
            "parameters": dict(self.candidate.parameters),
            "certificate": None,
            "layers": len(self.layers),
            "of_layers": len(self.layers),
            "calibration": {
                "source": self.source,
                "noise": self.noise,
                "distance": self.distance,
                "layers": self.layers,
            },
        }


def percent(share: float) -> str:
    """A share as text, rounded down, so that 100 % is all.

    Example:
        >>> percent(1.0), percent(0.99999), percent(0.5)
        ('100 %', '99.99 %', '50.00 %')
    """
    return "100 %" if share == 1 else f"{math.floor(1e4 * share) / 100:.2f} %"


@dataclass
class _Tally:
    """What a text has told so far."""

    overlaps: Overlaps | None = None
    layers: dict[str, Tensor] = field(default_factory=dict)

    def add(self, layer: str, of: Overlaps) -> None:
        self.layers[layer] = of.agreement
        if self.overlaps is None:
            self.overlaps = of
        else:
            self.overlaps.add(of)


Tallies = dict[str, _Tally]


def agreements(
    checkpoint: str,
    dense: str,
    texts: CalibrationTexts,
    *,
    groups: Groups,
    own: Mapping[str, Groups] | None = None,
    dtype: str = "auto",
    device: str = "cpu",
) -> list[Agreement]:
    """Compare a pruned model's masks with those of scores that look at activations.

    Both models are held in memory.

    Args:
        checkpoint: the pruned model: hub id, folder or GGUF file.
        dense: the model that it was made of.
        texts: what they are calibrated with.
        groups: which weights compete.
        own: of matrices in which others do, as `3.self_attn.q_proj`.
        dtype: as `load_model` takes it.
        device: as torch names it.

    Returns:
        For each text, the closest first. Of RIA's powers only the closest is kept.

    Raises:
        ValueError: models or texts that do not fit each other, or nothing that is pruned.
        OSError: a file that cannot be read.
    """
    with Bars() as bars:
        skeleton = load_skeleton(dense, dtype)
        check_length(skeleton, texts.seqlen)
        tokenizer = load_tokenizer(dense)
        drawn = []
        for source in texts.sources:
            draws = texts.samples, texts.seqlen, texts.seed
            drawn.append(
                draw_calibration(source, tokenizer, *draws, pack=texts.pack, bars=bars).tokens
            )
        check_vocabulary(skeleton, *drawn)
        decoder = Decoder.of(skeleton)
        before = load_weights(dense, skeleton.dtype, device)
        after = load_weights(checkpoint, skeleton.dtype, device)
        check_same_blocks(before, after, decoder)
        tallies = _compare(before, after, decoder, drawn, texts.sources, (groups, own or {}), bars)
    return _in_order(tallies, groups, texts.sources)


def check_same_blocks(before: Any, after: Any, decoder: Decoder) -> None:
    """Refuse a dense model whose matrices are not those of the pruned one.

    Raises:
        ValueError: with the first that differs.
    """
    there = {name: tuple(each.shape) for name, each in after.named_parameters()}
    for name, each in before.named_parameters():
        if name.startswith(f"{decoder.stack}.") and there.get(name) != tuple(each.shape):
            raise ValueError(
                f"dense: its {name} is {' × '.join(map(str, each.shape))}, and the checkpoint's "
                f"{' × '.join(map(str, there[name])) if name in there else 'is missing'}; name "
                "the model that it was made of"
            )


@torch.no_grad()
def _compare(
    before: Any,
    after: Any,
    decoder: Decoder,
    drawn: Sequence[Tensor],
    sources: Sequence[str],
    groups: tuple[Groups, Mapping[str, Groups]],
    bars: Bars,
) -> Tallies:
    tallies: Tallies = {}
    blocks, originals = decoder.blocks(after), decoder.blocks(before)
    plan = Plan("symwanda", 0.5)
    with waiting(blocks):
        passes = Passes(after, torch.cat([*drawn]), decoder.spent)
        for number in bars.over(range(len(blocks)), "comparing blocks"):
            block, matrices = blocks[number], decoder.matrices[number]
            # The modules stay, since it is they that the passes wait at.
            pruned = _swap(block, originals[number])
            calls, start = passes.calls(), 0
            for source, tokens in zip(sources, drawn, strict=True):
                middle, end = start + len(tokens) // 2, start + len(tokens)
                halves = [
                    observe(number, block, matrices, plan, part, routed=decoder.routed[number])
                    for part in (calls[start:middle], calls[middle:end])
                ]
                start = end
                for name, weight, gone in _masks(matrices, originals[number], pruned):
                    layer = f"{number}.{name}"
                    of = groups[1].get(layer, groups[0])
                    if all(each[name].tokens for each in halves):
                        _count(tallies, source, layer, weight, gone, of, [h[name] for h in halves])
            _restore(block, pruned)
            if number + 1 < len(blocks):
                passes.advance(number, block, at_once=True)
    return tallies


def _swap(block: nn.Module, original: nn.Module) -> dict[str, Tensor]:
    """Give a block the dense one's weights; its own, by name."""
    own = {name: each.data for name, each in block.named_parameters()}
    for name, each in original.named_parameters():
        block.get_parameter(name).data = each.data
    return own


def _restore(block: nn.Module, own: dict[str, Tensor]) -> None:
    for name, each in own.items():
        block.get_parameter(name).data = each


def _masks(
    matrices: Sequence[Matrices], original: nn.Module, pruned: dict[str, Tensor]
) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Name, dense weights and what is gone of every matrix of a block in which something is."""
    for each in matrices:
        dense = each.of(original)
        gone = each.of_outputs(each.whole(pruned[each.parameter]), dim=-2) == 0
        stacks = (dense, gone) if each.count is not None else (dense[None], gone[None])
        for name, weight, mask in zip(each.names, *stacks, strict=True):
            if bool((mask & (weight != 0)).any()):
                yield name, weight.cpu(), mask.cpu()


def _count(
    tallies: Tallies,
    source: str,
    layer: str,
    weight: Tensor,
    gone: Tensor,
    groups: Groups,
    halves: Sequence[Observed],
) -> None:
    both = Observed()
    for each in halves:
        both.merge(each)
    matrix = Matrix(weight, gone, groups.sampled(len(weight)))
    shown = Groups().sampled(len(matrix.rows))
    goners, there = gone[matrix.rows], (weight != 0)[matrix.rows][shown].flatten()

    def masks(seen: Observed, half: int) -> Tensor:
        made = []
        for candidate in CANDIDATES:
            scores = candidate.scores(matrix, seen, half)
            made.append(pruned_alike(scores, goners, groups)[shown].flatten() & there)
        return torch.stack(made)

    of = Overlaps.of(
        goners[shown].flatten() & there, masks(both, 0), masks(halves[0], 0), masks(halves[1], 1)
    )
    tallies.setdefault(source, _Tally()).add(layer, of)


def _in_order(tallies: Tallies, groups: Groups, sources: Sequence[str]) -> list[Agreement]:
    if not tallies:
        raise ValueError(
            "checkpoint: no matrix of its blocks is pruned, so nothing can be compared"
        )
    found = []
    for source in sources:
        overlaps, layers = tallies[source].overlaps, tallies[source].layers
        assert overlaps is not None
        said = verdicts(overlaps, [each.method for each in CANDIDATES])
        distances = overlaps.distances().tolist()
        of_source = [
            Agreement(
                candidate, groups, source, float(overlaps.agreement[place]),
                float(overlaps.noise[place]), distances[place], said[place],
                {name: float(each[place]) for name, each in layers.items()},
            )
            for place, candidate in enumerate(CANDIDATES)
        ]  # fmt: skip
        nearest = min((each for each in of_source if each.candidate.method == "ria"), key=_distance)
        kept = [each for each in of_source if each.candidate.method != "ria" or each is nearest]
        found += sorted(kept, key=_distance)
    return found


def _distance(agreement: Agreement) -> float:
    return agreement.distance
