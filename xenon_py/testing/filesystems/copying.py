"""``copy`` of single files and links: modes, statuses, control."""

from __future__ import annotations

import datetime
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from xenon_py.exceptions import (
    CopyCancelledException,
    IllegalArgumentException,
    InvalidPathException,
    NoSuchCopyException,
    NoSuchPathException,
    PathAlreadyExistsException,
    XenonException,
)
from xenon_py.filesystem import FileSystem
from xenon_py.model.copying import CopyErrorType, CopyMode, CopyOperation, CopyStatus
from xenon_py.model.path import Path
from xenon_py.testing.filesystems.base import FileSystemCase, get, kind, names, plant, put, tree
from xenon_py.testing.filesystems.held import PATIENCE, HeldFileSystem
from xenon_py.testing.harness import pattern

MINUTE = 60_000
LARGE = 3 * 1024 * 1024


def copied(
    fs: FileSystem,
    source: object,
    target_fs: FileSystem,
    target: object,
    *args: Any,
    **options: Any,
) -> CopyStatus:
    """Copy, wait, and return the final status."""
    operation = fs.copy(source, target_fs, target, *args, **options)  # type: ignore[arg-type]
    status = fs.wait_until_done(operation, MINUTE)
    assert status.done, "the copy did not end within a minute"
    assert not status.running
    return status


def well(status: CopyStatus) -> CopyStatus:
    """Fail unless the copy ended well."""
    assert status.state == "DONE", status.error_message
    assert status.error_type == CopyErrorType.NONE
    assert status.error_message == ""
    return status


def ill(status: CopyStatus, kind_: CopyErrorType, error: type[XenonException]) -> CopyStatus:
    """Fail unless the copy failed in this way."""
    assert (status.state, status.error_type) == ("FAILED", kind_)
    assert isinstance(status.error, error)
    assert status.error_message
    return status


class CopyFileTests(FileSystemCase):
    """One file, every mode and every kind of target."""

    @pytest.mark.parametrize("size", [0, 1, 64 * 1024 - 1, 64 * 1024 + 1, 5 * 1024 * 1024])
    def test_copy_within(self, fs: FileSystem, base: Path, size: int) -> None:
        put(fs, base / "source", pattern(size))
        status = well(copied(fs, base / "source", fs, base / "target"))
        assert get(fs, base / "target") == pattern(size)
        assert get(fs, base / "source") == pattern(size)
        assert (status.bytes_copied, status.bytes_to_copy) == (size, size)
        assert names(fs, base) == ["source", "target"]

    @pytest.mark.parametrize("size", [0, 1, 64 * 1024 + 1, 5 * 1024 * 1024])
    def test_copy_to_another_object(
        self, fs: FileSystem, other: FileSystem, base: Path, size: int
    ) -> None:
        put(fs, base / "source", pattern(size))
        status = well(copied(fs, base / "source", other, base / "target"))
        assert get(other, base / "target") == pattern(size)
        assert (status.bytes_copied, status.bytes_to_copy) == (size, size)

    def test_copy_each_end_resolves_against_its_own_working_directory(
        self, base: Path, fs: FileSystem
    ) -> None:
        fs.create_directory(base / "from")
        fs.create_directory(base / "to")
        put(fs, base / "from" / "file", b"content")
        with self.create() as source, self.create() as target:
            source.set_working_directory(base / "from")
            target.set_working_directory(base / "to")
            well(copied(source, "file", target, "copy"))
        assert tree(fs, base) == {
            "from": None,
            "from/file": b"content",
            "to": None,
            "to/copy": b"content",
        }

    def test_copy_the_target_is_the_exact_path(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "source", b"content")
        fs.create_directory(base / "dir")
        status = copied(fs, base / "source", fs, base / "dir", CopyMode.CREATE)
        ill(status, CopyErrorType.ALREADY_EXISTS, PathAlreadyExistsException)
        assert names(fs, base / "dir") == []

    def test_copy_create_is_the_default(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "source", b"new")
        put(fs, base / "target", b"kept")
        status = copied(fs, base / "source", fs, base / "target")
        ill(status, CopyErrorType.ALREADY_EXISTS, PathAlreadyExistsException)
        assert get(fs, base / "target") == b"kept"

    @pytest.fixture(params=["file", "dir", "link", "dangling"])
    def occupied(self, request: pytest.FixtureRequest, fs: FileSystem, base: Path) -> Path:
        """A target that is there already, of each kind."""
        put(fs, base / "source", b"new")
        target = base / "target"
        if request.param == "file":
            put(fs, target, b"kept, and longer")
        elif request.param == "dir":
            plant(fs, target)
        else:
            self.need("can_create_symboliclinks", "can_read_symboliclinks")
            put(fs, base / "elsewhere", b"else")
            name = "elsewhere" if request.param == "link" else "missing"
            fs.create_symbolic_link(target, name)
        return target

    def test_copy_create_where_something_is(
        self, fs: FileSystem, base: Path, occupied: Path
    ) -> None:
        before = tree(fs, base)
        status = copied(fs, base / "source", fs, occupied, CopyMode.CREATE)
        ill(status, CopyErrorType.ALREADY_EXISTS, PathAlreadyExistsException)
        assert tree(fs, base) == before

    def test_copy_ignore_where_something_is(
        self, fs: FileSystem, base: Path, occupied: Path
    ) -> None:
        before = tree(fs, base)
        status = well(copied(fs, base / "source", fs, occupied, CopyMode.IGNORE))
        assert status.bytes_copied == 0
        assert tree(fs, base) == before

    def test_copy_replace_where_something_is(
        self, fs: FileSystem, base: Path, occupied: Path
    ) -> None:
        beside = {
            name: data for name, data in tree(fs, base).items() if not name.startswith("target")
        }
        well(copied(fs, base / "source", fs, occupied, CopyMode.REPLACE))
        assert kind(fs.get_attributes(occupied)) == "file"
        assert tree(fs, base) == {**beside, "target": b"new"}

    def test_copy_modes_as_numbers(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "source", b"new")
        put(fs, base / "target", b"old")
        well(copied(fs, base / "source", fs, base / "target", 2))
        assert get(fs, base / "target") == b"old"
        well(copied(fs, base / "source", fs, base / "target", 1))
        assert get(fs, base / "target") == b"new"

    def test_copy_ignore_and_replace_where_nothing_is(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "source", b"new")
        for name, mode in (("one", CopyMode.IGNORE), ("two", CopyMode.REPLACE)):
            well(copied(fs, base / "source", fs, base / name, mode))
            assert get(fs, base / name) == b"new"

    @pytest.mark.parametrize("mode", list(CopyMode))
    def test_copy_onto_itself_loses_nothing(
        self, fs: FileSystem, other: FileSystem, base: Path, mode: CopyMode
    ) -> None:
        put(fs, base / "file", b"precious")
        for target_fs in (fs, other):
            copied(fs, base / "file", target_fs, base / "file", mode)
            assert tree(fs, base) == {"file": b"precious"}

    def test_copy_a_link_as_a_link(self, fs: FileSystem, base: Path) -> None:
        self.need("can_create_symboliclinks", "can_read_symboliclinks")
        put(fs, base / "file", b"content")
        fs.create_symbolic_link(base / "link", "file")
        well(copied(fs, base / "link", fs, base / "copy"))
        assert str(fs.read_symbolic_link(base / "copy")) == "file"
        put(fs, base / "occupied", b"old")
        well(copied(fs, base / "link", fs, base / "occupied", CopyMode.REPLACE))
        assert str(fs.read_symbolic_link(base / "occupied")) == "file"


class CopyFaultTests(FileSystemCase):
    """What goes wrong in a copy is told with its true type, by every way of asking."""

    def test_copy_missing_source(self, fs: FileSystem, base: Path) -> None:
        status = copied(fs, base / "missing", fs, base / "target")
        ill(status, CopyErrorType.NOT_FOUND, NoSuchPathException)
        assert names(fs, base) == []

    def test_copy_target_without_parent(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "source")
        status = copied(fs, base / "source", fs, base / "missing" / "target")
        ill(status, CopyErrorType.NOT_FOUND, NoSuchPathException)
        assert names(fs, base) == ["source"]

    def test_copy_directory_without_recursive(self, fs: FileSystem, base: Path) -> None:
        plant(fs, base / "source")
        status = copied(fs, base / "source", fs, base / "target")
        ill(status, CopyErrorType.XENON, InvalidPathException)
        assert names(fs, base) == ["source"]

    def test_copy_get_status_and_wait_tell_the_same(self, fs: FileSystem, base: Path) -> None:
        operation = fs.copy(base / "missing", fs, base / "target")
        waited = fs.wait_until_done(operation, MINUTE)
        assert fs.get_status(operation) == waited
        assert operation.status() == waited
        assert operation.wait() == waited
        assert operation.future().result(timeout=10) == waited
        assert waited.error_type == CopyErrorType.NOT_FOUND

    def test_copy_a_failed_copy_does_not_hurt_the_next(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "source", b"content")
        for number in range(5):
            copied(fs, base / "missing", fs, base / f"no-{number}")
            well(copied(fs, base / "source", fs, base / f"yes-{number}"))
        assert names(fs, base) == ["source", *(f"yes-{number}" for number in range(5))]

    @pytest.mark.parametrize("call", ["get_status", "cancel", "wait_until_done"])
    def test_copy_unknown_copies(self, fs: FileSystem, call: str) -> None:
        unknown = CopyOperation(f"COPY-{self.adaptor}-987654")
        with pytest.raises(NoSuchCopyException):
            getattr(fs, call)(unknown)

    @pytest.mark.parametrize(
        ("argument", "value"),
        [
            ("source", None),
            ("source", 5),
            ("destination_filesystem", None),
            ("destination_filesystem", "file"),
            ("destination", None),
            ("destination", b"x"),
            ("mode", 7),
            ("mode", "CREATE"),
            ("verify", "perhaps"),
            ("parallel", 0),
            ("parallel", 1.5),
            ("preserve", ("colour",)),
            ("on_progress", 3),
        ],
    )
    def test_copy_wrong_arguments(
        self, fs: FileSystem, base: Path, argument: str, value: object
    ) -> None:
        put(fs, base / "source")
        arguments: dict[str, object] = {
            "source": base / "source",
            "destination_filesystem": fs,
            "destination": base / "target",
            argument: value,
        }
        with pytest.raises(XenonException) as caught:
            fs.copy(**arguments)  # type: ignore[arg-type]
        assert isinstance(caught.value, ValueError)
        assert argument in str(caught.value)
        assert names(fs, base) == ["source"]


class CopyControlTests(FileSystemCase):
    """Progress, waiting, cancelling, futures."""

    def test_copy_ids(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "source")
        operations = [fs.copy(base / "source", fs, base / f"copy-{n}") for n in range(5)]
        ids = [operation.id for operation in operations]
        assert len(set(ids)) == 5
        assert all(id_.startswith(f"COPY-{self.adaptor}-") for id_ in ids)
        for operation in operations:
            well(operation.wait(MINUTE))

    def test_copy_a_finished_copy_can_be_asked_again(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "source")
        operation = fs.copy(base / "source", fs, base / "target")
        first = well(operation.wait(MINUTE))
        assert fs.get_status(operation) == first
        assert fs.get_status(CopyOperation(operation.id)) == first
        assert fs.wait_until_done(operation, 0) == first

    def test_copy_progress_grows_to_the_whole(
        self, fs: FileSystem, other: FileSystem, base: Path
    ) -> None:
        put(fs, base / "source", pattern(5_000_000))
        told: list[CopyStatus] = []
        well(copied(fs, base / "source", other, base / "target", on_progress=told.append))
        sizes = [status.bytes_copied for status in told]
        assert sizes
        assert sizes == sorted(sizes)
        assert sizes[-1] == 5_000_000
        assert all(0 <= status.bytes_copied <= status.bytes_to_copy for status in told)

    def test_copy_future_and_callback(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "source")
        called = threading.Event()
        operation = fs.copy(base / "source", fs, base / "target")
        future = operation.future()
        future.add_done_callback(lambda _: called.set())
        well(future.result(timeout=60))
        assert called.wait(10)

    @pytest.mark.parametrize("timeout", [-1, 1.5, "1", datetime.timedelta(seconds=-1)])
    def test_copy_wrong_timeouts(self, fs: FileSystem, base: Path, timeout: object) -> None:
        put(fs, base / "source")
        operation = fs.copy(base / "source", fs, base / "target")
        with pytest.raises(IllegalArgumentException):
            fs.wait_until_done(operation, timeout)  # type: ignore[arg-type]
        well(operation.wait(datetime.timedelta(seconds=60)))

    @pytest.fixture
    def held(self) -> Iterator[HeldFileSystem]:
        """A file system that catches a copy midway."""
        adaptor = HeldFileSystem()
        yield adaptor
        adaptor.go_on.set()

    def test_copy_wait_with_a_timeout_returns_the_running_copy(
        self, held: HeldFileSystem, fs: FileSystem, base: Path
    ) -> None:
        with held.as_file_system() as source:
            operation = source.copy("/large", fs, base / "target")
            assert held.begun.wait(PATIENCE)
            started = time.monotonic()
            status = source.wait_until_done(operation, 100)
            assert time.monotonic() - started >= 0.09
            assert (status.state, status.running, status.done) == ("RUNNING", True, False)
            assert 0 <= status.bytes_copied < status.bytes_to_copy == len(held.content)
            if self.description.supports_rename or self.description.writes_atomically:
                assert not fs.exists(base / "target")
            held.go_on.set()
            well(operation.wait())
        assert get(fs, base / "target") == held.content

    def test_copy_cancel_midway_into(
        self, held: HeldFileSystem, fs: FileSystem, base: Path
    ) -> None:
        put(fs, base / "kept")
        with held.as_file_system() as source:
            status = self._cancelled(held, source, source.copy("/large", fs, base / "target"))
        ill(status, CopyErrorType.CANCELLED, CopyCancelledException)
        assert names(fs, base) == ["kept"]

    def test_copy_cancel_midway_keeps_what_was_to_be_replaced(
        self, held: HeldFileSystem, fs: FileSystem, base: Path
    ) -> None:
        description = self.description
        if not (description.can_replace_by_rename or description.writes_atomically):
            pytest.skip("capability not declared: can_replace_by_rename or writes_atomically")
        put(fs, base / "target", b"as before")
        with held.as_file_system() as source:
            operation = source.copy("/large", fs, base / "target", CopyMode.REPLACE)
            self._cancelled(held, source, operation)
        assert tree(fs, base) == {"target": b"as before"}

    def test_copy_cancel_midway_out_of(
        self, held: HeldFileSystem, fs: FileSystem, base: Path
    ) -> None:
        put(fs, base / "source", pattern(LARGE))
        with held.as_file_system() as target:
            status = self._cancelled(held, fs, fs.copy(base / "source", target, "/new"))
            ill(status, CopyErrorType.CANCELLED, CopyCancelledException)
            assert held.aborted.is_set()
        assert tree(fs, base) == {"source": pattern(LARGE)}

    @staticmethod
    def _cancelled(held: HeldFileSystem, owner: FileSystem, operation: CopyOperation) -> CopyStatus:
        """Cancel a copy while it stands still; return how it ended."""
        assert held.begun.wait(PATIENCE)
        canceller = threading.Thread(target=owner.cancel, args=(operation,))
        canceller.start()
        canceller.join(0.3)  # what stands still cannot end: the call may wait for that
        held.go_on.set()
        canceller.join(PATIENCE)
        return owner.wait_until_done(operation, MINUTE)

    @pytest.mark.parametrize("direction", ["into", "out of"])
    def test_copy_close_midway(
        self, held: HeldFileSystem, fs: FileSystem, base: Path, direction: str
    ) -> None:
        own = self.create()
        put(fs, base / "source", pattern(LARGE))
        with held.as_file_system() as other:
            if direction == "into":
                operation = other.copy("/large", own, base / "target")
            else:
                operation = own.copy(base / "source", other, "/new")
            future = operation.future()
            assert held.begun.wait(PATIENCE)
            closer = threading.Thread(target=own.close)
            closer.start()
            closer.join(0.3)
            held.go_on.set()
            closer.join(PATIENCE)
            assert not closer.is_alive()
            status = future.result(timeout=PATIENCE)
        ill(status, CopyErrorType.CANCELLED, CopyCancelledException)
        assert names(fs, base) == ["source"]

    def test_copy_cancel_what_is_done(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "source")
        operation = fs.copy(base / "source", fs, base / "target")
        well(operation.wait(MINUTE))
        well(fs.cancel(operation))
        assert names(fs, base) == ["source", "target"]

    def test_copy_several_copies_at_a_time(
        self, fs: FileSystem, other: FileSystem, base: Path
    ) -> None:
        put(fs, base / "source", pattern(1_000_000))
        operations = [fs.copy(base / "source", other, base / f"copy-{n}") for n in range(8)]
        for operation in operations:
            well(operation.wait(MINUTE))
        for number in range(8):
            assert get(fs, base / f"copy-{number}") == pattern(1_000_000)
