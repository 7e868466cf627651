"""Products with a weight are found in every form that torch has for them, and stay as they are."""

import pytest
import torch
from torch import nn
from torch.nn.functional import linear

from pruneproof.integration.decoder.products import PRODUCTS, Products, Weights, factors

TOKENS, OUT, IN, COUNT = 3, 4, 5, 2
OPERATORS = torch.Tensor.__matmul__, torch.Tensor.__rmatmul__

FORMS = {
    "linear": (linear, lambda w, x: linear(x, w)),
    "linear with a bias": (linear, lambda w, x: linear(x, w, torch.arange(4.0))),
    "linear by keyword": (
        linear,
        lambda w, x: linear(input=x, weight=w, bias=torch.arange(4.0)),
    ),
    "linear of one token": (linear, lambda w, x: linear(x[0], w)),
    "linear of batches": (linear, lambda w, x: linear(x.expand(7, *x.shape), w)),
    "a module": (linear, lambda w, x: _module(w)(x)),
    "matmul, right": (torch.matmul, lambda w, x: torch.matmul(x, w.T)),
    "matmul, left": (torch.matmul, lambda w, x: torch.matmul(w, x.T)),
    "matmul by keyword": (torch.matmul, lambda w, x: torch.matmul(input=x, other=w.T)),
    "matmul, half by keyword": (torch.matmul, lambda w, x: torch.matmul(x, other=w.T)),
    "matmul, a vector left": (torch.matmul, lambda w, x: torch.matmul(x[0], w.T)),
    "matmul, a vector right": (torch.matmul, lambda w, x: torch.matmul(w, x[0])),
    "matmul of batches": (torch.matmul, lambda w, x: torch.matmul(x.expand(7, *x.shape), w.T)),
    "method, right": (torch.Tensor.matmul, lambda w, x: x.matmul(w.T)),
    "method, left": (torch.Tensor.matmul, lambda w, x: w.matmul(x.T)),
    "method by keyword": (torch.Tensor.matmul, lambda w, x: x.matmul(other=w.T)),
    "operator, right": (torch.Tensor.__matmul__, lambda w, x: x @ w.T),
    "operator, left": (torch.Tensor.__matmul__, lambda w, x: w @ x.T),
    "operator, a vector right": (torch.Tensor.__matmul__, lambda w, x: w @ x[0]),
    "turned operator": (torch.Tensor.__rmatmul__, lambda w, x: w.T.__rmatmul__(x)),
    "turned operator, left": (torch.Tensor.__rmatmul__, lambda w, x: x.T.__rmatmul__(w)),
    "mm": (torch.mm, lambda w, x: torch.mm(x, w.T)),
    "mm, left": (torch.mm, lambda w, x: torch.mm(w, x.T)),
    "mm by keyword": (torch.mm, lambda w, x: torch.mm(input=x, mat2=w.T)),
    "mm, half by keyword": (torch.mm, lambda w, x: torch.mm(x, mat2=w.T)),
    "mm, a method": (torch.Tensor.mm, lambda w, x: x.mm(w.T)),
    "mm, a method by keyword": (torch.Tensor.mm, lambda w, x: x.mm(mat2=w.T)),
    "addmm": (torch.addmm, lambda w, x: torch.addmm(torch.arange(4.0), x, w.T)),
    "addmm, left": (torch.addmm, lambda w, x: torch.addmm(torch.arange(4.0)[:, None], w, x.T)),
    "addmm by keyword": (
        torch.addmm,
        lambda w, x: torch.addmm(input=torch.arange(4.0), mat1=x, mat2=w.T),
    ),
    "addmm, twice": (
        torch.addmm,
        lambda w, x: torch.addmm(torch.arange(4.0), x, w.T, alpha=2, beta=4),
    ),
    "addmm without its bias": (
        torch.addmm,
        lambda w, x: torch.addmm(torch.full((4,), torch.nan), x, w.T, alpha=0.5, beta=0),
    ),
    "addmm, left and twice": (
        torch.addmm,
        lambda w, x: torch.addmm(torch.arange(4.0)[:, None], w, x.T, beta=2, alpha=-2),
    ),
    "addmm, a method": (torch.Tensor.addmm, lambda w, x: torch.ones(3, 4).addmm(x, w.T)),
}
"""By name: the function that sees the weight, and a product with a weight w of tokens x."""
BATCHED = {
    "bmm, right": (torch.bmm, lambda w, x: torch.bmm(x, w.mT)),
    "bmm, left": (torch.bmm, lambda w, x: torch.bmm(w, x.mT)),
    "bmm by keyword": (torch.bmm, lambda w, x: torch.bmm(input=x, mat2=w.mT)),
    "bmm, a method": (torch.Tensor.bmm, lambda w, x: x.bmm(w.mT)),
    "bmm, a method by keyword": (torch.Tensor.bmm, lambda w, x: x.bmm(mat2=w.mT)),
    "operator": (torch.Tensor.__matmul__, lambda w, x: x @ w.mT),
    "matmul, left": (torch.matmul, lambda w, x: torch.matmul(w, x.mT)),
}
"""The same for the weights of several experts, each with tokens of its own."""


def _module(weight):
    module = nn.Linear(IN, OUT)
    module.weight, module.bias = weight, nn.Parameter(torch.arange(4.0))
    return module


def whole(*shape):
    """Whole numbers, whose products and sums are exact."""
    return torch.randint(-4, 5, shape, generator=torch.Generator().manual_seed(len(shape))).float()


@torch.no_grad()
def seen(form, weight, x, weights=None):
    """What is told of a product before and after it, and its result."""
    before, after = [], []
    weights = Weights([(weight, "w")]) if weights is None else weights
    with Products(weights, lambda *each: before.append(each), lambda *each: after.append(each)):
        result = form(weight, x)
    return before, after, result


def assert_a_product(form, weight, x):
    plain = form(weight, x)
    before, after, result = seen(form, weight, x)
    assert result.equal(plain), "it is computed as ever"
    ((handle, parameter, factor, other),) = before
    assert handle == "w"
    assert parameter is weight
    assert factor.equal(weight)
    assert factor.data_ptr() == weight.data_ptr()
    # A single token may have no dimension of its own, and all of a batch may come.
    tokens = x[0] if other.ndim == 1 else x
    assert other.equal(tokens.expand(*other.shape[: other.ndim - tokens.ndim], *tokens.shape))
    ((handle, parameter, _, product),) = after
    assert (handle, parameter is weight) == ("w", True)
    # Whatever stood on which side: tokens × out_features, without a bias.
    expected = other @ weight.mT
    assert product.reshape(expected.shape).equal(expected)


@pytest.mark.parametrize("name", FORMS)
def test_it_is_seen_what_a_weight_is_multiplied_by_and_gives(name):
    _, form = FORMS[name]
    assert_a_product(form, nn.Parameter(whole(OUT, IN)), whole(TOKENS, IN))


@pytest.mark.parametrize("name", BATCHED)
def test_it_is_seen_for_several_weights_at_once(name):
    _, form = BATCHED[name]
    assert_a_product(form, nn.Parameter(whole(COUNT, OUT, IN)), whole(COUNT, TOKENS, IN))


def test_every_function_has_a_form():
    assert {func for func, _ in (FORMS | BATCHED).values()} == PRODUCTS


def test_a_form_calls_one_of_the_functions_once():
    class Names(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            called.append(func)
            return func(*args, **(kwargs or {}))

    for name, (func, form) in (FORMS | BATCHED).items():
        called = []
        shape = (COUNT,) if (name, (func, form)) in BATCHED.items() else ()
        with torch.no_grad(), Names():
            form(nn.Parameter(whole(*shape, OUT, IN)), whole(*shape, TOKENS, IN))
        # Which one an operator is seen as has changed between versions of torch.
        assert len([each for each in called if each in PRODUCTS]) == 1, name
        assert func in called or func in OPERATORS, name


def test_a_view_of_a_parameter_is_the_parameter():
    experts = nn.Parameter(whole(COUNT, OUT, IN))
    x = whole(TOKENS, IN)
    weights = Weights([(experts, "experts")])
    for number in range(COUNT):
        for form in (lambda w, x, n=number: linear(x, w[n]), lambda w, x, n=number: x @ w[n].T):
            ((handle, parameter, factor, other),), _, _ = seen(form, experts, x, weights)
            assert (handle, parameter is experts) == ("experts", True)
            assert factor.equal(experts[number])
            assert factor.storage_offset() == number * OUT * IN
            assert other.equal(x)


def test_parameters_in_one_storage_are_told_apart():
    storage = whole(2 * OUT, IN)
    first, second = nn.Parameter(storage[:OUT]), nn.Parameter(storage[OUT:])
    assert first.untyped_storage().data_ptr() == second.untyped_storage().data_ptr()
    weights = Weights([(first, "first"), (second, "second")])
    for weight, name in ((first, "first"), (second, "second")):
        ((handle, parameter, *_),), _, _ = seen(
            lambda w, x: linear(x, w), weight, whole(3, IN), weights
        )
        assert (handle, parameter is weight) == (name, True)
    assert weights.find(storage[OUT:])[1] == "second"
    assert weights.find(storage[OUT - 1])[1] == "first"
    third = nn.Parameter(torch.empty(3 * OUT, IN)[OUT:])
    assert Weights([(third, "third")]).find(third.data)[1] == "third"


def test_a_part_of_a_storage_that_is_no_parameter_is_none():
    storage = whole(2 * OUT, IN)
    weights = Weights([(nn.Parameter(storage[:OUT]), "first")])
    assert weights.find(storage[OUT:]) is None
    assert weights.find(storage.clone()) is None
    assert weights.find(None) is None
    assert weights.find(storage.to_sparse()) is None


def test_parameters_on_the_meta_device_are_told_apart():
    one, other = (nn.Parameter(torch.empty(OUT, IN, device="meta")) for _ in range(2))
    weights = Weights([(one, "one"), (other, "other")])
    assert weights.find(one)[1] == "one"
    assert weights.find(other.T)[1] == "other"
    assert weights.find(torch.empty(OUT, IN, device="meta")) is None


def test_what_is_no_product_with_a_weight_is_not_told():
    weight, x = nn.Parameter(whole(OUT, IN)), whole(TOKENS, IN)
    for form in (
        lambda w, x: x @ x.T,
        lambda w, x: linear(x, w.detach().clone()),
        lambda w, x: w + 1,
        lambda w, x: w.T,
        lambda w, x: (x[:, None] * w).sum(-1),
        lambda w, x: torch.matmul(x, x[0]),
    ):
        before, after, result = seen(form, weight, x)
        assert not before
        assert not after
        assert result.equal(form(weight, x))


def test_a_bias_that_is_a_vector_is_no_weight_of_a_product():
    bias = nn.Parameter(whole(IN))
    before, _, _ = seen(lambda w, x: x @ w, bias, whole(TOKENS, IN))
    assert not before


def test_a_product_of_two_weights_is_told_once_with_the_later_one():
    one, other = nn.Parameter(whole(OUT, IN)), nn.Parameter(whole(OUT, IN))
    weights = Weights([(one, "one"), (other, "other")])
    before, _, _ = seen(lambda w, x: w @ other.T, one, None, weights)
    assert [handle for handle, *_ in before] == ["other"]


def test_factors_are_the_same_without_a_mode():
    weight, x = whole(OUT, IN), whole(TOKENS, IN)
    bias = whole(OUT)
    ((w, other, product),) = factors(
        linear, (x, weight), {"bias": bias}, lambda each: each is weight
    )
    assert w is weight
    assert other is x
    assert product(linear(x, weight, bias)).equal(x @ weight.T)
    assert not list(factors(linear, (x, weight), {}, lambda _: False))


def test_without_an_after_nothing_is_computed_twice():
    weight, x, told = nn.Parameter(whole(OUT, IN)), whole(TOKENS, IN), []
    with torch.no_grad(), Products(Weights([(weight, "w")]), lambda *each: told.append(each)):
        assert linear(x, weight).equal(x @ weight.T)
    # The second product, x @ weight.T, is one with the weight as well.
    assert len(told) == 2


def test_an_error_in_what_is_told_reaches_the_caller():
    def stop(*_):
        raise KeyError("enough")

    weight = nn.Parameter(whole(OUT, IN))
    with pytest.raises(KeyError, match="enough"), Products(Weights([(weight, 1)]), stop):
        linear(whole(TOKENS, IN), weight)
    assert linear(whole(TOKENS, IN), weight).shape == (TOKENS, OUT)
