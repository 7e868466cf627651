"""What a model is calibrated and evaluated with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Texts:
    """What a model is calibrated and evaluated with.

    Attributes:
        calibration: `c4`, `wikitext2` or a file.
        evaluate: the same.
        samples: number of calibration sequences.
        seqlen: tokens in each sequence and evaluation window.
        seed: of the calibration's draws.
        windows: evaluate on at most so many windows; None for all.
        pack: whether calibration documents are joined and cut, so that short ones count, too.
    """

    calibration: str
    evaluate: str
    samples: int = 128
    seqlen: int = 2048
    seed: int = 0
    windows: int | None = None
    pack: bool = False
