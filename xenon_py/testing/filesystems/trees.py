"""``copy`` of directories; verification, preservation, running it again."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from xenon_py.exceptions import (
    CopyCancelledException,
    PathAlreadyExistsException,
    UnsupportedOperationException,
    XenonException,
)
from xenon_py.filesystem import FileSystem
from xenon_py.model.attributes import PosixFilePermission as Bit
from xenon_py.model.copying import CopyErrorType, CopyMode, CopyStatus
from xenon_py.model.path import Path
from xenon_py.testing.filesystems.base import FileSystemCase, get, names, plant, put, tree
from xenon_py.testing.filesystems.copying import MINUTE, copied, ill, well
from xenon_py.testing.harness import pattern, until


def _sum(content: dict[str, object]) -> int:
    return sum(len(data) for data in content.values() if isinstance(data, bytes))


class CopyTreeTests(FileSystemCase):
    """Whole directories, every mode."""

    def test_copy_a_tree(self, fs: FileSystem, base: Path) -> None:
        content = plant(fs, base / "source")
        status = well(copied(fs, base / "source", fs, base / "target", recursive=True))
        assert tree(fs, base / "target") == content
        assert tree(fs, base / "source") == content
        assert status.bytes_copied == status.bytes_to_copy == _sum(content)
        assert status.files_copied == status.files_to_copy == 4

    def test_copy_a_tree_to_another_object(
        self, fs: FileSystem, other: FileSystem, base: Path
    ) -> None:
        content = plant(fs, base / "source")
        well(copied(fs, base / "source", other, base / "target", recursive=True))
        assert tree(other, base / "target") == content

    def test_copy_an_empty_directory(self, fs: FileSystem, base: Path) -> None:
        fs.create_directory(base / "source")
        well(copied(fs, base / "source", fs, base / "target", recursive=True))
        assert names(fs, base / "target") == []

    def test_copy_tree_links_in_a_tree_stay_links(self, fs: FileSystem, base: Path) -> None:
        self.need("can_create_symboliclinks", "can_read_symboliclinks")
        plant(fs, base / "source")
        for name, target in (("to-file", "a.txt"), ("to-dir", "d1"), ("dangling", "gone/x")):
            fs.create_symbolic_link(base / "source" / "d1" / name, target)
        content = tree(fs, base / "source")
        well(copied(fs, base / "source", fs, base / "target", recursive=True))
        assert tree(fs, base / "target") == content

    @pytest.mark.parametrize("parallel", [1, 4])
    def test_copy_tree_many_files(
        self, fs: FileSystem, other: FileSystem, base: Path, parallel: int
    ) -> None:
        fs.create_directory(base / "source")
        for number in range(60):
            put(fs, base / "source" / f"file-{number}", pattern(number * 977))
        status = well(
            copied(fs, base / "source", other, base / "target", recursive=True, parallel=parallel)
        )
        assert status.files_copied == 60
        assert tree(fs, base / "target") == tree(fs, base / "source")

    def test_copy_tree_create_where_a_directory_is(self, fs: FileSystem, base: Path) -> None:
        plant(fs, base / "source")
        fs.create_directory(base / "target")
        status = copied(fs, base / "source", fs, base / "target", CopyMode.CREATE, recursive=True)
        ill(status, CopyErrorType.ALREADY_EXISTS, PathAlreadyExistsException)
        assert names(fs, base / "target") == []

    def test_copy_tree_ignore_where_a_directory_is(self, fs: FileSystem, base: Path) -> None:
        plant(fs, base / "source")
        fs.create_directory(base / "target")
        put(fs, base / "target" / "a.txt", b"kept")
        well(copied(fs, base / "source", fs, base / "target", CopyMode.IGNORE, recursive=True))
        assert tree(fs, base / "target") == {"a.txt": b"kept"}

    def test_copy_tree_replace_merges(self, fs: FileSystem, base: Path) -> None:
        content = plant(fs, base / "source")
        fs.create_directory(base / "target")
        put(fs, base / "target" / "a.txt", b"old")
        put(fs, base / "target" / "extra", b"kept")
        fs.create_directory(base / "target" / "d1")
        put(fs, base / "target" / "d1" / "extra", b"kept too")
        well(copied(fs, base / "source", fs, base / "target", CopyMode.REPLACE, recursive=True))
        expected = {**content, "extra": b"kept", "d1/extra": b"kept too"}
        assert tree(fs, base / "target") == expected

    def test_copy_tree_replace_where_kinds_differ(self, fs: FileSystem, base: Path) -> None:
        content = plant(fs, base / "source")
        fs.create_directory(base / "target")
        put(fs, base / "target" / "d1", b"a file where a directory comes")
        plant(fs, base / "target" / "a.txt")
        well(copied(fs, base / "source", fs, base / "target", CopyMode.REPLACE, recursive=True))
        assert tree(fs, base / "target") == content

    @pytest.mark.parametrize("mode", list(CopyMode))
    def test_copy_tree_directory_onto_a_file(
        self, fs: FileSystem, base: Path, mode: CopyMode
    ) -> None:
        content = plant(fs, base / "source")
        put(fs, base / "target", b"a file")
        status = copied(fs, base / "source", fs, base / "target", mode, recursive=True)
        if mode is CopyMode.CREATE:
            ill(status, CopyErrorType.ALREADY_EXISTS, PathAlreadyExistsException)
        else:
            well(status)
        if mode is CopyMode.REPLACE:
            assert tree(fs, base / "target") == content
        else:
            assert get(fs, base / "target") == b"a file"

    @pytest.mark.parametrize("below", ["inside", "d1/inside", "d1"])
    @pytest.mark.parametrize("mode", [CopyMode.CREATE, CopyMode.REPLACE])
    def test_copy_tree_a_directory_into_itself_is_refused(
        self, fs: FileSystem, base: Path, below: str, mode: CopyMode
    ) -> None:
        content = plant(fs, base / "source")
        status = copied(fs, base / "source", fs, base / "source" / below, mode, recursive=True)
        assert status.state == "FAILED"
        assert tree(fs, base / "source") == content

    @pytest.mark.parametrize("mode", list(CopyMode))
    def test_copy_tree_a_directory_onto_itself_loses_nothing(
        self, fs: FileSystem, other: FileSystem, base: Path, mode: CopyMode
    ) -> None:
        content = plant(fs, base / "source")
        for target_fs in (fs, other):
            copied(fs, base / "source", target_fs, base / "source", mode, recursive=True)
            assert tree(fs, base / "source") == content

    def test_copy_tree_onto_an_ancestor_loses_nothing(self, fs: FileSystem, base: Path) -> None:
        content = plant(fs, base / "top")
        copied(fs, base / "top" / "d1", fs, base / "top", CopyMode.CREATE, recursive=True)
        assert tree(fs, base / "top") == content
        copied(fs, base / "top" / "d1" / "b.txt", fs, base / "top", CopyMode.REPLACE)
        assert get(fs, base / "top" / "d1" / "b.txt") == b"beta"

    def test_copy_tree_cancel_a_tree_leaves_whole_files_only(
        self, fs: FileSystem, other: FileSystem, base: Path
    ) -> None:
        fs.create_directory(base / "source")
        data = pattern(300_000)
        for number in range(100):
            put(fs, base / "source" / f"file-{number:03}", data)
        cancel = threading.Event()

        def slow(status: CopyStatus) -> None:
            if status.bytes_copied:
                cancel.set()
                time.sleep(0.02)

        operation = fs.copy(
            base / "source", other, base / "target", recursive=True, on_progress=slow
        )
        assert cancel.wait(30)
        operation.cancel()
        status = operation.wait(MINUTE)
        if status.state != "DONE":
            ill(status, CopyErrorType.CANCELLED, CopyCancelledException)
        assert {len(d) for d in tree(fs, base / "target").values() if isinstance(d, bytes)} <= {
            len(data)
        }
        assert set(tree(fs, base / "target")) <= set(tree(fs, base / "source"))
        again = copied(
            fs, base / "source", other, base / "target", CopyMode.REPLACE, recursive=True
        )
        well(again)
        assert tree(fs, base / "target") == tree(fs, base / "source")


class VerifyTests(FileSystemCase):
    """Verification, and a copy that is run again."""

    @pytest.mark.parametrize("verify", ["none", "size", "checksum"])
    def test_copy_status_tells_what_was_verified(
        self, fs: FileSystem, other: FileSystem, base: Path, verify: str
    ) -> None:
        content = plant(fs, base / "source")
        status = well(
            copied(fs, base / "source", other, base / "target", recursive=True, verify=verify)
        )
        assert status.verified == verify
        assert tree(fs, base / "target") == content

    def test_copy_size_is_verified_by_default(
        self, fs: FileSystem, other: FileSystem, base: Path
    ) -> None:
        put(fs, base / "source")
        assert well(copied(fs, base / "source", other, base / "target")).verified == "size"

    def test_copy_run_again_skips_what_is_there(
        self, fs: FileSystem, other: FileSystem, base: Path
    ) -> None:
        content = plant(fs, base / "source")
        options: dict[str, Any] = {"recursive": True, "verify": "checksum"}
        well(copied(fs, base / "source", other, base / "target", CopyMode.REPLACE, **options))
        status = well(
            copied(fs, base / "source", other, base / "target", CopyMode.REPLACE, **options)
        )
        assert status.bytes_copied == 0
        assert status.files_skipped == 4
        assert tree(fs, base / "target") == content

    def test_copy_run_again_repairs_what_differs(
        self, fs: FileSystem, other: FileSystem, base: Path
    ) -> None:
        content = plant(fs, base / "source")
        options: dict[str, Any] = {"recursive": True, "verify": "checksum"}
        well(copied(fs, base / "source", other, base / "target", CopyMode.REPLACE, **options))
        fs.delete(base / "target" / "d1" / "b.txt")
        put(fs, base / "target" / "d1" / "b.txt", b"BETA")
        fs.delete(base / "target" / "a.txt")
        status = well(
            copied(fs, base / "source", other, base / "target", CopyMode.REPLACE, **options)
        )
        assert tree(fs, base / "target") == content
        assert status.bytes_copied == 9
        assert status.files_skipped == 2


class PreserveTests(FileSystemCase):
    """Modes and times, on request."""

    BITS = frozenset({Bit.OWNER_READ, Bit.OWNER_WRITE, Bit.OWNER_EXECUTE, Bit.OTHERS_READ})

    def _preserve_refused(self, fs: FileSystem, base: Path, what: str) -> None:
        put(fs, base / "source")
        try:
            status = copied(fs, base / "source", fs, base / "target", preserve=(what,))
            error: XenonException | None = status.error
        except XenonException as raised:
            error = raised
        assert isinstance(error, UnsupportedOperationException)
        assert names(fs, base) == ["source"]

    def test_copy_mode_as_declared(self, fs: FileSystem, other: FileSystem, base: Path) -> None:
        description = self.description
        if not (
            description.supports_setting_posix_permissions
            and description.supports_reading_posix_permissions
        ):
            self._preserve_refused(fs, base, "mode")
            return
        plant(fs, base / "source")
        fs.set_posix_file_permissions(base / "source" / "d1" / "b.txt", self.BITS)
        options: dict[str, Any] = {"recursive": True, "preserve": ("mode",)}
        well(copied(fs, base / "source", other, base / "target", **options))
        found = fs.get_attributes(base / "target" / "d1" / "b.txt").permissions
        assert set(found) == self.BITS

    def test_copy_mtime_as_declared(self, fs: FileSystem, other: FileSystem, base: Path) -> None:
        if not self.description.can_set_times:
            self._preserve_refused(fs, base, "mtime")
            return
        put(fs, base / "source")
        old = fs.get_attributes(base / "source").last_modified_time
        begun = time.monotonic()
        until(lambda: time.monotonic() - begun > 2.1, "two seconds pass")
        well(copied(fs, base / "source", other, base / "target", preserve=("mtime",)))
        assert abs(fs.get_attributes(base / "target").last_modified_time - old) < 1000
        assert get(fs, base / "target") == b"data"
