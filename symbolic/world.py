"""What a statement is about: its variables, where its indices run, and what is assumed.

The prover asks a world which rewriting facts hold; the evaluator asks it for random data
that satisfy the assumptions. A world is the only thing the two have in common.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import sympy

from pruneproof.symbolic.exact import Environment, evaluate

SMALL = [Fraction(n) for n in (1, -1, 2, -2, 3)] + [Fraction(1, 2), Fraction(-3, 2), Fraction(0)]
DRAWS = 200
PYTHAGOREAN = [(Fraction(3, 5), Fraction(4, 5)), (Fraction(5, 13), Fraction(12, 13))]


class NoDataError(ValueError):
    """Nothing that was drawn satisfies the assumptions of a world."""


LEAST = {"positive": 1, "integer": 1, "nonnegative": 0, "indicator": 0, "binary": 0}
"""The sign of the smallest numbers of a kind; every other kind has negative ones."""


@dataclass(frozen=True)
class Kind:
    """What the entries of a variable may be.

    Attributes:
        name: `real`, `nonnegative`, `positive`, `nonzero`, `live` (a matrix without a zero row
            or column), `unit` (ℓ2 norm 1), `indicator` (0 or 1, `cardinality` ones),
            `binary` (0 or 1),
            `integer` (a positive integer) or `values` (one of `choices`).
        cardinality: how many ones an indicator has.
        choices: what a `values` scalar may be.
    """

    name: str = "real"
    cardinality: sympy.Symbol | None = None
    choices: tuple[Fraction, ...] = ()

    def least(self) -> Fraction:
        """A number with the sign of the smallest ones."""
        if self.choices:
            return min(self.choices)
        return Fraction(LEAST.get(self.name, -1))


REAL, NONNEGATIVE, POSITIVE = Kind("real"), Kind("nonnegative"), Kind("positive")
NONZERO, LIVE, UNIT, BINARY = Kind("nonzero"), Kind("live"), Kind("unit"), Kind("binary")


@dataclass(frozen=True)
class World:
    """Declarations of one statement.

    Attributes:
        indices: index symbol → the size it runs up to.
        arrays: array → (its dimensions, the kind of its entries).
        scalars: scalar symbol → its kind.
        equal_sizes: size → the size that it is assumed to equal (such as a = c).
        facts: extra rewriting rules, left side → right side, that hold in every environment
            which `sample` draws (such as Σ χ = τ).
        at_most: size → the sizes that it does not exceed (such as τ ≤ b and τ ≤ c).
        distinct: pairs of indices that differ (j ≠ j').
        lengths: sizes that no declaration above mentions.
        nonzero: formulas that do not vanish (such as a sampled norm).
    """

    indices: Mapping[sympy.Symbol, sympy.Symbol] = field(default_factory=dict)
    arrays: Mapping[sympy.IndexedBase, tuple[tuple[sympy.Expr, ...], Kind]] = field(
        default_factory=dict
    )
    scalars: Mapping[sympy.Symbol, Kind] = field(default_factory=dict)
    equal_sizes: Mapping[sympy.Symbol, sympy.Expr] = field(default_factory=dict)
    facts: tuple[tuple[sympy.Expr, sympy.Expr], ...] = ()
    at_most: Mapping[sympy.Symbol, tuple[sympy.Symbol, ...]] = field(default_factory=dict)
    distinct: tuple[tuple[sympy.Symbol, sympy.Symbol], ...] = ()
    lengths: tuple[sympy.Symbol, ...] = ()
    nonzero: tuple[sympy.Expr, ...] = ()

    def __post_init__(self) -> None:
        kinds = {base: kind for base, (_, kind) in self.arrays.items()} | dict(self.scalars)
        for variable, kind in kinds.items():
            if _excludes(variable, kind.least()):
                raise ValueError(
                    f"{variable} must not be declared {kind.name}: its own assumptions, which the "
                    "proofs use, exclude some of these numbers"
                )

    def having(self, **changes: Any) -> World:
        """The same world with some fields replaced."""
        return replace(self, **changes)

    def with_kind(self, variable: sympy.Basic, kind: Kind) -> World:
        """The same world where `variable` is of another kind."""
        if variable in self.arrays:
            dimensions, _ = self.arrays[variable]
            return replace(self, arrays={**self.arrays, variable: (dimensions, kind)})
        return replace(self, scalars={**self.scalars, variable: kind})

    def same_size(self, size: sympy.Expr) -> sympy.Expr:
        """The representative of a size under the assumed equalities."""
        return sympy.sympify(size).subs(self.equal_sizes)

    def is_within(self, size: sympy.Expr, bound: sympy.Expr) -> bool:
        """Whether the declarations say that `size` does not exceed `bound`."""
        largest = {self.same_size(other) for other in (size, *self.at_most.get(size, ()))}
        return self.same_size(bound) in largest

    def idempotents(self) -> set[sympy.IndexedBase]:
        """The arrays whose entries are 0 or 1."""
        return {
            base for base, (_, kind) in self.arrays.items() if kind.name in ("indicator", "binary")
        }

    def without_zeros(self) -> set[sympy.IndexedBase]:
        """The arrays that are declared to have no zero entry."""
        return {b for b, (_, kind) in self.arrays.items() if kind.name in ("nonzero", "positive")}

    def without_negatives(self) -> set[sympy.IndexedBase]:
        """The arrays that are declared to have no negative entry."""
        kinds = ("nonnegative", "positive")
        return {base for base, (_, kind) in self.arrays.items() if kind.name in kinds}

    def sizes(self) -> set[sympy.Symbol]:
        """All size symbols that the declarations mention."""
        found = set(self.lengths)
        for size in self.indices.values():
            found |= sympy.sympify(size).free_symbols
        for dimensions, kind in self.arrays.values():
            for dimension in dimensions:
                found |= sympy.sympify(dimension).free_symbols
            if kind.cardinality is not None:
                found.add(kind.cardinality)
        for size, other in self.equal_sizes.items():
            found |= {size} | sympy.sympify(other).free_symbols
        for size, bounds in self.at_most.items():
            found |= {size, *bounds}
        return found - set(self.scalars)

    def admits(
        self, variable: sympy.IndexedBase, table: Mapping[tuple[int, ...], Fraction]
    ) -> bool:
        """Whether entries are of the kind that is declared for the array."""
        name = self.arrays[variable][1].name
        if name == "live":
            return _is_live(table)
        allowed = {
            "positive": lambda value: value > 0,
            "nonnegative": lambda value: value >= 0,
            "nonzero": lambda value: value != 0,
            "binary": lambda value: value in (0, 1),
        }.get(name, lambda value: True)
        return all(allowed(value) for value in table.values())

    def vanishes_nowhere(self, environment: Environment) -> bool:
        """Whether all formulas that are assumed not to be zero are not zero there."""
        return all(not evaluate(formula, environment).is_zero() for formula in self.nonzero)

    def sample(self, generator: random.Random, largest: int = 3) -> Environment:
        """Random rational data that satisfies every declaration; sizes up to `largest`.

        Raises:
            NoDataError: no draw satisfies `nonzero`, perhaps because `largest` is too small.
        """
        for _ in range(DRAWS):
            env = self._draw(generator, largest)
            if self.vanishes_nowhere(env):
                return env
        raise NoDataError(f"nonzero must be possible; {DRAWS} draws all have a zero among them")

    def _draw(self, generator: random.Random, largest: int) -> Environment:
        env: dict[sympy.Basic, Any] = self._sample_sizes(generator, largest)
        for scalar, kind in self.scalars.items():
            env[scalar] = _sample_number(generator, kind)
        for index, size in self.indices.items():
            env[index] = generator.randint(1, _integer(size, env))
        for first, second in self.distinct:
            others = list(range(1, _integer(self.indices[first], env) + 1))
            others.remove(env[second])
            env[first] = generator.choice(others)
        for base, (dimensions, kind) in self.arrays.items():
            shape = tuple(_integer(size, env) for size in dimensions)
            env[base] = _sample_array(generator, shape, kind, env)
        return env

    def _sample_sizes(self, generator: random.Random, largest: int) -> dict[sympy.Basic, int]:
        # A pair of different indices needs room for both.
        smallest = {self.indices[first]: 2 for first, _ in self.distinct}
        env = {
            size: generator.randint(smallest.get(size, 1), max(largest, smallest.get(size, 1)))
            for size in sorted(self.sizes() - set(self.equal_sizes), key=str)
        }
        for size, other in self.equal_sizes.items():
            env[size] = _integer(other, env)
        for size, bounds in self.at_most.items():
            env[size] = generator.randint(1, min(env[bound] for bound in bounds))
        return env


def _excludes(variable: sympy.Basic, number: Fraction) -> bool:
    return bool((variable.is_positive and number <= 0) or (variable.is_nonnegative and number < 0))


def _integer(size: sympy.Expr, env: Mapping[sympy.Basic, Any]) -> int:
    if size in env:
        return int(env[size])
    symbols = {s: env[s] for s in sympy.sympify(size).free_symbols}
    return int(sympy.sympify(size).subs(symbols))


def _sample_number(generator: random.Random, kind: Kind) -> Fraction:
    if kind.name == "values":
        return generator.choice(kind.choices)
    if kind.name == "binary":
        return Fraction(generator.randint(0, 1))
    if kind.name == "integer":
        return Fraction(generator.randint(1, 3))
    number = generator.choice(SMALL)
    if kind.name in ("positive", "nonnegative"):
        number = abs(number)
    if kind.name in ("positive", "nonzero") and number == 0:
        number = Fraction(1)
    return number


def _sample_array(
    generator: random.Random, shape: tuple[int, ...], kind: Kind, env: Mapping[sympy.Basic, Any]
) -> dict[tuple[int, ...], Fraction]:
    positions = [()]
    for size in shape:
        positions = [(*start, n) for start in positions for n in range(1, size + 1)]
    if kind.name == "indicator":
        ones = set(generator.sample(positions, env[kind.cardinality]))
        return {position: Fraction(int(position in ones)) for position in positions}
    if kind.name == "unit":
        return _sample_unit_vector(generator, positions)
    table = {position: _sample_number(generator, kind) for position in positions}
    if kind.name == "live":
        _revive(table)
    return table


def _sample_unit_vector(generator: random.Random, positions: list[tuple[int, ...]]):
    table = {position: Fraction(0) for position in positions}
    if len(positions) == 1:
        table[positions[0]] = Fraction(generator.choice((1, -1)))
        return table
    first, second = generator.sample(positions, 2)
    table[first], table[second] = generator.choice(PYTHAGOREAN)
    return table


def lines(table: Mapping[tuple[int, ...], Fraction]) -> list[list[tuple[int, ...]]]:
    """The rows and columns of a matrix, or the vector as a whole, as lists of positions."""
    positions = sorted(table)
    if len(positions[0]) == 1:
        return [positions]
    keys = sorted({(axis, position[axis]) for position in positions for axis in (0, 1)})
    return [[p for p in positions if p[axis] == n] for axis, n in keys]


def _is_live(table: Mapping[tuple[int, ...], Fraction]) -> bool:
    return all(any(table[position] for position in line) for line in lines(table))


def _revive(table: dict[tuple[int, ...], Fraction]) -> None:
    """Put a one where a row or column (or a whole vector) would be zero."""
    for line in lines(table):
        if not any(table[position] for position in line):
            table[line[0]] = Fraction(1)
