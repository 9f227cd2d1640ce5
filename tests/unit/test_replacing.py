"""Replacing a file where there is no single step for it: whatever fails, nothing is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from unit.memory_adaptor import MemoryAdaptor, fill, put, tree_of
from xenon_py.engine.copying import CopyEngine, CopyOptions
from xenon_py.engine.operations import begin_replacing, rename
from xenon_py.exceptions import (
    ConnectionLostException,
    InvalidPathException,
    NoSpaceException,
    PathAlreadyExistsException,
    XenonException,
)
from xenon_py.model.copying import CopyMode
from xenon_py.plugin.replacing import rename_over

Rename = Callable[[str, str], None]


class Steps(MemoryAdaptor):
    """Has no replacing rename; ``faults`` by the number of the rename call.

    A fault is raised before the rename is done; ``after`` lets it be done, so that only its answer
    is lost. ``meanwhile`` is done before a rename.
    """

    def __init__(self, *, one_step: bool = False) -> None:
        super().__init__(can_replace_by_rename=one_step)
        self.failing: dict[int, XenonException] = {}
        self.after: set[int] = set()
        self.meanwhile: dict[int, Callable[[], None]] = {}

    def rename(self, source: str, target: str, *, replace: bool = False) -> None:
        assert replace <= self.description.can_replace_by_rename
        number = self.calls.get("rename", 0) + 1
        self.meanwhile.pop(number, lambda: None)()
        if number in self.after:
            super().rename(source, target, replace=replace)
            raise ConnectionLostException.because("the answer was lost")
        if number in self.failing:
            self._count("rename")
            raise self.failing[number]
        super().rename(source, target, replace=replace)


@pytest.fixture
def adaptor() -> Steps:
    adaptor = Steps()
    put(adaptor, "/new", b"new")
    put(adaptor, "/f", b"old")
    return adaptor


FULL = NoSpaceException.because("no space for a name")
GONE = ConnectionLostException.because("the connection was cut")


def test_the_old_one_goes_at_last(adaptor: Steps) -> None:
    rename_over(adaptor, "/new", "/f")
    assert tree_of(adaptor, "/") == {"f": b"new"}
    assert adaptor.calls["rename"] == 2


def test_nothing_there_is_one_rename(adaptor: Steps) -> None:
    rename_over(adaptor, "/new", "/g")
    assert tree_of(adaptor, "/") == {"f": b"old", "g": b"new"}
    assert adaptor.calls["rename"] == 1


@pytest.mark.parametrize("error", [FULL, GONE])
@pytest.mark.parametrize("number", [1, 2])
def test_one_rename_that_fails(adaptor: Steps, number: int, error: XenonException) -> None:
    adaptor.failing = {number: error}
    with pytest.raises(type(error)) as caught:
        rename_over(adaptor, "/new", "/f")
    assert caught.value is error
    assert tree_of(adaptor, "/") == {"f": b"old", "new": b"new"}


@pytest.mark.parametrize("number", [1, 2])
def test_an_answer_that_is_lost(adaptor: Steps, number: int) -> None:
    adaptor.after = {number}
    rename_over(adaptor, "/new", "/f")
    assert tree_of(adaptor, "/") == {"f": b"new"}


def test_an_old_one_that_cannot_be_put_back_is_named(adaptor: Steps) -> None:
    adaptor.failing = {2: FULL, 3: GONE}
    with pytest.raises(NoSpaceException, match=r"no space.*put back.*cut") as caught:
        rename_over(adaptor, "/new", "/f")
    (aside,) = {*tree_of(adaptor, "/")} - {"new"}
    assert tree_of(adaptor, "/") == {"new": b"new", aside: b"old"}
    assert repr("/" + aside) in str(caught.value)
    assert caught.value.__cause__ is FULL


def test_an_interruption_puts_it_back(
    adaptor: Steps, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    adaptor.meanwhile = {2: interrupt}
    with pytest.raises(KeyboardInterrupt):
        rename_over(adaptor, "/new", "/f")
    assert tree_of(adaptor, "/") == {"f": b"old", "new": b"new"}
    assert not caplog.records


def test_an_interruption_that_cannot_put_it_back_says_so(
    adaptor: Steps, caplog: pytest.LogCaptureFixture
) -> None:
    def interrupt() -> None:
        adaptor.failing = {2: FULL}
        raise KeyboardInterrupt

    adaptor.meanwhile = {2: interrupt}
    with pytest.raises(KeyboardInterrupt):
        rename_over(adaptor, "/new", "/f")
    assert "now at '/.f." in caplog.text


def test_what_appears_meanwhile_is_replaced_as_well(adaptor: Steps) -> None:
    adaptor.meanwhile = {2: lambda: put(adaptor, "/f", b"faster")}
    rename_over(adaptor, "/new", "/f")
    assert tree_of(adaptor, "/") == {"f": b"new"}


def test_what_appears_again_and_again_is_an_error_in_the_end(adaptor: Steps) -> None:
    """Three files wanted that name: the last one has it, the others are named."""
    adaptor.meanwhile = {
        2 * step: lambda step=step: put(adaptor, "/f", b"faster %d" % step)  # type: ignore[misc]
        for step in (1, 2, 3)
    }
    with pytest.raises(PathAlreadyExistsException, match="somebody else took its name"):
        rename_over(adaptor, "/new", "/f")
    left = tree_of(adaptor, "/")
    assert (left["new"], left["f"]) == (b"new", b"faster 3")
    assert {b"old", b"faster 1", b"faster 2"} <= {*left.values()}  # type: ignore[arg-type]


def test_what_vanishes_meanwhile_need_not_be_removed(adaptor: Steps) -> None:
    adaptor.meanwhile = {1: lambda: adaptor.unlink("/f")}
    rename_over(adaptor, "/new", "/f")
    assert tree_of(adaptor, "/") == {"f": b"new"}


def test_an_old_one_that_cannot_be_removed_is_no_failure(
    adaptor: Steps, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(path: str) -> None:
        raise FULL

    monkeypatch.setattr(adaptor, "unlink", refuse)
    rename_over(adaptor, "/new", "/f")
    assert tree_of(adaptor, "/").pop("f") == b"new"
    assert "the old one is left at '/.f." in caplog.text


def test_a_directory_is_never_replaced(adaptor: Steps) -> None:
    adaptor.mkdir("/d")
    with pytest.raises(InvalidPathException):
        rename_over(adaptor, "/new", "/d")
    assert tree_of(adaptor, "/") == {"f": b"old", "new": b"new", "d": {}}


def test_a_server_that_turns_out_to_replace_nothing() -> None:
    adaptor = Steps(one_step=True)
    put(adaptor, "/new", b"new")
    put(adaptor, "/f", b"old")
    adaptor.failing = {1: PathAlreadyExistsException.because("the server does not rename over it")}
    rename_over(adaptor, "/new", "/f")
    assert tree_of(adaptor, "/") == {"f": b"new"}


@pytest.mark.parametrize("number", [1, 2])
def test_rename_of_a_file_system(adaptor: Steps, number: int) -> None:
    adaptor.failing = {number: FULL}
    with pytest.raises(NoSpaceException):
        rename(adaptor, "/new", "/f", replace=True)
    assert tree_of(adaptor, "/") == {"f": b"old", "new": b"new"}


@pytest.mark.parametrize("number", [1, 2])
def test_a_file_that_is_written(adaptor: Steps, number: int) -> None:
    adaptor.failing = {number: FULL}
    made = begin_replacing(adaptor, "/f")
    made.write(b"newer")
    with pytest.raises(NoSpaceException):
        made.commit()
    assert tree_of(adaptor, "/") == {"f": b"old", "new": b"new"}


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("old", [b"file", "link", {"in": {"a": b"tree"}}])
def test_a_copy_over_anything(number: int, old: object) -> None:
    here, there = MemoryAdaptor(), Steps()
    put(here, "/f", b"new")
    fill(there, "/d", {"g": old})
    there.failing = {number: FULL}
    engine = CopyEngine("memory")
    try:
        for expected in ({"g": old}, {"g": b"new"}):
            options = CopyOptions(mode=CopyMode.REPLACE)
            status = engine.wait(engine.start(here, "/f", there, "/d/g", options), 30)
            assert tree_of(there, "/d") == expected
            assert (status.error is FULL) is (expected["g"] == old)
    finally:
        engine.close()
