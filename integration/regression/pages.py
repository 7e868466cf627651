"""The report as HTML, which needs nothing else, and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from pruneproof.integration.audit.finding import Result
from pruneproof.integration.bands.band import Band
from pruneproof.integration.bands.outcome import Outcome
from pruneproof.integration.paper_tables import TABLES, Cell
from pruneproof.integration.regression.collected import Collected
from pruneproof.integration.regression.statements import READINGS
from pruneproof.reporting.html import environment

Drawings = dict[int, str]
"""SVG by the number of a table."""


def html(found: Collected, drawings: Drawings) -> str:
    """The page."""
    pages = environment("pruneproof.integration.regression")
    pages.filters |= {
        "label": label,
        "band": limits,
        "number": number,
        "result": result,
        "side": side,
    }
    return pages.get_template("report.html").render(
        found=found,
        readings=READINGS,
        tables=[
            (table, measured(found, table), Markup(drawings.get(table, "")))
            for table in TABLES
            if measured(found, table)
        ],
    )


def markdown(found: Collected) -> str:
    """The same without pictures."""
    return "\n".join([*_head(found), *_statements(found), *_tables(found)]) + "\n"


def measured(found: Collected, table: int) -> list[Outcome]:
    """The outcomes of a table's cells that were measured."""
    return [each for each in found.table(table) if each.readings]


def label(outcome: Outcome) -> str:
    """A cell's name within its table."""
    return outcome.band.cell.id.partition("/")[2]


def limits(band: Band) -> str:
    """A band in a table."""
    return f"{number(band.low, band.cell)} – {number(band.high, band.cell)}"


def number(value: float, cell: Cell) -> str:
    """A number with one digit more than its cell prints."""
    digits = max(0, 1 - int(cell.value.as_tuple().exponent))
    return f"{value:,.{digits}f}"


def result(answer: Result | None) -> str:
    """What a statement came to: ✓ where it holds of all that was compared."""
    if answer is None:
        return "not measured"
    return f"{'✗' if answer.findings else '✓'} {answer.computed}"


def side(answer: Result | None) -> str:
    """How a statement's answer is coloured."""
    if answer is None:
        return "soft"
    return "outside" if answer.findings else "inside"


def _head(found: Collected) -> Iterator[str]:
    data = found.data
    count, agree = len(found.measured), len(found.agreeing)
    everything = len(found.outcomes)
    yield "# Measured beside printed\n"
    yield f"{count} of {everything} cells measured; {agree} agree, {count - agree} do not.\n"
    yield (
        f"- calibration: {data.samples} × {data.seqlen} tokens of {data.calibration}, "
        f"seed {data.seed}{', packed' if data.pack else ''}"
    )
    rest = f", the first {data.windows} windows" if data.windows else ""
    yield f"- evaluation: {data.evaluate}{rest}\n- dtype: {found.dtype}"
    for machine, results in found.machines:
        yield f"- machine: {machine}: {results} results"
    if found.other:
        yield f"- left aside: {found.other} results with other data or another dtype"
    yield ""
    if found.decided:
        yield "| readings that agree | cells |\n|---|---|"
        for reading, cells in found.decided.most_common():
            yield f"| {reading} | {cells} |"
        yield ""


def _statements(found: Collected) -> Iterator[str]:
    if not found.answers:
        return
    yield "## What the text says about the order\n"
    yield f"| statement | printed | {' | '.join(READINGS)} |"
    yield "|---" * (2 + len(READINGS)) + "|"
    for answer in found.answers:
        shown = (result(answer.measured[reading]) for reading in READINGS)
        yield f"| {answer.statement} | {result(answer.printed)} | {' | '.join(shown)} |"
    yield ""


def _tables(found: Collected) -> Iterator[str]:
    for table in TABLES:
        outcomes = measured(found, table)
        if not outcomes:
            continue
        yield f"## Table {table}\n"
        yield "| cell | printed | band | measured | verdict |\n|---|---|---|---|---|"
        for each in outcomes:
            cell = each.band.cell
            shown = "; ".join(
                f"{number(reading.measured, cell)} {reading.interpretation}"
                for reading in each.readings
            )
            parts = label(each), cell.printed, limits(each.band), shown, each.verdict
            yield f"| {' | '.join(parts)} |"
        yield ""
