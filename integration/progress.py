"""Progress with the time left: bars on a terminal, and a line now and then in a log file."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress, TaskID, TimeElapsedColumn, TimeRemainingColumn

T = TypeVar("T")
SECONDS_BETWEEN_LINES = 15.0


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
        left = gone * (1 - share) / share if share else 0
        self.console.print(
            f"{its.description}: {100 * share:.0f} %, {gone:.0f} s gone, about {left:.0f} s left"
        )
