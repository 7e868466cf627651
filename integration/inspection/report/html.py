"""The report as one HTML page that needs nothing else."""

from __future__ import annotations

from pruneproof.integration.inspection.report.picture import HIGH, WIDE, picture
from pruneproof.integration.inspection.report.summary import (
    SIGNS,
    WORDS,
    Record,
    headline,
    is_layer,
    layers,
    percent,
    remarks,
    state,
    worth_telling,
)
from pruneproof.reporting.html import environment


def page(record: Record) -> str:
    """The page."""
    pages = environment("pruneproof.integration.inspection.report")
    pages.filters["percent"] = percent
    pages.filters["state"] = state
    verdicts = [each["verdict"] for each in record["claims"]]
    return pages.get_template("inspect.html").render(
        record=record,
        headline=headline(record),
        remarks=remarks(record),
        picture=picture(record),
        explanations=worth_telling(record),
        layers=layers(record),
        others=[each for each in record["tensors"] if not is_layer(each)],
        wide=WIDE,
        high=HIGH,
        signs=SIGNS,
        words=WORDS,
        bad="contradicted" in verdicts,
    )
