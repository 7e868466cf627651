"""The folder beside a result in which a run that was cut off is found again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from pruneproof.integration.files import write_whole
from pruneproof.integration.pruning.blockwise import Masks


class Unfinished:
    """Masks of the blocks that are done, until the result is whole.

    Args:
        out: the result's folder, which must not exist yet.
        record: what the run is to do; another run's masks are not taken for one's own.

    Raises:
        FileExistsError: the result exists, or another run's work lies there.
    """

    def __init__(self, out: Path, record: dict[str, Any]) -> None:
        if out.exists():
            raise FileExistsError(f"out: {out} exists; name another folder or remove it")
        self.out = out
        self.folder = out.with_name(f"{out.name}.unfinished")
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(record, indent=2, sort_keys=True)
        run = self.folder / "run.json"
        if run.exists() and run.read_text(encoding="utf-8") != text:
            raise FileExistsError(
                f"out: {self.folder} holds another run that was cut off; remove it or name "
                "another folder"
            )
        write_whole(run, text)

    def done(self, block: int) -> Masks | None:
        """The masks of a block, if it was done before."""
        path = self._path(block)
        if not path.exists():
            return None
        return {name: mask.bool() for name, mask in load_file(path).items()}

    def keep(self, block: int, masks: Masks) -> None:
        """Remember a block's masks."""
        draft = self.folder / "block.draft"
        contiguous = {
            name: mask.to("cpu", torch.uint8).contiguous() for name, mask in masks.items()
        }
        save_file(contiguous, draft)
        draft.replace(self._path(block))

    def finish(self, model: Any, tokenizer: Any, record: str) -> None:
        """Save model, tokenizer and record, and give the folder its final name."""
        whole = self.folder / "whole"
        if whole.exists():
            shutil.rmtree(whole)
        model.save_pretrained(whole)
        tokenizer.save_pretrained(whole)
        write_whole(whole / "prune.json", record)
        whole.rename(self.out)
        shutil.rmtree(self.folder)

    def _path(self, block: int) -> Path:
        return self.folder / f"block-{block:04d}.safetensors"
