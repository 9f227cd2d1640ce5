"""Copies on a real disk that is full, and in processes that are limited, killed or just end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from xenon_adaptors.filesystems.file import FileAdaptor
from xenon_py.engine.copying import CopyEngine, CopyOptions
from xenon_py.exceptions import NoSpaceException
from xenon_py.model.copying import CopyMode
from xenon_py.model.location import Location
from xenon_py.plugin.target import Target

MIB = 1024 * 1024

CHILD = """
import os, resource, sys, time
from xenon_adaptors.filesystems.file import FileAdaptor
from xenon_py.engine.copying import CopyEngine, CopyOptions
from xenon_py.model.location import Location
from xenon_py.plugin.target import Target

class Slow:
    def __init__(self, stream):
        self.stream = stream
        self.close = stream.close
    def read(self, size):
        time.sleep(float(sys.argv[3]))
        return self.stream.read(size)

class Elsewhere(FileAdaptor):
    is_local = False
    bulk_size = 0
    identity = object.__hash__
    def open_read(self, path, offset=0):
        return Slow(super().open_read(path, offset))

def begin():
    target = Target(Location(""))
    engine = CopyEngine("file")
    ends = (Elsewhere(target), sys.argv[1], FileAdaptor(target), sys.argv[2])
    return engine, engine.start(*ends, CopyOptions(recursive=True))
"""


def child(end: str, source: Path, target: Path, delay: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD + end, str(source), str(target), str(delay)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def eventually(condition, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture
def engine():
    engine = CopyEngine("file")
    yield engine
    engine.close()


@pytest.fixture
def disk():
    return FileAdaptor(Target(Location("")))


@pytest.fixture
def tiny(tmp_path):
    """A disk of 1 MiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a tiny disk needs root")
    where = tmp_path / "tiny"
    where.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(where)]
    done = subprocess.run(mount, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"cannot mount here: {done.stderr.strip()}")
    yield where
    subprocess.run(["umount", str(where)], check=True)


def copy(engine, disk, source, target, **options):
    options = CopyOptions(recursive=True, **options)
    return engine.wait(engine.start(disk, str(source), disk, str(target), options), 60)


@pytest.mark.parametrize("size", [60_000, 3 * MIB])
def test_full_disk(engine, disk, tmp_path, tiny, size):
    (tiny / "filler").write_bytes(bytes(MIB - 40_000))
    source = tmp_path / "f"
    source.write_bytes(b"x" * size)
    status = copy(engine, disk, source, tiny / "g")
    assert isinstance(status.error, NoSpaceException)
    assert os.listdir(tiny) == ["filler"]


def test_full_disk_in_a_tree_and_again_with_room(engine, disk, tmp_path, tiny):
    source = tmp_path / "source"
    source.mkdir()
    for number in range(50):
        (source / f"f{number}").write_bytes(b"x" * 50_000)
    status = copy(engine, disk, source, tiny / "new")
    assert isinstance(status.error, NoSpaceException)
    complete = list((tiny / "new").iterdir())
    assert complete
    assert {path.stat().st_size for path in complete} == {50_000}
    subprocess.run(["mount", "-o", "remount,size=8m", str(tiny)], check=True)
    options = {"mode": CopyMode.REPLACE, "verify": "checksum"}
    status = copy(engine, disk, source, tiny / "new", **options)
    assert (status.state, status.files_skipped) == ("DONE", len(complete))
    assert len(list((tiny / "new").iterdir())) == 50


def test_file_size_limit(tmp_path):
    source = tmp_path / "f"
    source.write_bytes(bytes(5 * MIB))
    end = (
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)); engine, i = begin(); "
        "print(type(engine.wait(i, 60).error).__name__)"
    )
    with child(end, source, tmp_path / "g", 0) as process:
        output, _ = process.communicate(timeout=60)
    assert output.strip() == "NoSpaceException"
    assert os.listdir(tmp_path) == ["f"]


def test_a_killed_process_leaves_no_final_name_and_the_copy_can_be_made_again(
    engine, disk, tmp_path
):
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    for number in range(10):
        (source / f"f{number}").write_bytes(bytes([number]) * 3 * MIB)
    with child("engine, i = begin(); engine.wait(i, None)", source, target, 0.05) as process:
        eventually(lambda: target.exists() and any(p.suffix != ".part" for p in target.iterdir()))
        eventually(lambda: any(p.suffix == ".part" for p in target.iterdir()))
        process.send_signal(signal.SIGKILL)
    complete = [path for path in target.iterdir() if path.suffix != ".part"]
    assert 0 < len(complete) < 10
    assert {path.stat().st_size for path in complete} == {3 * MIB}
    options = {"mode": CopyMode.REPLACE, "verify": "checksum"}
    status = copy(engine, disk, source, target, **options)
    assert (status.state, status.files_skipped) == ("DONE", len(complete))
    for path in source.iterdir():
        assert (target / path.name).read_bytes() == path.read_bytes()


def test_a_process_that_just_ends_cleans_up(tmp_path):
    source, target = tmp_path / "f", tmp_path / "g"
    source.write_bytes(bytes(50 * MIB))
    end = "engine, i = begin()\nwhile not engine.status(i).bytes_copied: time.sleep(0.01)"
    begun = time.monotonic()
    with child(end, source, target, 0.2) as process:
        assert process.wait(timeout=30) == 0
    assert time.monotonic() - begun < 8
    assert os.listdir(tmp_path) == ["f"]


def test_many_copies_leave_no_descriptor_or_thread(engine, disk, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for number in range(30):
        (source / f"f{number}").write_bytes(b"x" * number * 10_000)
    before = set(os.listdir("/proc/self/fd"))
    for number in range(20):
        assert copy(engine, disk, source, tmp_path / f"t{number}").state == "DONE"
        assert copy(engine, disk, tmp_path / "no", tmp_path / "x").state == "FAILED"
    engine.close()
    assert len(os.listdir("/proc/self/fd")) <= len(before) + 1  # the listing itself
