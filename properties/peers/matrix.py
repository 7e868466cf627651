"""The conformance matrix: `python -m pruneproof.properties.peers.matrix` writes it anew."""

from __future__ import annotations

from pathlib import Path

from pruneproof.properties.gate.catalogue import CATALOGUE
from pruneproof.properties.gate.conventions.values import VALUES
from pruneproof.properties.gate.report.markdown import fenced
from pruneproof.properties.peers.conformance import (
    STATES,
    Cell,
    Finding,
    Peer,
    judged,
    offered,
    peers,
    pieces,
    verdict_text,
)
from pruneproof.properties.peers.extract import KINDS
from pruneproof.reporting.files import write_whole
from pruneproof.reporting.html import environment
from pruneproof.reporting.markdown import text

DOCS = Path(__file__).parents[2] / "docs"

HEAD = """\
# Conformance

Implementations of pruning that people install, judged by [the gate](gate.md): each through its own
public way of pruning, by [an adapter](../properties/peers/) of some lines, in an environment of its
own. This page is generated from [the reports](../properties/peers/reports/) by
`python -m pruneproof.properties.peers.matrix`, never by hand;
[how to add a peer or correct a line](../CONTRIBUTING.md#adding-a-peer).
[The same page in HTML](conformance.html).

Each sign sums up the verdicts on what the implementation offers, the worst first, and beside it
stands how many hold of how many; it links to what was found and to a program that shows it.
"""

NOTE = (
    "Counted are verdicts on a MUST. A *defect* is what an implementation does otherwise than it "
    "says or than its users can expect; a *documented deviation* is what its authors chose and "
    "say; a *convention* is as good a choice as any. Group, count and so on are [conventions]"
    "(gate.md#conventions), as measured; *other* is none of the values that have a name."
)


def page(found: list[Peer] | None = None) -> str:
    """The matrix in Markdown."""
    found = peers() if found is None else found
    names = [f"[{text(peer.name)}](#{peer.slug})" for peer in found]
    lines = [HEAD, _legend(), "", "## At a glance", "", *_glance(found), "", NOTE, ""]
    lines += ["## What each offers", "", *_header(["method", "kind"], names)]
    for method, kind, cells in offered(found):
        lines.append(_row([f"`{method}`" if method else "", kind], cells))
    lines += ["", "## Property by property", ""]
    for title, rows in judged(found):
        lines += [f"### {title}", "", *_header(["property", "level"], names)]
        for prop, cells in rows:
            link = f'[`{prop.id}`](properties.md#{prop.id.replace(".", "")} "{prop.sentence}")'
            lines.append(_row([link, prop.level], cells))
        lines.append("")
    lines += ["## What was found", ""]
    for peer in found:
        lines += _peer(peer)
    return "\n".join(lines).rstrip("\n") + "\n"


def html(found: list[Peer] | None = None) -> str:
    """The matrix as one page that needs nothing else."""
    found = peers() if found is None else found
    pages = environment("pruneproof.properties.peers")
    pages.filters["verdict"] = verdict_text
    pages.filters["pieces"] = pieces
    content = pages.get_template("conformance.html").render(
        peers=found,
        keys=list(VALUES),
        offered=offered(found),
        tables=judged(found),
        states=STATES,
        kinds=KINDS,
        catalogue=CATALOGUE,
    )
    return content + "\n"


def _legend() -> str:
    return " · ".join(f"{sign} {meaning}" for sign, meaning in STATES.values())


def _glance(found: list[Peer]) -> list[str]:
    lines = _header(["implementation", "version", "verdict", "computes"], list(VALUES))
    for peer in found:
        sign = peer.overall().sign
        cells = [
            f"[**{text(peer.name)}**](#{peer.slug})",
            text(peer.version),
            f"{sign} {verdict_text(peer)}",
            _prose(peer.about),
            *(text(peer.convention(key)) for key in VALUES),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _header(left: list[str], names: list[str]) -> list[str]:
    rule = ["---"] * len(left) + [":-:"] * len(names)
    return [f"| {' | '.join([*left, *names])} |", f"|{'|'.join(rule)}|"]


def _row(left: list[str], cells: list[Cell]) -> str:
    return f"| {' | '.join([*left, *map(_cell, cells)])} |"


def _cell(cell: Cell) -> str:
    shown = f"{cell.sign} {cell.numbers}".rstrip()
    return f"[{shown}](#{cell.anchor})" if cell.anchor else shown


def _peer(peer: Peer) -> list[str]:
    report = f"[its report](../properties/peers/reports/{peer.slug}.json)"
    adapter = f"[its adapter](../properties/peers/{peer.slug}_peer.py)"
    said = peer.content["conventions"]["declared"]
    declared = ", ".join(f"{key} = {value}" for key, value in said.items()) or "nothing"
    versions = ", ".join(f"{name} {each}" for name, each in peer.content["versions"].items())
    lines = [
        f'<a id="{peer.slug}"></a>',
        "",
        f"### {text(peer.name)} {text(peer.version)}",
        "",
        f"{peer.overall().sign} **{verdict_text(peer)}.** {_prose(peer.about)} "
        f"Declared: {text(declared)}. Judged with {text(versions)}, profile "
        f"{peer.content['profile']}; {adapter}, {report}.",
        "",
        f"**Holds**: {', '.join(f'`{identity}`' for identity in peer.holding()) or 'nothing'}.",
        "",
    ]
    for finding in peer.findings():
        lines += _finding(peer, finding)
    return lines


def _finding(peer: Peer, finding: Finding) -> list[str]:
    reason = _prose(finding.reason) or CATALOGUE[next(iter(finding.failures))].sentence
    lines = [f"**{finding.title}.** {reason}", ""]
    for identity, (methods, failure) in finding.failures.items():
        of = "" if methods == ["all"] else f" ({', '.join(methods)})"
        lines += [
            f'<a id="{peer.slug}-{identity}"></a>',
            "",
            f"<details><summary><code>{identity}</code>{of}: {text(failure['message'])}</summary>",
            "",
            *fenced(failure["snippet"]),
            "",
            "</details>",
            "",
        ]
    return lines


def _prose(written: str) -> str:
    """Our own words."""
    found = []
    for kind, piece in pieces(written):
        if kind == "text":
            # Spaces at the ends are what keeps it apart from its neighbours.
            head, tail = " " * piece.startswith(" "), " " * (piece.endswith(" ") and piece != " ")
            piece = f"{head}{text(piece)}{tail}"
        found.append(f"`{piece}`" if kind == "code" else piece)
    return "".join(found)


if __name__ == "__main__":
    write_whole(DOCS / "conformance.md", page())
    write_whole(DOCS / "conformance.html", html())
