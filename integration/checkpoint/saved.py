"""What was written is what was measured: compared bit for bit, a tensor at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from pruneproof.integration.checkpoint.shards import Shards, same_bits
from pruneproof.integration.checkpoint.stored import Stored


def compare_saved(
    folder: Path,
    model: Any,
    measured: Iterable[Mapping[str, Tensor]],
    ties: Sequence[Sequence[str]] | None = None,
) -> None:
    """Read a result back.

    Args:
        folder: with the result.
        model: what was measured; its weights need not be there.
        measured: its tensors by name, some at a time.
        ties: see `Stored`.

    Raises:
        ValueError: a tensor that differs in a bit, in shape or in dtype, that is missing, or that
            is there and was not measured.
    """
    again = f"remove {folder.parent} and run again"
    try:
        saved = Stored(model, Shards(folder), ties)
    except ValueError as error:
        raise ValueError(f"out: what was written is not the model ({error}); {again}") from error
    if saved.left:
        raise ValueError(f"out: {saved.left[0]} was written but is no tensor of the model; {again}")
    needed, names = set(), saved.names()
    for part in measured:
        for name, each in part.items():
            needed.add(name)
            if name not in names:
                if _left_out(model, name):
                    continue
                raise ValueError(f"out: {name} was measured but not written; {again}")
            (read,) = saved.read([name], "cpu", as_is=True).values()
            if not same_bits(read, each.detach().to("cpu")):
                raise ValueError(f"out: {name} as written differs from what was measured; {again}")
    if more := sorted(saved.groups.keys() - saved.same.keys() - needed):
        raise ValueError(f"out: {more[0]} was written but not measured; {again}")


def _left_out(model: Any, name: str) -> bool:
    """Whether transformers declares that it does not save this one."""
    return any(re.search(each, name) for each in model._keys_to_ignore_on_save or ())
