"""Where a run takes place and what it leaves, checked before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from pruneproof.integration.checkpoint.load import check_dtype
from pruneproof.integration.pruning.unfinished import was_named
from pruneproof.integration.zero_shot import check_installed


@dataclass(frozen=True)
class RunOptions:
    """Options of a run that do not change what is pruned.

    Attributes:
        dtype: see `load_model`.
        device: see `load_model`.
        stream: have one block's weights in memory at a time; needs safetensors.
        zero_shot: measure the pruned model's accuracy on the tasks of Table 6, too.
        out: folder for the pruned model; without it the model is measured and dropped.
        report: folder for prune.json.
        verify: read all of the model's files to know them again, see `fingerprint_of_files`.
    """

    dtype: str = "auto"
    device: str = "cpu"
    stream: bool = False
    zero_shot: bool = False
    out: Path | None = None
    report: Path | None = None
    verify: bool = False

    def check(self) -> None:
        """Refuse what cannot work together or is not there.

        Raises:
            ValueError: a dtype or device that there is not, or options that exclude each other.
            FileExistsError: `out` exists, and not beside the unfinished work on it, or a file lies
                where a folder is to be.
            ImportError: zero-shot accuracy without lm-eval.
        """
        check_dtype(self.dtype)
        check_device(self.device)
        if self.stream and self.device == "auto":
            raise ValueError("device must be one device for --stream, got auto")
        if self.zero_shot:
            if self.stream:
                raise ValueError("zero_shot needs the whole model in memory; leave --stream out")
            check_installed()
        if self.out is not None and self.out.exists() and not was_named(self.out):
            raise FileExistsError(f"out: {self.out} exists; name another folder or remove it")
        for name, folder in (("out", self.out), ("report", self.report)):
            above = [folder, *folder.absolute().parents] if folder is not None else []
            if files := [each for each in above if each.is_file()]:
                raise FileExistsError(f"{name}: {files[0]} is a file; name a folder")


def check_device(device: str) -> None:
    """Refuse a device that torch does not know or this machine has not."""
    if device == "auto":
        return
    try:
        torch.zeros(1, device=device)
    # An unknown word, a build without CUDA and a missing GPU raise different errors.
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        first, *_ = str(error).strip().splitlines() or [""]
        raise ValueError(f"device: {device} is not there ({first[:200]}); take cpu") from error
