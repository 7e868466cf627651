"""Statements of the paper as data: what is claimed, of what, and under which assumptions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import sympy

from pruneproof.symbolic.exact import Environment
from pruneproof.symbolic.world import World

Form = Literal["as_printed", "repaired", "beyond"]


@dataclass(frozen=True)
class Equal:
    """left = right, for all data of the world.

    Attributes:
        reason: what this equation contributes, when a claim consists of several.
    """

    left: sympy.Expr
    right: sympy.Expr
    reason: str = ""

    @property
    def sides(self) -> tuple[sympy.Expr, sympy.Expr]:
        """The left side and the right side."""
        return self.left, self.right

    @property
    def formulas(self) -> tuple[sympy.Expr, ...]:
        """Everything that the statement mentions."""
        return self.sides


@dataclass(frozen=True)
class AtMost:
    """small ≤ large, with a certificate that a machine checks.

    The certificate says that large − small (or, with a `power`, largeᵖ − smallᵖ, both sides
    being manifestly non-negative) equals `extra` plus a sum of coefficient · (large′ − small′)
    over inequalities proved in the same way, where `extra` and the coefficients are
    manifestly non-negative. A known inequality with `over` is proved for every value of those
    indices, and stands in the certificate as the sum over them.
    """

    small: sympy.Expr
    large: sympy.Expr
    extra: sympy.Expr = sympy.S.Zero
    using: tuple[tuple[sympy.Expr, AtMost], ...] = ()
    power: sympy.Expr = sympy.S.One
    over: tuple[tuple[sympy.Symbol, sympy.Expr], ...] = ()
    reason: str = ""

    @property
    def sides(self) -> tuple[sympy.Expr, sympy.Expr]:
        """The smaller side and the larger side."""
        return self.small, self.large

    @property
    def formulas(self) -> tuple[sympy.Expr, ...]:
        """Everything that the statement mentions."""
        return self.sides


@dataclass(frozen=True)
class Condition:
    """small < large, or small ≤ large when it is not strict."""

    small: sympy.Expr
    large: sympy.Expr
    strict: bool = True

    @property
    def sides(self) -> tuple[sympy.Expr, sympy.Expr]:
        """The smaller side and the larger side."""
        return self.small, self.large


@dataclass(frozen=True)
class Implies:
    """Wherever all of `given` hold, small < large (or ≤), with a certificate.

    The certificate says that times · (large − small) equals `extra` plus the sum of
    coefficient · Π (large′ − small′) over `terms`, each of which names a coefficient and the
    given conditions that are multiplied. `extra`, `times` and the coefficients are manifestly
    non-negative. A strict conclusion needs a term with a manifestly positive coefficient and
    strict conditions only; another one needs `times` to be manifestly positive.
    """

    given: tuple[Condition, ...]
    small: sympy.Expr
    large: sympy.Expr
    terms: tuple[tuple[sympy.Expr, tuple[int, ...]], ...] = ()
    extra: sympy.Expr = sympy.S.Zero
    times: sympy.Expr = sympy.S.One
    strict: bool = True
    reason: str = ""

    @property
    def sides(self) -> tuple[sympy.Expr, sympy.Expr]:
        """The smaller side and the larger side of the conclusion."""
        return self.small, self.large

    @property
    def formulas(self) -> tuple[sympy.Expr, ...]:
        """Everything that the statement mentions: the conclusion and what is given."""
        return (*self.sides, *(side for condition in self.given for side in condition.sides))


Statement = Equal | AtMost | Implies


@dataclass(frozen=True)
class Assumption:
    """Something that the statement needs.

    Attributes:
        words: the assumption, in words.
        without: the world in which it is dropped; there the proof must break or data must
            exist for which the statement fails.
        printed: whether the paper states it.
    """

    words: str
    without: World
    printed: bool = False


@dataclass(frozen=True)
class Claim:
    """One statement, as printed or repaired, ready to be decided.

    Attributes:
        id: stable name; its words are the conclusion.
        locus: the place in the paper, spelled as there.
        form: as_printed, repaired, or beyond (a statement that the paper does not make).
        title: the conclusion in one sentence.
        statements: what has to hold, all of it.
        world: variables and assumptions.
        assumptions: what is assumed beyond the declaration of sizes.
        note: what is wrong with the printed form, or what the repair changes.
        code: the function of pruneproof.reference that computes it.
        witness: data for which the statement fails, when the smallest one found by search
            is not the most telling one.
        shows: names and formulas whose values on the recorded witness are printed with it.
        severity: for a slip of the paper, how much it matters.
        reads: for what the paper implies and does not print as a formula, the words of the
            paper that are relied on.
        repairs: ids of the refuted claims that this one replaces.
    """

    id: str
    locus: str
    form: Form
    title: str
    statements: tuple[Statement, ...]
    world: World
    assumptions: tuple[Assumption, ...] = ()
    note: str = ""
    code: str = ""
    witness: Environment | None = field(default=None, compare=False)
    severity: Literal["", "low", "medium", "high"] = ""
    shows: tuple[tuple[str, sympy.Expr], ...] = ()
    reads: str = ""
    repairs: tuple[str, ...] = ()
