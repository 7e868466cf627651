"""What a keep mask must be: so many weights pruned in each group, and the right ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

from pruneproof.properties.gate.adapter.subject import AdapterError, Subject, Unsupported
from pruneproof.properties.gate.comparing import masks
from pruneproof.properties.gate.comparing.assertions import hold, same
from pruneproof.properties.gate.comparing.expected import Expected, expected_scores
from pruneproof.properties.gate.comparing.scores import refused
from pruneproof.properties.gate.examples.layers import Example
from pruneproof.properties.gate.examples.masks import SPARSITIES, WIDER, layers
from pruneproof.properties.gate.methods import CLOSED_FORMS, EVERY_SCORE
from pruneproof.properties.gate.property import Violation, gate_property

FEW = ("magnitude", "wanda", "ria")
"""Where the way from scores to a mask is judged, which seldom depends on the score."""

HOMOGENEOUS = ("magnitude", "wanda", "ria", "symwanda")
POWERS = ((0, -36), (-36, 0), (-55, 0), (0, 30), (30, 0), (-20, -20), (20, 20))
"""Of 2, for weights and activations; the square of a score is still a normal float32."""

EXACT_TIES = ("magnitude", "wanda")
"""Their equal scores are equal in any arithmetic: a product with 1 is not rounded."""

INTERFACE = "Section 4.1; the gate's interface"
OWN_ROUNDINGS = 64
"""Of a sum of up to 16 sampled weights, twice, and of what joins the two."""

OUTSIDE = (1.0, -0.25, 1.5, math.nan)
EDGES = (0.0, 0.5, 0.29, 0.7, 1 - 2.0**-53, 1e-9, 0.07, 0.57, 0.25, 0.35, 1 / 3, 0.99, 1e-300)
SHARP = (0.29, 0.57, 0.99, 1 - 2.0**-53)
"""Those at which ways of rounding differ most, so that few examples find them."""
COUNTED = ((1, 10), (1, 100), (2, 7), (3, 50), (1, 1), (4, 6), (2, 49), (5, 3))


def any_sparsity() -> st.SearchStrategy[float]:
    """Of [0, 1): those whose product with a size is seldom what one thinks, and all others."""
    return st.one_of(st.sampled_from(EDGES), st.sampled_from(SHARP), st.floats(0, 1).map(_below_1))


def mask_of(subject: Subject, example: Example) -> Tensor:
    """The mask that the example asks for."""
    sparsity = example.more["sparsity"]
    return subject.keep_mask(*example.arguments, sparsity=sparsity, **example.parameters)


def scores_behind(example: Example) -> Expected:
    """The exact scores; nothing more than float32 is asked of what makes a mask."""
    return expected_scores(example, torch.float32)


def groups_in(subject: Subject, example: Example) -> masks.Groups:
    """The weights that are compared with each other, as the convention says."""
    return masks.groups_of(tuple(example.weight.shape), subject.conventions["group"])


@gate_property(
    "mask.count",
    kind="keep_mask",
    methods=EVERY_SCORE,
    examples=lambda method: layers(method, COUNTED, sparsity=any_sparsity()),
    source=INTERFACE,
)
def count(subject: Subject, example: Example) -> None:
    """Each group loses exactly as many weights as the sparsity says, for all of [0, 1)."""
    masks.assert_counts(subject, mask_of(subject, example), example.more["sparsity"])


@gate_property(
    "mask.equal_scores",
    kind="keep_mask",
    methods=FEW,
    examples=lambda method: layers(method, COUNTED, ("equal", "few"), sparsity=any_sparsity()),
    source=INTERFACE,
)
def equal_scores(subject: Subject, example: Example) -> None:
    """Equal scores change nothing in how many weights are pruned."""
    masks.assert_counts(subject, mask_of(subject, example), example.more["sparsity"])


@gate_property(
    "mask.zero_weights",
    kind="keep_mask",
    methods=FEW,
    examples=lambda method: layers(
        method, ((2, 4), (3, 7), (4, 10)), ("zeros",), sparsity=any_sparsity()
    ),
    source=INTERFACE,
    assumptions="every input and output has a weight",
)
def zero_weights(subject: Subject, example: Example) -> None:
    """Weights that are already zero change nothing in how many weights are pruned."""
    masks.assert_counts(subject, mask_of(subject, example), example.more["sparsity"])


@gate_property(
    "mask.optimal",
    kind="keep_mask",
    methods=CLOSED_FORMS,
    examples=lambda method: layers(
        method,
        WIDER,
        patterns=("distinct", "close"),
        parameters=True,
        sparsity=st.sampled_from(SPARSITIES),
    ),
    source=INTERFACE,
)
def optimal(subject: Subject, example: Example) -> None:
    """In no group is a weight kept whose score is lower than that of a pruned one."""
    keep = mask_of(subject, example)
    masks.assert_optimal(subject, keep, scores_behind(example), groups_in(subject, example))


@gate_property(
    "mask.scaling",
    kind="keep_mask",
    methods=HOMOGENEOUS,
    examples=lambda method: layers(
        method,
        sparsity=st.sampled_from(SPARSITIES),
        powers=st.sampled_from(POWERS),
    ),
    source="homogeneity of the scores",
    assumptions="factors are powers of two, and nothing overflows or underflows",
)
def scaling(subject: Subject, example: Example) -> None:
    """A mask does not depend on the magnitude of all weights, nor on that of all activations."""
    sparsity, (of_weight, of_activations) = example.more["sparsity"], example.more["powers"]
    keep = subject.keep_mask(*example.arguments, sparsity=sparsity)
    scaled = subject.keep_mask(
        example.method,
        example.weight * 2.0**of_weight,
        *(_scaled(each, of_activations) for each in example.arguments[2:]),
        sparsity=sparsity,
    )
    for index in masks.apart(subject, scores_behind(example), groups_in(subject, example)):
        j, k = divmod(index, keep.shape[1])
        hold(
            bool(keep[j, k] == scaled[j, k]),
            f"weights times 2^{of_weight}, activations times 2^{of_activations}: "
            f"weight [{j}, {k}] changes its place",
            f"r1[{j}, {k}] == r2[{j}, {k}]",
            expected="kept" if keep[j, k] else "pruned",
            got="kept" if scaled[j, k] else "pruned",
        )


def _halves(method: str) -> st.SearchStrategy[Example]:
    """One output, whose weights are a factor of 2 apart, and one input is 32 times smaller."""
    return st.builds(
        lambda weights, entry, small, tokens: Example(
            method,
            torch.tensor([weights], dtype=torch.float16),
            (entry * torch.tensor(small)).repeat(tokens, 1).half(),
        ),
        st.permutations([1.0, -2.0, 4.0, -8.0]),
        st.sampled_from([300.0, 1000.0, 2.0**-13]),
        st.permutations([1.0, 1.0, 1.0, 2.0**-5]),
        st.sampled_from([1, 2, 4]),
    )


@gate_property(
    "mask.half_precision",
    kind="keep_mask",
    methods=("wanda", "ria"),
    examples=_halves,
    source="the gate's interface: masks of the numbers that are given",
    assumptions="the adapter takes float16; squares of activations leave its range, scores do not",
)
def half_precision(subject: Subject, example: Example) -> None:
    """Half-precision activations whose squares overflow or vanish get the mask of float32."""
    single: list[Any] = [
        each.float() if isinstance(each, Tensor) else each for each in example.arguments
    ]
    right = subject.keep_mask(*single, sparsity=0.5)
    try:
        keep = subject.keep_mask(*example.arguments, sparsity=0.5)
    except AdapterError as error:
        if refused(error):
            raise Unsupported(f"refuses float16: {error}") from error
        raise
    same(subject, right, keep, "the mask is not that of the same numbers in float32")


@gate_property(
    "mask.own_scores",
    kind="keep_mask",
    methods=("stochria",),
    examples=lambda method: layers(method, parameters=True, sparsity=st.sampled_from(SPARSITIES)),
    source="Section 4.1; Eq. (4)",
    assumptions="the adapter offers StochRIA's scores, too",
)
def own_scores(subject: Subject, example: Example) -> None:
    """StochRIA's mask keeps the highest of the adapter's own scores for the same seed."""
    keep = mask_of(subject, example)
    scores = subject.score(*example.arguments, **example.parameters).double().numpy()
    # Both are rounded from what may be computed in different ways, such as by samples of weights.
    behind = Expected(scores, OWN_ROUNDINGS * 2.0**-24 * np.abs(scores))
    masks.assert_optimal(subject, keep, behind, groups_in(subject, example))


@st.composite
def _not_finite(draw: st.DrawFn, method: str) -> Example:
    example = draw(layers(method, ((2, 4), (3, 5)), sparsity=st.just(0.5)))
    given = [each for each in (example.weight, example.inputs) if each is not None]
    tensor = draw(st.sampled_from(given))
    row, column = (draw(st.integers(0, size - 1)) for size in tensor.shape)
    tensor[row, column] = draw(st.sampled_from([math.nan, math.inf]))
    return example


@gate_property(
    "mask.not_finite",
    kind="keep_mask",
    level="SHOULD",
    methods=FEW,
    examples=_not_finite,
    source="the gate's interface: what cannot be ordered has no lowest",
)
def not_finite(subject: Subject, example: Example) -> None:
    """Weights or activations that are nan or infinite are an error, and not a plausible mask."""
    try:
        mask_of(subject, example)
    except AdapterError as error:
        if refused(error):
            return
        raise
    raise Violation(
        "a number that is not finite is answered with a mask",
        "False",
        expected="an exception",
        got="a mask",
    )


@gate_property(
    "mask.nested",
    kind="keep_mask",
    methods=FEW,
    examples=lambda method: layers(
        method,
        sparsities=st.lists(
            st.sampled_from([*SPARSITIES, 0.1, 0.3]), min_size=2, max_size=2, unique=True
        ),
    ),
    source=INTERFACE,
    assumptions="for weights whose scores differ by more than the bounds",
)
def nested(subject: Subject, example: Example) -> None:
    """More sparsity prunes what less sparsity prunes, and more."""
    less, more = (
        subject.keep_mask(*example.arguments, sparsity=sparsity)
        for sparsity in sorted(example.more["sparsities"])
    )
    first, second = less.flatten().tolist(), more.flatten().tolist()
    for index in masks.apart(subject, scores_behind(example), groups_in(subject, example)):
        place = "{}, {}".format(*divmod(index, less.shape[1]))
        hold(
            first[index] or not second[index],
            f"more sparsity brings weight [{place}] back",
            f"r1[{place}] or not r2[{place}]",
            expected="pruned",
            got="kept",
        )


@gate_property(
    "mask.ties",
    kind="keep_mask",
    methods=EXACT_TIES,
    examples=lambda method: layers(
        method, patterns=("equal", "few"), sparsity=st.sampled_from(SPARSITIES)
    ),
    source="the gate's interface",
    assumptions="the adapter declares ties = lowest_index",
)
def ties(subject: Subject, example: Example) -> None:
    """Of equal scores the lowest index is pruned first, where the adapter declares it."""
    if subject.conventions["ties"] != "lowest_index":
        raise Unsupported("any choice between equal scores is right")
    keep = mask_of(subject, example)
    groups = groups_in(subject, example)
    masks.assert_lowest_index_first(subject, keep, scores_behind(example).value, groups)


@gate_property(
    "mask.sparsity_range",
    kind="keep_mask",
    methods=FEW,
    examples=lambda method: layers(method, ((2, 4), (3, 5))),
    level="SHOULD",
    source="the gate's interface",
)
def sparsity_range(subject: Subject, example: Example) -> None:
    """A sparsity outside [0, 1) is an error."""
    for sparsity in OUTSIDE:
        subject.begin()
        try:
            subject.keep_mask(*example.arguments, sparsity=sparsity)
        except AdapterError as error:
            if refused(error):
                continue
        raise Violation(
            f"sparsity {sparsity} is answered with a mask",
            "False",
            expected="ValueError",
            got="a mask",
        )


@gate_property(
    "mask.repeatable",
    kind="keep_mask",
    methods=FEW,
    examples=lambda method: layers(method, sparsity=st.sampled_from(SPARSITIES)),
    source="the gate's interface",
    assumptions="for weights whose scores differ by more than the bounds",
)
def repeatable(subject: Subject, example: Example) -> None:
    """The same layer has the same mask again, whatever was pruned in between."""
    first = mask_of(subject, example)
    other = (None if each is None else each.flip(0, 1) * 3 for each in example.arguments[1:])
    subject.keep_mask(example.method, *other, sparsity=0.5)  # type: ignore[arg-type]
    again = mask_of(subject, example)
    groups = groups_in(subject, example)
    message = "the mask is another the second time"
    masks.assert_same_where_apart(subject, (first, again), scores_behind(example), groups, message)


@gate_property(
    "mask.strides",
    kind="keep_mask",
    methods=FEW,
    examples=lambda method: layers(
        method,
        ((2, 4), (3, 5), (4, 4)),
        sparsity=st.sampled_from(SPARSITIES),
        view=st.sampled_from(["transposed", "every_second"]),
    ),
    source="the gate's interface",
    assumptions="for weights whose scores differ by more than the bounds",
)
def strides(subject: Subject, example: Example) -> None:
    """A weight that is not contiguous in memory has the same mask."""
    contiguous = mask_of(subject, example)
    view = _view(example.weight, example.more["view"])
    of_view = subject.keep_mask(
        example.method, view, *example.arguments[2:], sparsity=example.more["sparsity"]
    )
    groups, pair = groups_in(subject, example), (contiguous, of_view)
    message = "a view of the weight has another mask"
    masks.assert_same_where_apart(subject, pair, scores_behind(example), groups, message)


@gate_property(
    "mask.arguments",
    kind="keep_mask",
    methods=FEW,
    examples=lambda method: layers(method, sparsity=st.sampled_from(SPARSITIES)),
    source="the gate's interface",
)
def arguments(subject: Subject, example: Example) -> None:
    """Making a mask changes neither the weight nor the activations."""
    masks.assert_unchanged(subject, example, sparsity=example.more["sparsity"])


def _below_1(number: float) -> float:
    return min(number, 1 - 2.0**-53)


def _scaled(tensor: Tensor | None, power: int) -> Tensor | None:
    return None if tensor is None else tensor * 2.0**power


def _view(weight: Tensor, kind: str) -> Tensor:
    if kind == "transposed":
        return weight.T.contiguous().T
    # Between them lie numbers that are not the layer's.
    spaced = torch.full((weight.shape[0], 2 * weight.shape[1]), 1000.0, dtype=weight.dtype)
    spaced[:, ::2] = weight
    return spaced[:, ::2]
