"""Wrong versions of a statement, made mechanically: each has to be seen to be wrong.

A statement that is proved in a mutated form too says nothing about the formula it is meant
to pin down. So every statement is changed in every place and way listed here, and each
mutant must be false on exact data or lose its proof.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import sympy
from sympy import Abs, Add, Indexed, Mul, Pow, Sum

from pruneproof.symbolic.claim import Claim, Equal, Statement
from pruneproof.symbolic.decide import proves
from pruneproof.symbolic.witness import counterexamples
from pruneproof.symbolic.world import World

Fate = Literal["refuted", "unprovable", "equivalent", "survived"]
TRIES = 40
"""Random exact environments on which a mutant is tested, at each of two largest sizes."""


@dataclass(frozen=True)
class Mutant:
    """A changed statement.

    Attributes:
        change: what was changed, in words.
        statement: the statement after the change.
        same: for a side of an inequality, that the change made no difference.
    """

    change: str
    statement: Statement
    same: Equal | None = None


def mutants(statement: Statement, world: World) -> Iterator[Mutant]:
    """Every single change of the right side of an equation, or of either side of an inequality."""
    for side in ("right",) if isinstance(statement, Equal) else ("large", "small"):
        target = getattr(statement, side)
        seen = {target}
        for change, mutated in _variants(target, world):
            if mutated not in seen:
                seen.add(mutated)
                # An equation that lets a factor such as χ² = χ change says too little; the side of
                # a bound may well hold a sign under a square.
                same = None if side == "right" else Equal(target, mutated)
                yield Mutant(f"{side}: {change}", replace(statement, **{side: mutated}), same)


def fate(mutant: Mutant, claim: Claim) -> Fate:
    """How a mutant ends: false on exact data, without a proof, no change at all, or alive."""
    statements = (mutant.statement,)
    for largest in (2, 3):
        if next(counterexamples(statements, claim.world, TRIES, largest), None) is not None:
            return "refuted"
    if not proves(mutant.statement, claim.world):
        return "unprovable"
    same = mutant.same is not None and proves(mutant.same, claim.world)
    return "equivalent" if same else "survived"


def _variants(node: sympy.Expr, world: World) -> Iterator[tuple[str, sympy.Expr]]:
    """The node changed at its top, then with each part changed in turn."""
    yield "doubled", 2 * node
    yield "negated", -node
    yield from _inside(node, world)


def _inside(node: sympy.Expr, world: World) -> Iterator[tuple[str, sympy.Expr]]:
    yield from _at_top(node, world)
    if isinstance(node, Sum):
        for change, body in _inside(node.function, world):
            yield change, Sum(body, *node.limits)
    elif not isinstance(node, Indexed):
        for position, arg in enumerate(node.args):
            for change, mutated in _inside(arg, world):
                args = (*node.args[:position], mutated, *node.args[position + 1 :])
                yield change, node.func(*args)


def _at_top(node: sympy.Expr, world: World) -> Iterator[tuple[str, sympy.Expr]]:
    if isinstance(node, Pow):
        yield f"exponent {node.exp} doubled", node.base ** (2 * node.exp)
        yield f"exponent {node.exp} increased", node.base ** (node.exp + 1)
    elif isinstance(node, (Add, Mul)):
        yield from _without_a_part(node)
    elif isinstance(node, Abs):
        yield f"{node} without its absolute value", node.args[0]
    elif isinstance(node, Indexed):
        yield from _other_indices(node, world)
    elif isinstance(node, Sum):
        index, lower, upper = node.limits[0]
        late = Sum(node.function, (index, lower + 1, upper), *node.limits[1:])
        yield f"sum over {index} starts late", late


def _without_a_part(node: Add | Mul) -> Iterator[tuple[str, sympy.Expr]]:
    kind = "term" if isinstance(node, Add) else "factor"
    for position, part in enumerate(node.args):
        rest = (*node.args[:position], *node.args[position + 1 :])
        yield f"{kind} {part} dropped", node.func(*rest)
        if isinstance(node, Add):
            yield f"sign of {part} changed", node.func(*rest, -part)


def _other_indices(node: Indexed, world: World) -> Iterator[tuple[str, sympy.Expr]]:
    for position, index in enumerate(node.indices):
        for other in sorted(set(world.indices) | set(node.indices), key=str):
            if other != index:
                indices = (*node.indices[:position], other, *node.indices[position + 1 :])
                yield f"{node} with index {other} for {index}", node.base[indices]
