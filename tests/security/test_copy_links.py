"""Copies do not lead out of their trees: hostile names, and links swapped in meanwhile."""

from __future__ import annotations

import itertools
import os
import shutil
import threading
from pathlib import Path

import pytest

from unit.memory_adaptor import Faults, MemoryAdaptor, fill
from xenon_adaptors.filesystems.file import FileAdaptor
from xenon_py.engine.copying import CopyEngine, CopyOptions
from xenon_py.exceptions import InvalidPathException
from xenon_py.model.copying import CopyMode, CopyStatus
from xenon_py.model.location import Location
from xenon_py.plugin.target import Target

ROUNDS = 30


@pytest.fixture
def engine():
    engine = CopyEngine("file")
    yield engine
    engine.close()


@pytest.fixture
def disk():
    return FileAdaptor(Target(Location("")))


def copy(engine, source, source_path, target, target_path, **options) -> CopyStatus:
    options = CopyOptions(recursive=True, **options)
    copy_id = engine.start(source, str(source_path), target, str(target_path), options)
    return engine.wait(copy_id, 60)


class Swapper:
    """Replaces a directory by a link, and puts it back, as fast as it can."""

    def __init__(self, directory: Path, link_to: Path) -> None:
        self._directory = directory
        self._link_to = link_to
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.swaps = 0

    def __enter__(self) -> Swapper:
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        for number in itertools.count():
            if self._end.is_set():
                return
            aside = self._directory.with_name(f"aside-{number}")
            try:
                os.rename(self._directory, aside)
                os.symlink(self._link_to, self._directory)
            except (FileNotFoundError, FileExistsError):  # the copy was faster
                continue
            self.swaps += 1
            self._end.wait(0.0005)
            try:
                os.unlink(self._directory)
                os.rename(aside, self._directory)
            except OSError:  # the copy has made a directory there in the meantime
                shutil.rmtree(aside)
            self._end.wait(0.0005)


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/evil", "evil\0", ""])
def test_hostile_names_write_nothing_outside(engine, disk, tmp_path, name):
    hostile = MemoryAdaptor(faults=Faults(extra_names=(name,)))
    fill(hostile, "/d", {"sub": {"good": b"1"}})
    status = copy(engine, hostile, "/d", disk, tmp_path / "new")
    assert isinstance(status.error, InvalidPathException)
    assert os.listdir(tmp_path) == ["new"]


def test_no_write_through_a_directory_that_becomes_a_link(engine, disk, tmp_path):
    source, target, outside = tmp_path / "source", tmp_path / "target", tmp_path / "outside"
    outside.mkdir()
    (source / "sub").mkdir(parents=True)
    for number in range(100):
        (source / "sub" / f"f{number}").write_bytes(b"payload" * (20_000 if number % 10 else 1))
    copy(engine, disk, source, disk, target)
    with Swapper(target / "sub", outside) as swapper:
        for _ in range(ROUNDS):
            copy(engine, disk, source, disk, target, mode=CopyMode.REPLACE, preserve=["mode"])
            assert os.listdir(outside) == []
    assert swapper.swaps > 0


def test_no_read_through_a_directory_that_becomes_a_link(engine, disk, tmp_path):
    source, secret = tmp_path / "source", tmp_path / "secret"
    (source / "sub").mkdir(parents=True)
    secret.mkdir()
    for number in range(50):
        (source / "sub" / f"f{number}").write_bytes(b"public")
        (secret / f"f{number}").write_bytes(b"secret")
    with Swapper(source / "sub", secret) as swapper:
        for number in range(ROUNDS):
            target = tmp_path / f"target{number}"
            copy(engine, disk, source, disk, target)
            contents = {p.read_bytes() for p in target.rglob("f*") if not p.is_symlink()}
            linked = (target / "sub").is_symlink()
            assert linked or contents <= {b"public"}
    assert swapper.swaps > 0


def test_links_at_the_destination_are_replaced_not_followed(engine, disk, tmp_path):
    source, target, outside = tmp_path / "source", tmp_path / "target", tmp_path / "outside"
    (source / "sub").mkdir(parents=True)
    (source / "sub" / "f").write_bytes(b"new")
    (source / "small").write_bytes(b"new")
    (source / "large").write_bytes(b"new" * 100_000)
    outside.mkdir()
    (outside / "f").write_bytes(b"safe")
    (outside / "f").chmod(0o600)
    target.mkdir()
    (target / "sub").symlink_to(outside)
    (target / "small").symlink_to(outside / "f")
    (target / "large").symlink_to(outside / "f")
    options = {"mode": CopyMode.REPLACE, "preserve": ["mode", "mtime"]}
    status = copy(engine, disk, source, disk, target, **options)
    assert status.state == "DONE"
    assert (outside / "f").read_bytes() == b"safe"
    assert (outside / "f").stat().st_mode & 0o777 == 0o600
    assert os.listdir(outside) == ["f"]
    assert not any(path.is_symlink() for path in target.rglob("*"))
    assert (target / "sub" / "f").read_bytes() == b"new"


def test_a_link_to_a_directory_in_the_tree_is_not_entered(engine, disk, tmp_path):
    source, outside = tmp_path / "source", tmp_path / "outside"
    source.mkdir()
    outside.mkdir()
    (outside / "f").write_bytes(b"1")
    (source / "ln").symlink_to(outside)
    (source / "cycle").symlink_to(".")
    status = copy(engine, disk, source, disk, tmp_path / "new")
    assert status.files_copied == 2
    assert os.readlink(tmp_path / "new" / "ln") == str(outside)
    assert os.readlink(tmp_path / "new" / "cycle") == "."


def test_a_tree_is_not_copied_into_itself_by_way_of_a_link(engine, disk, tmp_path):
    (tmp_path / "d" / "sub").mkdir(parents=True)
    (tmp_path / "ln").symlink_to("d/sub")
    status = copy(engine, disk, tmp_path / "d", disk, tmp_path / "ln" / "new")
    assert isinstance(status.error, InvalidPathException)
    assert os.listdir(tmp_path / "d" / "sub") == []
