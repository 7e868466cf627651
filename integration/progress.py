"""Progress with the time left: bars on a terminal, and a line now and then in a log file."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TaskID, TimeElapsedColumn, TimeRemainingColumn

from pruneproof.reporting.printable import printable

T = TypeVar("T")
SECONDS_BETWEEN_LINES = 15.0


def warn(text: str) -> None:
    """A warning on a line of its own on standard error, above what bars are shown there."""
    print(printable(f"warning: {text}"), file=sys.stderr)


class Bars(Progress):
    """Bars on standard error, which lines replace where nobody sees bars move."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        super().__init__(
            *Progress.get_default_columns()[:3],
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._told = time.monotonic()

    def over(self, items: Collection[T], description: str) -> Iterator[T]:
        """The items, each a step."""
        task = self.add_task(description, total=len(items))
        for item in items:
            yield item
            self.step(task)

    @contextmanager
    def waiting(self, description: str) -> Iterator[None]:
        """While entered, something goes on whose end cannot be foreseen.

        A bar moves to and fro; a log file has a line at the beginning and now and then.
        """
        task = self.add_task(escape(description), total=None)
        over, start = Event(), time.monotonic()

        def tell() -> None:
            while not over.wait(SECONDS_BETWEEN_LINES):
                self.say(f"{description}: {time.monotonic() - start:.0f} s gone")

        if self.console.is_terminal:
            yield
        else:
            self.say(f"{description} …")
            teller = Thread(target=tell, daemon=True)
            teller.start()
            try:
                yield
            finally:
                over.set()
                teller.join()
        self.update(task, total=1, completed=1)

    def say(self, text: str) -> None:
        """A line of its own on standard error, above the bars."""
        self.console.print(printable(text), markup=False, highlight=False, soft_wrap=True)

    def step(self, task: TaskID, part: float = 1) -> None:
        """So much of a task has been done since the last step."""
        self.advance(task, part)
        now, its = time.monotonic(), self.tasks[task]
        total = its.total or 0
        # A sum of parts may miss the whole by its roundings.
        if its.completed > total * (1 - 1e-9):
            self.update(task, completed=total)
        waits = its.completed < total and now - self._told < SECONDS_BETWEEN_LINES
        if self.console.is_terminal or waits:
            return
        self._told = now
        share = its.completed / total if total else 1
        gone = its.elapsed or 0
        left = f", about {gone * (1 - share) / share:.0f} s left" if share else ""
        self.console.print(f"{its.description}: {100 * share:.0f} %, {gone:.0f} s gone{left}")
