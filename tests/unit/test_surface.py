"""The public surface against a table: PyXenon's, with names, order and defaults, and ours."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import json
from pathlib import Path
from typing import Any

import pytest

import xenon_py
from xenon_py import exceptions, objects

TABLE = json.loads((Path(__file__).parent / "surface.json").read_text())
PYXENON, OURS = TABLE["pyxenon"], TABLE["additions"]
ENUMS: dict[str, Any] = {
    "CopyMode": xenon_py.CopyMode,
    "PosixFilePermission": xenon_py.PosixFilePermission,
    "CopyStatus": xenon_py.CopyStatus.ErrorType,
    "JobStatus": xenon_py.JobStatus.ErrorType,
    "QueueStatus": xenon_py.QueueStatus.ErrorType,
    "PropertyType": objects.Type,
}


def _class(name: str) -> type[Any]:
    found: type[Any] = getattr(xenon_py, name, None) or getattr(objects, name)
    return found


def _public_methods(name: str) -> set[str]:
    return {n for n in vars(_class(name)) if not n.startswith("_")}


def _parameters(owner: str, method: str) -> list[inspect.Parameter]:
    """Return the parameters of a method as its users see them."""
    function = inspect.getattr_static(_class(owner), method)
    plain = function.__func__ if isinstance(function, classmethod) else function
    return list(inspect.signature(plain).parameters.values())[1:]


METHODS = [(o, m) for o, methods in PYXENON["methods"].items() for m in methods]
ADDED = [(o, m) for o, methods in OURS["methods"].items() for m in methods]


def test_exports() -> None:
    assert sorted(xenon_py.__all__) == sorted(PYXENON["exports"] + OURS["exports"])


def test_exceptions() -> None:
    assert sorted(exceptions.__all__) == sorted(PYXENON["exceptions"] + OURS["exceptions"])
    for name in PYXENON["exceptions"]:
        names = list(inspect.signature(getattr(exceptions, name)).parameters)
        assert names[:3] == ["method", "code", "msg"]


@pytest.mark.parametrize("name", PYXENON["enums"])
def test_enums(name: str) -> None:
    assert issubclass(ENUMS[name], enum.IntEnum)
    assert {member.name: int(member) for member in ENUMS[name]} == PYXENON["enums"][name]


@pytest.mark.parametrize("name", sorted({*PYXENON["fields"], *OURS["fields"]}))
def test_fields_in_order(name: str) -> None:
    kind = _class(name)
    expected = PYXENON["fields"].get(name, []) + OURS["fields"].get(name, [])
    if dataclasses.is_dataclass(kind):
        found = [f.name for f in dataclasses.fields(kind) if not f.name.startswith("_")]
    else:
        found = [n for n in inspect.signature(kind).parameters if not n.startswith("_")]
    assert found[: len(expected)] == expected
    if name != "SchedulerAdaptorDescription":  # its capabilities are a matter of its own test
        assert found == expected


@pytest.mark.parametrize(("owner", "method"), METHODS)
def test_methods_of_pyxenon(owner: str, method: str) -> None:
    expected = PYXENON["methods"][owner][method]
    found = _parameters(owner, method)
    required = PYXENON["required"].get(f"{owner}.{method}", [])
    assert [p.name for p in found[: len(expected)]] == expected
    for parameter in found[: len(expected)]:
        assert parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        default = inspect.Parameter.empty if parameter.name in required else None
        assert parameter.default is default, parameter
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in found[len(expected) :])
    if method not in OURS["methods"].get(owner, {}):
        assert len(found) == len(expected)


@pytest.mark.parametrize("method", ["create", "from_url", "get_adaptor_names"])
@pytest.mark.parametrize("owner", ["FileSystem", "Scheduler"])
def test_class_methods(owner: str, method: str) -> None:
    assert isinstance(inspect.getattr_static(_class(owner), method), classmethod)


@pytest.mark.parametrize(("owner", "method"), ADDED)
def test_methods_of_ours(owner: str, method: str) -> None:
    bare = [p.replace(annotation=p.empty) for p in _parameters(owner, method)]
    assert str(inspect.Signature(bare)) == OURS["methods"][owner][method]


@pytest.mark.parametrize("owner", ["FileSystem", "Scheduler", "Job", "CopyOperation"])
def test_nothing_besides_the_table_is_public(owner: str) -> None:
    listed = {*PYXENON["methods"].get(owner, {}), *OURS["methods"].get(owner, {})}
    assert _public_methods(owner) - listed - set(OURS["attributes"][owner]) == set()


@pytest.mark.parametrize("owner", ["FileSystem", "Scheduler"])
def test_every_method_is_documented(owner: str) -> None:
    for name in _public_methods(owner):
        assert inspect.getdoc(getattr(_class(owner), name)), name
    for magic in ("__enter__", "__exit__", "__eq__", "__hash__", "__str__"):
        assert magic in vars(_class(owner))
