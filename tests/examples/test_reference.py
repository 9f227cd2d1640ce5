"""The docstrings that the API reference is made of: their sections name what is there."""

import re

import griffe
import pytest

from examples.snippets import ROOT

PAGES = sorted((ROOT / "docs/api").glob("*.md"))
NAMES = sorted(
    {name for page in PAGES for name in re.findall(r"^::: (\S+)", page.read_text(), re.M)}
)
PACKAGE = griffe.load("xenon_py", search_paths=[str(ROOT)])


@pytest.mark.parametrize("name", NAMES)
def test_attributes_that_are_described_exist(name: str) -> None:
    shown = PACKAGE[name.removeprefix("xenon_py.")]
    if not shown.is_class:
        return
    for section in shown.docstring.parse("google"):
        if section.kind is griffe.DocstringSectionKind.attributes:
            for attribute in section.value:
                assert attribute.name in shown.all_members


def test_everything_that_is_exported_is_on_a_page() -> None:
    import xenon_py

    shown = {name.rpartition(".")[2] for name in NAMES}
    others = {"CopyRequest", "__version__", "pyxenon_version"}  # described in api/index.md
    exceptions = {name for name in xenon_py.__all__ if name.endswith("Exception")}
    assert set(xenon_py.__all__) - shown - others - exceptions == set()
