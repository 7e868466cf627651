"""Reading a TOML file, and refusing fields that are missing, unknown or of another type."""

import tomllib
from collections.abc import Collection, Mapping
from typing import Any


def read_toml(text: str, name: str) -> dict[str, Any]:
    """The content of a TOML file.

    Args:
        text: the file's content.
        name: the file's name, for errors.

    Raises:
        ValueError: it is not TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{name}: is not TOML: {error}") from error


def check_fields(
    fields: Mapping[str, Any],
    required: Mapping[str, type],
    optional: Mapping[str, type],
    where: str,
    choices: Mapping[str, Collection[str]] | None = None,
) -> None:
    """Refuse fields that are not as they must be.

    Args:
        fields: by name.
        required: types of those that must be there.
        optional: types of those that may be.
        where: they stand, for errors.
        choices: allowed values of some.

    Raises:
        ValueError: says where, what was there and what is allowed.
    """
    for key in required:
        if key not in fields:
            raise ValueError(f"{where}: {key}: missing")
    allowed = {**required, **optional}
    for key, value in fields.items():
        if key not in allowed:
            raise ValueError(f"{where}: {key}: unknown, must be one of {', '.join(allowed)}")
        if type(value) is not allowed[key]:
            raise ValueError(f"{where}: {key}: {value!r}, must be of type {allowed[key].__name__}")
        words = (choices or {}).get(key)
        if words is not None and value not in words:
            raise ValueError(f"{where}: {key}: {value!r}, must be one of {', '.join(words)}")


def check_table(value: object, where: str) -> None:
    """Refuse all but a table."""
    if type(value) is not dict:
        raise ValueError(f"{where}: {value!r}, must be a table")
