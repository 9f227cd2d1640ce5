"""Links that somebody swaps into a tree while it is deleted, listed or copied: nothing outside
of the tree is touched or read.
"""

from __future__ import annotations

import os
import pathlib
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from xenon_adaptors.filesystems.file import FileAdaptor
from xenon_py.engine.deletion import delete_tree
from xenon_py.exceptions import XenonException
from xenon_py.filesystem import FileSystem
from xenon_py.model.location import Location
from xenon_py.plugin.target import Target

SECONDS = 3.0


@contextmanager
def swapping(victim: pathlib.Path, outside: pathlib.Path) -> Iterator[None]:
    """Replace the directory ``victim`` by a link to ``outside`` and back, as fast as can be."""
    stop = threading.Event()
    aside = victim.with_name("aside")

    def work() -> None:
        while not stop.is_set():
            try:
                victim.rename(aside)
                victim.symlink_to(outside)
                victim.unlink()
                aside.rename(victim)
            except OSError:
                # The deleter was faster: put a fresh directory there, and go on.
                for path in (victim, aside):
                    _make_victim(path)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _make_victim(path: pathlib.Path) -> None:
    """Put a full directory there in one step, unless there is one, or a link, already."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = pathlib.Path(tempfile.mkdtemp(dir=path.parent.parent, prefix="fresh"))
        (fresh / "sub").mkdir()
        for name in ("one", "two", "sub/three"):
            (fresh / name).write_bytes(b"inside")
        fresh.rename(path)


@pytest.fixture
def outside(tmp_path: pathlib.Path) -> pathlib.Path:
    """A directory whose entries have the very names that the deleter looks for."""
    path = tmp_path / "outside"
    (path / "sub").mkdir(parents=True)
    for name in ("one", "two", "sub/three"):
        (path / name).write_bytes(b"outside")
    return path


def _until(deadline: float, step: Callable[[], object]) -> int:
    turns = 0
    while time.monotonic() < deadline:
        with suppress(XenonException):  # "it is gone", "no directory": all are fine, harm is not
            step()
        turns += 1
    return turns


def _contents(outside: pathlib.Path) -> dict[str, bytes]:
    return {str(p.relative_to(outside)): p.read_bytes() for p in outside.rglob("*") if p.is_file()}


def test_recursive_delete_never_leaves_the_tree(
    tmp_path: pathlib.Path, outside: pathlib.Path
) -> None:
    root = tmp_path / "root"
    victim = root / "d/victim"
    _make_victim(victim)
    before = _contents(outside)
    with FileSystem.create("file", str(tmp_path)) as fs, swapping(victim, outside):

        def step() -> None:
            _make_victim(victim)
            fs.delete("root/d", recursive=True)

        turns = _until(time.monotonic() + SECONDS, step)
    assert turns > 10
    assert _contents(outside) == before


def test_the_root_itself_may_be_swapped(tmp_path: pathlib.Path, outside: pathlib.Path) -> None:
    victim = tmp_path / "in/victim"
    _make_victim(victim)
    before = _contents(outside)
    with FileSystem.create("file", str(tmp_path)) as fs, swapping(victim, outside):

        def step() -> None:
            _make_victim(victim)
            fs.delete("in/victim", recursive=True)

        turns = _until(time.monotonic() + SECONDS, step)
    assert turns > 10
    assert _contents(outside) == before


def test_recursive_copy_reads_nothing_outside(
    tmp_path: pathlib.Path, outside: pathlib.Path
) -> None:
    victim = tmp_path / "root/d/victim"
    _make_victim(victim)
    with FileSystem.create("file", str(tmp_path)) as fs, swapping(victim, outside):
        copies = 0

        def step() -> None:
            nonlocal copies
            copies += 1
            fs.copy("root", fs, f"copy{copies}", recursive=True).wait(20_000)

        _until(time.monotonic() + SECONDS, step)
    assert copies > 3
    for made in tmp_path.glob("copy*"):
        for path in made.rglob("*"):
            if path.is_file() and not _through_link(path, made):
                assert path.read_bytes() in {b"inside", b""}, path


def _through_link(path: pathlib.Path, root: pathlib.Path) -> bool:
    return any(p.is_symlink() for p in (path, *path.parents) if p.is_relative_to(root))


def test_recursive_copy_writes_nothing_outside(
    tmp_path: pathlib.Path, outside: pathlib.Path
) -> None:
    _make_victim(tmp_path / "source/d/victim")
    victim = tmp_path / "target/d/victim"
    _make_victim(victim)
    before = _contents(outside)
    with FileSystem.create("file", str(tmp_path)) as fs, swapping(victim, outside):
        turns = _until(
            time.monotonic() + SECONDS,
            lambda: fs.copy("source", fs, "target", 1, recursive=True).wait(20_000),
        )
    assert turns > 3
    assert _contents(outside) == before
    assert len(list(outside.rglob("*"))) == 4


def test_deletion_without_the_anchor_would_be_caught(
    tmp_path: pathlib.Path, outside: pathlib.Path
) -> None:
    """The swap is real: at the worst moment, made by hand, only the anchor protects."""
    root = tmp_path / "root"
    victim = root / "victim"
    _make_victim(victim)
    adaptor = FileAdaptor(Target(Location("", path=str(tmp_path))))

    class Swapping(FileAdaptor):
        """Swaps the directory as soon as it was listed."""

        def scandir(self, path: str):  # type: ignore[no-untyped-def]
            entries = list(super().scandir(path))
            if path == str(victim):
                victim.rename(tmp_path / "moved")
                victim.symlink_to(outside)
            return iter(entries)

    swapper = Swapping(Target(Location("", path=str(tmp_path))))
    delete_tree(adaptor, str(victim / "sub"))
    assert _contents(outside)
    with pytest.raises(XenonException):
        delete_tree(swapper, str(root))
    assert sorted(os.listdir(outside)) == ["one", "sub", "two"]
    assert victim.is_symlink() or not victim.exists()
