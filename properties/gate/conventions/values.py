"""What honest implementations differ in: what an adapter declares, and what it is seen to do."""

from __future__ import annotations

from pruneproof.properties.gate.adapter.subject import AdapterError, Subject, Unsupported
from pruneproof.properties.gate.conventions.probes import PROBES, Offers
from pruneproof.properties.gate.conventions.smoke import look_at

VALUES = {
    "group": ("output", "layer"),
    "count": ("floor", "round", "ceil"),
    "ties": ("any", "lowest_index"),
    "tail": ("error", "dense", "prune_partial"),
    "score_scale": ("exact", "positive_multiple", "order"),
    "dead": ("zero", "error", "nan"),
}
"""By key, the values that can be declared; the first is the default."""

REFINE_VALUES = {
    "refine_sign_check": ("off", "on"),
    "refine_guard": ("off", "on"),
    "r2_form": ("repaired", "printed"),
}
"""The same for refinements, of which nothing is measured: undeclared, any value is as good."""

STRICT = ("ties", "score_scale")
"""Keys that have their default unless another value is declared, whatever is measured.

Equal scores may fall by chance as if the lowest index came first, which would then be asked of
every mask; and a wrong formula may look like the right order, which would then be all that is
asked of every score.
"""

OTHER, UNKNOWN = "other", "unknown"
"""Measured: none of the values, and nothing to measure by."""


def declared(subject: Subject) -> dict[str, str]:
    """What the adapter says of itself.

    Raises:
        AdapterError: a key or a value that is in neither `VALUES` nor `REFINE_VALUES`.
    """
    conventions = getattr(subject.adapter, "conventions", None) or {}
    if not isinstance(conventions, dict):
        raise AdapterError(f"conventions must be a dict, got {type(conventions).__name__}")
    known = VALUES | REFINE_VALUES
    for key, value in conventions.items():
        if key not in known:
            raise AdapterError(f"conventions has no key {key!r}, only {', '.join(known)}")
        if value not in known[key]:
            allowed = ", ".join(known[key])
            raise AdapterError(f"conventions[{key!r}] must be one of {allowed}, got {value!r}")
    return dict(conventions)


def resolved(subject: Subject, offers: Offers | None = None) -> dict[str, str]:
    """The conventions by which an adapter is judged: declared, else measured, else the defaults.

    Args:
        subject: the adapter; its calls are left as they are.
        offers: from the first look, which is taken where they are left out.
    """
    conventions = declared(subject)
    scratch = unrecorded(subject)
    if offers is None:
        offers = _offers(scratch)
    for key, values in VALUES.items():
        if key not in conventions:
            found = UNKNOWN if key in STRICT else measured_value(key, scratch, offers)
            conventions[key] = found if found in values else values[0]
    return {key: conventions[key] for key in VALUES}


def measured(subject: Subject, offers: Offers) -> dict[str, str]:
    """What the adapter is seen to do: for each key a value, `other` or `unknown`."""
    scratch = unrecorded(subject)
    return {key: measured_value(key, scratch, offers) for key in VALUES}


def measured_value(key: str, subject: Subject, offers: Offers) -> str:
    """What the adapter is seen to do in one respect."""
    try:
        found = PROBES[key](subject, offers)
    except Unsupported:
        return UNKNOWN
    except AdapterError:
        return OTHER
    return next((value for value, against in found.items() if against is None), OTHER)


def unrecorded(subject: Subject) -> Subject:
    """The same adapter, with calls of its own."""
    return Subject(subject.adapter, timeout=subject.timeout)


def _offers(subject: Subject) -> Offers:
    try:
        look_at(subject)
        return subject.sound or ()
    except AdapterError:
        # The first look itself reports it; nothing can be measured then.
        return ()
