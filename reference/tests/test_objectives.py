from fractions import Fraction

import pytest
import torch

from pruneproof import reference
from pruneproof.reference import blocks

W = torch.tensor([[1.0, -3.0, 0.25], [2.0, 7.0, 0.0]])
X = torch.tensor([[1.0, -2.0], [3.0, 0.5], [0.0, 4.0], [1.0, 1.0]])
Y = torch.tensor([[1.0, 0.5], [-7.0, 1.0], [2.0, 5.0]])
REMOVED = torch.tensor([[True, False, True], [False, True, False]])
PRUNED = W.masked_fill(REMOVED, 0)


def exact(tensor):
    return [[Fraction(x) for x in row] for row in tensor.double().tolist()]


def product(A, B):
    columns = list(zip(*B, strict=True))
    return [[sum(x * y for x, y in zip(row, col, strict=True)) for col in columns] for row in A]


def squared_errors(X=X, Y=Y, W=W, W_pruned=PRUNED):
    """‖X(W̃ − W)‖² and ‖(W̃ − W)Y‖² in exact arithmetic."""
    change = [
        [new - old for new, old in zip(*rows, strict=True)]
        for rows in zip(exact(W_pruned), exact(W), strict=True)
    ]
    of_input, of_output = product(exact(X), change), product(change, exact(Y))
    return [sum(x * x for row in error for x in row) for error in (of_input, of_output)]


def gamma(roundings):
    return roundings * 2.0**-53


def test_objectives_are_their_definitions():
    of_input, of_output = map(float, squared_errors())
    f = reference.input_reconstruction(W, PRUNED, X)
    g = reference.symmetric_objective(W, PRUNED, X, Y)
    g_squared = reference.squared_objective(W, PRUNED, X, Y)
    # Sums of 2 and 3 products, norms of 3 and 4 numbers, a norm of norms: less than 40 roundings.
    assert f.item() == pytest.approx(of_input, rel=gamma(40), abs=0)
    assert g.item() == pytest.approx(of_input**0.5 + of_output**0.5, rel=gamma(40), abs=0)
    assert g_squared.item() == pytest.approx(of_input + of_output, rel=gamma(40), abs=0)
    for objective in (f, g, g_squared):
        assert objective.shape == ()
        assert objective.dtype == torch.float64


def test_objectives_of_a_weight_that_was_changed_not_removed():
    changed = W.clone()
    changed[0, 1] = 5.0
    assert reference.input_reconstruction(W, changed, torch.eye(2)).item() == 64
    assert reference.symmetric_objective(W, changed, torch.eye(2), 2 * torch.eye(3)).item() == 24


def test_nothing_pruned_costs_nothing():
    assert reference.input_reconstruction(W, W, X).item() == 0
    assert reference.symmetric_objective(W, W, X, Y).item() == 0
    assert reference.squared_objective(W, W, X, Y).item() == 0


def test_half_precision_errors_do_not_overflow():
    large = torch.full((2, 2), 60000.0, dtype=torch.float16)
    f = reference.input_reconstruction(large, torch.zeros_like(large), large)
    assert f.item() == 4 * (2 * 60000.0**2) ** 2


def test_the_objectives_of_huge_float64_numbers_do_not_overflow_inside():
    unit = 2.0**600
    g = reference.symmetric_objective(
        W.double() * unit, W.double() * 0, torch.eye(2).double(), torch.zeros(3, 1).double()
    )
    assert g.item() == pytest.approx(W.double().norm().item() * unit, rel=gamma(30), abs=0)


def test_gram_is_the_sum_of_outer_products_over_all_tokens(dtype):
    batch = torch.tensor([[[1.0, -2.0, 0.5], [3.0, 0.0, 1.0]], [[0.0, 4.0, -1.0], [1.0, 1.0, 2.0]]])
    tokens = batch.reshape(-1, 3)
    expected = [[float(x) for x in row] for row in product(exact(tokens.T), exact(tokens))]
    assert reference.gram(batch.to(dtype)).tolist() == expected
    assert reference.gram(batch.to(dtype)).dtype == torch.float64
    assert reference.gram(batch.transpose(0, 1)).tolist() == expected
    assert (reference.gram(batch[0]) + reference.gram(batch[1])).tolist() == expected
    assert reference.gram(tokens[0]).tolist() == torch.outer(tokens[0], tokens[0]).tolist()
    assert reference.gram(tokens[:0]).tolist() == torch.zeros(3, 3).tolist()


def test_gram_and_removal_cost_by_blocks(monkeypatch):
    whole = reference.gram(X), reference.gram(Y.T)
    monkeypatch.setattr(blocks, "BLOCK_ELEMENTS", 2)
    assert torch.equal(reference.gram(X), whole[0])
    cost = reference.removal_cost(W, REMOVED, *whole)
    g = sum(float(error) ** 0.5 for error in squared_errors())
    assert cost.item() == pytest.approx(g, rel=gamma(40), abs=0)
    objective = reference.symmetric_objective(W, PRUNED, X, Y)
    assert objective.item() == pytest.approx(g, rel=gamma(40), abs=0)


def test_removal_cost_is_the_symmetric_objective():
    x_gram, y_gram = reference.gram(X), reference.gram(Y.T)
    of_input, of_output = (float(error) ** 0.5 for error in squared_errors())
    # Every product and sum of these small numbers is exact, but for the roots.
    assert reference.removal_cost(W, REMOVED, x_gram, y_gram).item() == of_input + of_output
    assert reference.removal_cost(W, REMOVED, x_gram=x_gram).item() == of_input
    assert reference.removal_cost(W, REMOVED, y_gram=y_gram).item() == of_output
    assert reference.removal_cost(W, REMOVED).item() == 0


def test_removal_cost_of_one_weight_is_its_score():
    x_gram, y_gram = reference.gram(X), reference.gram(Y.T)
    S = reference.symwanda(
        W.double(), reference.activation_norms(X), reference.output_activation_norms(Y)
    )
    for j in range(2):
        for k in range(3):
            removed = torch.zeros(2, 3, dtype=torch.bool)
            removed[j, k] = True
            cost = reference.removal_cost(W, removed, x_gram, y_gram)
            assert cost.item() == pytest.approx(S[j, k].item(), rel=gamma(20), abs=0)


def test_a_trace_that_rounding_made_negative_counts_as_zero():
    # A matrix of ones, semidefinite, but for a rounding; the trace comes out as -2^-51.
    x_gram = torch.tensor([[1.0, 1 + 2.0**-52], [1 + 2.0**-52, 1.0]], dtype=torch.float64)
    cost = reference.removal_cost(torch.tensor([[1.0], [-1.0]]), torch.tensor([[True]] * 2), x_gram)
    assert cost.item() == 0


def test_strides_and_dtypes_change_nothing(dtype):
    x_gram, y_gram = reference.gram(X), reference.gram(Y.T)
    cost = reference.removal_cost(W, REMOVED, x_gram, y_gram)
    low = W.to(dtype)
    assert torch.equal(reference.removal_cost(low, REMOVED, x_gram, y_gram), cost)
    transposed = low.T.contiguous().T, REMOVED.T.contiguous().T, x_gram.T, y_gram.float()
    assert torch.equal(reference.removal_cost(*transposed), cost)
    g = reference.symmetric_objective(W, PRUNED, X, Y)
    strided = (A.T.contiguous().T for A in (low, PRUNED.to(dtype), X.to(dtype), Y.to(dtype)))
    assert torch.equal(reference.symmetric_objective(*strided), g)


def test_strides_change_no_bit_of_rounded_sums():
    generator = torch.Generator().manual_seed(5)
    shapes = (67, 45), (67, 45), (131, 67), (45, 39)
    matrices = [torch.randn(*shape, dtype=torch.float64, generator=generator) for shape in shapes]
    strided = [matrix.T.contiguous().T for matrix in matrices]
    g = reference.symmetric_objective(*matrices)
    assert torch.equal(reference.symmetric_objective(*strided), g)
    grams = reference.gram(matrices[2]), reference.gram(matrices[3].T)
    assert torch.equal(reference.gram(strided[2]), grams[0])
    # Not symmetric to the last bit, as a product of matrices need not be.
    rounded = [gram + gram.tril(-1) * 2.0**-50 for gram in grams]
    removed = matrices[0] > 0
    cost = reference.removal_cost(matrices[0], removed, *rounded)
    same = (strided[0], removed.T.contiguous().T, *(A.T.contiguous().T for A in rounded))
    assert torch.equal(reference.removal_cost(*same), cost)


def test_a_dead_feature_and_a_small_one_have_a_gram_matrix():
    x_gram = reference.gram(torch.tensor([[0.0, 0.5]]))
    assert reference.removal_cost(W, REMOVED, x_gram).item() == 3.5


def test_arguments_are_left_alone():
    arguments = [A.double() for A in (W, PRUNED, X, Y)]
    before = [argument.clone() for argument in arguments]
    reference.symmetric_objective(*arguments)
    reference.squared_objective(*arguments)
    grams = reference.gram(arguments[2]), reference.gram(arguments[3].T)
    grams_before = [gram.clone() for gram in grams]
    reference.removal_cost(arguments[0], REMOVED, *grams)
    for argument, copy in zip([*arguments, *grams], [*before, *grams_before], strict=True):
        assert torch.equal(argument, copy)


def test_costs_are_of_no_autograd_graph():
    weights, inputs = W.clone().requires_grad_(), X.clone().requires_grad_()
    assert not reference.gram(inputs).requires_grad
    assert not reference.symmetric_objective(weights, PRUNED, inputs, Y).requires_grad
    assert not reference.removal_cost(weights, REMOVED, reference.gram(inputs)).requires_grad


def test_an_empty_matrix_costs_nothing():
    for b, c in ((0, 0), (0, 3), (2, 0)):
        empty = torch.zeros(b, c)
        X, Y = torch.ones(4, b), torch.ones(c, 5)
        assert reference.symmetric_objective(empty, empty, X, Y).item() == 0
        removed = torch.ones(b, c, dtype=torch.bool)
        grams = reference.gram(X), reference.gram(Y.T)
        assert reference.removal_cost(empty, removed, *grams).item() == 0


def test_a_product_beyond_the_range_is_refused():
    huge = torch.full((2, 2), 2.0**600, dtype=torch.float64)
    zeros = torch.zeros_like(huge)
    with pytest.raises(ValueError, match="^X times the change of W must be finite"):
        reference.input_reconstruction(huge, zeros, huge)
    with pytest.raises(ValueError, match="^Y times the change of W must be finite"):
        reference.symmetric_objective(huge, zeros, zeros, huge)
    with pytest.raises(ValueError, match="^X times the change of W must be at most"):
        reference.input_reconstruction(huge, zeros, huge * 2.0**-180)


def test_a_cost_beyond_the_range_is_refused():
    huge, removed = torch.full((1, 1), 1e200, dtype=torch.float64), torch.tensor([[True]])
    for name in ("x_gram", "y_gram"):
        with pytest.raises(ValueError, match=f"^the trace of Δ with {name} must be finite"):
            reference.removal_cost(huge, removed, **{name: torch.ones(1, 1)})


def test_on_a_device(device):
    arguments = [A.to(device) for A in (W, PRUNED, X, Y)]
    g = sum(float(error) ** 0.5 for error in squared_errors())
    assert reference.symmetric_objective(*arguments).item() == pytest.approx(g, rel=gamma(40))
    grams = reference.gram(arguments[2]), reference.gram(arguments[3].T)
    cost = reference.removal_cost(arguments[0], REMOVED.to(device), *grams)
    assert cost.item() == pytest.approx(g, rel=gamma(40))
    assert cost.device.type == device
