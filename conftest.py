"""What every test runs under: shape checks at call time and the Hypothesis profiles."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jaxtyping
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

# Before anything imports it: each call into pruneproof.reference checks shapes and dtypes.
# The numeric tower lets an int stand where a float is asked for, as every type checker does.
jaxtyping.install_import_hook(
    "pruneproof.reference", "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))"
)

settings.register_profile("dev", deadline=None, print_blob=True)
settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
# Not a child of `ci`, which has no database: a failure found here must be replayed next time.
settings.register_profile(
    "thorough",
    settings.get_profile("dev"),
    max_examples=2000,
    database=DirectoryBasedExampleDatabase(".hypothesis/examples"),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_addoption(parser: pytest.Parser) -> None:
    """What `pytest -m gpu` can be told."""
    from pruneproof.integration.regression.options import add_options

    add_options(parser)


@pytest.fixture
def no_shape_checks() -> Iterator[None]:
    """Turn the shape checks off, for tests of the errors that a user sees without them."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(scope="session")
def checkpoint_layers() -> dict[str, Any]:
    """The linear layers of three blocks of a real LLaMA by name, with calibration inputs.

    It stands here since `properties` and `integration` do not import each other.
    """
    from pruneproof.integration.small_checkpoints.small_llama import fetch_small_llama

    return _layers_by_name(fetch_small_llama(), blocks=(0, 14, 29), length=512)


@pytest.fixture(scope="session")
def opt_layers() -> dict[str, Any]:
    """The same of two blocks of a small OPT: what fc2 is fed is 0 where ReLU cuts it off."""
    from pruneproof.integration.small_checkpoints.small_opt import LENGTH, train_small_opt

    return _layers_by_name(train_small_opt(), blocks=(0, 3), length=LENGTH)


def _layers_by_name(folder: Path, blocks: Sequence[int], length: int) -> dict[str, Any]:
    # Slow to import, and only the checkpoints' tests need it.
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from pruneproof.integration.decoder.linear_inputs import linear_inputs
    from pruneproof.integration.text.calibration import token_windows
    from pruneproof.integration.text.wikipedia import fetch_wikipedia_text

    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokens = token_windows(tokenizer, fetch_wikipedia_text()[:50_000], count=4, length=length)
    return {layer.name: layer for layer in linear_inputs(model, tokens.split(1), blocks)}
