"""What an n:m mask must be: n of every m consecutive inputs of each output, and the best ones."""

from __future__ import annotations

from hypothesis import strategies as st
from torch import Tensor

from pruneproof.properties.gate.adapter.subject import AdapterError, Subject, Unsupported
from pruneproof.properties.gate.checks.masks import (
    EXACT_TIES,
    FEW,
    INTERFACE,
    scores_behind,
)
from pruneproof.properties.gate.comparing import masks
from pruneproof.properties.gate.comparing.scores import refused
from pruneproof.properties.gate.examples.layers import Example
from pruneproof.properties.gate.examples.masks import layers
from pruneproof.properties.gate.methods import CLOSED_FORMS, EVERY_SCORE
from pruneproof.properties.gate.property import Violation, gate_property

# 2:4 comes first since many know nothing else, and cannot confuse n with m - n.
PATTERNS = ((2, 4), (1, 4), (3, 4), (1, 2), (4, 8), (2, 8))
WHOLE = ((2, 8), (1, 8), (4, 8), (3, 16))
"""Every m divides in_features."""

LARGE = ((8, 16), (3, 32), (16, 32), (63, 64))
"""What code for a few m, or for n:m by lookup, may not have in mind."""

NARROW = ((2, 6), (2, 7), (4, 6), (1, 5), (4, 7), (3, 3))
"""No m of 4 divides in_features, though it may divide the number of weights."""


def mask_of(subject: Subject, example: Example) -> Tensor:
    """The mask that the example asks for."""
    n_m = example.more["n_m"]
    return subject.keep_mask(*example.arguments, n_m=n_m, **example.parameters)


def full_groups(example: Example) -> masks.Groups:
    """Every m consecutive inputs of each output."""
    return masks.groups_of_m(tuple(example.weight.shape), example.more["n_m"][1])[0]


@gate_property(
    "n_m.count",
    kind="n_m",
    methods=EVERY_SCORE,
    examples=lambda method: layers(
        method, WHOLE, ("distinct", "equal", "few"), n_m=st.sampled_from(PATTERNS)
    ),
    source=INTERFACE,
    assumptions="m divides in_features",
)
def count(subject: Subject, example: Example) -> None:
    """Exactly n of every m consecutive inputs of each output are kept."""
    n = example.more["n_m"][0]
    masks.assert_kept(subject, mask_of(subject, example), full_groups(example), n, n)


@gate_property(
    "n_m.optimal",
    kind="n_m",
    methods=CLOSED_FORMS,
    examples=lambda method: layers(
        method, WHOLE, ("distinct", "close"), parameters=True, n_m=st.sampled_from(PATTERNS)
    ),
    source=INTERFACE,
    assumptions="m divides in_features",
)
def optimal(subject: Subject, example: Example) -> None:
    """Of every m inputs those with the highest scores are kept."""
    keep = mask_of(subject, example)
    masks.assert_optimal(subject, keep, scores_behind(example), full_groups(example))


@gate_property(
    "n_m.absorbed",
    kind="n_m",
    methods=FEW,
    examples=lambda method: layers(
        method, WHOLE[2:], ("wide",), n_m=st.sampled_from(((2, 4), (2, 4), (1, 4), (4, 8)))
    ),
    source=INTERFACE,
    assumptions="m divides in_features",
)
def absorbed(subject: Subject, example: Example) -> None:
    """A score so large that sums with it lose the others does not decide which of them stay."""
    keep = mask_of(subject, example)
    masks.assert_optimal(subject, keep, scores_behind(example), full_groups(example))


@gate_property(
    "n_m.large_groups",
    kind="n_m",
    methods=FEW,
    examples=lambda method: layers(
        method, ((1, 64), (2, 64)), ("distinct", "few"), n_m=st.sampled_from(LARGE)
    ),
    source=INTERFACE,
    assumptions="m divides in_features; an exception is right as well",
)
def large_groups(subject: Subject, example: Example) -> None:
    """Groups of 16 inputs and more keep their n best like small ones."""
    try:
        keep = mask_of(subject, example)
    except AdapterError as error:
        if refused(error):
            raise Unsupported(f"refuses large groups: {error}") from error
        raise
    masks.assert_n_of_m(subject, keep, scores_behind(example), example.more["n_m"], "error")


@gate_property(
    "n_m.ties",
    kind="n_m",
    methods=EXACT_TIES,
    examples=lambda method: layers(method, WHOLE, ("equal", "few"), n_m=st.sampled_from(PATTERNS)),
    source="the gate's interface",
    assumptions="the adapter declares ties = lowest_index",
)
def ties(subject: Subject, example: Example) -> None:
    """Of equal scores among m the lowest index is pruned first, where the adapter declares it."""
    if subject.conventions["ties"] != "lowest_index":
        raise Unsupported("any choice between equal scores is right")
    keep, scores = mask_of(subject, example), scores_behind(example).value
    masks.assert_lowest_index_first(subject, keep, scores, full_groups(example))


@gate_property(
    "n_m.tail",
    kind="n_m",
    methods=FEW,
    examples=lambda method: layers(method, NARROW, n_m=st.sampled_from([(2, 4), (1, 4), (3, 4)])),
    source="the gate's interface",
    assumptions="m does not divide in_features; an exception is right as well",
)
def tail(subject: Subject, example: Example) -> None:
    """Where m does not divide in_features no group reaches into the next output."""
    declared, n_m = subject.conventions["tail"], example.more["n_m"]
    in_features = example.weight.shape[1]
    try:
        keep = mask_of(subject, example)
    except AdapterError as error:
        if not refused(error):
            raise
        if declared == "error":
            return
        raise Unsupported(f"refuses a rest of {in_features % n_m[1]} inputs: {error}") from error
    if declared == "error":
        message = f"{n_m[0]}:{n_m[1]} of {in_features} inputs is answered with a mask"
        raise Violation(message, "False", expected="an error, as declared", got="a mask")
    masks.assert_n_of_m(subject, keep, scores_behind(example), n_m, declared)


@gate_property(
    "n_m.arguments",
    kind="n_m",
    methods=FEW,
    examples=lambda method: layers(method, WHOLE, n_m=st.sampled_from(PATTERNS)),
    source="the gate's interface",
)
def arguments(subject: Subject, example: Example) -> None:
    """Making an n:m mask changes neither the weight nor the activations."""
    masks.assert_unchanged(subject, example, n_m=example.more["n_m"])
