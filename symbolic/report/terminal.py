"""The ledger in a terminal: one line a statement, then the witnesses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from pruneproof.symbolic.ledger import Entry

FORMS = {"as_printed": "as printed", "repaired": "repaired", "beyond": "beyond"}
VERDICTS = {
    "proved": "[green]proved[/]",
    "proved_under": "[cyan]proved under[/]",
    "refuted": "[red]refuted[/]",
    "open": "[yellow]open[/]",
}
SEVERITIES = ("high", "medium", "low", "")
PLAIN_WIDTH = 132
"""Columns where the output is not a terminal, such as in the log of a CI run."""


def gather(jobs: Iterable[tuple[int, int, Entry]], screen: Console) -> list[Entry]:
    """All entries in the order of the paper, with a progress bar while they are decided."""
    columns = (
        TextColumn("deciding"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    found: dict[int, Entry] = {}
    with Progress(*columns, console=screen, transient=True) as progress:
        task = progress.add_task("")
        for position, total, entry in jobs:
            found[position] = entry
            progress.update(task, total=total, completed=len(found), description=entry.locus)
    return [found[position] for position in sorted(found)]


def show(entries: list[Entry], screen: Console) -> None:
    """Print the ledger, the witnesses and the counts."""
    table = Table(box=box.SIMPLE_HEAD, expand=True)
    for heading in ("place", "form", "verdict"):
        table.add_column(heading, no_wrap=True)
    table.add_column("statement; below it, what was missing or is wrong", ratio=1)
    previous = ""
    for entry in entries:
        place = "" if entry.locus == previous else escape(entry.locus)
        previous = entry.locus
        remark = missing(entry)
        text = escape(entry.title) + (f"\n[dim]{escape(remark)}[/]" if remark else "")
        verdict = VERDICTS[entry.verdict] + (f", {entry.severity}" if entry.severity else "")
        table.add_row(place, FORMS[entry.form], verdict, text)
    screen.print(table)
    _show_witnesses(entries, screen)
    _show_counts(entries, screen)


def missing(entry: Entry) -> str:
    """What the paper leaves out or gets wrong there, in words."""
    unprinted = [each["words"] for each in entry.assumptions if not each["printed"]]
    if entry.verdict == "proved_under":
        return "needs: " + "; ".join(unprinted)
    return entry.note if entry.verdict in ("refuted", "open") else ""


def _show_witnesses(entries: list[Entry], screen: Console) -> None:
    refuted = [entry for entry in entries if entry.witness]
    refuted.sort(key=lambda entry: SEVERITIES.index(entry.severity))
    if refuted:
        screen.print("\n[bold]Witnesses[/] (exact; check them by hand; the gravest slips first)")
    for entry in refuted:
        screen.print(
            f"  {escape(', '.join(filter(None, (entry.locus, entry.severity))))} · "
            f"[dim]{entry.id}[/]\n"
            f"    {escape(describe(entry.witness or {}))}",
            highlight=False,
        )


def describe(witness: dict[str, Any]) -> str:
    """A witness as one line: the data, then the value of both sides."""
    data = ", ".join(
        f"{name} = {plain(value)}" for name, value in witness.items() if name not in SIDES
    )
    if witness["left"].startswith("undefined"):
        return f"{data}: {witness['left']}"
    return f"{data}: left {witness['left']}, right {witness['right']}"


SIDES = ("left", "right")


def plain(value: Any) -> str:
    """Nested lists of fractions without quotation marks."""
    return f"[{', '.join(map(plain, value))}]" if isinstance(value, list) else str(value)


def _show_counts(entries: list[Entry], screen: Console) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(f"{len(entries)} statements")
    for label in VERDICTS.values():
        table.add_column(label, justify="right")
    for form, words in FORMS.items():
        counts = Counter(entry.verdict for entry in entries if entry.form == form)
        table.add_row(words, *(str(counts[name]) for name in VERDICTS))
    screen.print(table)
