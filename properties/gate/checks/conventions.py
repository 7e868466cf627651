"""Whether an adapter does what it declares, in what honest implementations differ in."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from pruneproof.properties.gate.adapter.subject import Subject
from pruneproof.properties.gate.conventions.probes import PROBES
from pruneproof.properties.gate.conventions.smoke import Offer, look_at
from pruneproof.properties.gate.conventions.values import (
    VALUES,
    declared,
    measured_value,
    unrecorded,
)
from pruneproof.properties.gate.property import Violation, gate_property

Check = Callable[[Subject, None], None]


def convention(key: str) -> Callable[[Check], Check]:
    """Enter the check of one key."""
    return gate_property(
        f"conventions.{key}",
        kind="conventions",
        methods=("all",),
        examples=lambda _: st.none(),
        source="the gate's interface",
        once=True,
    )


@convention("group")
def group(subject: Subject, _: None) -> None:
    """Weights are compared within each output, or within the layer, as the adapter declares."""
    as_declared("group", subject)


@convention("count")
def count(subject: Subject, _: None) -> None:
    """The number of pruned weights is rounded as the adapter declares."""
    as_declared("count", subject)


@convention("ties")
def ties(subject: Subject, _: None) -> None:
    """Of equal scores those are pruned that the adapter declares."""
    as_declared("ties", subject)


@convention("tail")
def tail(subject: Subject, _: None) -> None:
    """A last group of fewer than m inputs is treated as the adapter declares."""
    as_declared("tail", subject)


@convention("score_scale")
def score_scale(subject: Subject, _: None) -> None:
    """Scores are exact, multiples, or only of the right order, as the adapter declares."""
    as_declared("score_scale", subject)


@convention("dead")
def dead(subject: Subject, _: None) -> None:
    """An input or output without weights is treated as the adapter declares."""
    as_declared("dead", subject)


@gate_property(
    "conventions.declared",
    kind="conventions",
    methods=("all",),
    examples=lambda _: st.none(),
    level="SHOULD",
    source="the gate's interface",
    once=True,
)
def everything_is_declared(subject: Subject, _: None) -> None:
    """What differs from the default conventions is declared."""
    said = declared(subject)
    offers = _sound(subject)
    for key, values in VALUES.items():
        found = "" if key in said else measured_value(key, unrecorded(subject), offers)
        if found in values[1:] and found != "lowest_index":
            subject.begin()
            against = PROBES[key](subject, offers)[values[0]]
            assert against is not None
            message = f"{key} is {found} and not declared: {against.message}"
            raise _as_found(against, message, f"conventions = {{{key!r}: {found!r}}}")


def as_declared(key: str, subject: Subject) -> None:
    """Assert that the declared value of one key is what is measured; one left out passes."""
    said = declared(subject).get(key)
    if said is None:
        return
    found = PROBES[key](subject, _sound(subject))
    against = found[said]
    if against is not None:
        fits = next((value for value, each in found.items() if each is None), "something else")
        message = f"{key} is {fits}, not {said} as declared: {against.message}"
        raise _as_found(against, message, against.expected)


def _sound(subject: Subject) -> set[Offer]:
    """What the first look had an answer of."""
    if subject.sound is None:
        scratch = unrecorded(subject)
        look_at(scratch)
        subject.sound = scratch.sound
    return subject.sound or set()


def _as_found(against: Violation, message: str, expected: object) -> Violation:
    return Violation(
        message, against.check, expected=expected, got=against.got, ratio=against.ratio
    )
