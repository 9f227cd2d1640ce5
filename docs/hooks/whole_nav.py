"""A hook of mkdocs: pages that the navigation does not name are put under its section Guides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

SECTION = "Guides"


def on_files(files: Any, *, config: Any) -> Any:
    """Complete the navigation, so that nobody can add a page that is not to be found."""
    named = set(_pages(config.nav))
    missing = [
        file.src_uri
        for file in files.documentation_pages()
        if file.src_uri not in named and file.inclusion.is_included()
    ]
    section = next(entry[SECTION] for entry in config.nav if SECTION in entry)
    section.extend(sorted(missing))
    return files


def _pages(nav: Any) -> Iterator[str]:
    """Yield the pages of a navigation, at any depth."""
    if isinstance(nav, str):
        yield nav
    for entry in nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ():
        yield from _pages(entry)
