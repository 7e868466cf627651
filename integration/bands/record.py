"""`python -m pruneproof.integration.bands.record`: write docs/bands.md."""

from __future__ import annotations

from pathlib import Path

from pruneproof.integration.bands.page import page
from pruneproof.reporting.files import write_whole

PAGE = Path(__file__).parents[2] / "docs" / "bands.md"


def main() -> None:
    """Write the page."""
    write_whole(PAGE, page())
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
