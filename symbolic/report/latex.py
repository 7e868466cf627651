"""Formulas in the paper's notation: norms are printed as norms."""

from __future__ import annotations

import sympy
from sympy import Abs, Indexed, Pow, Sum
from sympy.printing.latex import LatexPrinter


def latex(expression: sympy.Expr, norms: bool = True) -> str:
    r"""LaTeX of a formula, with ‖X_:j‖₂ for the root of a sum of squares.

    Args:
        expression: the formula.
        norms: whether norms are printed as norms; otherwise they are written out.

    Example:
        >>> from pruneproof.symbolic.notation import column_norm, j
        >>> latex(column_norm(j))
        '\\lVert X_{:j} \\rVert_{2}'
    """
    printer = _Printer if norms else _WrittenOut
    return printer({"fold_short_frac": False}).doprint(expression)


class _WrittenOut(LatexPrinter):
    def _print_Sum(self, expr: Sum) -> str:
        # One ∑ a limit: renderers differ on stacked limits.
        signs = "".join(
            rf"\sum_{{{self._print(index)}={self._print(lower)}}}^{{{self._print(upper)}}}"
            for index, lower, upper in reversed(expr.limits)
        )
        body = self._print(expr.function)
        if expr.function.is_Add:
            body = rf"\left({body}\right)"
        return f"{signs} {body}"

    def _print_Indexed(self, expr: Indexed) -> str:
        return f"{self._print(expr.base)}_{{{''.join(map(self._print, expr.indices))}}}"


class _Printer(_WrittenOut):
    def _print_Pow(self, expr: Pow) -> str:
        named = _norm(expr)
        if named is not None:
            vector, order, exponent = named
            text = rf"\lVert {vector} \rVert_{{{self._print(order)}}}"
            return text if exponent == 1 else f"{text}^{{{self._print(exponent)}}}"
        return super()._print_Pow(expr)

    def _print_Sum(self, expr: Sum) -> str:
        vector = _vector(expr, 1)
        if vector is not None:
            return rf"\lVert {vector} \rVert_{{1}}"
        return super()._print_Sum(expr)


def _norm(expr: Pow) -> tuple[str, sympy.Expr, sympy.Expr] | None:
    """A power of a sum of p-th powers: which vector, p, and the power of its norm."""
    total, exponent = expr.args
    if not isinstance(total, Sum):
        return None
    for order in _orders(total):
        vector = _vector(total, order)
        if vector is not None and not (exponent * order).has(Pow):
            return vector, order, sympy.simplify(exponent * order)
    return None


def _orders(total: Sum) -> list[sympy.Expr]:
    body = total.function
    return [body.exp] if isinstance(body, Pow) else [sympy.Integer(1)]


def _vector(total: Sum, order: sympy.Expr) -> str | None:
    """`W_{j:}` when the sum runs over |W_j·|^order with one free place."""
    if len(total.limits) != 1:
        return None
    index = total.limits[0][0]
    body = total.function
    root = body.base if order != 1 and isinstance(body, Pow) and body.exp == order else body
    if isinstance(root, Abs):
        root = root.args[0]
    elif order != 2:
        return None
    if not isinstance(root, Indexed) or list(root.indices).count(index) != 1:
        return None
    places = "".join(":" if place == index else str(place) for place in root.indices)
    return f"{sympy.latex(sympy.Symbol(str(root.base)))}_{{{places}}}"
