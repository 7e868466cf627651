"""The rewriting rules, each true for every size.

A rule takes an expression and the world of its statement and returns an equal expression.
Indices of the statement are known to lie inside the sizes that the world declares; nothing
is ever assumed about the range of an index that the world does not declare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import permutations

import sympy
from sympy import Abs, Add, Dummy, Indexed, Integer, KroneckerDelta, Mul, Pow, Sum

from pruneproof.symbolic.rewriting.positivity import is_nonnegative, is_positive
from pruneproof.symbolic.world import World

Rule = Callable[[sympy.Expr, World], sympy.Expr]


def everywhere(expression: sympy.Expr, change: Callable[[sympy.Expr], sympy.Expr]) -> sympy.Expr:
    """Apply `change` to every node, innermost first. Limits of sums are left alone."""
    if not expression.args or isinstance(expression, Indexed):
        return change(expression)
    if isinstance(expression, Sum):
        body = everywhere(expression.function, change)
        return change(body if body.is_zero else Sum(body, *expression.limits))
    args = [everywhere(arg, change) for arg in expression.args]
    rebuilt = expression if tuple(args) == expression.args else expression.func(*args)
    return change(rebuilt)


def _limit_by_limit(node: Sum, change: Callable[[sympy.Expr, tuple], sympy.Expr]) -> sympy.Expr:
    """Rebuild a sum from its innermost limit outwards, one index at a time."""
    body = node.function
    for limit in node.limits:
        body = change(body, limit)
    return body


def keep_the_only_term(expression: sympy.Expr, world: World) -> sympy.Expr:
    """Σᵤ f(u)·δ(u, t) = f(t) when t lies in the range of u; also δ² = δ, and δ(j, j′) = 0.

    That t is in range is known of declared indices and of those of the sums around.
    """
    return _keep(expression, world, world.indices)


def _keep(node: sympy.Expr, world: World, ranges: Mapping[sympy.Basic, sympy.Expr]) -> sympy.Expr:
    if not node.args or isinstance(node, Indexed):
        return node
    if isinstance(node, KroneckerDelta):
        return Integer(0) if _differ(node.args, world) else node
    if isinstance(node, Sum):
        known = {**ranges, **{index: upper for index, lower, upper in node.limits if lower == 1}}
        body = _keep(node.function, world, known)
        for limit in node.limits:
            body = _resolve(body, limit, world, known)
        return body
    args = [_keep(arg, world, ranges) for arg in node.args]
    if isinstance(node, Pow) and isinstance(args[0], KroneckerDelta) and node.exp.is_positive:
        return args[0]
    return node if tuple(args) == node.args else node.func(*args)


def _differ(args: tuple[sympy.Basic, ...], world: World) -> bool:
    return tuple(args) in world.distinct or tuple(reversed(args)) in world.distinct


def _resolve(
    body: sympy.Expr, limit: tuple, world: World, ranges: Mapping[sympy.Basic, sympy.Expr]
) -> sympy.Expr:
    index, lower, upper = limit
    if lower != 1:
        return Sum(body, limit)
    kept: list[sympy.Expr] = []
    resolved: list[sympy.Expr] = []
    for term in _terms(body, index):
        target = _delta_target(term, index, upper, world, ranges)
        if target is None:
            kept.append(term)
            continue
        delta, value = target
        resolved.append((term / delta).subs(index, value))
    rest = Add(*kept)
    return Add(*resolved) + (Sum(rest, (index, lower, upper)) if rest != 0 else 0)


def _delta_target(
    term: sympy.Expr,
    index: sympy.Symbol,
    upper: sympy.Expr,
    world: World,
    ranges: Mapping[sympy.Basic, sympy.Expr],
) -> tuple[KroneckerDelta, sympy.Expr] | None:
    """The delta factor that fixes `index`, with the value that it takes, if that is in range."""
    for factor in Mul.make_args(term):
        if isinstance(factor, KroneckerDelta) and index in factor.args:
            (value,) = [arg for arg in factor.args if arg != index] or [index]
            declared = ranges.get(value)
            if declared is not None and world.is_within(declared, upper):
                return factor, value
    return None


def pull_out_factors(expression: sympy.Expr, world: World) -> sympy.Expr:
    """Σ is linear: split sums, move out what does not depend on the index, Σ 1 = n."""

    def split(body: sympy.Expr, limit: tuple) -> sympy.Expr:
        index, lower, upper = limit
        terms = []
        for term in _terms(body, index):
            outside, inside = term.as_independent(index, as_Add=False)
            count = upper - lower + 1
            terms.append(outside * (count if inside == 1 else Sum(inside, limit)))
        return Add(*terms)

    def change(node: sympy.Expr) -> sympy.Expr:
        return _limit_by_limit(node, split) if isinstance(node, Sum) else node

    return everywhere(expression, change)


def _terms(body: sympy.Expr, index: sympy.Symbol) -> list[sympy.Expr]:
    """The summands of a sum's body; factors without the index keep their shape."""
    outside, inside = body.as_independent(index, as_Add=False)
    expanded = sympy.expand(inside, power_base=False, power_exp=False)
    return [outside * term for term in Add.make_args(expanded)]


def take_roots(expression: sympy.Expr, world: World) -> sympy.Expr:
    """(x²·y)^q = |x|^{2q}·y^q for real x and y ≥ 0; common factors leave a sum first."""

    def change(node: sympy.Expr) -> sympy.Expr:
        if isinstance(node, Abs):
            return _split_absolute(node)
        if isinstance(node, Pow) and not node.exp.is_integer:
            return _split_root(node)
        return node

    return everywhere(expression, change)


def _split_absolute(node: Abs) -> sympy.Expr:
    parts = [part if is_nonnegative(part) else Abs(part) for part in Mul.make_args(node.args[0])]
    return Mul(*parts)


def _split_root(node: Pow) -> sympy.Expr:
    outside: list[sympy.Expr] = []
    inside: list[sympy.Expr] = []
    base = sympy.factor_terms(node.base) if isinstance(node.base, Add) else node.base
    for factor in Mul.make_args(base):
        root, exponent = factor.as_base_exp()
        if is_nonnegative(root):
            outside.append(root ** (exponent * node.exp))
        elif is_nonnegative(factor):
            outside.append(Abs(root) ** (exponent * node.exp))
        else:
            inside.append(factor)
    return Mul(*outside) * (Mul(*inside) ** node.exp if inside else 1)


def split_signs(expression: sympy.Expr, world: World) -> sympy.Expr:
    """sign(x·y) = sign(x)·sign(y), and the sign of a manifestly positive factor is 1."""

    def change(node: sympy.Expr) -> sympy.Expr:
        if not isinstance(node, sympy.sign):
            return node
        factors = Mul.make_args(node.args[0])
        return Mul(*[sympy.sign(factor) for factor in factors if not is_positive(factor)])

    return everywhere(expression, change)


def use_assumptions(expression: sympy.Expr, world: World) -> sympy.Expr:
    """The facts that are assumed: equal sizes, χ² = χ, |χ| = χ, Σχ = τ, sign(W)² = 1, …"""
    result = expression.subs(world.equal_sizes)
    idempotent = world.idempotents()
    nonnegative, nonzero = idempotent | world.without_negatives(), world.without_zeros()

    def flatten(node: sympy.Expr) -> sympy.Expr:
        inside = isinstance(node, Pow) and isinstance(node.base, (Indexed, Abs))
        if inside and _entry_base(node.base) in idempotent and node.exp.is_positive:
            return node.base
        if isinstance(node, Abs) and _entry_base(node) in nonnegative:
            return node.args[0]
        if isinstance(node, Pow) and isinstance(node.base, sympy.sign) and node.exp == 2:
            return Integer(1) if _entry_base(node.base.args[0]) in nonzero else node
        return node

    result = canonical_names(everywhere(result, flatten), world)
    for left, right in world.facts:
        result = result.subs(canonical_names(left, world), right)
    return result


def _entry_base(node: sympy.Expr) -> sympy.Basic | None:
    entry = node.args[0] if isinstance(node, Abs) else node
    return entry.base if isinstance(entry, Indexed) else None


def canonical_names(expression: sympy.Expr, world: World) -> sympy.Expr:
    """Bound indices renamed by depth and nested sums put in one order, so equals look equal."""

    def change(node: sympy.Expr) -> sympy.Expr:
        return _canonical_sum(node) if isinstance(node, Sum) else node

    renamed = everywhere(expression, change)
    # A name that was taken at first is free the second time.
    return everywhere(renamed, change) if renamed != expression else expression


def bound_name(depth: int) -> sympy.Symbol:
    """The name of the bound index with `depth` sums inside its own."""
    return sympy.Symbol(f"i_{depth}", integer=True, positive=True)


@lru_cache(maxsize=4096)
def _canonical_sum(node: Sum) -> sympy.Expr:
    chain: list[tuple] = []
    body: sympy.Expr = node
    while isinstance(body, Sum):
        chain.extend(reversed(body.limits))
        body = body.function
    renaming: dict[sympy.Basic, sympy.Dummy] = {}
    ranges: dict[sympy.Dummy, tuple] = {}
    # Outermost first: a range may depend on the indices around it, and an index may be reused.
    for index, lower, upper in chain:
        fresh = Dummy(integer=True, positive=True)
        ranges[fresh] = (lower.subs(renaming), upper.subs(renaming))
        renaming[index] = fresh
    body = body.subs(renaming)
    dependent = any(end.has(*ranges) for ends in ranges.values() for end in ends)
    orders = [tuple(reversed(ranges))] if dependent else permutations(ranges)
    depth = _free_depth(body, len(ranges))
    candidates = [_named(body, order, ranges, depth) for order in orders]
    return min(candidates, key=_ease)


def _ease(candidate: Sum) -> tuple:
    """The more factors do not depend on the innermost index, the more can leave its sum."""
    innermost = candidate.limits[0][0]
    dependent = sum(factor.has(innermost) for factor in Mul.make_args(candidate.function))
    return dependent, sympy.default_sort_key(candidate)


def _named(body: sympy.Expr, order, ranges, depth: int) -> sympy.Expr:
    result = body
    for position, name in enumerate(order):
        symbol = bound_name(depth + position)
        result = Sum(result.subs(name, symbol), (symbol, *ranges[name]))
    return result


def _free_depth(body: sympy.Expr, length: int) -> int:
    """The first depth from which `length` names occur nowhere in the body, bound or free."""
    depth, taken = _depth(body), body.atoms(sympy.Symbol)
    while any(bound_name(depth + more) in taken for more in range(length)):
        depth += 1
    return depth


def _depth(node: sympy.Basic) -> int:
    inner = max((_depth(arg) for arg in node.args), default=0)
    return inner + len(node.limits) if isinstance(node, Sum) else inner


RULES: tuple[tuple[str, Rule], ...] = (
    ("use what is assumed", use_assumptions),
    ("only one term of the sum is not zero", keep_the_only_term),
    ("move constant factors out of sums", pull_out_factors),
    ("take roots of squares", take_roots),
    ("split signs of products", split_signs),
)
