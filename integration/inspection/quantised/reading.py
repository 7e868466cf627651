"""Which tensors of a checkpoint are packed, by the ends of their names, and who reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pruneproof.integration.checkpoint.safetensors_files import Header
from pruneproof.integration.inspection.quantised import (
    bitsandbytes,
    compressed_tensors,
    fp4,
    zero_points,
)
from pruneproof.integration.inspection.quantised.compressed_tensors import SPARSE
from pruneproof.integration.inspection.quantised.files import Files, PackedWeights, Whole

BESIDE = (
    ".weight_scale", ".weight_scale_inv", ".weight_zero_point", ".weight_shape", ".weight_g_idx",
    ".weight_global_scale", ".input_scale", ".input_global_scale", ".input_zero_point",
    ".output_scale", ".output_zero_point", ".qzeros", ".scales", ".g_idx", ".SCB",
    ".weight_format",
)  # fmt: skip
"""Ends of the names of what lies beside packed numbers."""


def packed_weights(
    config: Mapping[str, Any], headers: Mapping[str, Header], whole: Whole
) -> PackedWeights:
    """What a checkpoint holds in packed form.

    Args:
        config: what its config.json says.
        headers: of all tensors.
        whole: reads a tensor.

    Raises:
        ValueError: a format that is known and cannot be read.
    """
    said = config.get("quantization_config") or config.get("compression_config") or {}
    said = said if isinstance(said, dict) else {}
    sparse = said.get("sparsity_config")
    sparse = sparse if isinstance(sparse, dict) else {}
    method, form = str(said.get("quant_method", "")), str(said.get("format", ""))
    formats = {form, str(sparse.get("format", ""))}
    files = Files(headers, whole, said)
    for each in headers:
        for end, read in _ENDS.items():
            if each.endswith(end):
                read(files, each.removesuffix(end))
                break
    _take_beside(files)
    words = [method, form, *(each for each in SPARSE if each in formats)]
    return PackedWeights(
        " ".join(dict.fromkeys(filter(None, words))), files.weights, frozenset(files.used)
    )


def _take_beside(files: Files) -> None:
    """What lies beside packed numbers is no weight; beside others it stays as it is."""
    own = {name.removesuffix(".weight") for name in files.weights}
    for each in files.headers:
        for end in BESIDE:
            if each.endswith(end) and each.removesuffix(end) in own:
                files.used.add(each)


_ENDS: Mapping[str, Callable[[Files, str], None]] = {
    ".bitmask": compressed_tensors.bitmask,
    ".weight_packed": compressed_tensors.int32,
    "_blocks": fp4.experts,
    ".qweight": zero_points.read,
    ".absmax": bitsandbytes.read,
    ".weight_scale": compressed_tensors.int8,
    ".SCB": compressed_tensors.int8,
}
