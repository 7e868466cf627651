"""Small adapters and properties, and adapters ready to be judged, for the tests of the gate."""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil
from hypothesis import strategies as st

from pruneproof.properties.gate.adapter.subject import Subject
from pruneproof.properties.gate.conventions.smoke import look_at
from pruneproof.properties.gate.conventions.values import resolved
from pruneproof.properties.gate.examples.layers import Example, examples
from pruneproof.properties.gate.property import Level, Property, Violation

HEAD = """
import os, sys, time
import torch

class Adapter:
    name = "small"
    version = "1.0"

    def score(self, method, weight, inputs=None, outputs=None):
        if method not in ("magnitude", "wanda"):
            raise NotImplementedError
"""
RIGHT = "return weight.abs()"
WRONG = "return -weight.abs() if method == 'wanda' else weight.abs()"
LARGE = "return 100 * weight.abs()"
"""Breaks a SHOULD only."""


def has_ended(pid: int) -> bool:
    """Whether a process is gone within ten seconds, since it is not this one that buries it."""
    for _ in range(100):
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.1)
    return False


def a_property(
    id: str, level: Level, check: Callable[[Subject, Example], None], once: bool = False
) -> Property:
    """For two scores that the small adapters have and one that they have not."""
    sentence = (check.__doc__ or "").splitlines()[0]
    methods = ("magnitude", "wanda", "ria")
    return Property(id, sentence, level, "Lemma 3.1", "", "score", methods, small, check, once)


def small(method: str) -> st.SearchStrategy[Example]:
    """Layers with the default parameters."""
    return examples(method, parameters=False)


def not_negative(subject: Subject, example: Example) -> None:
    """No score is negative."""
    scores = subject.score(*example.arguments)
    if bool((scores < 0).any()):
        lowest = scores.min().item()
        raise Violation("a score < 0", "(r1 >= 0).all()", expected=0.0, got=lowest, ratio=2.5)


def not_large(subject: Subject, example: Example) -> None:
    """No score is larger than a hundred."""
    scores = subject.score(*example.arguments)
    if bool((scores > 99).any()):
        raise Violation("a score > 99", "(r1 <= 99).all()", got=float("inf"))


def subject_of(adapter: type) -> Subject:
    """An adapter after the first look, with the conventions by which it is judged."""
    subject = Subject(adapter())
    subject.conventions = resolved(subject, look_at(subject))
    return subject
