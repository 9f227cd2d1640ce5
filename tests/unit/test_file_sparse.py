"""Sparse files: what is not stored is not copied, and what comes out is the same."""

import os
import time
from pathlib import Path

import pytest

from xenon_py.filesystem import FileSystem

MIB = 1 << 20


def sparse(path: Path, size: int, pieces: dict[int, bytes]) -> None:
    with path.open("wb") as file:
        for position, data in pieces.items():
            file.seek(position)
            file.write(data)
        file.truncate(size)


@pytest.mark.parametrize(
    ("size", "pieces"),
    [
        (64 * MIB, {}),
        (64 * MIB, {0: b"begin" * 1000}),
        (64 * MIB, {64 * MIB - 5000: b"x" * 5000}),
        (64 * MIB + 13, {5 * MIB + 7: b"a" * 100_000, 40 * MIB: b"b" * (2 * MIB)}),
    ],
)
def test_a_sparse_file_stays_sparse(tmp_path: Path, size: int, pieces: dict[int, bytes]) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    sparse(source, size, pieces)
    if source.stat().st_blocks * 512 >= size:
        pytest.skip("this file system stores holes")
    with FileSystem.create("file", location=str(tmp_path)) as files:
        status = files.copy("source", files, "target", verify="checksum").wait()
    assert status.error is None
    assert status.bytes_copied == status.bytes_to_copy == size
    assert target.read_bytes() == source.read_bytes()
    assert target.stat().st_blocks <= source.stat().st_blocks + 16


def test_a_huge_hole_costs_no_time(tmp_path: Path) -> None:
    sparse(tmp_path / "source", 1 << 40, {1 << 39: b"middle"})
    if os.stat(tmp_path / "source").st_blocks > 1000:
        pytest.skip("this file system stores holes")
    begun = time.monotonic()
    with FileSystem.create("file", location=str(tmp_path)) as files:
        status = files.copy("source", files, "target").wait(60_000)
    assert (status.done, status.error) == (True, None)
    assert time.monotonic() - begun < 30
    with (tmp_path / "target").open("rb") as file:
        file.seek(1 << 39)
        assert file.read(6) == b"middle"
