"""StochRIA: what it samples, and what it makes of the samples."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import torch
from hypothesis import strategies as st

from pruneproof.properties.gate.adapter.subject import Subject, Unsupported
from pruneproof.properties.gate.comparing.assertions import as_expected, hold
from pruneproof.properties.gate.comparing.expected import expected_scores
from pruneproof.properties.gate.comparing.samples import WEIGHTS, Reader, Samples
from pruneproof.properties.gate.comparing.scores import is_exact
from pruneproof.properties.gate.examples.layers import DTYPES, Example, matrices
from pruneproof.properties.gate.property import Violation, gate_property

LAYERS = (WEIGHTS, WEIGHTS.T.contiguous(), WEIGHTS[:3], WEIGHTS[:, :4].contiguous())
RATIOS = (None, 0.3, 0.5, 0.7, 0.95, 1.0)
"""None of them times a size is so near to an integer that rounding could matter."""

SEEDS = 500
ERROR = 1e-9
"""How often a right sampler may be found wrong, over all that one property looks at."""

READABLE = (
    "weights whose scores tell the sample; scores are exact, not up to a multiple or an order"
)


@st.composite
def _sampled(draw: st.DrawFn, method: str) -> Example:
    weight = draw(st.sampled_from(LAYERS)).to(draw(st.sampled_from(DTYPES)))
    parameters = {"seed": draw(st.integers(0, 999))}
    ratio = draw(st.sampled_from(RATIOS))
    return Example(
        method, weight, parameters=parameters if ratio is None else {**parameters, "ratio": ratio}
    )


@st.composite
def _activated(draw: st.DrawFn, method: str) -> Example:
    example = draw(_sampled(method))
    inputs = draw(matrices(draw(st.integers(1, 4)), example.weight.shape[1], example.weight.dtype))
    inputs[0][(inputs == 0).all(0)] = 1
    alpha = draw(st.sampled_from([0.5, 1.0, 2.0]))
    return replace(example, inputs=inputs, parameters={**example.parameters, "alpha": alpha})


def _samples(subject: Subject, example: Example) -> tuple[torch.Tensor, Samples]:
    if not is_exact(subject):
        raise Unsupported("scores up to a multiple or an order do not show what was sampled")
    scores = subject.score(*example.arguments, **example.parameters)
    return scores, Reader(example, scores.dtype).read(subject, scores)


@gate_property(
    "stochria.samples",
    kind="score",
    methods=("stochria",),
    examples=_sampled,
    source="Eq. (4), §3.5.2; Appendix C.4 for the size of a sample",
    assumptions=READABLE,
)
def samples(subject: Subject, example: Example) -> None:
    """Each input and output has one sample of max(1, ⌊ratio·min(out, in)⌋) distinct entries."""
    _samples(subject, example)


@gate_property(
    "stochria.value",
    kind="score",
    methods=("stochria",),
    examples=_activated,
    source="Eq. (4)",
    assumptions=READABLE,
)
def value(subject: Subject, example: Example) -> None:
    """For what was sampled, each score is Eq. (4) times the power of the activation norm."""
    scores, found = _samples(subject, example)
    as_expected(subject, scores, expected_scores(example, scores.dtype, samples=found.known))


def _half_of_all(method: str) -> st.SearchStrategy[Example]:
    return st.just(Example(method, WEIGHTS, parameters={"ratio": 0.5}))


@dataclass(frozen=True)
class _Line:
    """An input or an output over many seeds.

    Attributes:
        name: such as `input 3`.
        at: one of its weights.
        sampled: seeds × entries, whether an entry is in the sample.
        scores: the scores of the weight, by sample of this line.
        possible: the samples.
    """

    name: str
    at: tuple[int, int]
    sampled: np.ndarray
    scores: np.ndarray
    possible: np.ndarray

    def holds(self, reader: Reader, entry: int) -> str:
        """An expression: whether the entry is in the sample behind the scores r."""
        with_entry = self.scores[(self.possible == entry).any(1)]
        return reader.is_one_of("r", self.at, with_entry)


def _over_seeds(subject: Subject, example: Example) -> tuple[Reader, list[_Line], str]:
    first = replace(example, parameters={**example.parameters, "seed": 0})
    reader: Reader | None = None
    found: list[Samples] = []
    for seed in range(SEEDS):
        given = replace(first, parameters={**first.parameters, "seed": seed})
        scores = subject.score(*given.arguments, **given.parameters)
        if reader is None:
            reader = Reader(first, scores.dtype)
        found.append(reader.read(subject, scores))
    assert reader is not None
    rows, columns = example.weight.shape
    of_inputs = np.stack([each.of_inputs for each in found])
    of_outputs = np.stack([each.of_outputs for each in found])
    lines = []
    for k in range(columns):
        sampled = (of_inputs[:, k, :, None] == np.arange(rows)).any(1)
        lines.append(_Line(f"input {k}", (0, k), sampled, reader.scores[0, k], reader.of_inputs))
    for j in range(rows):
        sampled = (of_outputs[:, j, :, None] == np.arange(columns)).any(1)
        by_sample = reader.scores[j, 0].T
        lines.append(_Line(f"output {j}", (j, 0), sampled, by_sample, reader.of_outputs))
    answers = ", ".join(f"r{number}" for number in range(1, SEEDS + 1))
    return reader, lines, answers


def _slack(statements: int) -> float:
    # Hoeffding's inequality for the mean of SEEDS numbers in [0, 1], and the union bound.
    return math.sqrt(math.log(2 * statements / ERROR) / (2 * SEEDS))


@gate_property(
    "stochria.uniform",
    kind="score",
    methods=("stochria",),
    examples=_half_of_all,
    source="Eq. (4), §3.5.2: a random sample",
    assumptions=f"{READABLE}; by chance one right sampler of {1 / ERROR:.0g} fails",
    once=True,
)
def uniform(subject: Subject, example: Example) -> None:
    """Over many seeds every entry of a line is sampled equally often."""
    if not is_exact(subject):
        raise Unsupported("scores up to a multiple or an order do not show what was sampled")
    reader, lines, answers = _over_seeds(subject, example)
    slack = _slack(sum(line.sampled.shape[1] for line in lines))
    for line in lines:
        share = line.possible.shape[1] / line.sampled.shape[1]
        for entry, seen in enumerate(line.sampled.mean(0).tolist()):
            count = f"sum({line.holds(reader, entry)} for r in [{answers}])"
            hold(
                abs(seen - share) <= slack,
                f"entry {entry} of {line.name} is in the sample for {seen:.0%} of all seeds, "
                f"not for {share:.0%}",
                f"abs({count} / {SEEDS} - {share!r}) <= {slack!r}",
                expected=share,
                got=seen,
                ratio=abs(seen - share) / slack,
            )


@gate_property(
    "stochria.independent",
    kind="score",
    methods=("stochria",),
    examples=_half_of_all,
    source="Eq. (4), §3.5.2: a random sample for each input and output",
    assumptions=f"{READABLE}; by chance one right sampler of {1 / ERROR:.0g} fails",
    once=True,
)
def independent(subject: Subject, example: Example) -> None:
    """What is sampled of one input or output says nothing about what is sampled of another."""
    if not is_exact(subject):
        raise Unsupported("scores up to a multiple or an order do not show what was sampled")
    reader, lines, answers = _over_seeds(subject, example)
    pairs = list(combinations(lines, 2))
    slack = _slack(sum(one.sampled.shape[1] * other.sampled.shape[1] for one, other in pairs))
    for one, other in pairs:
        seen = one.sampled.T.astype(float) @ other.sampled / SEEDS
        size = one.possible.shape[1]
        chance = size / one.sampled.shape[1] * size / other.sampled.shape[1]
        if (np.abs(seen - chance) <= slack).all():
            continue
        first, second = np.unravel_index(int(np.abs(seen - chance).argmax()), seen.shape)
        both = f"{one.holds(reader, int(first))} and {other.holds(reader, int(second))}"
        raise Violation(
            f"entry {first} of {one.name} and entry {second} of {other.name} are sampled "
            f"together for {seen[first, second]:.0%} of all seeds, not for {chance:.0%}",
            f"abs(sum({both} for r in [{answers}]) / {SEEDS} - {chance!r}) <= {slack!r}",
            expected=chance,
            got=float(seen[first, second]),
            ratio=float(abs(seen[first, second] - chance) / slack),
        )


@st.composite
def _four_seeds(draw: st.DrawFn, method: str) -> Example:
    first = draw(st.integers(0, 999))
    # Apart by what a byte and two bytes hold, too.
    seeds = [first, first + draw(st.integers(1, 99)), first + 256, first + 65536]
    weight = WEIGHTS.to(draw(st.sampled_from(DTYPES)))
    return Example(method, weight, parameters={"ratio": 0.5}, more={"seeds": seeds})


@gate_property(
    "stochria.seed",
    kind="score",
    methods=("stochria",),
    examples=_four_seeds,
    source="the gate's interface",
    assumptions="for another seed a right sample is the same once in ten million cases",
)
def seed(subject: Subject, example: Example) -> None:
    """The same seed gives the same scores, and other seeds give others."""
    if subject.conventions.get("score_scale") == "order":
        raise Unsupported("scores up to an order need not be the same twice")

    def at(chosen: int) -> torch.Tensor:
        return subject.score(*example.arguments, ratio=0.5, seed=chosen)

    one, *others = example.more["seeds"]
    first, *different, again = at(one), *map(at, others), at(one)
    tolerance = 2 * Reader(example, first.dtype).tolerance
    names = [subject.name_of(each) for each in (first, again)]
    hold(
        bool(((first - again).abs() <= tolerance * first.abs()).all()),
        "the same seed gives other scores",
        f"(({names[0]} - {names[1]}).abs() <= {tolerance!r} * {names[0]}.abs()).all()",
        expected=first.tolist(),
        got=again.tolist(),
    )
    for other, scores in zip(others, different, strict=True):
        hold(
            not torch.equal(first, scores),
            f"the seeds {one} and {other} give the same scores",
            f"not torch.equal({names[0]}, {subject.name_of(scores)})",
        )
