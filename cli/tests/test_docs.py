"""The table of contents of docs/ lists every page, and the links of every page lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))


def links(page: Path) -> list[str]:
    """What a page links to within the repository, without the place in the other page."""
    text = page.read_text(encoding="utf-8")
    prose = re.sub(r"(?ms)^(`{3,})[^`\n]*\n.*?^\1$", "", text)
    return re.findall(r"\]\((?!https?:)([^)#\s]+)", prose)


def test_every_page_stands_once_in_the_table_of_contents() -> None:
    listed = [link for link in links(DOCS / "index.md") if link.endswith(".md") and "/" not in link]
    assert sorted(listed) == [page.name for page in PAGES if page.name != "index.md"]


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_its_links_lead_somewhere(page: Path) -> None:
    assert [link for link in links(page) if not (page.parent / link).exists()] == []
