"""A second opinion: statements at fixed small sizes, over all real data, by z3.

Sizes, indices and whatever stands in an exponent are fixed; entries are unknown reals with
their declared kind. z3 then looks for data that break the statement: none (`holds`), some
(`fails`), or no answer in time (`unknown`).
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Literal

import sympy
import z3

from pruneproof.symbolic.claim import Equal, Implies, Statement
from pruneproof.symbolic.exact import evaluate
from pruneproof.symbolic.world import Kind, World, lines

Answer = Literal["holds", "fails", "unknown"]


class _Reals:
    """The algebra of z3's reals; roots and quotients become constraints."""

    def __init__(self, solver: z3.Solver) -> None:
        self.solver = solver

    def rational(self, value: Fraction) -> z3.ArithRef:
        return z3.Q(value.numerator, value.denominator, self.solver.ctx)

    def add(self, terms: list[z3.ArithRef]) -> z3.ArithRef:
        return z3.Sum(terms) if terms else self._number(0)

    def multiply(self, factors: list[z3.ArithRef]) -> z3.ArithRef:
        return z3.Product(factors)

    def power(self, base: z3.ArithRef, exponent: Fraction) -> z3.ArithRef:
        if exponent < 0:
            # Only data where the formula is defined are of interest.
            self.solver.add(base != 0)
            return 1 / self.power(base, -exponent)
        if exponent.denominator > 1:
            root = z3.FreshReal("root", self.solver.ctx)
            self.solver.add(root >= 0, self.power(root, Fraction(exponent.denominator)) == base)
            base = root
        return z3.Product([base] * exponent.numerator) if exponent else self._number(1)

    def absolute(self, value: z3.ArithRef) -> z3.ArithRef:
        return z3.If(value >= 0, value, -value)

    def sign(self, value: z3.ArithRef) -> z3.ArithRef:
        negative = z3.If(value < 0, self._number(-1), self._number(0))
        return z3.If(value > 0, self._number(1), negative)

    def maximum(self, values: list[z3.ArithRef]) -> z3.ArithRef:
        best = values[0]
        for value in values[1:]:
            best = z3.If(value > best, value, best)
        return best

    def _number(self, value: int) -> z3.ArithRef:
        return z3.RealVal(value, self.solver.ctx)


ROUNDS = ((2, 0), (2, 1), (3, 2))
"""(largest size, seed) of the choices of sizes, indices and exponents that are looked at."""

RESOURCES = 400_000
"""What z3 counts until it gives up, which is the same on every machine, however busy."""


def decide(statement: Statement, world: World, resources: int = RESOURCES) -> Answer:
    """Whether the statement holds for all real data of a few choices of small sizes.

    Args:
        statement: what is claimed.
        world: declarations and assumptions.
        resources: how much z3 may do for one choice, by its own count.

    Returns:
        `fails` when one choice has data that break it; `holds` when z3 finds that there are
        none, for at least the first choice and up to the first that takes too long.
    """
    answer: Answer = "unknown"
    for largest, seed in ROUNDS:
        sample = dict(world.sample(random.Random(seed), largest))
        latest = _decide_at(statement, world, sample, resources)
        if latest != "holds":
            return "fails" if latest == "fails" else answer
        answer = "holds"
    return answer


def _decide_at(
    statement: Statement, world: World, sample: dict[sympy.Basic, Any], resources: int
) -> Answer:
    # A context of its own: what was decided before changes neither the count nor the answer.
    solver = z3.Solver(ctx=z3.Context())
    solver.set("rlimit", resources)
    exponents = _exponent_symbols(statement)
    for scalar, kind in world.scalars.items():
        if scalar not in exponents and kind.name not in ("integer", "values"):
            sample[scalar] = _unknown(str(scalar), kind, solver)
    for base, (_, kind) in world.arrays.items():
        sample[base] = _unknown_array(str(base), sample[base], kind, solver)
    algebra = _Reals(solver)
    for formula in world.nonzero:
        solver.add(evaluate(formula, sample, algebra) != 0)
    if isinstance(statement, Implies):
        for condition in statement.given:
            small, large = (evaluate(s, sample, algebra) for s in condition.sides)
            solver.add(small < large if condition.strict else small <= large)
    try:
        first, second = (evaluate(side, sample, algebra) for side in statement.sides)
    except IndexError:
        # A formula that leaves its arrays has no meaning here, so there is nothing to ask.
        return "unknown"
    if isinstance(statement, Equal):
        solver.add(first != second)
    elif isinstance(statement, Implies) and statement.strict:
        solver.add(first >= second)
    else:
        solver.add(first > second)
    answer = solver.check()
    return "holds" if answer == z3.unsat else "fails" if answer == z3.sat else "unknown"


def _exponent_symbols(statement: Statement) -> set[sympy.Basic]:
    powers = set().union(*(formula.atoms(sympy.Pow) for formula in statement.formulas))
    return set().union(*(power.exp.free_symbols for power in powers))


def _unknown(name: str, kind: Kind, solver: z3.Solver) -> z3.ArithRef:
    value = z3.Real(name, solver.ctx)
    constraint = {
        "positive": value > 0,
        "nonnegative": value >= 0,
        "nonzero": value != 0,
        "binary": z3.Or(value == 0, value == 1),
    }
    if kind.name in constraint:
        solver.add(constraint[kind.name])
    return value


def _unknown_array(
    name: str, table: Mapping[tuple[int, ...], Fraction], kind: Kind, solver: z3.Solver
) -> dict[tuple[int, ...], Any]:
    entries = {
        position: _unknown(f"{name}_{'_'.join(map(str, position))}", kind, solver)
        for position in table
    }
    if kind.name == "unit":
        solver.add(z3.Sum([value * value for value in entries.values()]) == 1)
    if kind.name == "indicator":
        solver.add(*[z3.Or(value == 0, value == 1) for value in entries.values()])
        solver.add(z3.Sum(list(entries.values())) == int(sum(table.values())))
    if kind.name == "live":
        for line in lines(table):
            solver.add(z3.Or(*[entries[position] != 0 for position in line]))
    return entries
