"""What a method is: one record each, for whoever asks for methods by their names.

A record says what a score or a refinement takes, needs and keeps; the formula stays in its own
module, and defaults in the function's signature. Plans, the gate, its probes, the vectors, the
command's options and the tables of tests are made from these records.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from inspect import signature
from types import MappingProxyType
from typing import Any

from torch import Tensor

from pruneproof.reference import refinements, scores
from pruneproof.reference.norms import activation_norms, output_activation_norms
from pruneproof.reference.scores.lp import STRATEGIES
from pruneproof.reference.scores.relative import TERMS
from pruneproof.reference.statistics import ActivationStatistics, centred_activation_norms

INPUTS, OUTPUTS = "inputs", "outputs"
REORDERED, SIGNS, SHIFTS = "reordered", "signs", "shifts"
"""Invariances; see `Score`."""


@dataclass(frozen=True)
class Statistic:
    """A statistic of activations that a method uses, one number an input or an output.

    Attributes:
        of: `inputs` (X, tokens × in_features) or `outputs` (Y, out_features × d).
        name: what `ActivationStatistics` calls it.
        compute: the function from all activations to it.
        moments: whether the accumulator must gather moments for it.
    """

    of: str
    name: str
    compute: Callable[[Tensor], Tensor]
    moments: bool = False


@dataclass(frozen=True)
class Interval:
    """The real numbers between two ends, or the integers.

    Attributes:
        low: the lower end.
        high: the upper end.
        open_low: the lower end itself is not allowed.
        open_high: the upper end itself is not allowed.
        whole: only integers are.
    """

    low: float
    high: float
    open_low: bool = False
    open_high: bool = False
    whole: bool = False

    def __str__(self) -> str:
        left, right = "(" if self.open_low else "[", ")" if self.open_high else "]"
        return f"{left}{self.low}, {self.high}{right}"


@dataclass(frozen=True)
class Parameter:
    """A parameter that a caller may choose.

    Attributes:
        allowed: an interval, words, or `bool`.
        source: of the parameter and of its default.
        help: one line for the command; `{methods}` stands for the methods that have the parameter.
    """

    allowed: Interval | tuple[str, ...] | type[bool]
    source: str
    help: str


ANY_SIZE = Interval(0, math.inf, open_high=True)
COUNT = Interval(0, math.inf, whole=True)
PARAMETERS = {
    "alpha": Parameter(ANY_SIZE, "Table 3", "Power of the activation norm, of {methods}."),
    "p": Parameter(Interval(0, math.inf), "Section 3.5.1", "Order of {methods}'s norms: 0 to inf."),
    "strategy": Parameter(
        STRATEGIES, "Appendix C.3", "How {methods} combines its norms: S1, S2, S3 or S4."
    ),
    "ratio": Parameter(
        Interval(0, 1, open_low=True),
        "Appendix C.4",
        "Share of the weights that {methods} samples, in (0, 1].",
    ),
    "length_corrected": Parameter(
        bool, "beyond the paper", "Whether {methods} scales its sampled norms to be unbiased."
    ),
    "terms": Parameter(TERMS, "Table 3", "Which terms of {methods}: both, input or output."),
    "seed": Parameter(
        Interval(0, 2**63 - 1, whole=True), "Section 3.5.2", "Of {methods}'s samples."
    ),
}
"""Of scores, by name, as the command lists them."""
REFINING = {
    "max_cycles": Parameter(COUNT, "Appendix C.1", "Most swaps for an output."),
    "update_threshold": Parameter(
        Interval(0, math.inf), "Appendix C.1", "An output is done once its error is not above it."
    ),
    "same_sign": Parameter(
        bool, "DSnoT's code", "Whether to stop before the error changes its sign."
    ),
    "guard": Parameter(bool, "beyond the paper", "Whether to stop before the error grows."),
    "form": Parameter(
        ("printed", "repaired"),
        "Eqs. (5) and (6)",
        "{methods} as printed (the γ terms count) or repaired.",
    ),
    "p": Parameter(Interval(0, math.inf), "Table 10", "Order of the norm in {methods}'s γ terms."),
    "alpha": Parameter(ANY_SIZE, "Table 5", "Power of the activation norm in {methods}."),
    "gamma_grow": Parameter(ANY_SIZE, "Table 10", "γ₁ of {methods}."),
    "gamma_prune": Parameter(ANY_SIZE, "Table 10", "γ₂ of {methods}."),
    "relative_grow": Parameter(bool, "Table 10", "Whether {methods} grows by relative importance."),
    "relative_prune": Parameter(
        bool, "Table 10", "Whether {methods} prunes by relative importance."
    ),
}
"""Of refinements, by name."""
_NOT_CHOSEN = ("W", "keep", "m")
"""What a layer or a mask gives."""


@dataclass(frozen=True)
class Method:
    """The fields that scores and refinements share.

    Attributes:
        function: computes it, in the paper's orientation; its name is the method's.
        source: where the paper states it.
        statistics: of activations, by the names of the function's arguments.
    """

    function: Callable[..., Tensor]
    source: str
    statistics: Mapping[str, Statistic] = field(default_factory=lambda: MappingProxyType({}))
    known = MappingProxyType(PARAMETERS)

    @property
    def name(self) -> str:
        """The name that adapters and plans use."""
        return self.function.__name__

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters that may be chosen, in the order of the function's signature."""
        names = signature(self.function).parameters
        chosen = (name for name in names if name not in (*_NOT_CHOSEN, *self.statistics))
        return {name: self.known[name] for name in chosen}

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """The default of each parameter."""
        given = signature(self.function).parameters
        return {name: given[name].default for name in self.parameters}

    def needs(self, **parameters: Any) -> dict[str, Statistic]:
        """The statistics that it needs for these parameters."""
        return dict(self.statistics)


@dataclass(frozen=True)
class Score(Method):
    """A score.

    Attributes:
        degree: d, such that multiplying the weights by c > 0 multiplies the scores by c^d; or a
            function from all parameters to d.
        keeps: the changes that leave it the same: `reordered` inputs and outputs, which reorder
            it alike; the `signs` of weights and activations; `shifts`, a constant added to an
            input in all tokens.
        transposed: the score that gives the transposed values on the transposed layer, inputs and
            outputs exchanged; None where no score does, or where that score names this one.
        divides: whether it divides by norms of weights, which are 0 for dead inputs or outputs.
        samples: whether it depends on a seed, and so has no closed form.
        prunes: whether a layer's own activations are all it needs, so that `prune` can use it.
    """

    degree: int | Callable[[Mapping[str, Any]], int] = 1
    keeps: frozenset[str] = frozenset({REORDERED, SIGNS})
    transposed: str | None = None
    divides: bool = False
    samples: bool = False
    prunes: bool = True

    def degree_in_weight(self, **parameters: Any) -> int:
        """d, such that multiplying the weights by c > 0 multiplies the scores by c^d."""
        if isinstance(self.degree, int):
            return self.degree
        return self.degree({**self.defaults, **parameters})

    def degree_in_activations(self, **parameters: Any) -> float:
        """d, such that multiplying the activations by c > 0 multiplies the scores by c^d."""
        chosen = {**self.defaults, **parameters}
        return chosen.get("alpha", 1) if self.statistics else 0

    def needs(self, **parameters: Any) -> dict[str, Statistic]:
        """The statistics that it depends on; none with α = 0.

        Example:
            >>> [list(SCORES["ria"].needs(alpha=alpha)) for alpha in (0.5, 0)]
            [['x_norm'], []]
        """
        return dict(self.statistics) if self.degree_in_activations(**parameters) else {}

    def takes(self, of: str, **parameters: Any) -> bool:
        """Whether an adapter receives these activations: it does if the defaults or the given
        parameters need them.

        Example:
            >>> [SCORES[name].takes(INPUTS, alpha=0) for name in ("wanda", "lp")]
            [True, False]
        """
        needed = (*self.needs().values(), *self.needs(**parameters).values())
        return any(statistic.of == of for statistic in needed)


@dataclass(frozen=True)
class Refinement(Method):
    """A refinement of masks."""

    known = MappingProxyType(REFINING)


X_NORM = {"x_norm": Statistic(INPUTS, "norm", activation_norms)}
Y_NORM = {"y_norm": Statistic(OUTPUTS, "norm", output_activation_norms)}
X_CENTRED_NORM = {
    "x_centred_norm": Statistic(INPUTS, "centred_norm", centred_activation_norms, moments=True)
}
A_NORM = {"a_norm": X_NORM["x_norm"]}
B_NORM = {"b_norm": Y_NORM["y_norm"]}
MOMENTS = {
    "mean": Statistic(INPUTS, "mean", lambda X: _gathered(X).mean, moments=True),
    "var": Statistic(INPUTS, "var", lambda X: _gathered(X).var, moments=True),
}


def _gathered(X: Tensor) -> ActivationStatistics:
    statistics = ActivationStatistics(X.shape[1], X.device)
    statistics.update(X)
    return statistics


def _degree_of_lp(chosen: Mapping[str, Any]) -> int:
    of_norm = 0 if chosen["p"] == 0 else 1
    return 1 - of_norm if chosen["strategy"] in ("S1", "S2") else 1 + of_norm


SCORES = {
    score.name: score
    for score in (
        Score(scores.magnitude, "Section 2.1"),
        Score(scores.wanda, "Corollary 3.2", X_NORM),
        Score(scores.owanda, "Corollary 3.3", Y_NORM, transposed="wanda"),
        Score(scores.symwanda, "Lemma 3.1", X_NORM | Y_NORM, transposed="symwanda"),
        Score(
            scores.symwanda_squared, "Appendix B", X_NORM | Y_NORM, transposed="symwanda_squared"
        ),
        Score(scores.symmetric, "Corollary 3.4", degree=2, transposed="symmetric"),
        Score(
            scores.symmetric_squared,
            "Table 1, Symmetric",
            degree=2,
            transposed="symmetric_squared",
        ),
        Score(scores.ri, "Theorem 3.5", degree=0, transposed="ri", divides=True),
        Score(scores.ria, "Eq. (2)", X_NORM, degree=0, divides=True),
        Score(
            scores.general_diagonal,
            "Lemma 3.7",
            A_NORM | B_NORM,
            degree=0,
            transposed="general_diagonal",
            divides=True,
            prunes=False,
        ),
        Score(
            scores.lp,
            "Eq. (3), Appendix C.3",
            X_NORM,
            degree=_degree_of_lp,
            transposed="lp",
            divides=True,
        ),
        Score(
            scores.stochria,
            "Eq. (4)",
            X_NORM,
            degree=0,
            keeps=frozenset({SIGNS}),
            divides=True,
            samples=True,
        ),
        Score(
            scores.stade,
            "arXiv:2503.22451, beyond the paper",
            X_CENTRED_NORM,
            keeps=frozenset({REORDERED, SHIFTS}),
        ),
    )
}
"""Of every score, in the order of the paper and then of the records."""
REFINEMENTS = {
    refinement.name: refinement
    for refinement in (
        Refinement(refinements.dsnot, "Section 3.6", MOMENTS | X_NORM),
        Refinement(refinements.r2_dsnot, "Section 3.6", MOMENTS | X_NORM),
    )
}
"""Of every refinement."""
