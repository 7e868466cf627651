"""What a claim says as text: its formulas, and the data that they are about."""

from __future__ import annotations

import re

import sympy

from pruneproof.symbolic.claim import Equal, Implies, Statement
from pruneproof.symbolic.report.latex import latex
from pruneproof.symbolic.world import Kind, World

KINDS = {
    "nonnegative": "with no negative entry",
    "positive": "with positive entries",
    "nonzero": "with no zero entry",
    "live": "with no zero row and no zero column",
    "unit": "of length 1",
    "binary": "with entries 0 and 1",
}
GREEK = {
    "alpha": "α",
    "gamma": "γ",
    "Delta": "Δ",
    "epsilon": "ε",
    "eta": "η",
    "theta": "θ",
    "lambda": "λ",
    "mu": "μ",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "chi": "χ",
    "omega": "ω",
}


def statement_latex(statement: Statement) -> str:
    """A statement as one formula."""
    if isinstance(statement, Equal):
        return _relation(statement.sides, "=")
    if isinstance(statement, Implies):
        given = [_relation(c.sides, "<" if c.strict else r"\leq") for c in statement.given]
        conclusion = _relation(statement.sides, "<" if statement.strict else r"\leq")
        return r",\ ".join(given) + r" \;\Rightarrow\; " + conclusion
    return _relation(statement.sides, r"\leq")


def _relation(sides: tuple[sympy.Expr, sympy.Expr], relation: str) -> str:
    left, right = map(latex, sides)
    if left == right:  # two ways to say one norm: the left one is written out
        left = latex(sides[0], norms=False)
    return f"{left} {relation} {right}"


def about(world: World) -> list[str]:
    """What the formulas are about: sizes, kinds and what is assumed, one short text each."""
    told = [_array(base, *declared) for base, declared in world.arrays.items()]
    told += [_scalar(symbol, kind) for symbol, kind in world.scalars.items()]
    told += [f"{plain(index)} ≤ {plain(size)}" for index, size in world.indices.items()]
    told += [f"{plain(size)} = {plain(other)}" for size, other in world.equal_sizes.items()]
    told += [
        f"{plain(size)} ≤ {' and '.join(map(plain, bounds))}"
        for size, bounds in world.at_most.items()
    ]
    told += [f"{plain(first)} ≠ {plain(second)}" for first, second in world.distinct]
    told += [f"${latex(formula)} \\neq 0$" for formula in world.nonzero]
    return told


def plain(formula: sympy.Basic) -> str:
    """A name, a size or a product of sizes, with Greek letters and primes."""
    text = str(formula).replace("'", "′").replace("*", "·")
    return re.sub("[A-Za-z]+", lambda word: GREEK.get(word[0], word[0]), text)


def _array(base: sympy.IndexedBase, dimensions: tuple[sympy.Expr, ...], kind: Kind) -> str:
    sizes = " × ".join(map(plain, dimensions))
    shape = sizes if len(dimensions) > 1 else f"a vector of {sizes} numbers"
    text = f"{plain(base)} is {shape}"
    if kind.name == "indicator":
        return f"{text}, {plain(kind.cardinality)} of them 1 and the rest 0"
    return f"{text} {KINDS[kind.name]}" if kind.name in KINDS else text


def _scalar(symbol: sympy.Symbol, kind: Kind) -> str:
    name = plain(symbol)
    if symbol.is_integer:
        return f"{name} is a positive integer"
    if symbol.is_positive or kind.name == "positive":
        return f"{name} > 0"
    if symbol.is_nonnegative or kind.name == "nonnegative":
        return f"{name} ≥ 0"
    return f"{name} ≠ 0" if kind.name == "nonzero" else f"{name} is a number"
