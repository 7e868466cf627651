"""The report that CI servers read: JUnit XML."""

from __future__ import annotations

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from pruneproof.properties.gate.adapter.transport import printed
from pruneproof.properties.gate.judge import Result
from pruneproof.properties.gate.printable import printable
from pruneproof.properties.gate.report.summary import by_property, ratio_text
from pruneproof.properties.gate.run import Report

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> str:
    """A suite for each property and a case for each method.

    What does not decide the gate is no failure there either: unsupported methods, known failures
    and failing SHOULDs and MAYs are skipped, with the reason.
    """
    root = Element("testsuites", name=_clean(f"pruneproof gate: {report.name} {report.version}"))
    for prop, results in by_property(report.results):
        suite = SubElement(root, "testsuite", name=prop.id)
        for result in results:
            _add_case(suite, result)
    if report.stale:
        suite = SubElement(root, "testsuite", name="known failures")
        for message in report.stale:
            case = SubElement(suite, "testcase", classname="known failures", name=_clean(message))
            SubElement(case, "failure", message=_clean(message), type="stale")
    for suite in root:
        _count(suite)
    _count(root)
    root.set("time", f"{report.seconds:.3f}")
    ElementTree.indent(root)
    declaration = '<?xml version="1.0" encoding="utf-8"?>\n'
    return declaration + ElementTree.tostring(root, encoding="unicode") + "\n"


def _add_case(suite: Element, result: Result) -> None:
    prop = result.property
    seconds = f"{result.seconds:.3f}"
    case = SubElement(suite, "testcase", classname=prop.id, name=result.method, time=seconds)
    if result.verdict == "unsupported":
        SubElement(case, "skipped", message=_clean(f"unsupported: {result.reason}"))
    elif result.verdict == "known_failure":
        SubElement(case, "skipped", message=_clean(f"known failure: {result.reason}"))
    elif result.verdict == "not_shown" and prop.level == "MUST":
        SubElement(case, "failure", message=_clean(f"not shown: {result.reason}"), type=prop.level)
    elif result.verdict == "not_shown":
        SubElement(case, "skipped", message=_clean(f"{prop.level} not shown: {result.reason}"))
    elif result.verdict == "failed" and prop.level == "MUST":
        message = _clean(result.failure["message"])
        failure = SubElement(case, "failure", message=message, type=prop.level)
        failure.text = _clean(failure_text(result))
    elif result.verdict == "failed":
        message = _clean(f"{prop.level} fails: {result.failure['message']}")
        SubElement(case, "skipped", message=message)
        SubElement(case, "system-out").text = _clean(failure_text(result))


def failure_text(result: Result) -> str:
    """A failure with everything that is known of it, its snippet last."""
    prop, failure = result.property, result.failure
    lines = [f"{result.key} ({prop.level})", prop.sentence, "", f"found: {failure['message']}"]
    for key in ("expected", "got"):
        if failure[key] is not None:
            lines.append(f"{key}: {failure[key]}")
    if failure["ratio"] is not None:
        lines.append(f"error ÷ bound: {ratio_text(failure['ratio'])}")
    if failure["output"]:
        lines.append(f"the adapter printed:{printed(failure['output'])}")
    return printable("\n".join([*lines, f"from: {prop.source}", "", failure["snippet"]]))


def _count(suite: Element) -> None:
    for name, path in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
        suite.set(name, str(sum(1 for _ in suite.iter(path))))
    suite.set("errors", "0")


def _clean(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
