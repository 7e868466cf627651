r"""Could a mask be SymWanda's, with any activations X and Y at all?

The score :math:`|W_{ki}|(x_i + y_k)` has a norm of each input and one of each output, all unknown.
Which of them must be 0 is a linear program. For multipliers λ ≥ 0 of the weights' inequalities
(:mod:`~pruneproof.integration.inspection.explanations.farkas`) the most norms v with a coefficient
of at most −1 are sought:

.. math:: \max \sum_v s_v, \quad 0 \le s_v \le 1, \quad (A^T \lambda)_v \le -s_v

Certificates add up, so that the optimum has s = 1 for every norm that must be 0, and 0 for the
others, which then have a common solution that is positive in all of them. As with Wanda, a mask is
refuted where hardly any norm is left.

The program has a column for every weight, so that of a large layer a sample of outputs and inputs
is looked at. What it refutes is refuted; that a mask is possible needs the whole layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from pruneproof.integration.inspection.explanations.explanation import Explanation, Verdict
from pruneproof.integration.inspection.explanations.farkas import Farkas, Group, Term
from pruneproof.integration.inspection.explanations.groups import (
    NOTHING,
    Grouping,
    checked,
    comparable,
    something_compares,
)
from pruneproof.integration.inspection.explanations.norms import forced_dead, layer_of
from pruneproof.integration.inspection.explanations.rounding import Rounding, rounding_of
from pruneproof.integration.inspection.explanations.sizes import Sizes
from pruneproof.integration.inspection.explanations.wanda import LEAST_ALIVE, SHARE
from pruneproof.reference.checks import check_choice, check_integer, check_number

METHODS = ("symwanda", "symwanda_squared")
SMALLEST = 1e-9
"""Multipliers below it are the solver's noise."""


def could_be_symwanda(
    W: Tensor,
    keep: Tensor,
    *,
    method: Literal["symwanda", "symwanda_squared"] = "symwanda",
    n_m: tuple[int, int] | None = None,
    group: str = "output",
    computed_in: torch.dtype | None = None,
    least_alive: float = LEAST_ALIVE,
    most: int = 64,
) -> Explanation:
    r"""Whether a mask keeps the highest :math:`|W_{ki}|(x_i + y_k)` for some norms x and y.

    Args:
        W: weights of the dense model, out_features × in_features.
        keep: True where a weight survived. Where W is 0 it does not matter.
        method: `symwanda`, or `symwanda_squared` with :math:`|W_{ki}|\sqrt{x_i^2 + y_k^2}`.
        n_m: kept of group, where m consecutive inputs compare.
        group: `output`, or `layer`, where all weights compare.
        computed_in: the coarsest arithmetic that the scores may have been computed in; None
            allows for bfloat16 and float16, whatever W is stored in.
        least_alive: the share of the inputs, and of the outputs, whose norm a calibration is taken
            to leave above 0.
        most: how many outputs and how many inputs are looked at; of more, evenly spread ones.

    Returns:
        `possible` with norms of the inputs, where the layer is no larger than `most`; `refuted`
        with a certificate; or `not_decided`.

    Raises:
        TypeError: W or keep is no tensor, or keep not boolean.
        ValueError: W is not a finite matrix, keep has another shape, or another argument is
            outside its range.
        ImportError: scipy is missing, which comes with the extra ``checkpoint``.

    Source: Lemma 3.1, Eq. (1), and Appendix B for the squared score.
    """
    if find_spec("scipy") is None:
        raise ImportError("symwanda needs scipy: python -m pip install 'pruneproof[checkpoint]'")
    grouping = checked(W, keep, group, n_m)
    W = comparable(W)
    check_choice("method", method, METHODS)
    check_number("least_alive", least_alive, 0, 1)
    check_integer("most", most, 2)
    rounding = rounding_of(computed_in)
    outputs, inputs = _sample(W, grouping, most)
    whole = len(outputs) == W.shape[0] and len(inputs) == W.shape[1]
    sampled = "" if whole else f"{len(outputs)} outputs and {len(inputs)} inputs"

    def explanation(
        verdict: Verdict, why: str, agreement: float | None, **known: Any
    ) -> Explanation:
        return Explanation(
            method, group, verdict, agreement, known.pop("certificate", None), why,
            n_m=grouping.n_m, arithmetic=rounding.name, sampled=sampled, **known,
        )  # fmt: skip

    if not something_compares(W, keep, group, grouping.length(W.shape[1])):
        return explanation("not_decided", NOTHING, 1.0)
    program = _Program(W, keep, outputs, inputs, grouping, method == "symwanda_squared")
    proof = program.proof(rounding)
    if proof is None:
        found = program.norms(rounding)
        if found is not None and whole:
            why = "these norms of inputs and outputs give the mask"
            x, y = found
            return explanation("possible", why, 1.0, norms=x, output_norms=y)
        why = (
            "neither norms nor a certificate was found" if found is None else "of a part, it could"
        )
        return explanation("not_decided", why, None)
    dead, silent = len(proof.inputs), len(proof.outputs)
    told = {"certificate": proof, "dead": dead}
    alive = max(1 - dead / len(inputs), 1 - silent / len(outputs))
    if grouping.n_m is None and group == "output":
        alive = max(alive, _alive(W, keep, proof))
    if alive < least_alive or alive == 0:
        why = "no norms of inputs and outputs order these weights so, unless nearly all are 0"
        return explanation("refuted", why, None, **told)
    why = f"only if {dead} inputs and {silent} outputs have a norm of 0"
    return explanation("not_decided", why, None, **told)


def _sample(W: Tensor, grouping: Grouping, most: int) -> tuple[list[int], list[int]]:
    """Outputs and inputs, evenly spread; of n:m whole groups."""

    def spread(count: int, wanted: int) -> list[int]:
        return sorted({*np.linspace(0, count - 1, min(count, wanted)).astype(int).tolist()})

    if 0 in W.shape:
        return [], []
    length = grouping.length(W.shape[1]) if grouping.n_m else 1
    groups = spread(-(-W.shape[1] // length), max(1, most // length))
    inputs = [i for g in groups for i in range(g * length, min(W.shape[1], (g + 1) * length))]
    return spread(W.shape[0], most), inputs


def _alive(W: Tensor, keep: Tensor, proof: Farkas) -> float:
    """Share of the layer's inputs that need not be dead, once what was proved is carried on.

    In an output without a norm a kept dead input leaves dead inputs alone to be pruned.
    """
    rows = torch.tensor(proof.outputs, dtype=torch.long)
    dead = torch.zeros(1, W.shape[1], dtype=torch.bool)
    dead[0, list(proof.inputs)] = True
    layer = layer_of(Sizes(W[rows]), keep[rows], proof.rounding, W.shape[1])
    counted = int((W != 0).any(0).sum())
    return 1 - int(forced_dead(layer, dead).sum()) / max(1, counted)


@dataclass(frozen=True)
class _Program:
    """The inequalities of a sample of a layer's weights."""

    W: Tensor
    keep: Tensor
    outputs: list[int]
    inputs: list[int]
    grouping: Grouping
    squared: bool

    def _group(self, k: int, i: int) -> Group:
        if self.grouping.group == "layer":
            return ()
        return (k,) if self.grouping.n_m is None else (k, i // self.grouping.n_m[1])

    def _terms(self) -> list[Term]:
        sizes = Sizes(self.W)
        return [
            Term(sizes.entry(k, i), bool(self.keep[k, i]), self._group(k, i), Fraction(1))
            for k in self.outputs
            for i in self.inputs
            if self.W[k, i] != 0
        ]

    def _matrix(self, terms: list[Term], rounding: Rounding) -> tuple[Any, int, int]:
        """A column for each weight, a row for each input, output and group."""
        from scipy.sparse import csc_array

        numbers = {("x", i): n for n, i in enumerate(self.inputs)}
        numbers |= {("y", k): len(numbers) + n for n, k in enumerate(self.outputs)}
        norms = len(numbers)
        rows, columns, values = [], [], []
        scale = float(max(term.size(rounding, squared=self.squared) for term in terms))
        for column, term in enumerate(terms):
            sign = 1.0 if term.kept else -1.0
            size = sign * float(term.size(rounding, squared=self.squared)) / scale
            group = numbers.setdefault(("t", term.group), len(numbers))
            rows += [numbers["x", term.entry.input], numbers["y", term.entry.output], group]
            columns += [column] * 3
            values += [size, size, -sign]
        shape = (len(numbers), len(terms))
        return csc_array((values, (rows, columns)), shape=shape), norms, len(numbers)

    def proof(self, rounding: Rounding) -> Farkas | None:
        """The certificate for as many norms as there is one; None for none at all."""
        from scipy.sparse import eye_array, hstack, vstack

        terms = self._terms()
        if not terms:
            return None
        A, norms, every = self._matrix(terms, rounding)
        # Columns: the multipliers, then s. Rows of the groups have no s.
        s = vstack([eye_array(norms), np.zeros((every - norms, norms))])
        left = hstack([A, s], format="csc")
        cost = np.concatenate([np.zeros(len(terms)), -np.ones(norms)])
        bounds = [(0, None)] * len(terms) + [(0, 1)] * norms
        found = _solved(cost, left, np.zeros(every), bounds)
        if found is None:
            return None
        names = [("x", i) for i in self.inputs] + [("y", k) for k in self.outputs]
        zero = [name for name, s in zip(names, found[len(terms) :], strict=True) if s > 0.5]
        inputs = tuple(n for kind, n in zero if kind == "x")
        outputs = tuple(n for kind, n in zero if kind == "y")
        chosen = _balanced(terms, found[: len(terms)])
        proof = Farkas(chosen, inputs, outputs, self.squared, rounding)
        return proof if proof.check() else None

    def norms(self, rounding: Rounding) -> tuple[Tensor, Tensor] | None:
        """Norms of the inputs and of the outputs for which all inequalities hold."""
        terms = self._terms()
        if not terms:
            return None
        A, norms, every = self._matrix(terms, rounding.shrunk(SHARE))
        bounds = [(1, None)] * norms + [(0, None)] * (every - norms)
        found = _solved(np.ones(every), -A.T, np.zeros(len(terms)), bounds)
        if found is None:
            return None
        # With all of the rounding, what the solver left undone must be made up for.
        full, _, _ = self._matrix(terms, rounding)
        if float((full.T @ found).min()) < 0:
            return None
        x, y = torch.from_numpy(found[:norms].copy()).split([len(self.inputs), len(self.outputs)])
        return (x.sqrt(), y.sqrt()) if self.squared else (x, y)


def _solved(cost: Any, left: Any, right: Any, bounds: Any) -> Any | None:
    """The minimum of a linear program, or None."""
    from scipy.optimize import linprog

    found = linprog(cost, A_ub=left, b_ub=right, bounds=bounds, method="highs")
    return found.x if found.status == 0 else None


def _balanced(terms: list[Term], multipliers: Any) -> tuple[Term, ...]:
    """The terms that count, with multipliers that cancel every threshold to the last digit."""
    chosen: dict[Group, list[Term]] = {}
    for term, times in zip(terms, multipliers, strict=True):
        if times > SMALLEST:
            exact = Term(term.entry, term.kept, term.group, Fraction(float(times)))
            chosen.setdefault(term.group, []).append(exact)
    balanced = []
    for members in chosen.values():
        kept = sum((each.times for each in members if each.kept), Fraction(0))
        pruned = sum((each.times for each in members if not each.kept), Fraction(0))
        if not kept:
            continue
        share = max(Fraction(1), pruned / kept)
        balanced += [
            Term(each.entry, each.kept, each.group, each.times * share if each.kept else each.times)
            for each in members
        ]
    return tuple(balanced)
