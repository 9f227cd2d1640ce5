"""What the pages show works: their code is run, or checked where it needs another machine."""

import ast
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from examples.snippets import ROOT, Snippet, pages, snippets
from xenon_py import FileSystem, Scheduler

RUN = [
    "README.md",
    *(
        "docs/index.md",
        "docs/tutorial.md",
        "docs/coming-from-pyxenon.md",
        "docs/troubleshooting.md",
    ),
]
TYPED = [*RUN, "docs/adaptors.md", "docs/contributing.md"]


def page_id(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("name", RUN)
def test_the_code_of_a_page_runs_from_top_to_bottom(name: str, tmp_path: Path) -> None:
    blocks = [one for one in snippets(ROOT / name) if one.run]
    program = "".join(
        f"exec(compile({one.padded()!r}, {name!r}, 'exec'), names)\n" for one in blocks
    )
    script = tmp_path / "page.py"
    script.write_text(f"names = {{'__name__': '__main__'}}\n{program}")
    directory = tmp_path / "work"
    directory.mkdir()
    environment = {key: text for key, text in os.environ.items() if key != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for one in blocks:
        for expected in re.findall(r"#> (.*)", one.code):
            assert expected in done.stdout.splitlines()


def test_there_is_code_that_runs() -> None:
    counts = {name: sum(one.run for one in snippets(ROOT / name)) for name in RUN}
    assert counts["docs/tutorial.md"] >= 10
    assert counts["docs/index.md"] >= 1


def test_the_code_of_pages_has_no_type_errors(tmp_path: Path) -> None:
    files = []
    for name in TYPED:
        code = "\n".join(f"# line {one.line}\n{one.code}" for one in snippets(ROOT / name))
        file = tmp_path / re.sub(r"\W", "_", name.removesuffix(".md") + ".py").replace("_py", ".py")
        file.write_text(code)
        files.append(str(file))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file=", "--allow-redefinition", *files],
        env={**os.environ, "MYPYPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("page", pages(), ids=page_id)
def test_names_of_this_library_exist(page: Path) -> None:
    for one in snippets(page):
        for module, name in _used_names(one):
            assert hasattr(importlib.import_module(module), name) or importlib.import_module(
                f"{module}.{name}"
            ), f"{page_id(page)}:{one.line}: {module}.{name}"


def _used_names(one: Snippet) -> list[tuple[str, str]]:
    """Return what a block imports from the library, and what it takes from ``xenon``."""
    used = []
    for node in ast.walk(ast.parse(one.code, str(one.page))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "xenon_py":
            used += [(str(node.module), alias.name) for alias in node.names]
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            used += [("xenon_py", node.attr)] * (node.value.id == "xenon")
    return used


def test_the_readme_tells_which_adaptors_are_missing() -> None:
    text = (ROOT / "README.md").read_text()
    table = set(re.findall(r"^\| `(\w+)` \|.*?\| `(\w+)` \|", text, re.MULTILINE))
    shown = {name for pair in table for name in pair}
    told = re.search(r"Not in this version yet: ([^.]*)\.", text)
    missing = set(re.findall(r"`(\w+)`", told[1])) if told else set()
    registered = {*FileSystem.get_adaptor_names(), *Scheduler.get_adaptor_names()}
    assert shown - missing == registered, "correct the table, or the line 'Not in this version yet'"
