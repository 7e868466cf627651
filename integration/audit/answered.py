"""Every check answered: the ledger that `pruneproof audit` prints."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pruneproof.integration.audit.book import Book
from pruneproof.integration.audit.checks import CHECKS, Check
from pruneproof.integration.audit.finding import CONTRADICTED, Finding, Result

RECORDED = Path(__file__).with_name("findings.json")
"""What the project records for each check; anything else is a change."""


@dataclass(frozen=True)
class Answered:
    """One check and what it found.

    Attributes:
        id: the check's name.
        statement: what it asks, in the project's words.
        result: what it found.
    """

    id: str
    statement: str
    result: Result

    @property
    def holds(self) -> bool:
        """Whether the statement stands."""
        return not self.result.findings


def audit(book: Book) -> list[Answered]:
    """Answer every check, in the order of the paper."""
    return [Answered(check.__name__, statement(check), check(book)) for check in CHECKS]


def statement(check: Check) -> str:
    """What a check asks: the first line of its docstring."""
    return (check.__doc__ or "").splitlines()[0]


def findings(entries: list[Answered]) -> list[tuple[Answered, Finding]]:
    """Every finding with the entry that it belongs to."""
    return [(entry, finding) for entry in entries for finding in entry.result.findings]


def summary(entries: list[Answered]) -> str:
    """The counts, in one paragraph."""
    found = [finding for _, finding in findings(entries)]
    contradicted = sum(finding.verdict == CONTRADICTED for finding in found)
    suspect = sum(finding.ocr_suspect for finding in found)
    holding = sum(entry.holds for entry in entries)
    asked = sum(entry.result.asked for entry in entries)
    return (
        f"{len(entries)} statements, {asked} comparisons: {holding} statements hold, "
        f"{len(entries) - holding} do not. {len(found)} findings: {contradicted} contradicted, "
        f"{len(found) - contradicted} doubtful; {suspect} may be scanning artefacts."
    )


def as_json(entries: list[Answered]) -> str:
    """The content of audit.json."""
    data = [
        {"check": entry.id, "statement": entry.statement, **finding_data(finding)}
        for entry, finding in findings(entries)
    ]
    return json.dumps({"complete": True, "findings": data}, indent=1, ensure_ascii=False) + "\n"


def finding_data(finding: Finding) -> dict[str, Any]:
    """A finding as plain data, its failing comparisons written out in `computed`."""
    data = asdict(finding) | {"computed": finding.computed_with()}
    del data["cases"]
    return data


def to_record(entries: list[Answered]) -> dict[str, Any]:
    """What findings.json keeps: how much each check asks, and where its statement fails."""
    return {
        entry.id: {
            "asked": entry.result.asked,
            "findings": [
                f"{finding.locus}: {finding.printed}; {finding.computed_with()}"
                for finding in entry.result.findings
            ],
        }
        for entry in entries
    }


def changes(entries: list[Answered]) -> list[str]:
    """Where the findings differ from the recorded ones, in words."""
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    found = to_record(entries)
    return [
        f"{name}: recorded {recorded.get(name, 'nothing')}, found {found.get(name, 'nothing')}"
        for name in sorted(recorded.keys() | found.keys())
        if recorded.get(name) != found.get(name)
    ]
