"""What is to be done to a model's linear layers, checked before hours are spent."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import Any

from pruneproof.integration.recipe.chosen import Patterns, checked_sparsities, layer_name
from pruneproof.reference.methods import REFINEMENTS, SCORES, Method, Refinement, Score, Statistic

METHODS = tuple(name for name, score in SCORES.items() if score.prunes)
"""The scores that a layer can be pruned by."""
UNREACHED = ("error", "magnitude", "dense")
"""What may become of an expert that no calibration token reached."""


@dataclass(frozen=True)
class Plan:
    """How every linear layer is pruned.

    Args:
        method: a score of `pruneproof.reference`.
        sparsity: the fraction to prune, of layers that have none of their own; or
        n_m: n of every m consecutive inputs survive.
        group: `output` or `layer`, the weights that are compared; `output` for n:m.
        parameters: of the score, such as `alpha`.
        refine: `dsnot` or `r2_dsnot`, after the mask; within its groups for n:m.
        refine_parameters: of the refinement.
        skip: patterns of layers that stay dense; see `chosen`.
        sparsities: by pattern, in an order in which the last that matches decides; in place of
            sparsity or beside it.
        unreached: what becomes of an expert that no calibration token reached: None or `error`
            refuses to go on, `magnitude` prunes it by the size of its weights, `dense` leaves it.

    Raises:
        ValueError: a word or number that is not allowed, both or neither of sparsity and n_m,
            n:m over the layer, or sparsities beside n_m.
    """

    method: str
    sparsity: float | None = None
    n_m: tuple[int, int] | None = None
    group: str = "output"
    parameters: dict[str, Any] = field(default_factory=dict)
    refine: str | None = None
    refine_parameters: dict[str, Any] = field(default_factory=dict)
    skip: tuple[str, ...] = ()
    sparsities: Mapping[str, float] = field(default_factory=dict)
    unreached: str | None = None

    def __post_init__(self) -> None:
        """Check what can be checked without a model."""
        _one_of("method", self.method, METHODS)
        _one_of("group", self.group, ("output", "layer"))
        if self.refine is not None:
            _one_of("refine", self.refine, REFINEMENTS)
        if self.unreached is not None:
            _one_of("unreached", self.unreached, UNREACHED)
            # Records of runs on models without experts do not name it.
            object.__setattr__(
                self, "unreached", None if self.unreached == "error" else self.unreached
            )
        if isinstance(self.skip, str):
            raise ValueError(f"skip must be several patterns, got the text {self.skip!r}")
        object.__setattr__(self, "skip", tuple(self.skip))
        # Unlike other mappings, two of these are equal only in the same order, which decides here.
        object.__setattr__(self, "sparsities", OrderedDict(checked_sparsities(self.sparsities)))
        if self.sparsities and self.n_m is not None:
            raise ValueError(
                "sparsities cannot be given beside n_m, which fixes the sparsity of all layers; "
                "leave one out, or skip layers"
            )
        if (self.sparsity is None and not self.sparsities) == (self.n_m is None):
            raise ValueError("sparsity or n_m must be given, and not both")
        if self.sparsity is not None and not 0 <= self.sparsity < 1:
            raise ValueError(f"sparsity must lie in [0, 1), got {self.sparsity}")
        if self.n_m is not None:
            n, m = self.n_m
            if not 0 < n < m:
                raise ValueError(f"n_m must satisfy 0 < n < m, got {n}:{m}")
            if self.group != "output":
                raise ValueError("group must be output for n:m, whose groups are along inputs")
        _check_parameters(self.score, self.parameters)
        if self.refinement is not None:
            _check_parameters(self.refinement, self.refine_parameters)
        elif self.refine_parameters:
            name, *_ = self.refine_parameters
            raise ValueError(f"{name} is a parameter of a refinement, but refine is not given")

    @property
    def score(self) -> Score:
        """What is known of the method."""
        return SCORES[self.method]

    @property
    def refinement(self) -> Refinement | None:
        """What is known of the refinement."""
        return None if self.refine is None else REFINEMENTS[self.refine]

    @property
    def statistics(self) -> tuple[Statistic, ...]:
        """What the mask depends on beside the weights."""
        of_refinement = {} if self.refinement is None else self.refinement.needs()
        return (*self.score.needs(**self.parameters).values(), *of_refinement.values())

    @property
    def needs(self) -> tuple[str, ...]:
        """Which activations statistics are taken of: `inputs` and `outputs`, or none."""
        return tuple(sorted({each.of for each in self.statistics}))

    def if_unreached(self) -> Plan | None:
        """What is done with an expert that no token reached; None leaves it dense."""
        if self.unreached == "dense":
            return None
        return replace(self.without_refinement(), method="magnitude", parameters={})

    def without_refinement(self) -> Plan:
        """The plan as far as the mask that a refinement begins with."""
        return replace(self, refine=None, refine_parameters={})

    @cached_property
    def skipping(self) -> Patterns:
        """The patterns of layers that stay dense."""
        return Patterns(self.skip)

    @cached_property
    def lines(self) -> Patterns:
        """The patterns of layers that have a sparsity of their own."""
        return Patterns(self.sparsities)

    def sparsity_of(self, block: int, name: str) -> float | None:
        """The fraction of a layer's weights that is to be pruned, or None where it is skipped.

        Raises:
            ValueError: the layer has no sparsity.
        """
        layer = layer_name(block, name)
        if self.skipping.deciding(layer) is not None:
            return None
        if self.n_m is not None:
            n, m = self.n_m
            return (m - n) / m
        line = self.lines.deciding(layer)
        sparsity = self.sparsity if line is None else self.sparsities[line]
        if sparsity is None:
            raise ValueError(
                f"sparsity must be given for {layer}, which no line of sparsities matches"
            )
        return sparsity

    def for_layer(self, block: int, name: str) -> Plan | None:
        """The plan for one layer, with its sparsity and seed, or None where it is skipped.

        Raises:
            ValueError: the layer has no sparsity.
        """
        sparsity = self.sparsity_of(block, name)
        if sparsity is None:
            return None
        plan = self._with_seed(block, name)
        if not (self.skip or self.sparsities):
            return plan
        own = None if self.n_m is not None else sparsity
        return replace(plan, sparsity=own, skip=(), sparsities={})

    def _with_seed(self, block: int, name: str) -> Plan:
        """The plan with the layer's own seed, where the score samples.

        With one seed for all, layers of one shape would sample the same places. The seed is the
        first 63 bits of the SHA-256 of "seed/block/name", so it does not depend on the order in
        which layers are pruned, nor on what an earlier run has done.
        """
        if "seed" not in self.score.parameters:
            return self
        text = f"{self.parameters.get('seed', 0)}/{block}/{name}"
        seed = int.from_bytes(sha256(text.encode()).digest()[:8], "big") >> 1
        return replace(self, parameters={**self.parameters, "seed": seed})

    def record(self) -> dict[str, Any]:
        """As plain data."""
        # Pairs, since those who compare two records need not heed the order of a table.
        pairs = [[pattern, sparsity] for pattern, sparsity in self.sparsities.items()]
        return {**asdict(self), "skip": list(self.skip), "sparsities": pairs}


def _check_parameters(method: Method, given: dict[str, Any]) -> None:
    allowed = method.parameters
    for name in given:
        if name not in allowed:
            takes = f"it takes {', '.join(allowed)}" if allowed else "it takes none"
            raise ValueError(f"{method.name} has no parameter {name}; {takes}")


def _one_of(name: str, value: str, allowed: Any) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value}")
