"""The variables of a function as they are when it returns, for scores and masks it does not return.

A mask that is read off as zeros among the weights says nothing where a weight was zero before.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType, FunctionType, SimpleNamespace
from typing import Any


def variables_of(
    function: FunctionType, call: Callable[..., Any], *args: Any, **named: Any
) -> SimpleNamespace:
    """Make a call; return the variables of a function that it calls, or that it is.

    Args:
        function: written in Python; where it returns several times, its last return counts.
        call: that is made, with the other arguments.
        args: of the call.
        named: of the call.
    """
    found: dict[str, Any] = {}

    def at_return(frame: FrameType, event: str, _: object) -> None:
        if event == "return" and frame.f_code is function.__code__:
            found.update(frame.f_locals)

    before = sys.getprofile()
    sys.setprofile(at_return)
    try:
        call(*args, **named)
    finally:
        sys.setprofile(before)
    return SimpleNamespace(**found)
