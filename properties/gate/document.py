"""The catalogue as a page: `python -m pruneproof.properties.gate.document` writes it anew."""

from __future__ import annotations

from pathlib import Path

from pruneproof.properties.gate.catalogue import CATALOGUE
from pruneproof.properties.gate.property import Property
from pruneproof.properties.gate.report.html import KINDS
from pruneproof.reporting.files import write_whole

PAGE = Path(__file__).parents[2] / "docs" / "properties.md"

HEAD = """\
# The properties of the gate

What `pruneproof gate` asks of an implementation. This page is generated from the catalogue by
`python -m pruneproof.properties.gate.document`; [the gate's reference](gate.md) says how the
verdicts are reached and reported.

*MUST*: follows from the paper or from the gate's interface, and decides the exit code. *SHOULD* and
*MAY*: reported, and decide nothing. Each property is judged for each of its methods that the
adapter offers; `id:method` names one verdict, as in a file of known failures.
"""


def page() -> str:
    """All properties by kind, in the order of the catalogue."""
    sections = [HEAD, _overview()]
    for kind, title in KINDS.items():
        properties = [prop for prop in CATALOGUE.values() if prop.kind == kind]
        if properties:
            sections.append(f"## {title}\n")
            sections += [_section(prop) for prop in properties]
    return "\n".join(sections)


def _overview() -> str:
    lines = ["| kind | MUST | SHOULD | MAY | verdicts |", "|---|---:|---:|---:|---:|"]
    for kind, title in KINDS.items():
        properties = [prop for prop in CATALOGUE.values() if prop.kind == kind]
        levels = [sum(p.level == level for p in properties) for level in ("MUST", "SHOULD", "MAY")]
        verdicts = sum(len(prop.methods) for prop in properties)
        lines.append(f"| {title} | {' | '.join(map(str, [*levels, verdicts]))} |")
    return "\n".join([*lines, ""])


def _section(prop: Property) -> str:
    lines = [f"### {prop.id}", "", f"**{prop.level}.** {prop.sentence}", ""]
    lines.append(f"- from: {prop.source}")
    if prop.assumptions:
        lines.append(f"- where: {prop.assumptions}")
    if prop.methods != ("all",):
        lines.append(f"- methods: {', '.join(f'`{method}`' for method in prop.methods)}")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    write_whole(PAGE, page())
