"""Files: create, write, append, read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from xenon_py.exceptions import (
    IllegalArgumentException,
    InvalidPathException,
    NoSuchPathException,
    PathAlreadyExistsException,
    UnsupportedOperationException,
)
from xenon_py.filesystem import FileSystem
from xenon_py.model.path import Path
from xenon_py.plugin.filesystem import Buffer
from xenon_py.testing.filesystems.base import FileSystemCase, get, names, put
from xenon_py.testing.harness import pattern

KIB64 = 64 * 1024
SIZES = (0, 1, KIB64 - 1, KIB64, KIB64 + 1, 5 * 1024 * 1024)


def _pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


class CreateFileTests(FileSystemCase):
    """``create_file``."""

    def test_create_file_is_empty(self, fs: FileSystem, base: Path) -> None:
        fs.create_file(base / "new")
        assert fs.get_attributes(base / "new").is_regular
        assert fs.get_attributes(base / "new").size == 0
        assert get(fs, base / "new") == b""

    def test_create_file_where_one_is(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file", b"kept")
        with pytest.raises(PathAlreadyExistsException):
            fs.create_file(base / "file")
        assert get(fs, base / "file") == b"kept"

    def test_create_file_where_a_directory_is(self, fs: FileSystem, base: Path) -> None:
        with pytest.raises(PathAlreadyExistsException):
            fs.create_file(base)

    def test_create_file_without_parent(self, fs: FileSystem, base: Path) -> None:
        with pytest.raises(NoSuchPathException):
            fs.create_file(base / "missing" / "new")

    def test_create_file_below_a_file(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file")
        with pytest.raises(InvalidPathException):
            fs.create_file(base / "file" / "new")


class WriteTests(FileSystemCase):
    """``write_to_file``."""

    @pytest.mark.parametrize("size", SIZES)
    def test_write_and_read_back(self, fs: FileSystem, base: Path, size: int) -> None:
        data = pattern(size)
        fs.write_to_file(base / "file", _pieces(data, 70_000))
        assert get(fs, base / "file") == data
        assert fs.get_attributes(base / "file").size == size

    def test_write_in_one_piece_larger_than_4_mib(self, fs: FileSystem, base: Path) -> None:
        data = pattern(5 * 1024 * 1024 + 3)
        put(fs, base / "file", data)
        assert get(fs, base / "file") == data

    def test_write_is_seen_by_another_object(
        self, fs: FileSystem, other: FileSystem, base: Path
    ) -> None:
        put(fs, base / "file", b"seen")
        assert get(other, base / "file") == b"seen"

    def test_write_of_nothing_makes_an_empty_file(self, fs: FileSystem, base: Path) -> None:
        fs.write_to_file(base / "file", [])
        assert fs.get_attributes(base / "file").size == 0

    def test_write_of_empty_pieces(self, fs: FileSystem, base: Path) -> None:
        fs.write_to_file(base / "file", [b"", b"a", b"", b"b", b""])
        assert get(fs, base / "file") == b"ab"

    def test_write_takes_a_generator_and_buffers(self, fs: FileSystem, base: Path) -> None:
        pieces: list[Buffer] = [bytearray(b"one"), memoryview(b"two"), b"three"]
        fs.write_to_file(base / "file", iter(pieces))
        assert get(fs, base / "file") == b"onetwothree"

    def test_write_does_not_translate_line_ends(self, fs: FileSystem, base: Path) -> None:
        data = b"a\r\nb\nc\r\0\xff\x1a"
        put(fs, base / "file", data)
        assert get(fs, base / "file") == data

    def test_write_relative(self, fs: FileSystem, base: Path) -> None:
        fs.write_to_file(f"{base.name}/file", [b"x"])
        assert get(fs, base / "file") == b"x"

    def test_write_where_a_file_is(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file", b"kept")
        with pytest.raises(PathAlreadyExistsException):
            put(fs, base / "file", b"lost")
        assert get(fs, base / "file") == b"kept"

    def test_write_where_a_directory_is(self, fs: FileSystem, base: Path) -> None:
        fs.create_directory(base / "dir")
        with pytest.raises(PathAlreadyExistsException):
            put(fs, base / "dir")

    def test_write_without_parent(self, fs: FileSystem, base: Path) -> None:
        with pytest.raises(NoSuchPathException):
            put(fs, base / "missing" / "file")

    def test_write_below_a_file(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file")
        with pytest.raises(InvalidPathException):
            put(fs, base / "file" / "below")

    def test_write_leaves_nothing_else(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file", pattern(100_000))
        assert names(fs, base) == ["file"]


class AppendTests(FileSystemCase):
    """``append_to_file``."""

    def test_append_works_as_declared(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file", b"one")
        if self.description.can_append:
            fs.append_to_file(base / "file", [b"two", b"three"])
            assert get(fs, base / "file") == b"onetwothree"
            assert fs.get_attributes(base / "file").size == 11
        else:
            with pytest.raises(UnsupportedOperationException):
                fs.append_to_file(base / "file", [b"two"])
            assert get(fs, base / "file") == b"one"

    @pytest.mark.parametrize("size", [1, KIB64 + 1])
    def test_append_to_a_long_file(self, fs: FileSystem, base: Path, size: int) -> None:
        self.need("can_append")
        first, second = pattern(200_001), pattern(size)
        put(fs, base / "file", first)
        fs.append_to_file(base / "file", _pieces(second, 10_000))
        assert get(fs, base / "file") == first + second

    def test_append_nothing(self, fs: FileSystem, base: Path) -> None:
        self.need("can_append")
        put(fs, base / "file", b"one")
        fs.append_to_file(base / "file", [])
        assert get(fs, base / "file") == b"one"

    def test_append_to_an_empty_file(self, fs: FileSystem, base: Path) -> None:
        self.need("can_append")
        fs.create_file(base / "file")
        fs.append_to_file(base / "file", [b"one"])
        assert get(fs, base / "file") == b"one"

    def test_append_to_a_missing_file(self, fs: FileSystem, base: Path) -> None:
        self.need("can_append")
        with pytest.raises(NoSuchPathException):
            fs.append_to_file(base / "missing", [b"x"])
        assert not fs.exists(base / "missing")

    def test_append_to_a_directory(self, fs: FileSystem, base: Path) -> None:
        self.need("can_append")
        with pytest.raises(InvalidPathException):
            fs.append_to_file(base, [b"x"])


class ReadTests(FileSystemCase):
    """``read_from_file``."""

    def test_read_a_missing_file(self, fs: FileSystem, base: Path) -> None:
        with pytest.raises(NoSuchPathException) as caught:
            get(fs, base / "missing")
        assert isinstance(caught.value, FileNotFoundError)
        assert "missing" in str(caught.value)

    def test_read_below_a_missing_directory(self, fs: FileSystem, base: Path) -> None:
        with pytest.raises(NoSuchPathException):
            get(fs, base / "missing" / "file")

    def test_read_a_directory(self, fs: FileSystem, base: Path) -> None:
        with pytest.raises(InvalidPathException):
            get(fs, base)

    @pytest.mark.parametrize("offset", [0, 1, 299_999, 300_000, 400_000])
    def test_read_from_an_offset(self, fs: FileSystem, base: Path, offset: int) -> None:
        data = pattern(300_000)
        put(fs, base / "file", data)
        assert b"".join(fs.read_from_file(base / "file", offset=offset)) == data[offset:]

    @pytest.mark.parametrize("offset", [-1, 1.5, "1", None, True])
    def test_read_from_a_wrong_offset(self, fs: FileSystem, base: Path, offset: object) -> None:
        put(fs, base / "file")
        with pytest.raises(IllegalArgumentException, match="offset"):
            fs.read_from_file(base / "file", offset=offset)  # type: ignore[arg-type]

    def test_read_gives_pieces_of_bytes(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file", pattern(1_000_000))
        pieces = list(fs.read_from_file(base / "file"))
        assert all(type(piece) is bytes and piece for piece in pieces)
        assert len(pieces) > 1

    def test_read_part_and_close(self, fs: FileSystem, base: Path) -> None:
        data = pattern(3_000_000)
        put(fs, base / "file", data)
        for _ in range(20):
            stream = fs.read_from_file(base / "file")
            assert data.startswith(next(stream))
            stream.close()
            stream.close()
            assert list(stream) == []
        assert get(fs, base / "file") == data

    def test_read_twice_at_the_same_time(self, fs: FileSystem, base: Path) -> None:
        data = pattern(400_000)
        put(fs, base / "file", data)
        first, second = fs.read_from_file(base / "file"), fs.read_from_file(base / "file")
        one, two = [next(first)], [next(second)]
        one.extend(first)
        two.extend(second)
        assert b"".join(one) == data
        assert b"".join(two) == data

    def test_read_one_file_while_writing_another(self, fs: FileSystem, base: Path) -> None:
        data = pattern(1_000_000)
        put(fs, base / "source", data)
        fs.write_to_file(base / "target", fs.read_from_file(base / "source"))
        assert get(fs, base / "target") == data
