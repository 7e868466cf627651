"""The command: bars on standard error, the answer on standard output, files, and the exit code."""

from __future__ import annotations

from pathlib import Path

from pruneproof.integration.inspection.calibration_texts import CalibrationTexts
from pruneproof.integration.inspection.claimed import Claimed
from pruneproof.integration.inspection.report.terminal import show
from pruneproof.integration.inspection.report.write import FILES, write
from pruneproof.integration.inspection.run import inspect
from pruneproof.integration.progress import Bars
from pruneproof.reporting.files import prepare
from pruneproof.reporting.terminal import console


def run(
    name: str,
    claimed: Claimed,
    *,
    dense: str | None = None,
    earlier: str | None = None,
    texts: CalibrationTexts | None = None,
    report: Path | None = None,
) -> int:
    """Inspect a checkpoint, print what was found and write the report.

    Returns:
        1 where something speaks against what is claimed, else 0.

    Raises:
        ValueError: see `inspect`.
        OSError: see `inspect`; a report that cannot be written.
    """
    if report is not None:
        prepare(report, FILES)
    with Bars() as bars:
        found = inspect(name, claimed, bars, dense=dense, earlier=earlier, texts=texts)
    record = found.record()
    show(record, console())
    if report is not None:
        write(record, report)
    return int(bool(found.contradicted))
