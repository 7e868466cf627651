"""A derivation: a formula rewritten to its normal form, each step with the rule that made it."""

from __future__ import annotations

from dataclasses import dataclass

import sympy
from sympy import KroneckerDelta, Piecewise

from pruneproof.symbolic.rewriting.rules import RULES, canonical_names
from pruneproof.symbolic.world import World

ROUNDS = 12


@dataclass(frozen=True)
class Step:
    """One rewriting: the rule's name and the formula after it."""

    rule: str
    result: sympy.Expr


class NoNormalFormError(ArithmeticError):
    """The rules ran on without reaching a normal form."""


def derive(expression: sympy.Expr, world: World) -> tuple[Step, ...]:
    """Rewrite `expression` until no rule changes it.

    Args:
        expression: the formula, over the variables of `world`.
        world: declarations and assumptions of the statement.

    Returns:
        The steps that changed something; the last one holds the normal form. Empty when the
        expression is already in normal form.

    Raises:
        NoNormalFormError: the rules do not settle.

    Example:
        >>> from pruneproof.symbolic.notation import HALF, a, b, c, i, j, u, W, X
        >>> world = World(indices={j: b})
        >>> only = sympy.Sum(X[i, u] * KroneckerDelta(u, j), (u, 1, b))
        >>> derive(only, world)[-1].result
        X[i, j]
    """
    steps: list[Step] = []
    current = canonical_names(expression, world)
    for _ in range(ROUNDS):
        before = current
        for name, rule in RULES:
            changed = canonical_names(rule(current, world), world)
            if changed != current:
                steps.append(Step(name, changed))
                current = changed
        if current == before:
            return tuple(steps)
    raise NoNormalFormError(f"no normal form after {ROUNDS} rounds: {expression}")


def normal_form(expression: sympy.Expr, world: World) -> sympy.Expr:
    """The formula that `derive` ends with."""
    steps = derive(expression, world)
    return steps[-1].result if steps else canonical_names(expression, world)


def is_clean(expression: sympy.Expr) -> bool:
    """Whether a normal form holds no Kronecker delta, Piecewise, infinity or nan."""
    return not expression.has(
        KroneckerDelta, Piecewise, sympy.zoo, sympy.nan, sympy.oo, sympy.S.NegativeInfinity
    )
