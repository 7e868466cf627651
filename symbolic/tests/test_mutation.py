"""Each statement pins down its formula: no mutant of it can be proved."""

from collections import Counter
from dataclasses import replace

import pytest
from sympy import Symbol

from pruneproof.symbolic import claims
from pruneproof.symbolic.claim import AtMost, Claim, Equal
from pruneproof.symbolic.constructions import chi
from pruneproof.symbolic.decide import proves
from pruneproof.symbolic.mutation import Mutant, fate, mutants
from pruneproof.symbolic.notation import b, j, p, tau
from pruneproof.symbolic.world import POSITIVE, REAL, Kind, World

x, y = Symbol("x", real=True), Symbol("y", real=True)
# Whose mutants take minutes.
LONG = {"the_mean_reciprocal_is_at_most_kantorovichs_bound"}
PROVABLE = [
    pytest.param(claim, id=claim.id, marks=[pytest.mark.long] * (claim.id in LONG))
    for _, claim in claims.load()
]


@pytest.mark.parametrize("claim", PROVABLE)
def test_every_mutant_of_a_proved_claim_is_killed(claim):
    if not all(proves(statement, claim.world) for statement in claim.statements):
        assert claim.form != "repaired"  # what is refuted has nothing to protect
        return
    fates = Counter()
    survivors = []
    for number, statement in enumerate(claim.statements):
        for mutant in mutants(statement, claim.world):
            end = fate(mutant, claim)
            fates[end] += 1
            if end == "survived":
                survivors.append(f"statement {number}: {mutant.change}: {mutant.statement}")
    assert survivors == []
    assert fates["refuted"] >= 2


def test_a_statement_that_says_too_little_lets_a_mutant_live():
    world = World(indices={j: b}, arrays={chi: ((b,), Kind("indicator", tau))}, at_most={tau: (b,)})
    statement = Equal(chi[j], chi[j] ** 2)
    claim = Claim("x", "x", "beyond", "x", (statement,), world)
    ends = {mutant.change: fate(mutant, claim) for mutant in mutants(statement, world)}
    assert ends["right: exponent 2 doubled"] == "survived"
    assert ends["right: doubled"] == "refuted"


def test_a_change_that_makes_no_difference_to_a_bound_is_told_apart():
    world = World(scalars={x: REAL, y: REAL})
    statement = AtMost((x - y) ** 2, (x - y) ** 2 + x**2, extra=x**2)
    claim = Claim("x", "x", "beyond", "x", (statement,), world)
    same = Mutant("turned round", replace(statement, small=(y - x) ** 2))
    assert fate(same, claim) == "survived"
    assert fate(replace(same, same=Equal((x - y) ** 2, (y - x) ** 2)), claim) == "equivalent"


def test_both_sides_of_an_inequality_are_changed():
    world = World(scalars={p: POSITIVE})
    statement = AtMost(p, 2 * p, extra=p)
    changed = {mutant.statement for mutant in mutants(statement, world)}
    assert AtMost(2 * p, 2 * p, extra=p) in changed
    assert AtMost(p, 4 * p, extra=p) in changed
