"""What importing the library loads, and what it exports."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import xenon_py
from xenon_py import exceptions as exc
from xenon_py import server

SOURCE = Path(xenon_py.__file__).parent


def _modules_after(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize(
    "code",
    [
        "import xenon_py",
        "import xenon_py as x; [getattr(x, name) for name in x.__all__]",
        "from xenon_py.engine import registry as r; r.filesystem_names(); r.scheduler_names()",
    ],
)
def test_no_adaptor_and_no_third_party_module_is_loaded(code: str) -> None:
    before = _modules_after("")  # what the interpreter's own site configuration loads
    loaded = _modules_after(code) - before
    assert loaded - set(sys.stdlib_module_names) == {"xenon_py"}


def test_describing_loads_no_third_party_module() -> None:
    code = "from xenon_py.engine import registry as r; r.filesystem_description('s3')"
    loaded = _modules_after(code) - _modules_after("")
    assert loaded - set(sys.stdlib_module_names) == {"xenon_py", "xenon_adaptors"}


def _public_modules() -> list[str]:
    names = [".".join(p.relative_to(SOURCE.parent).with_suffix("").parts) for p in _sources()]
    return sorted(name.removesuffix(".__init__") for name in names)


def _sources() -> list[Path]:
    return [path for path in SOURCE.rglob("*.py") if "__all__" in path.read_text()]


@pytest.mark.parametrize("name", _public_modules())
def test_all_is_sorted_and_every_name_exists(name: str) -> None:
    module = importlib.import_module(name)
    names = list(module.__all__)
    assert names == sorted(names)
    assert len(set(names)) == len(names)
    for one in names:
        assert getattr(module, one) is not None


def test_all_is_complete() -> None:
    for module in (exc, importlib.import_module("xenon_py.objects")):
        kinds = (n for n, v in vars(module).items() if isinstance(v, type) and n[0] != "_")
        public = set(kinds) - {"Any"}
        assert public == set(module.__all__)
    homes = {name for names in xenon_py._HOMES.values() for name in names}
    assert {*homes, "__version__", "pyxenon_version"} == set(xenon_py.__all__)
    assert set(xenon_py.__all__) <= set(dir(xenon_py))


def test_type_checkers_see_what_is_there() -> None:
    tree = ast.parse((SOURCE / "__init__.py").read_text())
    seen = {
        alias.asname or alias.name: node.module
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == xenon_py._HOME_OF


def test_modules_that_pyxenon_has() -> None:
    assert xenon_py.exceptions is exc
    assert xenon_py.objects.Type.SIZE == 5
    assert xenon_py.server is server
    with pytest.raises(AttributeError, match="no_such"):
        xenon_py.no_such  # noqa: B018
