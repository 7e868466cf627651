r"""The lines of the paper's proof of Lemma 3.1 (Appendix A.1), as they are printed.

W̃ is W with W_jk set to zero. The proof simplifies

.. math:: \sqrt{\textstyle\sum_i\bigl(\sum_{j'} X_{ij'}(\widetilde W_{j'k} - W_{j'k})\bigr)^2}
    + \sqrt{\textstyle\sum_l\bigl(\sum_{k'} (\widetilde W_{jk'} - W_{jk'})Y_{k'l}\bigr)^2}

to the score. Its result is right; four of its lines are not, for want of a root, a factor or
a prime. Each is stated as "g equals this line". Some may be damage of the scan.
"""

from __future__ import annotations

import sympy
from sympy import KroneckerDelta, Sum, sqrt

from pruneproof.symbolic import scores
from pruneproof.symbolic.claim import Claim, Equal
from pruneproof.symbolic.claims.single_removal import change, input_term, output_term, pruned
from pruneproof.symbolic.claims.worlds import LAYER
from pruneproof.symbolic.notation import W, X, Y, a, b, c, d, i, j, k, u, v, w


def over_tokens(error) -> sympy.Expr:
    """Σᵢ error(i)²."""
    return Sum(error(i) ** 2, (i, 1, a))


def over_columns(error) -> sympy.Expr:
    """Σₗ error(l)², over the columns of Y."""
    return Sum(error(w) ** 2, (w, 1, d))


def kept_inputs(term) -> sympy.Expr:
    """Σ over the inputs j' ≠ j."""
    return Sum((1 - KroneckerDelta(u, j)) * term(u), (u, 1, b))


def kept_outputs(term) -> sympy.Expr:
    """Σ over the outputs k' ≠ k."""
    return Sum((1 - KroneckerDelta(v, k)) * term(v), (v, 1, c))


def all_inputs(token) -> sympy.Expr:
    """Σ_j' X_ij'(W̃_j'k − W_j'k)."""
    return Sum(X[token, u] * change(u, k), (u, 1, b))


def all_outputs(column) -> sympy.Expr:
    """Σ_k' (W̃_jk' − W_jk')Y_k'l."""
    return Sum(change(j, v) * Y[v, column], (v, 1, c))


def other_inputs(token) -> sympy.Expr:
    """−X_ij·W_jk and the sum over j' ≠ j."""
    return -X[token, j] * W[j, k] + kept_inputs(lambda n: X[token, n] * change(n, k))


def other_outputs(column) -> sympy.Expr:
    """−W_jk·Y_kl and the sum over k' ≠ k."""
    return -W[j, k] * Y[k, column] + kept_outputs(lambda n: change(j, n) * Y[n, column])


def unprimed_outputs(column) -> sympy.Expr:
    """The same as printed: no prime inside the sum over k' ≠ k."""
    return -W[j, k] * Y[k, column] + kept_outputs(lambda n: change(j, k) * Y[k, column])


def unprimed_inputs(token) -> sympy.Expr:
    """The sum over j' ≠ j as printed, with W_j'k − W_jk."""
    return -X[token, j] * W[j, k] + kept_inputs(lambda n: X[token, n] * (pruned(n, k) - W[j, k]))


def _line(id: str, title: str, line: sympy.Expr, note: str) -> Claim:
    return Claim(
        id=id,
        locus="Appendix A.1",
        form="as_printed",
        title=title,
        statements=(Equal(input_term() + output_term(), line),),
        world=LAYER,
        note=note,
        severity="low",
    )


def proof_starts_from_input_reconstruction() -> Claim:
    """The proof refers to (InpRecon), and later calls g f."""
    return _line(
        "proof_starts_from_input_reconstruction",
        "g is the function f of (InpRecon), which the proof refers to.",
        input_term() ** 2,
        "(Sym) defines g; (InpRecon) is squared and has no output term.",
    )


def proof_line_without_roots() -> Claim:
    """The first line for a single weight has no square roots."""
    return _line(
        "proof_line_without_roots",
        "g is the sum of the two squared sums, without roots.",
        over_tokens(all_inputs) + over_columns(all_outputs),
        "Both terms need a root; without, the line is g′ of Appendix B. Possibly scan damage.",
    )


def proof_line_with_unprimed_outputs() -> Claim:
    """The second line: (W̃_jk − W_jk)Y_kl under Σ over k' ≠ k."""
    return _line(
        "proof_line_with_unprimed_outputs",
        "The sum over k′ ≠ k has the terms (W̃_jk − W_jk)Y_kl.",
        sqrt(over_tokens(other_inputs)) + sqrt(over_columns(unprimed_outputs)),
        "Its terms are (W̃_jk′ − W_jk′)Y_k′l, which vanish; as printed each repeats the removed "
        "weight.",
    )


def proof_line_with_unprimed_inputs() -> Claim:
    """The third line: X_ij'(W_j'k − W_jk) under Σ over j' ≠ j."""
    return _line(
        "proof_line_with_unprimed_inputs",
        "The sum over j′ ≠ j has the terms X_ij′(W_j′k − W_jk).",
        sqrt(over_tokens(unprimed_inputs)) + sqrt(over_columns(other_outputs)),
        "Its terms are X_ij′(W_j′k − W_j′k), which vanish.",
    )


def proof_line_without_activations() -> Claim:
    """The fourth line: Σᵢ(−W_jk)²."""
    return _line(
        "proof_line_without_activations",
        "The first term of g is √Σᵢ(−W_jk)².",
        sqrt(over_tokens(lambda token: -W[j, k])) + output_term(),
        "The factor X_ij is missing; the next line has it again.",
    )


def corrected_proof_lines_equal_the_objective() -> Claim:
    """All lines with their roots, factors and primes."""
    lines = (
        sqrt(over_tokens(all_inputs)) + sqrt(over_columns(all_outputs)),
        sqrt(over_tokens(other_inputs)) + sqrt(over_columns(other_outputs)),
        sqrt(over_tokens(lambda token: -X[token, j] * W[j, k]))
        + sqrt(over_columns(lambda column: -W[j, k] * Y[k, column])),
    )
    return Claim(
        id="corrected_proof_lines_equal_the_objective",
        locus="Appendix A.1",
        form="repaired",
        title="With roots, X_ij and the primes restored, every line of the proof equals the score.",
        statements=tuple(Equal(line, scores.symwanda(j, k)) for line in lines),
        world=LAYER,
        note="The lemma needs no repair: only lines of its proof do.",
        repairs=(
            "proof_starts_from_input_reconstruction",
            "proof_line_without_roots",
            "proof_line_with_unprimed_outputs",
            "proof_line_with_unprimed_inputs",
            "proof_line_without_activations",
        ),
    )


CLAIMS = (
    proof_starts_from_input_reconstruction(),
    proof_line_without_roots(),
    proof_line_with_unprimed_outputs(),
    proof_line_with_unprimed_inputs(),
    proof_line_without_activations(),
    corrected_proof_lines_equal_the_objective(),
)
