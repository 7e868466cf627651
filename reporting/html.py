"""Pages of HTML that need nothing else."""

from __future__ import annotations

from jinja2 import ChoiceLoader, Environment, PackageLoader, select_autoescape

from pruneproof.reporting.printable import printable


def environment(package: str, kept: str = "\n") -> Environment:
    """The jinja2 environment for a package's templates; it escapes every value that they show.

    Args:
        package: the import name of the package that holds the templates.
        kept: see `printable`.
    """
    return Environment(
        # The first lines of every page lie here.
        loader=ChoiceLoader(
            [PackageLoader(each, ".") for each in (package, "pruneproof.reporting")]
        ),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
        # What is escaped for HTML already is of another type.
        finalize=lambda value: printable(value, kept) if type(value) is str else value,
    )
