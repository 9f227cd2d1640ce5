"""The code blocks of the documentation's pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

_BLOCK = re.compile(
    r"(?P<mark><!-- checked, not run: [^>]+ -->\n+)?^```python[^\n]*\n(?P<code>.*?)^```",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Snippet:
    """One block of Python.

    Attributes:
        line: of its first statement in the page, from 1.
        run: whether it can be run on any machine. One that cannot has before it the comment
            ``<!-- checked, not run: why -->``.
    """

    page: Path
    line: int
    code: str
    run: bool

    def padded(self) -> str:
        """The code at its own line numbers, so that errors tell where in the page they are."""
        return "\n" * (self.line - 1) + self.code


def snippets(page: Path) -> list[Snippet]:
    """Return the blocks of Python in a page; included files are ``{ .python }`` and not meant."""
    text = page.read_text(encoding="utf-8")
    return [
        Snippet(
            page, text.count("\n", 0, match.start("code")) + 1, match["code"], not match["mark"]
        )
        for match in _BLOCK.finditer(text)
    ]


def pages() -> list[Path]:
    """Return the pages that have code."""
    return [
        page
        for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
        if snippets(page)
    ]
