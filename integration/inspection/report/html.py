"""The report as one HTML page that needs nothing else."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, select_autoescape

from pruneproof.integration.errors import printable
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


def page(record: Record) -> str:
    """The page."""
    environment = Environment(
        loader=PackageLoader("pruneproof.integration.inspection.report", "."),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
        # What is escaped for HTML already is of another type.
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    environment.filters["percent"] = percent
    environment.filters["state"] = state
    verdicts = [each["verdict"] for each in record["claims"]]
    return environment.get_template("inspect.html").render(
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
