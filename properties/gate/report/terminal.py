"""A run on a terminal: one line a property, then the failures and what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from pruneproof.properties.gate.adapter.transport import printed
from pruneproof.properties.gate.judge import Result
from pruneproof.properties.gate.property import Property
from pruneproof.properties.gate.report.summary import (
    VERDICTS,
    by_property,
    convention_rows,
    counted,
    counts,
    headline,
    ratio_text,
    remarks,
    shortened,
)
from pruneproof.properties.gate.run import CONFORMS, Progress, Report
from pruneproof.reporting.printable import LAYOUT, printable

STYLES = {
    "passed": "green",
    "failed": "bold red",
    "not_shown": "red",
    "known_failure": "yellow",
    "unsupported": "dim",
}


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Show on stderr which property is judged; nothing where that is no terminal."""
    screen = Console(stderr=True)
    columns = (
        TextColumn("judging"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    disable = not screen.is_terminal
    with Bar(*columns, console=screen, transient=True, disable=disable) as bar:
        task = bar.add_task("a first look")

        def progress(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=what)

        yield progress


def show(report: Report, screen: Console) -> None:
    """Print the whole report, the verdict last."""
    _say(screen, f"\n{report.name} {report.version}", "bold")
    _say(screen, "\n".join(_circumstances(report)), "dim")
    groups = by_property(report.results)
    judged = [group for group in groups if counts(group[1])["unsupported"] < len(group[1])]
    screen.print(_table(judged))
    _show_not_judged([prop for prop, results in groups if (prop, results) not in judged], screen)
    for prop, results in judged:
        _show_failures(prop, [each for each in results if each.verdict == "failed"], screen)
    _show_hidden(report.having("not_shown"), screen)
    _show_known(report.having("known_failure"), screen)
    _show_conventions(report, screen)
    for message in report.stale:
        _say(screen, message, "bold red")
    _say(screen, headline(report), "bold green" if report.exit_code == CONFORMS else "bold red")
    for remark in remarks(report):
        _say(screen, remark)


def _circumstances(report: Report) -> list[str]:
    seed = "fixed examples" if report.seed is None else f"seed {report.seed}"
    shown = [each for each in report.versions.items() if each[0] != "platform"]
    versions = ", ".join(f"{name} {number}" for name, number in shown)
    return [
        f"{report.target}: profile {report.profile}, {seed}, {report.seconds:.1f} s",
        versions,
    ]


def _table(groups: list[tuple[Property, list[Result]]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("property", overflow="fold")
    table.add_column("level", no_wrap=True)
    for name in VERDICTS.values():
        table.add_column(name.removesuffix(" failure"), justify="right", no_wrap=True)
    for prop, results in groups:
        found = counts(results)
        cells = [
            _text(str(found[verdict]), STYLES[verdict]) if found[verdict] else _text("·", "dim")
            for verdict in VERDICTS
        ]
        table.add_row(prop.id, prop.level, *cells)
    return table


def _show_not_judged(properties: list[Property], screen: Console) -> None:
    if properties:
        what = "1 property" if len(properties) == 1 else f"{len(properties)} properties"
        _say(screen, f"Not judged, since the adapter does not offer what they are about: {what}")
        _say(screen, ", ".join(prop.id for prop in properties) + "\n", "dim", indent=2)


def _show_failures(prop: Property, failures: list[Result], screen: Console) -> None:
    """The first method's in full; the others find the same sentence broken."""
    if not failures:
        return
    first, *others = failures
    screen.print()
    screen.rule(_text(f"{prop.level} fails: {first.key}", "bold red"), align="left", style="red")
    _say(screen, prop.sentence, "bold")
    _say(screen, f"From: {prop.source}", "dim")
    _show_found(first, screen)
    for each in others:
        _say(screen, f"also {each.method}: {shortened(each.failure['message'])}", indent=2)
    _say(screen, "\nTo see it again, without pruneproof:\n", "dim")
    # Not wrapped, so that it can be copied.
    screen.print(_text(first.failure["snippet"]), soft_wrap=True)


def _show_found(result: Result, screen: Console) -> None:
    failure = result.failure
    lines = [("found", shortened(failure["message"]))]
    lines += [
        (key, shortened(failure[key])) for key in ("expected", "got") if failure[key] is not None
    ]
    if failure["ratio"] is not None:
        lines.append(("error ÷ bound", ratio_text(failure["ratio"])))
    grid = Table.grid(padding=(0, 2))
    for label, text in lines:
        grid.add_row(_text(label), _text(text))
    screen.print(Padding(grid, (1, 0, 0, 2), expand=False))
    if failure["output"]:
        _say(screen, f"\nWhat the adapter printed:{printed(failure['output'])}", "dim", indent=2)


def _show_hidden(hidden: list[Result], screen: Console) -> None:
    """What was refused where it is answered otherwise, so that nothing is shown."""
    for each in hidden:
        _say(screen, f"{each.property.level} not shown: {each.key}", "red")
        _say(screen, each.reason, indent=2)


def _show_known(known: list[Result], screen: Console) -> None:
    if known:
        _say(screen, f"{counted(len(known), 'known failure')}", "yellow")
        for each in known:
            _say(screen, f"{each.key}: {each.reason}", indent=2)
        screen.print()


def _show_conventions(report: Report, screen: Console) -> None:
    rows = convention_rows(report)
    if not rows:
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("convention", "declared", "measured"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(_text(cell) for cell in row))
    screen.print(table)


def _text(content: str, style: str = "") -> Text:
    return Text(printable(content, LAYOUT), style)


def _say(screen: Console, text: str, style: str = "", *, indent: int = 0) -> None:
    """Text that may not be ours: nothing in it is markup."""
    screen.print(Padding.indent(_text(text, style), indent) if indent else _text(text, style))
