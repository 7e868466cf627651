"""Judging a keep mask: which weights are compared, how many are pruned, and which of them."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from torch import Tensor

from pruneproof.properties.gate.adapter.subject import Subject
from pruneproof.properties.gate.comparing.assertions import unchanged
from pruneproof.properties.gate.comparing.expected import Expected
from pruneproof.properties.gate.examples.layers import Example
from pruneproof.properties.gate.property import Violation

Groups = list[np.ndarray]
"""Indices into a flattened matrix, out_features × in_features; row by row."""

# What `order` may merge: see `assertions`.
MERGED_BY_ORDER = 1.01


def groups_of(shape: tuple[int, ...], group: str) -> Groups:
    """The weights that are compared with each other: those of one output, or all."""
    everything = np.arange(shape[0] * shape[1])
    return [everything] if group == "layer" else list(everything.reshape(shape))


def groups_of_m(shape: tuple[int, ...], m: int) -> tuple[Groups, Groups]:
    """Every m consecutive inputs of each output, and what is left at the end of each output."""
    rows = np.arange(shape[0] * shape[1]).reshape(shape)
    whole = shape[1] - shape[1] % m
    full = list(rows[:, :whole].reshape(-1, m))
    return full, (list(rows[:, whole:]) if whole < shape[1] else [])


def allowed_counts(n: int, sparsity: float, count: str) -> list[int]:
    """How many of n weights may be pruned.

    `floor` is `int(n * sparsity)` in double precision. `round` takes a half either way, and both
    `round` and `ceil` may as well be taken of the weights that are kept, n · (1 - sparsity).
    """
    pruned, kept = n * sparsity, n * (1 - sparsity)
    if count == "floor":
        return [int(pruned)]
    if count == "ceil":
        return sorted({math.ceil(pruned), n - int(kept)})
    rounded = {round(pruned), math.floor(pruned + 0.5)}
    return sorted(rounded | {n - round(kept), n - math.floor(kept + 0.5)})


def assert_counts(subject: Subject, keep: Tensor, sparsity: float) -> None:
    """Assert that each group has lost as many weights as its convention says."""
    name, conventions = subject.name_of(keep), subject.conventions
    layer = conventions["group"] == "layer"
    pruned = [int((~keep).sum())] if layer else (~keep).sum(1).tolist()
    n = keep.numel() if layer else keep.shape[1]
    allowed = allowed_counts(n, sparsity, conventions["count"])
    for row, number in enumerate(pruned):
        where = "of the layer" if layer else f"of output {row}"
        which = name if layer else f"{name}[{row}]"
        if number not in allowed:
            raise Violation(
                f"{number} of {n} weights {where} are pruned at sparsity {sparsity!r}",
                f"(~{which}).sum().item() in {allowed}",
                expected=" or ".join(map(str, allowed)),
                got=number,
            )


def assert_optimal(subject: Subject, keep: Tensor, expected: Expected, groups: Groups) -> None:
    """Assert that in no group a weight is kept whose score is surely below a pruned one's."""
    kept = keep.cpu().numpy().ravel()
    low, high = _margins(subject, expected)
    for group in groups:
        staying, leaving = group[kept[group]], group[~kept[group]]
        if not len(staying) or not len(leaving):
            continue
        worst = staying[np.argmin(high[staying])], leaving[np.argmax(low[leaving])]
        if high[worst[0]] < low[worst[1]]:
            _raise_misplaced(subject, keep, expected, *map(int, worst))


def assert_n_of_m(
    subject: Subject, keep: Tensor, expected: Expected, n_m: tuple[int, int], tail: str
) -> None:
    """Assert that of every m inputs the n best are kept, and the rest of a row as declared.

    A rest of r < m inputs is kept whole where `tail` is `dense`. Where it is `prune_partial`
    the best are kept: at most min(n, r), as if zeros filled the group up; at least
    max(0, r - (m - n)), as if as many were pruned as of a whole group; or a number between,
    such as n·r/m.
    """
    n, m = n_m
    full, rest = groups_of_m(tuple(keep.shape), m)
    assert_kept(subject, keep, full, n, n)
    assert_optimal(subject, keep, expected, full)
    if rest:
        r = len(rest[0])
        dense = tail == "dense"
        assert_kept(subject, keep, rest, r if dense else max(0, r + n - m), r if dense else n)
        assert_optimal(subject, keep, expected, rest)


def assert_kept(subject: Subject, keep: Tensor, groups: Groups, least: int, most: int) -> None:
    """Assert that each of these groups of consecutive inputs keeps so many."""
    name, kept = subject.name_of(keep), keep.cpu().numpy().ravel()
    for group in groups:
        number = int(kept[group].sum())
        row, first = divmod(int(group[0]), keep.shape[1])
        last = first + len(group)
        if not least <= number <= most:
            raise Violation(
                f"{number} of inputs {first} to {last - 1} of output {row} are kept",
                f"{least} <= {name}[{row}, {first}:{last}].sum().item() <= {most}",
                expected=least if least == most else f"{least} to {most}",
                got=number,
            )


def assert_lowest_index_first(
    subject: Subject, keep: Tensor, scores: np.ndarray, groups: Groups
) -> None:
    """Assert that of equal scores none is pruned before one of a lower index."""
    name, kept = subject.name_of(keep), keep.cpu().numpy().ravel()
    flat = scores.ravel()
    for group in groups:
        for value in np.unique(flat[group]):
            equal = group[flat[group] == value]
            staying, leaving = equal[kept[equal]], equal[~kept[equal]]
            if len(staying) and len(leaving) and staying[0] < leaving[-1]:
                first, second = _place(keep, staying[0]), _place(keep, leaving[-1])
                raise Violation(
                    f"of two equal scores, [{second}] is pruned and [{first}] kept",
                    f"not {name}[{first}] or {name}[{second}]",
                    expected=f"[{first}] is pruned first",
                    got=f"[{second}] is pruned first",
                )


def assert_unchanged(subject: Subject, example: Example, **asked: object) -> None:
    """Assert that `keep_mask` leaves its tensors as they were."""
    # The first is the weight, which is never None; the type of a list cannot say so.
    given = [None if each is None else each.clone() for each in example.arguments[1:]]
    subject.keep_mask(example.method, *given, **asked)  # type: ignore[arg-type]
    pairs = [
        (before, after)
        for before, after in zip(example.arguments[1:], given, strict=True)
        if after is not None
    ]
    message = "keep_mask changes a tensor that it is given"
    before, after = zip(*pairs, strict=True)
    unchanged(before, after, [message] * len(pairs))


def assert_same_where_apart(
    subject: Subject, masks: tuple[Tensor, Tensor], expected: Expected, groups: Groups, message: str
) -> None:
    """Assert that two masks differ at most where scores are too close to be told apart."""
    names = [subject.name_of(each) for each in masks]
    differ = (masks[0] != masks[1]).cpu().numpy().ravel()
    for index in apart(subject, expected, groups):
        if differ[index]:
            place = _place(masks[0], index)
            raise Violation(
                f"{message}: weight [{place}]",
                f"{names[0]}[{place}] == {names[1]}[{place}]",
                expected=bool(masks[0].flatten()[index]),
                got=bool(masks[1].flatten()[index]),
            )


def apart(subject: Subject, expected: Expected, groups: Groups) -> Iterator[int]:
    """Indices of the weights whose scores are told apart from all others in their group."""
    low, high = _margins(subject, expected)
    for group in groups:
        order = group[np.argsort(expected.value.ravel()[group], kind="stable")]
        # The largest upper end of all below, and the smallest lower end of all above.
        below = np.maximum.accumulate(np.concatenate([[-np.inf], high[order][:-1]]))
        above = np.minimum.accumulate(np.concatenate([low[order][1:], [np.inf]])[::-1])[::-1]
        yield from order[(below < low[order]) & (high[order] < above)].tolist()


def _margins(subject: Subject, expected: Expected) -> tuple[np.ndarray, np.ndarray]:
    """Between what ends the scores lie by which a mask is made.

    Twice the bound, since they may be multiples of what is expected and take one rounding more.
    """
    value, bound = expected.value.ravel(), expected.bound.ravel()
    factor = MERGED_BY_ORDER if subject.conventions["score_scale"] == "order" else 1.0
    return value - 2 * bound, (value + 2 * bound) * factor


def _raise_misplaced(
    subject: Subject, keep: Tensor, expected: Expected, kept: int, pruned: int
) -> None:
    name, (here, there) = subject.name_of(keep), (_place(keep, kept), _place(keep, pruned))
    lower, higher = (float(expected.value.ravel()[each]) for each in (kept, pruned))
    raise Violation(
        f"weight [{here}] is kept, and [{there}], whose score is higher, is pruned",
        f"not {name}[{here}] or {name}[{there}]",
        expected=f"score [{here}] is {lower!r}, score [{there}] is {higher!r}",
        got=f"[{there}] pruned, [{here}] kept",
    )


def _place(keep: Tensor, index: int) -> str:
    row, column = divmod(int(index), keep.shape[1])
    return f"{row}, {column}"
