"""docs/errata.md: what is wrong in the paper, and what holds instead."""

from __future__ import annotations

from pruneproof.reporting.markdown import cell
from pruneproof.symbolic.ledger import Entry
from pruneproof.symbolic.report.terminal import describe

HEADER = """# Errata

What a machine found in *Symmetric Pruning for Large Language Models* (arXiv:2501.18980), in the
order of the paper. This page is generated from the claims by
`python -m pruneproof.symbolic.record`; `pruneproof theory` decides them anew on every run.

*Refuted* means false as printed, or as what the text says implies, with data that anyone can
check by hand; where the text implies it, the words that are relied on are quoted. *Proved under*
means true once an assumption that the paper leaves out is added; the data show why it is needed.
*What holds* is what the project puts in the place of the statement.
"""


def errata(entries: list[Entry]) -> str:
    """The page, in Markdown."""
    wrong = [entry for entry in entries if is_slip(entry)]
    parts = [HEADER, _summary(wrong)]
    for entry in wrong:
        parts.append(_section(entry, [other for other in entries if entry.id in other.repairs]))
    return "\n".join(parts)


def is_slip(entry: Entry) -> bool:
    """Whether the paper's own form is false or lacks an assumption."""
    return entry.form == "as_printed" and entry.verdict != "proved"


def _summary(wrong: list[Entry]) -> str:
    lines = ["| place | statement as printed or implied | verdict | weight |", "|---|---|---|---|"]
    lines += [
        f"| {entry.locus} | [{cell(entry.title)}](#{anchor(entry)}) "
        f"| {entry.verdict.replace('_', ' ')} | {entry.severity or 'low'} |"
        for entry in wrong
    ]
    return "\n".join(lines) + "\n"


def anchor(entry: Entry) -> str:
    """The fragment of an entry's heading."""
    return entry.id.replace("_", "-")


def _section(entry: Entry, repairs: list[Entry]) -> str:
    lines = [f'<a id="{anchor(entry)}"></a>', f"## {entry.locus}: {entry.title}", ""]
    if entry.reads:
        lines.append(f"Read from: “{entry.reads}”\n")
    lines += _formulas(entry)
    if entry.note:
        lines.append(f"{entry.note}\n")
    if entry.witness:
        lines.append(f"Refuted by {describe(entry.witness)}.\n")
    for each in entry.assumptions:
        if each["printed"]:
            continue
        needed = f" Without it: {describe(each['without'])}." if each["without"] else ""
        lines.append(f"Missing assumption: {each['words']}.{needed}\n")
    for repair in repairs:
        lines.append(f"**What holds** ({repair.verdict.replace('_', ' ')}): {repair.title}\n")
        lines += _formulas(repair)
    return "\n".join(lines)


def _formulas(entry: Entry) -> list[str]:
    """What is claimed, and the data that it is about."""
    where = f"where {'; '.join(entry.about)}.\n"
    return [*(f"$${formula}$$\n" for formula in entry.statements), where]
