"""Windows hold the text's tokens, each once and in order."""

from types import SimpleNamespace

import pytest
import torch

from pruneproof.integration.text.calibration import token_windows


def one_token_a_character(text: str, return_tensors: str) -> SimpleNamespace:
    assert return_tensors == "pt"
    return SimpleNamespace(input_ids=torch.tensor([[ord(character) for character in text]]))


def test_windows_follow_each_other() -> None:
    windows = token_windows(one_token_a_character, "abcdefg", count=2, length=3)
    assert [[chr(token) for token in window] for window in windows] == [list("abc"), list("def")]


def test_a_text_that_is_too_short_is_an_error() -> None:
    with pytest.raises(ValueError, match="text: has 5 tokens, must have at least 6"):
        token_windows(one_token_a_character, "abcde", count=2, length=3)


@pytest.mark.parametrize(("count", "length", "named"), [(0, 1, "count: 0"), (1, -1, "length: -1")])
def test_no_windows_are_an_error(count: int, length: int, named: str) -> None:
    with pytest.raises(ValueError, match=f"{named}, must be at least 1"):
        token_windows(one_token_a_character, "abc", count, length)
