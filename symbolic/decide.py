"""From a claim to its verdict."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

import sympy

from pruneproof.symbolic import z3_engine
from pruneproof.symbolic.admissible import violation
from pruneproof.symbolic.claim import Assumption, AtMost, Claim, Equal, Implies, Statement
from pruneproof.symbolic.exact import evaluate
from pruneproof.symbolic.exact.radical import Radical
from pruneproof.symbolic.rewriting import (
    Step,
    derive,
    is_defined,
    is_nonnegative,
    is_positive,
    is_zero,
    multiply_out,
)
from pruneproof.symbolic.rewriting.derive import NoNormalFormError, is_clean, normal_form
from pruneproof.symbolic.witness import (
    Witness,
    counterexamples,
    failure,
    holds_on_samples,
    smallest,
)
from pruneproof.symbolic.world import World

Verdict = Literal["proved", "proved_under", "refuted", "open"]
SAMPLES = 12
"""Random exact environments on which every statement and every step is evaluated."""


class DisagreementError(AssertionError):
    """Two engines contradict each other: one of them is wrong."""


@dataclass(frozen=True)
class Decision:
    """A claim with its verdict and what supports it.

    Attributes:
        engines: what decided it: `sympy` (the derivation), `exact` (evaluation on rational
            data), `z3` (all real data at small sizes).
        steps: the derivation of each side of each statement.
        witness: data for which the statement fails; None unless refuted.
        needed: for each assumption, data for which the statement fails without it (None when
            only the proof breaks).
    """

    claim: Claim
    verdict: Verdict
    engines: tuple[str, ...]
    steps: tuple[tuple[Step, ...], ...]
    witness: Witness | None
    needed: tuple[Witness | None, ...]
    seconds: float


def decide(claim: Claim) -> Decision:
    """Prove or refute a claim, and check the outcome with every engine that can.

    Raises:
        DisagreementError: a proof and a counterexample both exist, a step of the proof
            changes the value, a recorded witness lies outside the claim's world, z3
            contradicts the proof, or an assumption is not needed.
    """
    start = time.perf_counter()
    proved = all(proves(statement, claim.world) for statement in claim.statements)
    witness = _witness(claim, proved)
    needed: tuple[Witness | None, ...] = ()
    steps: tuple[tuple[Step, ...], ...] = ()
    if proved:
        if witness is not None:
            raise DisagreementError(f"{claim.id}: proved, yet it fails for {witness.as_data()}")
        steps = _checked_steps(claim)
        needed = tuple(_needed(claim, assumption) for assumption in claim.assumptions)
    verdict = _verdict(claim, proved, witness)
    engines = _engines(claim, verdict)
    return Decision(claim, verdict, engines, steps, witness, needed, time.perf_counter() - start)


def _verdict(claim: Claim, proved: bool, witness: Witness | None) -> Verdict:
    if witness is not None:
        return "refuted"
    if not proved:
        return "open"
    unprinted = any(not assumption.printed for assumption in claim.assumptions)
    return "proved_under" if unprinted else "proved"


def _witness(claim: Claim, proved: bool) -> Witness | None:
    if claim.witness is not None:
        outside = violation(claim.world, claim.witness)
        if outside:
            raise DisagreementError(
                f"{claim.id}: the recorded witness is not admissible: {outside}"
            )
        for number, statement in enumerate(claim.statements):
            found = failure(statement, claim.witness)
            if found is not None:
                shown = {
                    name: _decimal(evaluate(value, claim.witness)) for name, value in claim.shows
                }
                return Witness(claim.witness, found.left, found.right, number, shown)
        raise DisagreementError(f"{claim.id}: the recorded witness refutes nothing")
    if proved:
        return next(counterexamples(claim.statements, claim.world, SAMPLES, 3), None)
    return smallest(claim.statements, claim.world)


def _decimal(value: Radical) -> str:
    return str(value) if value.rational() is not None else f"{value} ≈ {float(value):.2f}"


def proves(statement: Statement, world: World) -> bool:
    """Whether the rewriting rules prove the statement for all sizes, and all data it is about."""
    if not all(is_defined(formula, world) for formula in statement.formulas):
        return False
    try:
        if isinstance(statement, Equal):
            return _vanishes(statement.left - statement.right, world)
        if isinstance(statement, Implies):
            return _implied(statement, world)
        return _certified(statement, world)
    except NoNormalFormError:
        return False


def _vanishes(difference: sympy.Expr, world: World) -> bool:
    form = normal_form(difference, world)
    if not is_clean(form):
        return False
    # Multiplying sums out decides more, at a price that most statements need not pay.
    return is_zero(form) or is_zero(multiply_out(sympy.fraction(sympy.together(form))[0], world))


def _certified(statement: AtMost, world: World) -> bool:
    small, large = statement.small, statement.large
    parts = [statement.extra, *(coefficient for coefficient, _ in statement.using)]
    if statement.power != 1:
        parts += [small, large]
        small, large = small**statement.power, large**statement.power
    if not all(_is_manifest(part, world) for part in parts) or not is_positive(statement.power):
        return False
    gap = statement.extra + sum(
        _summed(coefficient * (known.large - known.small), known.over)
        for coefficient, known in statement.using
    )
    return _vanishes(large - small - gap, world) and all(
        proves(known, world.having(indices={**world.indices, **dict(known.over)}))
        for _, known in statement.using
    )


def _is_manifest(part: sympy.Expr, world: World) -> bool:
    # The normal form multiplies squares out, which then are not manifest any more.
    return is_nonnegative(part) or is_nonnegative(normal_form(part, world))


def _implied(statement: Implies, world: World) -> bool:
    parts = (statement.extra, statement.times, *(factor for factor, _ in statement.terms))
    if not all(_is_manifest(part, world) for part in parts):
        return False
    if statement.strict:
        decisive = any(
            is_positive(factor) and all(statement.given[n].strict for n in used)
            for factor, used in statement.terms
        )
    else:
        decisive = is_positive(statement.times)
    gaps = [condition.large - condition.small for condition in statement.given]
    gained = sum(factor * sympy.prod([gaps[n] for n in used]) for factor, used in statement.terms)
    gap = statement.times * (statement.large - statement.small)
    return decisive and _vanishes(gap - gained - statement.extra, world)


def _summed(term: sympy.Expr, over: tuple[tuple[sympy.Symbol, sympy.Expr], ...]) -> sympy.Expr:
    return sympy.Sum(term, *[(index, 1, size) for index, size in over]) if over else term


def _checked_steps(claim: Claim) -> tuple[tuple[Step, ...], ...]:
    """The derivations of all sides, each step evaluated on exact data before and after."""
    derivations = []
    for statement in claim.statements:
        for side in statement.sides:
            steps = derive(side, claim.world)
            before = side
            for step in steps:
                if not holds_on_samples(before, step.result, claim.world, SAMPLES // 3):
                    raise DisagreementError(
                        f"{claim.id}: '{step.rule}' changes the value of {before}"
                    )
                before = step.result
            derivations.append(steps)
    return tuple(derivations)


def _needed(claim: Claim, assumption: Assumption) -> Witness | None:
    """Data that break the claim without the assumption; None when only the proof breaks."""
    found = smallest(claim.statements, assumption.without)
    if found is None and all(proves(s, assumption.without) for s in claim.statements):
        raise DisagreementError(f"{claim.id}: '{assumption.words}' is not needed")
    return found


def _engines(claim: Claim, verdict: Verdict) -> tuple[str, ...]:
    if verdict == "open":
        return ()
    engines = ["exact"] if verdict == "refuted" else ["sympy", "exact"]
    answers = [z3_engine.decide(statement, claim.world) for statement in claim.statements]
    if verdict == "refuted":
        return (*engines, "z3") if "fails" in answers else tuple(engines)
    if "fails" in answers:
        raise DisagreementError(f"{claim.id}: proved, yet z3 finds data that break it")
    return (*engines, "z3") if all(answer == "holds" for answer in answers) else tuple(engines)
