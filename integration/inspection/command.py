"""The command: bars on standard error, the answer on standard output, files, and the exit code."""

from __future__ import annotations

import json
from pathlib import Path

from pruneproof.integration.files import in_words, write_whole
from pruneproof.integration.inspection.claimed import Claimed
from pruneproof.integration.inspection.run import inspect
from pruneproof.integration.inspection.texts import Texts
from pruneproof.integration.progress import Bars

RECORD = "inspect.json"


def run(
    name: str,
    claimed: Claimed,
    *,
    dense: str | None = None,
    earlier: str | None = None,
    texts: Texts | None = None,
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
        report.mkdir(parents=True, exist_ok=True)
        (report / RECORD).unlink(missing_ok=True)
    with Bars() as bars:
        found = inspect(name, claimed, bars, dense=dense, earlier=earlier, texts=texts)
    if report is not None:
        record = json.dumps(in_words(found.record()), indent=2, ensure_ascii=False)
        write_whole(report / RECORD, record + "\n")
    return int(bool(found.contradicted))
