"""What a pruned model is calibrated with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CalibrationTexts:
    """What a pruned model is calibrated with.

    Attributes:
        sources: each `c4`, `wikitext2` or a file.
        samples: sequences of each source, at least 2.
        seqlen: tokens in each.
        seed: of the draws.
        pack: see `recipe.texts.Texts`.
    """

    sources: tuple[str, ...]
    samples: int = 128
    seqlen: int = 2048
    seed: int = 0
    pack: bool = False

    def __post_init__(self) -> None:
        """Check what can be checked without a model.

        Raises:
            ValueError: no source, or samples that have no two halves.
        """
        if not self.sources:
            raise ValueError("calibration: give at least one source")
        if self.samples < 2:
            raise ValueError(f"samples must be at least 2, to have two halves, got {self.samples}")
