"""Whether given data are data of a world: every declaration, one by one.

A witness that a claim records by hand has to satisfy what the claim assumes; one that does not
refutes another statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from typing import Any

import sympy

from pruneproof.symbolic.exact import Environment
from pruneproof.symbolic.world import Kind, World


def violation(world: World, environment: Environment) -> str:
    """The first declaration that the data do not satisfy, in words; empty when all hold."""
    lacking = [name for name in _declared(world) if name not in environment]
    if lacking:
        return f"{lacking[0]} has no value"
    return next((words for words, holds in _demands(world, environment) if not holds), "")


def _declared(world: World) -> list[sympy.Basic]:
    names = [*world.indices, *world.arrays, *world.scalars]
    return [*sorted(world.sizes(), key=str), *names]


def _demands(world: World, env: Environment):
    """Every declaration in words, and whether it holds."""
    for size in sorted(world.sizes(), key=str):
        yield f"{size} must be a positive integer", int(env[size]) == env[size] >= 1
    for size, other in world.equal_sizes.items():
        yield f"{size} must be {other}", env[size] == _size(other, env)
    for size, bounds in world.at_most.items():
        yield f"{size} must not exceed {bounds}", all(env[size] <= env[n] for n in bounds)
    for index, size in world.indices.items():
        yield f"{index} must lie in 1 … {size}", env[index] in range(1, _size(size, env) + 1)
    for first, second in world.distinct:
        yield f"{first} and {second} must differ", env[first] != env[second]
    for scalar, kind in world.scalars.items():
        yield f"{scalar} must be {kind.name}", _is_of_kind(Fraction(env[scalar]), kind)
    for base, (dimensions, kind) in world.arrays.items():
        sizes = [range(1, _size(dimension, env) + 1) for dimension in dimensions]
        yield f"{base} must be {dimensions}", set(env[base]) == set(product(*sizes))
        yield f"{base} must be {kind.name}", _has_kind(world, base, kind, env)
    yield "what is assumed not to vanish vanishes", world.vanishes_nowhere(env)


def _size(size: sympy.Expr, env: Environment) -> int:
    return int(sympy.sympify(size).subs({s: env[s] for s in sympy.sympify(size).free_symbols}))


def _is_of_kind(number: Fraction, kind: Kind) -> bool:
    if kind.name == "values":  # samples; what is claimed is claimed for the symbol's own range
        return number >= 0 or min(kind.choices) < 0
    return {
        "positive": number > 0,
        "nonnegative": number >= 0,
        "nonzero": number != 0,
        "binary": number in (0, 1),
        "integer": number >= 1 and number.denominator == 1,
    }.get(kind.name, True)


def _has_kind(world: World, base: sympy.IndexedBase, kind: Kind, env: Environment) -> bool:
    table: Mapping[tuple[int, ...], Any] = env[base]
    if kind.name == "unit":
        return sum(Fraction(value) ** 2 for value in table.values()) == 1
    if kind.name == "indicator":
        ones = sum(table.values())
        return ones == env[kind.cardinality] and set(table.values()) <= {0, 1}
    return world.admits(base, table)
