"""The forms of the report: they hold what was found, and nothing that an adapter says is obeyed."""

from __future__ import annotations

import html.parser
import io
import json
from xml.etree import ElementTree

import pytest
from rich.console import Console

from pruneproof.properties.gate.judge import Result
from pruneproof.properties.gate.property import Level
from pruneproof.properties.gate.report.badge import badge
from pruneproof.properties.gate.report.html import page
from pruneproof.properties.gate.report.junit import junit
from pruneproof.properties.gate.report.markdown import fenced, markdown
from pruneproof.properties.gate.report.record import record
from pruneproof.properties.gate.report.terminal import show
from pruneproof.properties.gate.report.write import write
from pruneproof.properties.gate.run import Report
from pruneproof.properties.meta.small import a_property, not_negative

HOSTILE = '<script>alert("1")</script> ]]> | `x` \x00\x1b[31m \udc80 &amp;'


def result(verdict: str, level: Level = "MUST", method: str = "wanda", **more: object) -> Result:
    failure = {
        "message": f"wrong {HOSTILE}",
        "expected": [0.0, float("nan")],
        "got": float("-inf"),
        "ratio": float("inf"),
        "snippet": f"assert False, {HOSTILE!r}\n```\n",
        "output": f"loading {HOSTILE}",
    }
    found = failure if verdict in ("failed", "known_failure") else {}
    prop = a_property(f"score.{level}", level, not_negative)
    return Result(prop, method, verdict, 8, found, **more)  # type: ignore[arg-type]


def report(*results: Result, stale: tuple[str, ...] = ()) -> Report:
    return Report(
        HOSTILE,
        "1.0",
        "adapter.py",
        "quick",
        None,
        {"count": "floor"},
        {"count": "round"},
        list(results),
        list(stale),
    )


ALL = report(
    result("failed"),
    result("passed", method="magnitude"),
    result("known_failure", method="ria", reason=f"{HOSTILE} https://example.org/1"),
    result("unsupported", method="ri", reason="no score"),
    result("failed", "SHOULD"),
    result("not_shown", method="lp", reason=f"judged on 1 of 8 {HOSTILE}"),
    result("not_shown", "SHOULD", method="lp", reason=f"judged on 2 of 8 {HOSTILE}"),
    stale=(f"known failure {HOSTILE} passes",),
)


class Tags(html.parser.HTMLParser):
    """Counts elements, and remembers what they would load."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.loaded += [str(value) for name, value in attrs if name in ("src", "srcset")]


def test_the_page_escapes_what_the_adapter_says_and_loads_nothing() -> None:
    tags = Tags()
    tags.feed(page(ALL))
    assert tags.names.count("script") == 1
    assert "link" not in tags.names
    assert tags.loaded == []
    assert "<script>alert" not in page(ALL)


def test_the_page_leads_with_the_verdict_and_links_each_failure() -> None:
    text = page(ALL)
    assert text.index("does not conform: 1 of 4 MUST") < text.index("Properties by method")
    for key in ("MUST-wanda", "MUST-ria", "SHOULD-wanda"):
        assert f'href="#failure-score.{key}"' in text
        assert f'id="failure-score.{key}"' in text


def test_junit_parses_and_counts_what_decides() -> None:
    root = ElementTree.fromstring(junit(ALL).encode(errors="backslashreplace"))
    assert [root.get(name) for name in ("tests", "failures", "skipped")] == ["8", "3", "4"]
    failed, hidden = [each for each in root.iter("failure") if each.get("type") == "MUST"]
    assert "assert False" in (failed.text or "")
    assert (hidden.get("message") or "").startswith("not shown: judged on 1 of 8")
    suite = root.find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("5", "2")


def test_what_the_adapter_printed_is_shown_with_the_failure() -> None:
    screen = Console(file=io.StringIO(), force_terminal=False, width=200)
    show(ALL, screen)
    for text in (page(ALL), junit(ALL), screen.file.getvalue(), json.dumps(record(ALL))):
        assert "loading " in text


def test_no_form_that_is_looked_at_holds_a_control_character() -> None:
    screen = Console(file=io.StringIO(), force_terminal=False, width=200)
    show(ALL, screen)
    for text in (page(ALL), markdown(ALL), screen.file.getvalue()):
        assert {each for each in text if not each.isprintable()} <= {"\n"}
        assert r"\x1b[31m" in text or r"\\x1b\[31m" in text


def test_json_has_plain_numbers_only() -> None:
    text = json.dumps(record(ALL), allow_nan=False)
    failed = json.loads(text)["properties"][0]
    assert failed["expected"] == [0.0, "nan"]
    assert (failed["got"], failed["error_over_bound"]) == ("-inf", "inf")


def test_markdown_obeys_nothing_that_the_adapter_says() -> None:
    lines = markdown(ALL).splitlines()
    assert all("<script" not in line for line in lines if not line.startswith("assert"))
    assert r"\|" in lines[0]


def test_what_is_not_shown_stands_in_every_form() -> None:
    for text in (page(ALL), markdown(ALL), junit(ALL)):
        assert "judged on 1 of 8" in text
        assert "judged on 2 of 8" in text
    assert "1 of 4 MUST verdicts is not shown" in markdown(ALL)


def test_a_fence_is_longer_than_any_in_the_program() -> None:
    assert fenced("a\n````\n")[0] == "`````python"


@pytest.mark.parametrize(
    ("found", "message", "color"),
    [
        (report(result("passed")), "conforms (1 MUST)", "brightgreen"),
        (report(result("passed"), result("failed", "SHOULD")), "conforms (1 MUST)", "brightgreen"),
        (report(result("known_failure")), "conforms, 1 known to fail", "green"),
        (report(result("failed")), "1 MUST fail", "red"),
        (report(result("passed"), result("not_shown")), "1 MUST not shown", "red"),
        (report(result("passed"), result("not_shown", "MAY")), "conforms (1 MUST)", "brightgreen"),
        (report(result("passed"), stale=("a",)), "known failures out of date", "orange"),
    ],
)
def test_the_badge_says_the_verdict(found: Report, message: str, color: str) -> None:
    assert (badge(found)["message"], badge(found)["color"]) == (message, color)


def test_all_files_can_be_written_whatever_the_adapter_says(tmp_path) -> None:
    write(ALL, tmp_path)
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["complete"] is True
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(".")]


def test_report_json_is_written_last_and_whole(tmp_path, monkeypatch) -> None:
    from pruneproof.properties.gate.report import write as writing

    def interrupted(_: Report) -> dict[str, object]:
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, "record", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(ALL, tmp_path)
    assert {each.name for each in tmp_path.iterdir()} == set(writing.FILES) - {"report.json"}
