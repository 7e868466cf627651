"""The report that CI servers read: JUnit XML."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from pruneproof.properties.gate.adapter.transport import printed
from pruneproof.properties.gate.judge import Result
from pruneproof.properties.gate.report.summary import by_property, ratio_text
from pruneproof.properties.gate.run import Report
from pruneproof.reporting.junit import clean, document
from pruneproof.reporting.printable import LAYOUT, printable


def junit(report: Report) -> str:
    """A suite for each property and a case for each method.

    What does not decide the gate is no failure there either: unsupported methods, known failures
    and failing SHOULDs and MAYs are skipped, with the reason.
    """
    root = Element("testsuites", name=clean(f"pruneproof gate: {report.name} {report.version}"))
    for prop, results in by_property(report.results):
        suite = SubElement(root, "testsuite", name=prop.id)
        for result in results:
            _add_case(suite, result)
    if report.stale:
        suite = SubElement(root, "testsuite", name="known failures")
        for message in report.stale:
            case = SubElement(suite, "testcase", classname="known failures", name=clean(message))
            SubElement(case, "failure", message=clean(message), type="stale")
    for suite in root:
        _count(suite)
    _count(root)
    root.set("time", f"{report.seconds:.3f}")
    return document(root)


def _add_case(suite: Element, result: Result) -> None:
    prop = result.property
    seconds = f"{result.seconds:.3f}"
    case = SubElement(suite, "testcase", classname=prop.id, name=result.method, time=seconds)
    if result.verdict == "unsupported":
        SubElement(case, "skipped", message=clean(f"unsupported: {result.reason}"))
    elif result.verdict == "known_failure":
        SubElement(case, "skipped", message=clean(f"known failure: {result.reason}"))
    elif result.verdict == "not_shown" and prop.level == "MUST":
        SubElement(case, "failure", message=clean(f"not shown: {result.reason}"), type=prop.level)
    elif result.verdict == "not_shown":
        SubElement(case, "skipped", message=clean(f"{prop.level} not shown: {result.reason}"))
    elif result.verdict == "failed" and prop.level == "MUST":
        message = clean(result.failure["message"])
        failure = SubElement(case, "failure", message=message, type=prop.level)
        failure.text = clean(failure_text(result))
    elif result.verdict == "failed":
        message = clean(f"{prop.level} fails: {result.failure['message']}")
        SubElement(case, "skipped", message=message)
        SubElement(case, "system-out").text = clean(failure_text(result))


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
    return printable("\n".join([*lines, f"from: {prop.source}", "", failure["snippet"]]), LAYOUT)


def _count(suite: Element) -> None:
    for name, path in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
        suite.set(name, str(sum(1 for _ in suite.iter(path))))
    suite.set("errors", "0")
