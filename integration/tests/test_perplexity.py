"""Perplexity is the exponential of the mean surprise of each token but a window's first."""

import math

import pytest
import torch

from pruneproof.integration.perplexity import perplexity


def test_it_is_the_exponential_of_the_mean_surprise(llama, tokens):
    surprise = []
    with torch.no_grad():
        for window in tokens:
            chances = llama(window[None]).logits[0].double().softmax(-1)
            surprise += [-math.log(chances[t, window[t + 1]]) for t in range(len(window) - 1)]
    expected = math.exp(sum(surprise) / len(surprise))
    assert perplexity(llama, tokens) == pytest.approx(expected, rel=1e-5)


def test_windows_may_come_in_batches(llama, tokens):
    assert perplexity(llama, [tokens]) == pytest.approx(perplexity(llama, tokens), rel=1e-5)


def test_it_is_what_the_known_repositories_compute(llama, tokens):
    total = 0.0
    with torch.no_grad():
        for window in tokens:
            loss = llama(window[None], labels=window[None]).loss
            total += float(loss) * len(window)
    expected = math.exp(total / tokens.numel())
    assert perplexity(llama, tokens) == pytest.approx(expected, rel=1e-5)


def test_a_model_without_a_clue_has_the_number_of_tokens(llama, tokens):
    llama.lm_head.weight.data.zero_()
    assert perplexity(llama, tokens) == pytest.approx(97, rel=1e-5)


@pytest.mark.parametrize("windows", [[], [torch.zeros(1, 1, dtype=torch.int64)]])
def test_nothing_to_predict_is_an_error(llama, windows):
    with pytest.raises(ValueError, match="windows"):
        perplexity(llama, windows)


def test_a_model_that_gives_no_numbers_is_not_called_bad(llama, tokens):
    llama.lm_head.weight.data.fill_(torch.nan)
    assert math.isnan(perplexity(llama, tokens))
