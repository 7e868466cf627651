"""An inspection in a terminal: the claims, the layers in short, the answer last."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pruneproof.integration.inspection.report.summary import (
    SIGNS,
    WORDS,
    Record,
    gone,
    headline,
    layers,
    percent,
    remarks,
    worth_telling,
)
from pruneproof.reporting.printable import printable

STYLES = {"holds": "green", "contradicted": "bold red", "not_decided": "yellow",
          "explains": "green", "possible": "yellow", "refuted": "red"}  # fmt: skip


def show(record: Record, screen: Console) -> None:
    """Print everything that fits a screen."""
    screen.print(_by_layer(record))
    if told := worth_telling(record):
        screen.print(_explanations(told))
    for each in remarks(record):
        _say(screen, each)
    for each in record["claims"]:
        sign, word = SIGNS[each["verdict"]], WORDS[each["verdict"]]
        _say(screen, f"{sign} {each['claim']}: {word}; {each['why']}", STYLES[each["verdict"]])
    bad = any(each["verdict"] == "contradicted" for each in record["claims"])
    _say(screen, f"{record['checkpoint']} {headline(record)}", "bold red" if bad else "bold")


def _by_layer(record: Record) -> Table:
    """The layers of the same name in all blocks in one row."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("layer", "stored as", "blocks", "pruned", "zeros", "n:m", "broken groups"):
        table.add_column(heading, overflow="fold")
    rows: dict[str, list[Record]] = {}
    for each in layers(record):
        rows.setdefault(_without_numbers(each["layer"]), []).append(each)
    for name, found in rows.items():
        shares = sorted(map(gone, found))
        patterns = {each["pattern"]["n_m"] or "–" for each in found if each["pruned"]}
        broken = sum(each["pattern"]["violations"] or 0 for each in found)
        low, high = percent(shares[0]), percent(shares[-1])
        if not any(each["decided"] for each in found):
            low = high = "?"
        table.add_row(
            _text(name),
            _text(", ".join(sorted({each["dtype"] for each in found}))),
            str(len(found)),
            str(sum(each["pruned"] for each in found)),
            low if low == high else f"{low} – {high}",
            _text(", ".join(sorted(patterns)[:3])),
            f"{broken:,}" if broken else "",
        )
    return table


def _explanations(told: list[Record]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("could it be", "group", "verdict", "agreement", "why"):
        table.add_column(heading, overflow="fold")
    for each in told:
        share = each["agreement"]
        table.add_row(
            _text(each["method"]),
            _text(each["group"]),
            _text(each["verdict"].replace("_", " "), STYLES.get(each["verdict"], "")),
            percent(share) if isinstance(share, float) else "",
            _text(each.get("why") or ""),
        )
    return table


def _without_numbers(name: str) -> str:
    return ".".join("*" if each.isdecimal() else each for each in name.split("."))


def _text(content: str, style: str = "") -> Text:
    return Text(printable(content), style)


def _say(screen: Console, text: str, style: str = "") -> None:
    """Text that may not be ours: nothing in it is markup."""
    screen.print(_text(text, style))
