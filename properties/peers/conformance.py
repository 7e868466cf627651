"""What the matrix shows, read from the extracts: who offers what, and what holds of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from pruneproof.properties.gate.catalogue import CATALOGUE
from pruneproof.properties.gate.conventions.values import UNKNOWN
from pruneproof.properties.gate.methods import EVERY_SCORE, REFINEMENTS
from pruneproof.properties.gate.property import Kind, Property
from pruneproof.properties.gate.report.html import KINDS as TITLES
from pruneproof.properties.gate.report.summary import counted
from pruneproof.properties.peers.extract import KINDS, read_extracts

State = Literal["holds", "deviation", "should", "defect", "unsupported", "new"]

STATES: dict[State, tuple[str, str]] = {
    "holds": ("✓", "holds"),
    "should": ("○", "recommended, and does not hold"),
    "deviation": ("≠", "deviates as documented, or by convention"),
    "defect": ("✗", "does not hold"),
    "unsupported": ("–", "not offered, not judged"),
    "new": ("?", "newer than the last run"),
}
"""By state, its sign and what it means."""

WORST_FIRST: tuple[State, ...] = ("defect", "deviation", "should", "holds", "new", "unsupported")
FAILING: tuple[State, ...] = ("defect", "deviation", "should")
DEVIATIONS = ("Documented deviation", "Convention")


@dataclass(frozen=True)
class Cell:
    """The verdicts of one implementation on one property, or on one method.

    Attributes:
        state: the worst.
        holding: how many hold.
        judged: of how many.
        anchor: where the failures stand on the page; empty where there are none.
    """

    state: State
    holding: int = 0
    judged: int = 0
    anchor: str = ""

    @property
    def sign(self) -> str:
        """One character."""
        return STATES[self.state][0]

    @property
    def numbers(self) -> str:
        """How many hold of how many, where that says more than the sign."""
        if self.judged < 2:
            return ""
        # The sign says that all hold; the number says how many those are.
        every = self.holding == self.judged
        return str(self.judged) if every else f"{self.holding}/{self.judged}"

    @property
    def meaning(self) -> str:
        """For a reader who hovers or listens."""
        if self.judged == 0:
            return STATES[self.state][1]
        return f"{self.holding} of {self.judged} hold"


@dataclass(frozen=True)
class Finding:
    """What one reason explains.

    Attributes:
        kind: a key of `KINDS`, or `UNEXPLAINED`.
        reason: without its kind; empty where none is given.
        failures: by property, its methods and what the gate found for the first of them.
    """

    kind: str
    reason: str
    failures: dict[str, tuple[list[str], dict[str, Any]]] = field(default_factory=dict)

    @property
    def decides(self) -> bool:
        """Whether a MUST is among what does not hold."""
        return any(CATALOGUE[identity].level == "MUST" for identity in self.failures)

    @property
    def state(self) -> State:
        """As it is shown."""
        if self.kind in DEVIATIONS:
            return "deviation"
        return "defect" if self.decides else "should"

    @property
    def title(self) -> str:
        """Its kind, for a reader."""
        return self.kind if self.decides else f"{self.kind} (SHOULD)"


@dataclass(frozen=True)
class Peer:
    """One implementation.

    Attributes:
        slug: its name among the peers.
        content: the extract.
    """

    slug: str
    content: dict[str, Any]

    @property
    def name(self) -> str:
        """As its adapter says."""
        return self.content["name"]

    @property
    def version(self) -> str:
        """As its adapter says."""
        return self.content["version"]

    @property
    def about(self) -> str:
        """What it computes, without its name, which stands beside it."""
        head, colon, tail = self.content["about"].partition(": ")
        return tail if colon and "`" in head else self.content["about"]

    def state(self, prop: Property, method: str) -> State:
        """Of one verdict."""
        key = f"{prop.id}:{method}"
        verdict = self.content["verdicts"].get(key)
        if verdict is None:
            return "new"
        if verdict == "passed":
            return "holds"
        if verdict == "unsupported":
            return "unsupported"
        kind, _ = kind_of(self.content["failures"][key]["reason"])
        if kind in DEVIATIONS:
            return "deviation"
        return "defect" if prop.level == "MUST" else "should"

    def cell(self, pairs: Iterable[tuple[Property, str]]) -> Cell:
        """Of several verdicts."""
        states = [(self.state(prop, method), prop.id) for prop, method in pairs]
        found = Counter(state for state, _ in states)
        worst: State = next(state for state in WORST_FIRST if found[state])
        identity = next(identity for state, identity in states if state == worst)
        judged = len(states) - found["unsupported"] - found["new"]
        anchor = f"{self.slug}-{identity}" if worst in FAILING else ""
        return Cell(worst, found["holds"], judged, anchor)

    def overall(self) -> Cell:
        """Of every MUST."""
        pairs = [(p, m) for p in CATALOGUE.values() for m in p.methods if p.level == "MUST"]
        return self.cell(pairs)

    def must(self) -> tuple[int, int]:
        """How many verdicts on a MUST hold, and of how many; what is declared counts not."""
        cell = self.cell(
            (prop, method)
            for prop in CATALOGUE.values()
            for method in prop.methods
            if prop.level == "MUST" and prop.kind != "conventions"
        )
        return cell.holding, cell.judged

    def convention(self, key: str) -> str:
        """As measured; as declared where nothing was measured or that is another value."""
        found = self.content["conventions"]
        measured, declared = found["measured"].get(key, UNKNOWN), found["declared"].get(key)
        if measured == UNKNOWN:
            return declared or "–"
        return measured if declared in (None, measured) else f"{measured}; declared {declared}"

    def holding(self) -> list[str]:
        """The properties that hold for every method that it offers, declarations left out."""
        found = []
        for prop in CATALOGUE.values():
            cell = self.cell((prop, method) for method in prop.methods)
            if prop.kind != "conventions" and cell.judged and cell.state == "holds":
                found.append(prop.id)
        return found

    def findings(self) -> list[Finding]:
        """The failures by reason, defects first."""
        found: dict[tuple[str, str], Finding] = {}
        for key, failure in self.content["failures"].items():
            identity, _, method = key.partition(":")
            if identity not in CATALOGUE:
                continue
            kind, reason = kind_of(failure["reason"])
            finding = found.setdefault((kind, reason), Finding(kind, reason))
            finding.failures.setdefault(identity, ([], failure))[0].append(method)
        order = [UNEXPLAINED, *KINDS]
        return sorted(found.values(), key=lambda each: (not each.decides, order.index(each.kind)))


UNEXPLAINED = "Unexplained failure"


def kind_of(reason: str) -> tuple[str, str]:
    """The kind that a reason begins with, and the rest.

    Example:
        >>> kind_of("Defect: squares the norm")
        ('Defect', 'squares the norm')
        >>> kind_of("")
        ('Unexplained failure', '')
    """
    kind, colon, rest = reason.partition(": ")
    return (kind, rest) if colon and kind in KINDS else (UNEXPLAINED, reason)


def peers() -> list[Peer]:
    """All, in the order of their names."""
    return [Peer(slug, content) for slug, content in read_extracts().items()]


def verdict_text(peer: Peer) -> str:
    """How much holds, and what the rest comes from."""
    holding, judged = peer.must()
    # What is only recommended decides nothing.
    kinds = Counter(finding.kind.lower() for finding in peer.findings() if finding.decides)
    if not kinds:
        return f"conforms: all {judged} hold"
    parts = [counted(number, kind) for kind, number in kinds.items()]
    return f"{holding} of {judged} hold; {', '.join(parts)}"


def pieces(written: str) -> list[tuple[str, str]]:
    """Our own words as `text`, `code` that stood between backticks, and `link`.

    Example:
        >>> pieces("see `a_b`: https://example.org/x_y")
        [('text', 'see '), ('code', 'a_b'), ('text', ': '), ('link', 'https://example.org/x_y')]
    """
    found = []
    for part in re.split(r"(`[^`]*`|https?://[^\s)]+)", " ".join(written.split())):
        if part.startswith("`"):
            found.append(("code", part.strip("`")))
        elif part:
            found.append(("link" if part.startswith("http") else "text", part))
    return found


def offered(found: list[Peer]) -> list[tuple[str, str, list[Cell]]]:
    """Rows of methods and kinds that somebody offers, with a cell for each implementation."""
    rows = []
    for method in ("all", *EVERY_SCORE, *REFINEMENTS):
        for kind in _kinds_of(method):
            pairs = [
                (prop, method)
                for prop in CATALOGUE.values()
                if prop.kind == kind and prop.level == "MUST" and method in prop.methods
            ]
            cells = [peer.cell(pairs) for peer in found] if pairs else []
            if any(cell.judged for cell in cells):
                what = "" if method == "all" else method
                rows.append((what, TITLES[kind], cells))
    return rows


def _kinds_of(method: str) -> list[Kind]:
    kinds: list[Kind] = ["score", "keep_mask", "n_m", "statistics", "refine"]
    return [kind for kind in kinds if (method == "all") == (kind == "statistics")]


def judged(found: list[Peer]) -> list[tuple[str, list[tuple[Property, list[Cell]]]]]:
    """By kind, the properties that somebody is judged by, with a cell for each implementation."""
    tables = []
    for kind, title in TITLES.items():
        rows = []
        for prop in CATALOGUE.values():
            cells = [peer.cell((prop, method) for method in prop.methods) for peer in found]
            shown = any(cell.judged for cell in cells)
            if kind == "conventions":
                # Their values have a table; what a declaration is good for is shown if it is not.
                shown = any(cell.holding < cell.judged for cell in cells)
            if prop.kind == kind and shown:
                rows.append((prop, cells))
        if rows:
            tables.append((title, rows))
    return tables
