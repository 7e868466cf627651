"""A model's small files, looked at before transformers reads them, and named where it fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pruneproof.integration.errors import is_out_of_memory, named, system_error
from pruneproof.integration.files import read_object

CONFIG, GENERATION = "config.json", "generation_config.json"
READ = (
    CONFIG,
    GENERATION,
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
)
"""What transformers reads of a folder beside the weights and their index."""
MOST_BLOCKS = 1024
"""More than any model has, and no more than are built in seconds."""


def check_small_files(folder: Path) -> None:
    """Refuse a folder in which a file that transformers reads is not what it should be.

    Args:
        folder: of a model; files that are not there are not looked at.

    Raises:
        ValueError: one that holds no JSON object, a configuration with more blocks than any model
            has, or generation settings that transformers would refuse once the weights are read.
    """
    found = {each: read_object(folder / each) for each in READ if (folder / each).is_file()}
    with built_from(folder / CONFIG):
        check_blocks(found.get(CONFIG, {}))
    if GENERATION in found:
        from transformers import GenerationConfig

        with built_from(folder / GENERATION):
            GenerationConfig.from_pretrained(folder)


def check_blocks(config: dict[str, Any]) -> None:
    """Refuse a number of blocks that transformers would build until the memory is full.

    Raises:
        ValueError: with the number.
    """
    for key, value in config.items():
        if isinstance(value, dict):
            check_blocks(value)
            continue
        counts = str(key).endswith(("layer", "layers")) and isinstance(value, int)
        if counts and value > MOST_BLOCKS:
            raise ValueError(f"{key} must be at most {MOST_BLOCKS}, got {str(value)[:30]}")


@contextmanager
def built_from(file: str | Path) -> Iterator[None]:
    """While entered, whatever transformers raises becomes an error that names the file.

    Raises:
        ValueError: with what transformers said. Files that are not there, and memory that runs
            out, keep their errors.
    """
    try:
        yield
    except OSError:
        raise
    # A file may say anything, and transformers raises as many kinds of errors.
    except Exception as error:
        if is_out_of_memory(error) or system_error(error) is not None:
            raise
        raise ValueError(
            f"{file}: cannot be built by transformers {version('transformers')} ({named(error)}); "
            "fetch it again, or take the version of transformers that wrote it"
        ) from error
