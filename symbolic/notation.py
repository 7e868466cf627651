"""The paper's letters as SymPy objects, and its norms.

X is a × b, W is b × c, Y is c × d; indices run from 1. `W[j, k]` is the weight from input j
to output k. Sums keep their symbolic upper limits: nothing here depends on a concrete size.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy
from sympy import Abs, IndexedBase, Rational, Sum, Symbol

HALF = Rational(1, 2)

a, b, c, d = sympy.symbols("a b c d", integer=True, positive=True)
j, k = sympy.symbols("j k", integer=True, positive=True)
j2, k2 = sympy.symbols("j' k'", integer=True, positive=True)
i, t, u, v, w = sympy.symbols("i t u v l", integer=True, positive=True)
"""Bound indices: i over tokens, t over those of a mean, u over inputs, v over outputs, l (w
here) over Y's columns."""

alpha = Symbol("alpha", nonnegative=True)
gamma = Symbol("gamma", real=True)
kappa = Symbol("kappa", real=True)
p = Symbol("p", positive=True)
tau = Symbol("tau", integer=True, positive=True)

W = IndexedBase("W", real=True)
X = IndexedBase("X", real=True)
Y = IndexedBase("Y", real=True)
A = IndexedBase("A", real=True)
B = IndexedBase("B", real=True)
C = IndexedBase("C", real=True)


def norm(entry: Callable[[Symbol], sympy.Expr], index: Symbol, size: sympy.Expr, order=2):
    r"""The ℓp norm of a vector given by its entries.

    .. math:: \Bigl(\sum_{i=1}^{n} |x_i|^p\Bigr)^{1/p}

    The order may be a positive number or symbol. For order 2 the absolute value is left out.
    """
    value = sympy.sympify(entry(index))
    if order == 2:
        return Sum(value**2, (index, 1, size)) ** HALF
    total = Sum(Abs(value) ** order, (index, 1, size))
    return total if order == 1 else total ** (1 / sympy.sympify(order))


def input_norm(j: sympy.Expr, order=1, weights=W):
    """‖W_j:‖_p, over the weights that leave input j."""
    return norm(lambda index: weights[j, index], v, c, order)


def output_norm(k: sympy.Expr, order=1, weights=W):
    """‖W_:k‖_p, over the weights that enter output k."""
    return norm(lambda index: weights[index, k], u, b, order)


def column_norm(j: sympy.Expr, matrix=X, rows=a):
    """‖X_:j‖₂, the norm of input feature j over the calibration tokens."""
    return norm(lambda index: matrix[index, j], i, rows, 2)


def mean(j: sympy.Expr, matrix=X, rows=a):
    """μ_j, the mean of input feature j over the calibration tokens."""
    return Sum(matrix[t, j], (t, 1, rows)) / rows


def centred_norm(j: sympy.Expr, matrix=X, rows=a):
    """‖X_:j − μ_j‖₂, the norm of input feature j about its mean."""
    return norm(lambda index: matrix[index, j] - mean(j, matrix, rows), i, rows, 2)


def row_norm(k: sympy.Expr, matrix=Y, columns=d):
    """‖Y_k:‖₂, the norm of output feature k."""
    return norm(lambda index: matrix[k, index], w, columns, 2)


def frobenius(entry: Callable[[Symbol, Symbol], sympy.Expr], first, second):
    """The Frobenius norm of a matrix given by its entries; `first`, `second`: (index, size)."""
    body = sympy.sympify(entry(first[0], second[0])) ** 2
    return Sum(body, (second[0], 1, second[1]), (first[0], 1, first[1])) ** HALF
