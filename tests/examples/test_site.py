"""The documentation builds without a warning, and holds what it has to."""

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from examples.snippets import ROOT
from xenon_adaptors.descriptions import ALL


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    command = ["build", "--strict", "--quiet", "-f", ".mkdocs.yml", "-d", str(target)]
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", *command],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return target


def text_of(page: Path) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", page.read_text()))


def test_every_property_and_location_is_told(site: Path) -> None:
    text = text_of(site / "adaptors.html")
    for adaptor in ALL:
        for one in adaptor.supported_properties:
            assert one.name in text
            assert all(alias in text for alias in one.aliases)
        assert all(form in text for form in adaptor.supported_locations)


def test_every_page_is_to_be_found(site: Path) -> None:
    start = (site / "index.html").read_text()
    pages = [page.relative_to(ROOT / "docs") for page in (ROOT / "docs").rglob("*.md")]
    missing = [page for page in pages if f'href="{page.with_suffix(".html")}"' not in start]
    assert [page.name for page in missing] == []


def test_the_examples_that_are_shown_are_the_files(site: Path) -> None:
    text = text_of(site / "tutorial.html")
    for name in ("quickstart", "streaming", "rot13", "copy_with_progress", "job_array"):
        lines = (ROOT / f"docs/examples/{name}.py").read_text().splitlines()
        assert all(line in text for line in lines)


def test_opening_a_page_asks_nobody(site: Path) -> None:
    loads = re.compile(r"""<(?:script|img|link)[^>]+(?:src|href)=["']?https?://""")
    assert [page.name for page in site.rglob("*.html") if loads.search(page.read_text())] == []
