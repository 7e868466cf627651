"""What `pytest -m gpu` can be told, and which device a worker has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

TIER, CHECKPOINT, LEDGER = "--tier", "--checkpoint", "--ledger"


def add_options(parser: Any) -> None:
    """Add them to pytest's own."""
    group = parser.getgroup("pruneproof regression", "the paper's cells measured on a GPU")
    group.addoption(
        TIER,
        choices=("smoke", "headline", "full"),
        default="smoke",
        help="five cells of OPT-1.3b; one cell a table and model; or all (default: smoke)",
    )
    group.addoption(
        CHECKPOINT,
        action="append",
        default=[],
        metavar="MODEL=PLACE",
        help="hub id or folder of a model, such as LLaMA2-7b=/models/llama-2-7b; repeatable",
    )
    group.addoption(
        LEDGER,
        type=Path,
        default=Path("ledger.jsonl"),
        metavar="FILE",
        help="results are appended here, and a run that was stopped goes on (ledger.jsonl)",
    )
    group.addoption(
        "--calibration", default="c4", metavar="SOURCE", help="c4, wikitext2 or a file (c4)"
    )
    group.addoption(
        "--evaluate", default="wikitext2", metavar="SOURCE", help="the same (wikitext2)"
    )
    group.addoption(
        "--device", default=None, help="instead of one CUDA device a worker: cpu, cuda:1, auto"
    )


def device_of(worker: str, devices: int) -> str:
    """The CUDA device of an xdist worker, or of a run without workers.

    Args:
        worker: xdist's id, such as `gw0`, or `master`.
        devices: how many there are.

    Raises:
        ValueError: more workers than devices.

    Example:
        >>> device_of("master", 1), device_of("gw1", 2)
        ('cuda:0', 'cuda:1')
    """
    number = int(worker.removeprefix("gw")) if worker.startswith("gw") else 0
    if number >= devices:
        raise ValueError(
            f"worker {worker} has no CUDA device: there are {devices}; use -n {devices}"
        )
    return f"cuda:{number}"
