"""Every property of the gate, for the adapter named by `--implementation`, else for our own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pruneproof.properties.gate.adapter import watchdog
from pruneproof.properties.gate.adapter.subject import AdapterError, Subject
from pruneproof.properties.gate.adapter.target import TargetError
from pruneproof.properties.gate.command import TIMEOUT, opened
from pruneproof.properties.gate.conventions.smoke import Offer
from pruneproof.properties.gate.judge import Result
from pruneproof.properties.gate.known_failures import (
    KnownFailure,
    KnownFailuresError,
    read_known_failures,
)
from pruneproof.properties.gate.report.junit import failure_text
from pruneproof.properties.gate.run import (
    BROKEN,
    CATALOGUE,
    look_and_measure,
    verdict,
)
from pruneproof.reporting.printable import LAYOUT, printable

OWN = "pruneproof.properties.gate.reference_adapter"
PAIRS = [(prop.id, method) for prop in CATALOGUE.values() for method in prop.methods]


@dataclass
class Gate:
    """The adapter after the first look, and how it is judged.

    Attributes:
        subject: the adapter.
        offers: what it supports.
        target: where it was found.
        profile: how many examples are tried.
        seed: of the examples.
        known: failures that are declared, by key.
    """

    subject: Subject
    offers: set[Offer]
    target: str
    profile: str
    seed: int | None
    known: dict[str, KnownFailure]


@pytest.fixture(scope="session")
def gate(pytestconfig: pytest.Config) -> Iterator[Gate]:
    """Ends the session with the gate's exit code where the adapter cannot be judged."""
    # Without the plugin, as in a checkout that is not installed, there are no options.
    target = pytestconfig.getoption("--implementation", None)
    profile = pytestconfig.getoption("--gate-profile", None)
    seed = pytestconfig.getoption("--gate-seed", None)
    timeout = pytestconfig.getoption("--gate-timeout", None) or TIMEOUT
    file = pytestconfig.getoption("--gate-known-failures", None)
    profile = profile or ("standard" if target else "quick")
    # Our own needs no process of its own.
    in_process = not target or bool(pytestconfig.getoption("--gate-in-process"))
    _show_what_hangs(pytestconfig)
    try:
        entries = read_known_failures(Path(file), CATALOGUE) if file else []
        with opened(target or OWN, None, in_process, timeout) as subject:
            offers, _ = look_and_measure(subject)
            known = {each.key: each for each in entries}
            yield Gate(subject, offers, target or OWN, profile, seed, known)
    except (TargetError, AdapterError, KnownFailuresError) as error:
        text = printable(f"the gate cannot judge {target or OWN}: {error}", LAYOUT)
        pytest.exit(text, returncode=BROKEN)


@pytest.mark.parametrize(("identity", "method"), PAIRS, ids=map(":".join, PAIRS))
def test_property_holds(
    gate: Gate, identity: str, method: str, request: pytest.FixtureRequest
) -> None:
    prop = CATALOGUE[identity]
    result = verdict(prop, method, gate.offers, gate.subject, gate.target, gate.profile, gate.seed)
    entry = gate.known.get(result.key)
    if entry and result.verdict not in ("failed", "not_shown"):
        pytest.fail(f"known failure {entry.key} {result.verdict}; remove the entry", pytrace=False)
    if result.verdict == "unsupported":
        pytest.skip(f"unsupported: {printable(result.reason, LAYOUT)}")
    if result.verdict == "not_shown":
        _fail_hidden(result, entry or gate.known.get(identity))
    if result.verdict == "failed":
        _fail(result, entry or gate.known.get(identity), request.node)


def _fail_hidden(result: Result, entry: KnownFailure | None) -> None:
    if entry:
        pytest.xfail(f"known failure: {entry.reason}")
    if result.property.level != "MUST":
        pytest.xfail(f"{result.property.level} not shown: {printable(result.reason, LAYOUT)}")
    pytest.fail(f"not shown: {printable(result.reason, LAYOUT)}", pytrace=False)


def _fail(result: Result, entry: KnownFailure | None, item: pytest.Item) -> None:
    if entry:
        item.add_report_section("call", "gate", failure_text(result))
        pytest.xfail(f"known failure: {entry.reason}")
    if result.property.level != "MUST":
        item.add_report_section("call", "gate", failure_text(result))
        pytest.xfail(
            f"{result.property.level} fails: {printable(result.failure['message'], LAYOUT)}"
        )
    pytest.fail(failure_text(result), pytrace=False)


def _show_what_hangs(config: pytest.Config) -> None:
    """Let the message of a call that hangs through, since the process ends with it."""
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    if capture is not None:
        watchdog.BEFORE_EXIT.append(lambda: capture.suspend_global_capture(in_=True))
