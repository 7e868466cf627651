"""The report that CI servers read: JUnit XML."""

from __future__ import annotations

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from pruneproof.integration.inspection.report.summary import Record, headline

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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
    suite = SubElement(root, "testsuite", {"name": _clean(record["checkpoint"]), **counts})
    for each in claims:
        case = SubElement(suite, "testcase", classname="claims", name=_clean(each["claim"]))
        if each["verdict"] == "contradicted":
            SubElement(case, "failure", message=_clean(each["why"]), type="contradicted")
        elif each["verdict"] == "not_decided":
            SubElement(case, "skipped", message=_clean(f"not decided: {each['why']}"))
    ElementTree.indent(root)
    declaration = '<?xml version="1.0" encoding="utf-8"?>\n'
    return declaration + ElementTree.tostring(root, encoding="unicode") + "\n"


def _clean(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
