"""Certificates prove what they say and nothing else; a proof needs formulas that are defined."""

from dataclasses import replace

import pytest
from sympy import Abs, Integer, KroneckerDelta, Sum, Symbol, sign

from pruneproof.symbolic.claim import Assumption, AtMost, Claim, Condition, Equal, Implies
from pruneproof.symbolic.decide import DisagreementError, decide, proves
from pruneproof.symbolic.notation import W, b, c, input_norm, j, k, p, u, v
from pruneproof.symbolic.world import LIVE, NONZERO, POSITIVE, REAL, Kind, World

x, y, bound = Symbol("x", real=True), Symbol("y", real=True), Symbol("t", real=True)
ZERO, ONE = Integer(0), Integer(1)
NUMBERS = World(scalars={x: REAL, y: REAL, bound: REAL})
LAYER = World(indices={j: b, k: c}, arrays={W: ((b, c), REAL)})
LIVE_LAYER = LAYER.with_kind(W, LIVE)
DENSE = LAYER.with_kind(W, NONZERO)

MEAN = AtMost(2 * x * y, x**2 + y**2, extra=(x - y) ** 2)
MIXED = Sum((1 - KroneckerDelta(u, v)) ** 2 * Abs(W[j, u]) * Abs(W[j, v]), (u, 1, c), (v, 1, c))
NORMS = AtMost(input_norm(j, 2), input_norm(j), extra=MIXED, power=Integer(2))


@pytest.mark.parametrize(
    "statement",
    [
        MEAN,
        NORMS,
        AtMost(x * y, (x**2 + y**2) / 2, using=((ONE / 2, MEAN),)),
        AtMost(
            Sum(-W[u, k], (u, 1, b)),
            Sum(Abs(W[u, k]), (u, 1, b)),
            using=((ONE, AtMost(-W[u, k], Abs(W[u, k]), Abs(W[u, k]) + W[u, k], over=((u, b),))),),
        ),
    ],
    ids=["square", "power", "using", "over"],
)
def test_certificates_prove_inequalities(statement):
    assert proves(statement, World(LAYER.indices, LAYER.arrays, NUMBERS.scalars))


@pytest.mark.parametrize(
    "statement",
    [
        replace(MEAN, extra=(x - y) ** 2 + 1),  # another difference
        replace(MEAN, extra=(x - y) ** 2 - 1, large=x**2 + y**2 - 1),  # may be negative
        AtMost(x, y, extra=y - x),
        AtMost(y, x, using=((-ONE, AtMost(x, y, extra=Abs(y - x) + y - x)),)),
        AtMost(x, y, using=((ONE, AtMost(x, y)),)),  # itself, unproved
        AtMost(x, Abs(y), extra=y**2 - x**2, power=Integer(2)),
        AtMost(x, y, extra=y**2 - x**2, power=Integer(2)),  # sides of unknown sign
        replace(NORMS, power=Integer(-2)),
        replace(NORMS, small=input_norm(j), large=input_norm(j, 2), extra=-MIXED),
    ],
    ids=str,
)
def test_wrong_certificates_prove_nothing(statement):
    assert not proves(statement, World(LAYER.indices, LAYER.arrays, NUMBERS.scalars))


POSITIVE_PRODUCT = Implies(
    given=(Condition(ZERO, x), Condition(ZERO, y)),
    small=ZERO,
    large=x * y,
    terms=((ONE, (0, 1)),),
)
BETWEEN = Implies(
    given=(Condition(x, y), Condition(y, bound, strict=False)),
    small=x,
    large=bound,
    terms=((ONE, (0,)), (ONE, (1,))),
)


@pytest.mark.parametrize(
    "statement",
    [
        POSITIVE_PRODUCT,
        BETWEEN,
        replace(BETWEEN, strict=False),
        Implies((Condition(ZERO, x),), ZERO, x**3, terms=((ONE, (0, 0, 0)),)),
        Implies((Condition(ZERO, x * Abs(x)),), ZERO, x, terms=((ONE, (0,)),), times=Abs(x)),
    ],
    ids=["product", "between", "weak", "cube", "times"],
)
def test_certificates_prove_implications(statement):
    assert proves(statement, NUMBERS)
    assert decide(_claim(statement, NUMBERS)).verdict == "proved"


@pytest.mark.parametrize(
    "statement",
    [
        replace(POSITIVE_PRODUCT, given=(Condition(ZERO, x), Condition(ZERO, y, strict=False))),
        replace(POSITIVE_PRODUCT, terms=((ONE, (0,)),)),
        replace(POSITIVE_PRODUCT, terms=((y, (0,)),)),  # a coefficient of unknown sign
        replace(BETWEEN, given=(Condition(x, y, strict=False), BETWEEN.given[1])),
        replace(BETWEEN, terms=(), extra=bound - x),
        # times may be zero: x ≥ 0 does not follow from x² ≥ 0
        Implies((), ZERO, x, extra=Abs(x) * x + x**2, times=Abs(x) + x, strict=False),
        Implies(
            (Condition(ZERO, x**2, strict=False),),
            ZERO,
            -Abs(x),
            terms=((ZERO, (0,)),),
            times=ZERO,
            strict=False,
        ),
        Implies((), ZERO, x**2, extra=x**2),  # not strict at 0
    ],
    ids=str,
)
def test_wrong_certificates_prove_no_implication(statement):
    assert not proves(statement, NUMBERS)


@pytest.mark.parametrize(
    ("statement", "world"),
    [
        (Equal((x**2 - 49) / (x - 7), x + 7), NUMBERS),
        (Equal(input_norm(j) / input_norm(j) ** 2, 1 / input_norm(j)), LAYER),
        (Equal(x / Abs(x), sign(x)), NUMBERS),
    ],
    ids=["pole", "norm", "sign"],
)
def test_what_is_not_defined_everywhere_is_not_proved(statement, world):
    assert not proves(statement, world)
    assert decide(_claim(statement, world)).verdict in ("refuted", "open")


def test_an_assumption_that_makes_it_defined_makes_it_true():
    claim = _claim(
        Equal(input_norm(j) ** 2 * (1 / input_norm(j) + 1), input_norm(j) + input_norm(j) ** 2),
        LIVE_LAYER,
        Assumption("no zero row", without=LAYER),
    )
    decision = decide(claim)
    assert decision.verdict == "proved_under"
    assert decision.needed[0].left == "undefined: division by zero"


def test_an_assumption_that_is_not_needed_is_an_error():
    claim = _claim(MEAN, NUMBERS, Assumption("anything", without=NUMBERS))
    with pytest.raises(DisagreementError, match="'anything' is not needed"):
        decide(claim)


def test_a_fact_that_is_false_is_found_out():
    # The prover believes facts; the sampled data do not.
    lying = World(scalars={x: REAL}, facts=((x, ONE),))
    with pytest.raises(DisagreementError, match="proved, yet it fails"):
        decide(_claim(Equal(x, ONE), lying))


def test_a_recorded_witness_has_to_refute():
    claim = replace(_claim(Equal(x, Abs(x)), NUMBERS), witness={x: 1, y: 1, bound: 1})
    with pytest.raises(DisagreementError, match="refutes nothing"):
        decide(claim)


@pytest.mark.parametrize(
    ("world", "witness", "complaint"),
    [
        (DENSE, {W: {(1, 1): 0, (1, 2): 1}}, "W must be nonzero"),
        (LIVE_LAYER, {W: {(1, 1): 0, (1, 2): 1}}, "W must be live"),
        (LAYER, {W: {(1, 1): 1}}, "W must be"),
        (LAYER, {k: 3}, "k must lie in 1 … c"),
        (LAYER, {c: 0}, "c must be a positive integer"),
        (LAYER.having(equal_sizes={b: c}), {}, "b must be c"),
        (LAYER.having(at_most={c: (b,)}), {}, "c must not exceed"),
        (LAYER.having(indices={j: b, k: c, u: c}, distinct=((k, u),)), {u: 2}, "must differ"),
        (LAYER.having(nonzero=(W[j, 1],)), {W: {(1, 1): 0, (1, 2): 1}}, "vanishes"),
        (LAYER.having(scalars={x: POSITIVE}), {x: -1}, "x must be positive"),
        (LAYER.having(scalars={x: REAL}), {}, "x has no value"),
        (LAYER.with_kind(W, Kind("unit")), {}, "W must be unit"),
        (LAYER.with_kind(W, Kind("indicator", c)), {}, "W must be indicator"),
    ],
)
def test_a_recorded_witness_has_to_belong_to_the_world(world, witness, complaint):
    data = {b: 1, c: 2, j: 1, k: 2, W: {(1, 1): 1, (1, 2): -1}} | witness
    claim = replace(_claim(Equal(W[j, k], -7 * Abs(W[j, k])), world), witness=data)
    with pytest.raises(DisagreementError, match=f"not admissible: .*{complaint}"):
        decide(claim)


def test_further_values_of_a_recorded_witness_are_shown():
    data = {b: 1, c: 2, j: 1, k: 2, W: {(1, 1): 1, (1, 2): -1}}
    claim = _claim(Equal(W[j, k], Abs(W[j, k])), LAYER)
    shows = (("length", input_norm(j, 2)), ("weight", W[j, k]))
    found = decide(replace(claim, witness=data, shows=shows)).witness
    assert found.as_data() | {"length": "√2 ≈ 1.41", "weight": "-1"} == found.as_data()


def test_verdicts():
    assert decide(_claim(MEAN, NUMBERS)).verdict == "proved"
    refuted = decide(_claim(Equal(x, Abs(x)), NUMBERS))
    assert refuted.verdict == "refuted"
    assert refuted.engines == ("exact", "z3")
    triangular = Equal(Sum(u, (u, 1, b)) * 2, b * (b + 1))
    assert decide(_claim(triangular, World(lengths=(b,)))).verdict == "open"


def _claim(statement, world, *assumptions):
    return Claim("x", "x", "beyond", "x", (statement,), world, assumptions)


def test_samples_of_exponents_are_part_of_the_world():
    world = LAYER.having(scalars={p: Kind("values", choices=(1, 2))})
    statement = AtMost(Abs(W[j, k]) ** p, Sum(Abs(W[j, v]) ** p, (v, 1, c)))
    assert decide(_claim(statement, world)).verdict == "open"
