"""Finding an adapter: `package.module:Name` or `path/to/file.py:Name`."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

DEFAULT_NAME = "Adapter"
FUNCTIONS = ("score", "keep_mask", "activation_statistics", "refine")


class TargetError(Exception):
    """There is no adapter where the target points to."""


def load_adapter(target: str) -> Any:
    """Import the target; a class is called without arguments.

    Args:
        target: module or file, then optionally a colon and a name; `Adapter` where left out.

    Raises:
        TargetError: with what to do about it.
    """
    place, name = split_target(target)
    module = _from_file(Path(place)) if place.endswith(".py") else _from_name(place)
    try:
        adapter = getattr(module, name)
    except AttributeError:
        raise TargetError(
            f"{place} has no {name}; name the adapter after a colon, as in {place}:MyAdapter"
        ) from None
    if isinstance(adapter, type):
        try:
            adapter = adapter()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise TargetError(
                f"{name}() raised {type(error).__name__}: {error}; an adapter's class is called "
                "without arguments"
            ) from error
    if not any(callable(getattr(adapter, function, None)) for function in FUNCTIONS):
        raise TargetError(f"{name} has none of the methods {', '.join(FUNCTIONS)}")
    return adapter


def split_target(target: str) -> tuple[str, str]:
    """The module or file, and the name."""
    place, colon, name = target.rpartition(":")
    # A colon may also belong to a drive letter, as in C:\adapter.py.
    if not colon or not name.isidentifier():
        return target, DEFAULT_NAME
    return place, name


def _from_file(path: Path) -> Any:
    if not path.is_file():
        raise TargetError(f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise TargetError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    # An adapter may import what lies beside it, and find itself by its name.
    sys.path.insert(0, str(path.resolve().parent))
    sys.modules[path.stem] = module
    return _executed(lambda: spec.loader.exec_module(module) or module, path)  # type: ignore[union-attr]


def _from_name(name: str) -> Any:
    # The current directory, as with `python -m`.
    if "" not in sys.path:
        sys.path.insert(0, "")
    return _executed(lambda: importlib.import_module(name), name)


def _executed(load: Any, what: object) -> Any:
    try:
        return load()
    except KeyboardInterrupt:
        raise
    # Also what a module leaves the interpreter with.
    except BaseException as error:
        raise TargetError(
            f"{what} could not be imported: {type(error).__name__}: {error}"
        ) from error
