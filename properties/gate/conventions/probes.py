"""Measuring conventions: small layers on which they give different answers.

A probe calls the adapter and says for each value of its convention what contradicts it, or None
where the answers fit. It raises `Unsupported` where the adapter offers nothing to measure by.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

import torch
from torch import Tensor

from pruneproof.properties.gate.adapter.subject import AdapterError, Subject, Unsupported
from pruneproof.properties.gate.comparing import masks
from pruneproof.properties.gate.comparing.assertions import as_expected, hold
from pruneproof.properties.gate.comparing.expected import Expected, expected_scores
from pruneproof.properties.gate.comparing.scores import refused
from pruneproof.properties.gate.examples.layers import Example, given
from pruneproof.properties.gate.examples.masks import layer
from pruneproof.properties.gate.methods import CLOSED_FORMS, EVERY_SCORE, closed_forms
from pruneproof.properties.gate.property import Violation
from pruneproof.reference.methods import SCORES, SHIFTS

Offers = Collection[tuple[str, str]]
"""Kinds of property and methods, as the first look finds them."""

Contradictions = dict[str, Violation | None]

# Whatever the method, the lowest half of this layer lies otherwise than the lowest half of each
# output, with scores that are 1.3 times as large where one of the two is kept.
_UNEVEN = torch.tensor([[140.0, 200, 48, 224], [59, 50, 4, 2], [10, 56, 13, 15], [15, 44, 18, 10]])
_TWO_ZEROS = torch.tensor([[3.0, -1, 0, 5], [0, 0, 0, 0], [2, 9, 0, -4]])
_COUNTED = ((10, 0.24), (10, 0.26), (10, 0.7), (10, 0.0), (100, 0.29))
_EXACT_TIES = ("magnitude", "wanda", "owanda")
_DIVIDING = closed_forms(lambda score: score.divides)
_TAIL = (2, 4)


def group(subject: Subject, offers: Offers) -> Contradictions:
    """Which weights are compared: a layer where that matters, half of it pruned."""
    method = _first("keep_mask", EVERY_SCORE, offers)
    # With all entries sampled StochRIA's are RI's scores.
    parameters = {"ratio": 1.0} if method == "stochria" else {}
    example = _with_ones(method, _UNEVEN)
    keep = subject.keep_mask(*example.arguments, sparsity=0.5, **parameters)
    expected = _expected(_with_ones("ri", _UNEVEN) if parameters else example)

    def fits(value: str) -> None:
        counts = (~keep).sum(1).tolist()
        # What is optimal in the layer is so in each output, but prunes unevenly.
        if value == "output" and len(set(counts)) > 1:
            check = f"len(set((~{subject.name_of(keep)}).sum(1).tolist())) == 1"
            message = "some outputs lose more weights than others"
            raise Violation(message, check, expected="2 of each", got=counts)
        groups = masks.groups_of(tuple(keep.shape), value)
        masks.assert_optimal(_plain(subject), keep, expected, groups)

    return _contradictions(fits, "output", "layer")


def count(subject: Subject, offers: Offers) -> Contradictions:
    """How n · sparsity becomes an integer: layers with a single output, so one group."""
    method = _first("keep_mask", EVERY_SCORE, offers)
    pruned: list[tuple[int, float, Tensor]] = []
    for n, sparsity in _COUNTED:
        keep = subject.keep_mask(*layer(method, (1, n), "distinct").arguments, sparsity=sparsity)
        pruned.append((n, sparsity, keep))

    def fits(value: str) -> None:
        judged = Subject(subject.adapter, {"group": "layer", "count": value}, subject.calls)
        for _, sparsity, keep in pruned:
            masks.assert_counts(judged, keep, sparsity)

    return _contradictions(fits, "floor", "round", "ceil")


def ties(subject: Subject, offers: Offers) -> Contradictions:
    """Which of equal scores is pruned first: equal weights, and few different ones."""
    method = _first("keep_mask", _EXACT_TIES, offers)
    examples = [layer(method, (1, 16), pattern) for pattern in ("equal", "few")]
    pruned = [subject.keep_mask(*example.arguments, sparsity=0.5) for example in examples]
    groups = masks.groups_of((1, 16), "layer")

    def lowest_first() -> None:
        for example, keep in zip(examples, pruned, strict=True):
            scores = example.weight.abs().numpy()
            # No order is to be seen where none or all of the equal ones are pruned.
            found = int((~keep).sum())
            hold(
                found == 8,
                f"{found} of 16 weights are pruned at sparsity 0.5",
                f"(~{subject.name_of(keep)}).sum() == 8",
                expected=8,
                got=found,
            )
            masks.assert_lowest_index_first(subject, keep, scores, groups)

    return {"lowest_index": _contradiction(lowest_first), "any": None}


def tail(subject: Subject, offers: Offers) -> Contradictions:
    """What becomes of inputs that fill no group: 2 of 4 in rows of 7."""
    method = _first("n_m", CLOSED_FORMS, offers)
    example = layer(method, (4, 7), "close")
    try:
        keep = subject.keep_mask(*example.arguments, n_m=_TAIL)
    except AdapterError as error:
        return _raised(error, ("dense", "prune_partial"))
    expected = _expected(example)

    def fits(value: str) -> None:
        masks.assert_n_of_m(_plain(subject), keep, expected, _TAIL, value)

    refused = Violation("2:4 of 7 inputs is answered with a mask", "False", expected="an error")
    return {"error": refused} | _contradictions(fits, "dense", "prune_partial")


def score_scale(subject: Subject, offers: Offers) -> Contradictions:
    """How far scores are the closed forms: a layer of every method that is offered."""
    methods = [method for method in CLOSED_FORMS if ("score", method) in offers]
    if not methods:
        raise Unsupported("no score to measure by")
    answers: list[tuple[Tensor, Expected]] = []
    for method in methods:
        example = layer(method, (3, 5), "distinct")
        scores = subject.score(*example.arguments)
        answers.append((scores, expected_scores(example, scores.dtype)))

    def fits(value: str) -> None:
        # By output, also for a whole layer: the weaker reading of `order`.
        conventions = {"score_scale": value, "group": "output"}
        judged = Subject(subject.adapter, conventions, subject.calls)
        for scores, expected in answers:
            as_expected(judged, scores, expected)

    return _contradictions(fits, "exact", "positive_multiple", "order")


def dead(subject: Subject, offers: Offers) -> Contradictions:
    """What the weights of a zero row or column score, where possible divided by its norm."""
    method = _first("score", (*_DIVIDING, *CLOSED_FORMS), offers)
    try:
        scores = subject.score(*_with_ones(method, _TWO_ZEROS).arguments)
    except AdapterError as error:
        return _raised(error, ("zero", "nan"))
    name = subject.name_of(scores)
    of_dead = f"[{name}[k, j].item() for k, j in {(_TWO_ZEROS == 0).nonzero().tolist()}]"
    numbers = scores[_TWO_ZEROS == 0]
    got = numbers.tolist()
    zero = Violation(
        f"scores without a norm to divide by are {got}",
        f"all(each == 0 for each in {of_dead})",
        expected="zeros",
    )
    nan = Violation(
        f"scores without a norm to divide by are {got}",
        f"any(math.isnan(each) for each in {of_dead})",
        expected="nan",
    )
    error = Violation("a layer with a zero row and column is answered", "False", expected="error")
    live = bool(scores[_TWO_ZEROS != 0].isfinite().all())
    is_nan = live and numbers.isnan().any() and (numbers.isnan() | (numbers == 0)).all()
    return {
        "zero": None if (numbers == 0).all() else zero,
        "error": error,
        "nan": None if is_nan else nan,
    }


PROBES: dict[str, Callable[[Subject, Offers], Contradictions]] = {
    "group": group,
    "count": count,
    "ties": ties,
    "tail": tail,
    "score_scale": score_scale,
    "dead": dead,
}
"""By key; the values of a probe are in the order in which the first that fits is measured."""


def _first(kind: str, methods: tuple[str, ...], offers: Offers) -> str:
    for method in methods:
        if (kind, method) in offers:
            return method
    raise Unsupported(f"no {kind} to measure by")


def _with_ones(method: str, weight: Tensor) -> Example:
    """A layer whose activation norms are 1, or else all the same."""
    takes_inputs, takes_outputs = given(method, {})
    ones = torch.ones(1, weight.shape[1])
    if SHIFTS in SCORES[method].keeps:
        # One that varies, all alike.
        ones = torch.cat([ones, 0 * ones])
    inputs = ones if takes_inputs else None
    outputs = torch.ones(weight.shape[0], 1) if takes_outputs else None
    # A copy, since an adapter may change what it is given.
    return Example(method, weight.clone(), inputs, outputs)


def _expected(example: Example) -> Expected:
    return expected_scores(example, torch.float32)


def _plain(subject: Subject) -> Subject:
    """The same calls, judged before any convention is known."""
    return Subject(subject.adapter, {"score_scale": "exact"}, subject.calls)


def _contradiction(assertion: Callable[[], None]) -> Violation | None:
    try:
        assertion()
    except Violation as violation:
        return violation
    return None


def _contradictions(fits: Callable[[str], None], *values: str) -> Contradictions:
    return {value: _contradiction(partial(fits, value)) for value in values}


def _raised(error: AdapterError | Unsupported, others: tuple[str, str]) -> Contradictions:
    """An exception of the adapter's own fits `error`; a misshapen answer fits nothing."""
    if isinstance(error, AdapterError) and not refused(error):
        raise error
    return {"error": None} | {each: Violation(str(error), "False") for each in others}
