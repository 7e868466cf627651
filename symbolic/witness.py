"""Data for which a statement fails, as small as can be found."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from typing import Any

import sympy

from pruneproof.symbolic.claim import Condition, Equal, Implies, Statement
from pruneproof.symbolic.exact import Environment, NotExactError, evaluate
from pruneproof.symbolic.world import NoDataError, World

VACUOUS = 5
"""How many more environments are tried where most may not satisfy an implication's conditions."""

ENOUGH = 10
"""Counterexamples of one size to choose the simplest from."""

SIMPLE = tuple(map(Fraction, (0, 1, 2, 3, 0.5, -1)))


@dataclass(frozen=True)
class Witness:
    """Concrete data with the exact values of both sides, or the reason why there is none.

    Attributes:
        environment: sizes, indices, scalars and arrays.
        left: value of the left (or smaller) side, as text.
        right: value of the right (or larger) side, as text.
        statement: which statement of the claim fails, counted from 0.
        shown: values of further formulas, by name.
    """

    environment: Environment
    left: str
    right: str
    statement: int = 0
    shown: Mapping[str, str] = field(default_factory=dict)

    def as_data(self) -> dict[str, Any]:
        """The witness as JSON data; fractions are strings such as "1/2"."""
        data: dict[str, Any] = {"left": self.left, "right": self.right}
        for name, value in sorted(self.environment.items(), key=lambda item: str(item[0])):
            data[str(name)] = _table(value) if isinstance(value, Mapping) else str(value)
        return data | dict(self.shown)


def _table(entries: Mapping[tuple[int, ...], Fraction]) -> list[Any]:
    """A nested list of the entries, in index order."""
    if all(len(position) == 1 for position in entries):
        return [str(entries[position]) for position in sorted(entries)]
    rows: dict[int, dict[tuple[int, ...], Fraction]] = {}
    for position, value in entries.items():
        rows.setdefault(position[0], {})[position[1:]] = value
    return [_table(rows[row]) for row in sorted(rows)]


def failure(statement: Statement, environment: Environment) -> Witness | None:
    """How `statement` fails on the data, or None when it holds.

    A side that is not defined there (a division by zero, an index outside its array) is a
    failure too: the statement then says nothing true.

    Raises:
        NotExactError: a side has no exact value that can be represented.
    """
    first, second = statement.sides
    try:
        if isinstance(statement, Implies) and not _all_hold(statement.given, environment):
            return None
        left, right = evaluate(first, environment), evaluate(second, environment)
    except ZeroDivisionError:
        return Witness(environment, "undefined: division by zero", "")
    except IndexError as error:
        return Witness(environment, f"undefined: {error}", "")
    gap = right - left
    if isinstance(statement, Equal):
        holds = gap.is_zero()
    elif isinstance(statement, Implies) and statement.strict:
        holds = gap.sign() > 0
    else:
        holds = gap.sign() >= 0
    return None if holds else Witness(environment, str(left), str(right))


def _all_hold(conditions: tuple[Condition, ...], environment: Environment) -> bool:
    for condition in conditions:
        gap = evaluate(condition.large, environment) - evaluate(condition.small, environment)
        if gap.sign() < condition.strict:
            return False
    return True


def counterexamples(
    statements: tuple[Statement, ...], world: World, tries: int, largest: int, seed: int = 0
) -> Iterator[Witness]:
    """Failures among `tries` random environments of the world."""
    generator = random.Random(seed)
    if any(isinstance(statement, Implies) for statement in statements):
        tries *= VACUOUS
    for _ in range(tries):
        environment = world.sample(generator, largest)
        for number, statement in enumerate(statements):
            try:
                found = failure(statement, environment)
            except NotExactError:
                continue
            if found is not None:
                yield Witness(environment, found.left, found.right, number)
                break


def smallest(statements: tuple[Statement, ...], world: World, tries: int = 60) -> Witness | None:
    """A counterexample with the smallest sizes found and the simplest entries."""
    for largest in (1, 2, 3):
        try:
            found = list(islice(counterexamples(statements, world, tries, largest), ENOUGH))
        except NoDataError:  # the assumptions need more room
            continue
        if found:
            best = min(found, key=lambda witness: _cost(witness.environment))
            return _simplify(statements[best.statement], best, world)
    return None


def _cost(environment: Environment) -> float:
    total = 0.0
    for value in environment.values():
        numbers = value.values() if isinstance(value, Mapping) else [value]
        total += sum(_weight(Fraction(number)) for number in numbers)
    return total


def _weight(number: Fraction) -> float:
    return 0.5 + abs(number.numerator) + 2 * (number.denominator - 1) + (number < 0)


def _simplify(statement: Statement, witness: Witness, world: World) -> Witness:
    """Replace entries one by one by simpler ones while the statement still fails."""
    best = witness
    for base, (_, kind) in world.arrays.items():
        if kind.name in ("unit", "indicator"):
            continue
        for position in sorted(best.environment[base]):
            for value in SIMPLE:
                if _weight(value) >= _weight(best.environment[base][position]):
                    continue
                table = {**best.environment[base], position: value}
                changed = {**best.environment, base: table}
                allowed = world.admits(base, table) and world.vanishes_nowhere(changed)
                again = failure(statement, changed) if allowed else None
                if again is not None and again.left.startswith("und") == best.left.startswith(
                    "und"
                ):
                    best = Witness(changed, again.left, again.right, best.statement)
                    break
    return best


def holds_on_samples(
    left: sympy.Expr, right: sympy.Expr, world: World, samples: int, seed: int = 0
) -> bool:
    """Whether two formulas have equal exact values on random data, wherever both are defined."""
    generator = random.Random(seed)
    for _ in range(samples):
        environment = world.sample(generator, 2)
        try:
            if failure(Equal(left, right), environment) is not None:
                return False
        except NotExactError:
            continue
    return True
