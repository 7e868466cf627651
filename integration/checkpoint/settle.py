"""A model without weights becomes what transformers makes of its files: tied or not, which dtypes.

Only the files' headers are read; where a configuration says that two tensors are one and the files
hold both, these two are compared, since transformers 5 ties them only if they are equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from pruneproof.integration.checkpoint.naming import CONVERTS
from pruneproof.integration.checkpoint.shards import OnHub, Shards, empty
from pruneproof.integration.checkpoint.stored import Stored, check_all_taken


def settle(model: Any, files: Shards | OnHub) -> tuple[str, ...]:
    """Give a model the dtypes and the ties that it has once its files are loaded.

    Args:
        model: all parameters on the meta device, tied as its configuration says.
        files: its checkpoint. Of one that is not fetched, two tensors that may be one stay two.

    Returns:
        The files' names of tensors that the model goes without, as transformers declares; and of
        a head that it replaces by the embeddings.

    Raises:
        ValueError: see `Stored`; or tensors that the model has no place for.
    """
    stored = Stored(model, files)
    dtypes, unexpected = _asked(model, files)
    check_all_taken({*stored.left} & unexpected or unexpected)
    _separate(model, dtypes)
    return *stored.left, *_tie(model, stored)


def _asked(model: Any, files: Shards | OnHub) -> tuple[dict[str, torch.dtype], set[str]]:
    """What dtypes transformers would load, and which tensors it would complain about."""
    with _quietly():
        loaded, found = type(model).from_pretrained(
            None,
            config=deepcopy(model.config),
            state_dict=empty(files),
            device_map={"": "meta"},
            dtype=model.dtype,
            output_loading_info=True,
        )
    dtypes = {name: each.dtype for name, each in loaded.state_dict().items()}
    return dtypes, set(found["unexpected_keys"])


def _separate(model: Any, dtypes: dict[str, torch.dtype]) -> None:
    """Give each name a tensor of its own, of the right dtype."""
    buffers = dict(model.named_buffers())
    for name, dtype in dtypes.items():
        if (buffer := buffers.get(name)) is not None:
            _put(model, name, buffer.to(dtype))
        else:
            shape = model.get_parameter(name).shape
            _put(model, name, nn.Parameter(torch.empty(shape, dtype=dtype, device="meta")))


def _tie(model: Any, stored: Stored) -> list[str]:
    """Tie what the installed transformers ties, and name what it thereby leaves out."""
    if not CONVERTS:
        # transformers 4 does as the configuration says.
        model.tie_weights()
        again = Stored(model, stored.files)
        both = [each for each in again.same.items() if each[0] in stored.groups]
        if not isinstance(stored.files, Shards):
            return []
        lost = [name for name, other in both if not _equal(stored, name, other)]
        return [stored.groups[name].stored[0] for name in lost]
    missing = model.state_dict().keys() - stored.groups.keys()
    declared = model.all_tied_weights_keys
    both = {to: of for to, of in declared.items() if not {to, of} & missing}
    if not isinstance(stored.files, Shards):
        model.all_tied_weights_keys = {to: of for to, of in declared.items() if to not in both}
    else:
        # transformers 5 ties them if they are equal, and looks at no more of them than that.
        for name, value in stored.own({*both, *both.values()}).items():
            _put(model, name, nn.Parameter(value))
    with _quietly():
        model.tie_weights(missing_keys=set(missing), recompute_mapping=False)
    model.all_tied_weights_keys = declared
    _empty(model)
    return []


def _equal(stored: Stored, *names: str) -> bool:
    one, other = stored.own(names).values()
    return one.equal(other)


def _empty(model: nn.Module) -> None:
    """Move parameters to the meta device; those that are one stay one."""
    moved: dict[int, nn.Parameter] = {}
    for module in model.modules():
        for name, each in module._parameters.items():
            if each is not None and not each.is_meta:
                module._parameters[name] = moved.setdefault(id(each), nn.Parameter(each.to("meta")))


def _put(model: nn.Module, name: str, tensor: Tensor) -> None:
    parent, _, own = name.rpartition(".")
    setattr(model.get_submodule(parent), own, tensor)


@contextmanager
def _quietly() -> Iterator[None]:
    """Without what transformers says while it loads."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
