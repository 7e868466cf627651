"""The report that CI servers read: JUnit XML."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from pruneproof.integration.inspection.report.summary import Record, headline
from pruneproof.reporting.junit import clean, document


def junit(record: Record) -> str:
    """A case for each claim; what is not decided is skipped. Without claims one case says so."""
    claims = record["claims"] or [
        {"claim": "nothing is claimed", "verdict": "holds", "why": headline(record)}
    ]
    verdicts = [each["verdict"] for each in claims]
    counts = {
        "tests": str(len(claims)),
        "failures": str(verdicts.count("contradicted")),
        "skipped": str(verdicts.count("not_decided")),
        "errors": "0",
    }
    root = Element("testsuites", {"name": "pruneproof inspect", **counts})
    suite = SubElement(root, "testsuite", {"name": clean(record["checkpoint"]), **counts})
    for each in claims:
        case = SubElement(suite, "testcase", classname="claims", name=clean(each["claim"]))
        if each["verdict"] == "contradicted":
            SubElement(case, "failure", message=clean(each["why"]), type="contradicted")
        elif each["verdict"] == "not_decided":
            SubElement(case, "skipped", message=clean(f"not decided: {each['why']}"))
    return document(root)
