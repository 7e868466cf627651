"""What properties of scores share: asking for scores, and holding one answer against another."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from pruneproof.properties.gate.adapter.process import ProcessError
from pruneproof.properties.gate.adapter.subject import AdapterError, Subject
from pruneproof.properties.gate.comparing.assertions import as_expected
from pruneproof.properties.gate.comparing.expected import Expected, expected_scores
from pruneproof.properties.gate.examples.layers import Example
from pruneproof.properties.gate.property import Violation


@dataclass(frozen=True)
class Answer:
    """Scores beside the exact ones, perhaps in another arrangement.

    Attributes:
        scores: as the adapter gave them.
        exact: what they should be, in the adapter's arrangement.
        places: by entry of this arrangement, the flat index of the adapter's.
    """

    scores: Tensor
    exact: Expected
    places: np.ndarray

    @property
    def got(self) -> np.ndarray:
        """The scores as doubles."""
        return self.scores.double().cpu().numpy().ravel()[self.places]

    @property
    def value(self) -> np.ndarray:
        """The exact scores."""
        return self.exact.value.ravel()[self.places]

    @property
    def bound(self) -> np.ndarray:
        """How far an honest score may lie from them."""
        return self.exact.bound.ravel()[self.places]

    @property
    def T(self) -> Answer:  # noqa: D102 - as numpy's
        return replace(self, places=self.places.T)

    def arranged(self, rows: list[int], columns: list[int]) -> Answer:
        """These rows and columns, in this order."""
        return replace(self, places=self.places[np.ix_(rows, columns)])

    def entry(self, subject: Subject, at: tuple[int, ...]) -> str:
        """A Python expression for one score."""
        j, k = divmod(int(self.places[at]), self.scores.shape[1])
        return f"{subject.name_of(self.scores)}[{j}, {k}].item()"


def ask(subject: Subject, example: Example) -> Answer:
    """The adapter's scores of an example without samples, and the exact ones."""
    scores = subject.score(*example.arguments, **example.parameters)
    exact = expected_scores(example, scores.dtype)
    return Answer(scores, exact, np.arange(scores.numel()).reshape(tuple(scores.shape)))


def is_exact(subject: Subject) -> bool:
    """Whether scores can be compared as numbers, and not only up to a multiple or in order."""
    return subject.conventions.get("score_scale", "exact") == "exact"


def each_as_expected(subject: Subject, *answers: Answer) -> None:
    """What is left of a relation where a layer's scores have a scale of their own."""
    for answer in answers:
        as_expected(subject, answer.scores, answer.exact)


def agree(
    subject: Subject, first: Answer, second: Answer, relation: str, factor: float = 1.0
) -> None:
    """Assert that the second answer is a multiple of the first, entry by entry.

    Args:
        subject: the adapter.
        first: arranged like the second.
        second: of another call.
        relation: why they should be equal.
        factor: a power of two.
    """
    if not is_exact(subject):
        each_as_expected(subject, first, second)
        return
    expected = factor * first.got
    # Both lie within their bounds of exact scores that differ at most by what is seen here.
    apart = np.abs(factor * first.value - second.value)
    bound = (factor * first.bound + second.bound + apart) * (1 + 2.0**-50)
    # Wrong scores round as much as right ones, relative to their own size.
    least = np.minimum(factor * first.value, second.value)
    with np.errstate(over="ignore"):
        relative = np.divide(bound, least, where=least > 0, out=np.zeros_like(bound))
        bound = np.maximum(bound, np.where(np.isfinite(expected), relative * np.abs(expected), 0))
        error = np.abs(second.got - expected)
    fails = ~(np.isfinite(error) & (error <= bound))
    if not fails.any():
        return
    at = tuple(map(int, np.argwhere(fails)[0]))
    times = "" if factor == 1 else f"{factor!r} * "
    one, other = first.entry(subject, at), second.entry(subject, at)
    ratio = (
        float(error[at]) / float(bound[at]) if bound[at] > 0 and np.isfinite(error[at]) else None
    )
    raise Violation(
        f"{relation}: {other[:-7]} must be {times}{one[:-7]}",
        f"abs({other} - {times}{one}) <= {float(bound[at])!r}",
        expected=float(expected[at]),
        got=float(second.got[at]),
        ratio=ratio,
    )


def refused(error: AdapterError) -> bool:
    """Whether the adapter raised an exception, and did not answer in a wrong form."""
    return error.__cause__ is not None and not isinstance(error.__cause__, ProcessError)
