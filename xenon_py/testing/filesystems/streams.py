"""Streams that are left midway, and ``open``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from xenon_py.exceptions import (
    IllegalArgumentException,
    InvalidPathException,
    NoSuchPathException,
    PathAlreadyExistsException,
    UnsupportedOperationException,
    XenonException,
)
from xenon_py.filesystem import FileSystem
from xenon_py.model.attributes import PosixFilePermission
from xenon_py.model.path import Path
from xenon_py.testing.filesystems.base import FileSystemCase, get, names, put
from xenon_py.testing.harness import pattern


class Broken(Exception):
    """What the data source of these tests raises."""


def _breaking(after: int) -> Iterator[bytes]:
    yield pattern(after)
    yield b"more"
    raise Broken


class AbortTests(FileSystemCase):
    """A write that ends by an exception leaves nothing that looks complete."""

    @pytest.mark.parametrize("after", [0, 1, 300_000, 5_000_000])
    def test_write_whose_data_break(self, fs: FileSystem, base: Path, after: int) -> None:
        with pytest.raises(Broken):
            fs.write_to_file(base / "file", _breaking(after))
        assert not fs.exists(base / "file")
        assert names(fs, base) == []

    def test_write_of_something_that_is_no_bytes(self, fs: FileSystem, base: Path) -> None:
        pieces: list[object] = [b"good", "text"]
        with pytest.raises(IllegalArgumentException):
            fs.write_to_file(base / "file", pieces)  # type: ignore[arg-type]
        assert names(fs, base) == []

    @pytest.mark.parametrize("data", ["text", 7, None, object()])
    def test_write_of_no_stream(self, fs: FileSystem, base: Path, data: object) -> None:
        with pytest.raises(IllegalArgumentException):
            fs.write_to_file(base / "file", data)  # type: ignore[arg-type]
        assert names(fs, base) == []

    def test_the_file_system_works_on_after_a_broken_write(
        self, fs: FileSystem, base: Path
    ) -> None:
        for number in range(12):
            with pytest.raises(Broken):
                fs.write_to_file(base / f"file-{number}", _breaking(100_000))
        put(fs, base / "file", b"fine")
        assert get(fs, base / "file") == b"fine"
        assert names(fs, base) == ["file"]

    @pytest.mark.parametrize("mode", ["wb", "xb"])
    def test_open_left_by_an_exception(self, fs: FileSystem, base: Path, mode: str) -> None:
        with pytest.raises(Broken), fs.open(base / "file", mode) as stream:
            stream.write(pattern(300_000))
            raise Broken
        assert not fs.exists(base / "file")
        assert names(fs, base) == []

    def test_open_on_a_file_left_by_an_exception(self, fs: FileSystem, base: Path) -> None:
        description = self.description
        if not (description.can_replace_by_rename or description.writes_atomically):
            pytest.skip("capability not declared: can_replace_by_rename or writes_atomically")
        put(fs, base / "file", b"as before")
        with pytest.raises(Broken), fs.open(base / "file", "wb") as stream:
            stream.write(pattern(300_000))
            raise Broken
        assert get(fs, base / "file") == b"as before"
        assert names(fs, base) == ["file"]

    def test_append_whose_data_break_keeps_what_was_there(self, fs: FileSystem, base: Path) -> None:
        self.need("can_append")
        put(fs, base / "file", b"first")
        with pytest.raises(Broken):
            fs.append_to_file(base / "file", _breaking(10))
        assert get(fs, base / "file").startswith(b"first")
        assert names(fs, base) == ["file"]

    def test_a_file_being_written_is_not_seen(
        self, fs: FileSystem, other: FileSystem, base: Path
    ) -> None:
        description = self.description
        if not (description.supports_rename or description.writes_atomically):
            pytest.skip("capability not declared: supports_rename or writes_atomically")
        seen = []

        def data() -> Iterator[bytes]:
            yield pattern(300_000)
            seen.append(bool(other.exists(base / "file")))
            yield b"end"

        fs.write_to_file(base / "file", data())
        assert seen == [False]
        assert len(get(fs, base / "file")) == 300_003


class OpenTests(FileSystemCase):
    """``open``, with Python's meaning of the modes."""

    def test_write_and_read_bytes(self, fs: FileSystem, base: Path) -> None:
        data = pattern(150_000)
        with fs.open(base / "file", "wb") as stream:
            stream.write(data[:100_000])
            stream.write(data[100_000:])
        with fs.open(base / "file") as stream:
            assert stream.read() == data

    def test_a_new_file_like_another(self, fs: FileSystem, base: Path) -> None:
        """It gets the bits of the other one; where there are none, or no such file, all is well."""
        bits = [PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE]
        can = self.description
        put(fs, base / "old")
        if can.supports_setting_posix_permissions:
            fs.set_posix_file_permissions(base / "old", bits)
        for name, like in (("one", "old"), ("two", "missing")):
            with fs.open(base / name, "xb", like=base / like) as stream:
                stream.write(b"new")
            assert get(fs, base / name) == b"new"
        if can.supports_setting_posix_permissions and can.supports_reading_posix_permissions:
            assert fs.get_attributes(base / "one").permissions == bits
        with pytest.raises(IllegalArgumentException):
            fs.open(base / "one", "wb", like=base / "old")

    def test_read_in_parts(self, fs: FileSystem, base: Path) -> None:
        data = pattern(300_000)
        put(fs, base / "file", data)
        with fs.open(base / "file", "rb") as stream:
            assert stream.read(0) == b""
            assert stream.read(7) == data[:7]
            assert stream.read(200_000) == data[7:200_007]
            assert stream.read() == data[200_007:]
            assert stream.read() == b""

    def test_seek_and_tell(self, fs: FileSystem, base: Path) -> None:
        data = pattern(300_000)
        put(fs, base / "file", data)
        with fs.open(base / "file", "rb") as stream:
            stream.seek(250_000)
            assert stream.tell() == 250_000
            assert stream.read(10) == data[250_000:250_010]
            stream.seek(3)
            assert stream.read(5) == data[3:8]
            stream.seek(-4, 2)
            assert stream.read() == data[-4:]

    def test_text(self, fs: FileSystem, base: Path) -> None:
        with fs.open(base / "file", "w", encoding="utf-8") as stream:
            stream.write("Grüße\nzwei\n")
        assert get(fs, base / "file") == "Grüße\nzwei\n".encode()
        with fs.open(base / "file", "r", encoding="utf-8") as stream:
            assert list(stream) == ["Grüße\n", "zwei\n"]

    def test_lines(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file", b"one\ntwo\n\nlast")
        with fs.open(base / "file", "rb") as stream:
            assert list(stream) == [b"one\n", b"two\n", b"\n", b"last"]

    def test_writing_replaces(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file", b"a long content")
        with fs.open(base / "file", "wb") as stream:
            stream.write(b"short")
        assert get(fs, base / "file") == b"short"
        assert names(fs, base) == ["file"]

    def test_writing_nothing(self, fs: FileSystem, base: Path) -> None:
        with fs.open(base / "file", "wb"):
            pass
        assert get(fs, base / "file") == b""

    def test_exclusive(self, fs: FileSystem, base: Path) -> None:
        with fs.open(base / "file", "xb") as stream:
            stream.write(b"first")
        with pytest.raises(PathAlreadyExistsException), fs.open(base / "file", "xb"):
            pass
        assert get(fs, base / "file") == b"first"

    def test_appending_works_as_declared(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file", b"one")
        if not self.description.can_append:
            with (
                pytest.raises(UnsupportedOperationException),
                fs.open(base / "file", "ab") as stream,
            ):
                stream.write(b"two")
            assert get(fs, base / "file") == b"one"
            return
        with fs.open(base / "file", "ab") as stream:
            stream.write(b"two")
        assert get(fs, base / "file") == b"onetwo"

    def test_appending_to_a_missing_file_makes_it(self, fs: FileSystem, base: Path) -> None:
        self.need("can_append")
        with fs.open(base / "file", "ab") as stream:
            stream.write(b"new")
        assert get(fs, base / "file") == b"new"

    def test_open_a_missing_file(self, fs: FileSystem, base: Path) -> None:
        with pytest.raises(NoSuchPathException):
            fs.open(base / "missing", "rb").read()

    @pytest.mark.parametrize("mode", ["rb", "wb"])
    def test_open_a_directory(self, fs: FileSystem, base: Path, mode: str) -> None:
        fs.create_directory(base / "dir")
        with pytest.raises(InvalidPathException), fs.open(base / "dir", mode) as stream:
            stream.read() if mode == "rb" else stream.write(b"x")
        assert names(fs, base) == ["dir"]

    def test_open_to_write_without_parent(self, fs: FileSystem, base: Path) -> None:
        with pytest.raises(NoSuchPathException), fs.open(base / "missing" / "file", "wb") as stream:
            stream.write(b"x")

    @pytest.mark.parametrize("mode", ["", "q", "rw", "rbt", 3, None])
    def test_wrong_modes(self, fs: FileSystem, base: Path, mode: object) -> None:
        put(fs, base / "file", b"kept")
        with pytest.raises(IllegalArgumentException):
            fs.open(base / "file", mode)  # type: ignore[call-overload]
        assert get(fs, base / "file") == b"kept"

    @pytest.mark.parametrize("mode", ["r+b", "w+b"])
    def test_reading_and_writing_at_once_works_or_is_refused(
        self, fs: FileSystem, base: Path, mode: str
    ) -> None:
        put(fs, base / "file", b"kept")
        with pytest.raises(XenonException):
            fs.open(base / "file", mode)
        assert get(fs, base / "file") == b"kept"

    def test_a_closed_stream_refuses(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file", b"x")
        reader, writer = fs.open(base / "file", "rb"), fs.open(base / "new", "wb")
        reader.close()
        reader.close()
        writer.close()
        writer.close()
        assert reader.closed
        assert writer.closed
        with pytest.raises(ValueError):
            reader.read(1)
        with pytest.raises(ValueError):
            writer.write(b"x")

    def test_a_read_stream_does_not_write(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file", b"kept")
        with fs.open(base / "file", "rb") as stream:
            assert stream.readable()
            assert not stream.writable()
            with pytest.raises(OSError):
                stream.write(b"x")
