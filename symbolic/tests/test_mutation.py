"""Each statement pins down its formula: no mutant of it can be proved."""

from collections import Counter

import pytest

from pruneproof.symbolic import claims
from pruneproof.symbolic.claim import Claim, Equal
from pruneproof.symbolic.constructions import chi
from pruneproof.symbolic.decide import proves
from pruneproof.symbolic.mutation import fate, mutants
from pruneproof.symbolic.notation import b, j, tau
from pruneproof.symbolic.world import Kind, World

PROVABLE = [claim for _, claim in claims.load()]


@pytest.mark.parametrize("claim", PROVABLE, ids=lambda claim: claim.id)
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
    assert ends["exponent 2 doubled"] == "survived"
    assert ends["doubled"] == "refuted"
