"""What both halves of the kit share: shared objects per class, deadlines, data, sentinels."""

from __future__ import annotations

import array
import itertools
import time
import traceback
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar

import pytest

if TYPE_CHECKING:
    import pathlib

SENTINEL = "S3nt1nel-never-shown"
"""A password that must not be seen anywhere."""


class Closable(Protocol):
    """A facade: it can be closed, and tells whether it was."""

    def is_open(self) -> object: ...
    def close(self) -> None: ...


_Facade = TypeVar("_Facade", bound=Closable)


class Case:
    """Base of both halves.

    Attributes:
        adaptor: name of the adaptor under test. Required.
        scratch: an empty directory on this machine, one per test class, for whatever ``create``
            needs.
    """

    adaptor: ClassVar[str] = ""
    scratch: pathlib.Path

    @pytest.fixture(autouse=True)
    def _kit_scratch(
        self, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        assert self.adaptor, f"{type(self).__name__}.adaptor must name the adaptor under test"
        cls = type(self)
        if "scratch" not in vars(cls):
            cls.scratch = tmp_path_factory.mktemp("kit")
            _at_end_of_class(request, lambda: delattr(cls, "scratch"))


def _at_end_of_class(request: pytest.FixtureRequest, finish: Callable[[], object]) -> None:
    node = request.node.getparent(pytest.Class)
    node.addfinalizer(finish)


def shared(
    request: pytest.FixtureRequest, cls: type[Case], name: str, make: Callable[[], _Facade]
) -> _Facade:
    """Return the facade that all tests of a class share, made anew when a test closed it.

    Args:
        request: of the fixture that asks.
        cls: the test class that keeps it.
        name: attribute to keep it under.
        make: makes one.
    """
    found: _Facade | None = vars(cls).get(name)
    if found is not None and found.is_open():
        return found
    made = make()
    setattr(cls, name, made)
    if found is None:
        _at_end_of_class(request, lambda: _drop(cls, name))
    return made


def _drop(cls: type[Case], name: str) -> None:
    facade: Closable = vars(cls)[name]
    delattr(cls, name)
    facade.close()


def need(description: object, *capabilities: str) -> None:
    """Skip the test unless every one of these capabilities is declared."""
    for capability in capabilities:
        if not getattr(description, capability):
            pytest.skip(f"capability not declared: {capability}")


def until(condition: Callable[[], object], what: str, seconds: float = 20.0) -> None:
    """Wait until a condition holds; fail when it does not within ``seconds``."""
    deadline = time.monotonic() + seconds
    for pause in itertools.chain([0.002, 0.005, 0.01, 0.02], itertools.repeat(0.05)):
        if condition():
            return
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds:g} s: {what}")
        time.sleep(pause)


def fresh_name(prefix: str = "xenon-kit") -> str:
    """Return a name that nobody else uses."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def pattern(size: int) -> bytes:
    """Return ``size`` bytes in which no two 8-byte blocks are equal: a shifted chunk shows."""
    return array.array("Q", range(size // 8 + 1)).tobytes()[:size]


def everything_told(error: BaseException) -> str:
    """Return all that an exception, its causes and their local traces would show to a reader."""
    told = ["".join(traceback.format_exception(error))]
    seen: BaseException | None = error
    while seen is not None:
        told += [repr(seen), str(seen), repr(vars(seen))]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(told)
