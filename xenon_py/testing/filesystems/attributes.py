"""Attributes, permissions."""

from __future__ import annotations

import time

import pytest

from xenon_py.exceptions import (
    IllegalArgumentException,
    NoSuchPathException,
    UnsupportedOperationException,
)
from xenon_py.filesystem import FileSystem
from xenon_py.model.attributes import PosixFilePermission
from xenon_py.model.path import Path
from xenon_py.testing.filesystems.base import FileSystemCase, kind, put

Bit = PosixFilePermission
ALL_BITS = [bit for bit in Bit if bit is not Bit.NONE]
OLDEST = 946_684_800_000  # the year 2000, in ms: a time in seconds would be far below
A_DAY = 86_400_000  # clocks and time zones of servers differ


class AttributeTests(FileSystemCase):
    """``get_attributes``."""

    def test_attributes_of_a_file(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file", b"12345")
        found = fs.get_attributes(base / "file")
        assert found.path == base / "file"
        assert found.size == 5
        assert kind(found) == "file"
        assert not found.is_hidden
        assert found.is_readable

    def test_attributes_of_an_empty_file(self, fs: FileSystem, base: Path) -> None:
        fs.create_file(base / "file")
        assert fs.get_attributes(base / "file").size == 0

    def test_attributes_of_a_directory(self, fs: FileSystem, base: Path) -> None:
        found = fs.get_attributes(base)
        assert found.path == base
        assert kind(found) == "dir"

    def test_attributes_of_the_root(self, fs: FileSystem) -> None:
        assert fs.get_attributes("/").is_directory

    def test_attributes_by_a_relative_path(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file", b"12345")
        assert fs.get_attributes(f"{base.name}/x/../file").path == base / "file"

    def test_attributes_of_a_missing_path(self, fs: FileSystem, base: Path) -> None:
        with pytest.raises(NoSuchPathException):
            fs.get_attributes(base / "missing")

    def test_attributes_below_a_missing_directory(self, fs: FileSystem, base: Path) -> None:
        with pytest.raises(NoSuchPathException):
            fs.get_attributes(base / "missing" / "file")

    def test_hidden_names(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / ".file")
        fs.create_directory(base / ".dir")
        assert fs.get_attributes(base / ".file").is_hidden
        assert fs.get_attributes(base / ".dir").is_hidden

    def test_modification_time_is_now_in_ms(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file")
        found = fs.get_attributes(base / "file").last_modified_time
        assert abs(found - time.time() * 1000) < A_DAY

    def test_times_are_ms_or_unknown(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file")
        found = fs.get_attributes(base / "file")
        for stamp in (found.creation_time, found.last_access_time, found.last_modified_time):
            assert isinstance(stamp, int)
            assert stamp == 0 or stamp > OLDEST

    def test_times_do_not_go_back(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "first")
        put(fs, base / "second")
        first, second = (fs.get_attributes(base / name) for name in ("first", "second"))
        assert first.last_modified_time <= second.last_modified_time

    def test_owner_and_group_are_text(self, fs: FileSystem, base: Path) -> None:
        found = fs.get_attributes(base)
        assert isinstance(found.owner, str)
        assert isinstance(found.group, str)


class PermissionTests(FileSystemCase):
    """Reading and setting permissions."""

    def test_reading_permissions_works_as_declared(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file")
        found = fs.get_attributes(base / "file").permissions
        assert bool(found) == self.description.supports_reading_posix_permissions
        assert all(isinstance(bit, Bit) for bit in found)

    def test_setting_permissions_works_as_declared(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file")
        few = {Bit.OWNER_READ, Bit.OWNER_WRITE}
        if self.description.supports_setting_posix_permissions:
            fs.set_posix_file_permissions(base / "file", few)
            if self.description.supports_reading_posix_permissions:
                assert set(fs.get_attributes(base / "file").permissions) == few
        else:
            with pytest.raises(UnsupportedOperationException):
                fs.set_posix_file_permissions(base / "file", few)

    @pytest.mark.parametrize(
        "bits",
        [ALL_BITS, ALL_BITS[::2], [Bit.OWNER_READ], *[[Bit.OWNER_READ, bit] for bit in ALL_BITS]],
        ids=lambda bits: "-".join(bit.name for bit in bits),
    )
    def test_permissions_come_back(
        self, fs: FileSystem, base: Path, bits: list[PosixFilePermission]
    ) -> None:
        self.need("supports_setting_posix_permissions", "supports_reading_posix_permissions")
        put(fs, base / "file")
        fs.set_posix_file_permissions(base / "file", bits)
        assert set(fs.get_attributes(base / "file").permissions) == set(bits)

    @pytest.mark.parametrize("bits", [[], [Bit.NONE]], ids=["empty", "NONE"])
    def test_no_permissions_at_all(
        self, fs: FileSystem, base: Path, bits: list[PosixFilePermission]
    ) -> None:
        self.need("supports_setting_posix_permissions", "supports_reading_posix_permissions")
        put(fs, base / "file")
        fs.set_posix_file_permissions(base / "file", bits)
        assert list(fs.get_attributes(base / "file").permissions) == []
        fs.set_posix_file_permissions(base / "file", [Bit.OWNER_READ, Bit.OWNER_WRITE])

    def test_permissions_as_numbers(self, fs: FileSystem, base: Path) -> None:
        self.need("supports_setting_posix_permissions", "supports_reading_posix_permissions")
        put(fs, base / "file")
        fs.set_posix_file_permissions(base / "file", [1, 4, 7])
        found = set(fs.get_attributes(base / "file").permissions)
        assert found == {Bit.OWNER_READ, Bit.GROUP_READ, Bit.OTHERS_READ}

    def test_permissions_of_a_directory(self, fs: FileSystem, base: Path) -> None:
        self.need("supports_setting_posix_permissions", "supports_reading_posix_permissions")
        fs.create_directory(base / "dir")
        bits = {Bit.OWNER_READ, Bit.OWNER_WRITE, Bit.OWNER_EXECUTE, Bit.OTHERS_EXECUTE}
        fs.set_posix_file_permissions(base / "dir", bits)
        assert set(fs.get_attributes(base / "dir").permissions) == bits

    def test_executable_and_writable_follow_the_owner_bits(
        self, fs: FileSystem, base: Path
    ) -> None:
        self.need("supports_setting_posix_permissions", "supports_reading_posix_permissions")
        put(fs, base / "file")
        for bits in ([Bit.OWNER_READ, Bit.OWNER_WRITE], [Bit.OWNER_READ, Bit.OWNER_EXECUTE]):
            fs.set_posix_file_permissions(base / "file", bits)
            found = fs.get_attributes(base / "file")
            assert found.is_executable == (Bit.OWNER_EXECUTE in bits)

    def test_permissions_of_a_missing_path(self, fs: FileSystem, base: Path) -> None:
        self.need("supports_setting_posix_permissions")
        with pytest.raises(NoSuchPathException):
            fs.set_posix_file_permissions(base / "missing", [Bit.OWNER_READ])

    @pytest.mark.parametrize("bits", ["rwx", 0o755, [42], ["OWNER_READ"], None])
    def test_wrong_permissions(self, fs: FileSystem, base: Path, bits: object) -> None:
        put(fs, base / "file")
        before = fs.get_attributes(base / "file").permissions
        with pytest.raises(IllegalArgumentException):
            fs.set_posix_file_permissions(base / "file", bits)  # type: ignore[arg-type]
        assert fs.get_attributes(base / "file").permissions == before
