"""Links that somebody swaps into a tree while it is deleted, listed or copied: nothing outside
of the tree is touched or read.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import pathlib
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from xenon_adaptors.filesystems.file import FileAdaptor
from xenon_py.engine.deletion import delete_tree
from xenon_py.exceptions import InvalidPathException, XenonException
from xenon_py.filesystem import FileSystem
from xenon_py.model.location import Location
from xenon_py.plugin.filesystem import FileInfo
from xenon_py.plugin.target import Target

SECONDS = 3.0
# Both contents are of one length, so that only the anchor, not a check of sizes, protects.
NAMES = [f"file{number}" for number in range(60)] + [f"sub/file{number}" for number in range(5)]


_RENAME_EXCHANGE = 2


class Swapper:
    """Exchanges a directory and a link to ``outside`` in one step, again and again.

    Half of the time the path is the one, half of the time the other; it is never missing unless
    the code under test removes it.
    """

    def __init__(self, victim: pathlib.Path, outside: pathlib.Path) -> None:
        self.victim = victim
        self.outside = outside
        self.link = outside.with_name("link")
        self.swaps = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._exchange = ctypes.CDLL(None).renameat2
        self._interval = sys.getswitchinterval()

    def _work(self) -> None:
        one, other = os.fsencode(self.victim), os.fsencode(self.link)
        while not self._stop.is_set():
            self.swaps += not self._exchange(-100, one, -100, other, _RENAME_EXCHANGE)

    def __enter__(self) -> Swapper:
        sys.setswitchinterval(1e-5)
        self.restore()
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._stop.set()
        self._thread.join()
        sys.setswitchinterval(self._interval)

    def restore(self) -> None:
        """Put a full directory and a link to swap it with where they are missing."""
        if not self.link.is_symlink():
            shutil.rmtree(self.link, ignore_errors=True)
            with suppress(OSError):  # the exchange put something there just now
                self.link.symlink_to(self.outside)
        fresh = pathlib.Path(tempfile.mkdtemp(dir=self.outside.parent, prefix="fresh"))
        make_files(fresh, b"in tree")
        with suppress(OSError):
            self.victim.parent.mkdir(parents=True, exist_ok=True)
            fresh.rename(self.victim)
        shutil.rmtree(fresh, ignore_errors=True)


def make_files(directory: pathlib.Path, content: bytes) -> None:
    (directory / "sub").mkdir(parents=True)
    for name in NAMES:
        (directory / name).write_bytes(content)


@pytest.fixture
def outside(tmp_path: pathlib.Path) -> pathlib.Path:
    """A directory whose entries have the very names that the code under test looks for."""
    make_files(tmp_path / "outside", b"outside")
    return tmp_path / "outside"


def contents(directory: pathlib.Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(directory)): p.read_bytes() for p in directory.rglob("*") if p.is_file()
    }


def race(swapper: Swapper, step: Callable[[], object]) -> None:
    """Take the step again and again while the swapper swaps."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        swapper.restore()
        with suppress(XenonException):  # "it is gone", "no directory": all are fine, harm is not
            step()
    assert swapper.swaps > 20


@pytest.mark.parametrize("deleted", ["root", "root/d/victim"])
def test_recursive_delete_never_leaves_the_tree(
    tmp_path: pathlib.Path, outside: pathlib.Path, deleted: str
) -> None:
    before = contents(outside)
    with (
        FileSystem.create("file", str(tmp_path)) as fs,
        Swapper(tmp_path / "root/d/victim", outside) as swapper,
    ):
        race(swapper, lambda: fs.delete(deleted, recursive=True))
    assert contents(outside) == before


def test_recursive_copy_reads_nothing_outside(
    tmp_path: pathlib.Path, outside: pathlib.Path
) -> None:
    names = (f"copy{number}" for number in itertools.count())
    with (
        FileSystem.create("file", str(tmp_path)) as fs,
        Swapper(tmp_path / "root/d/victim", outside) as swapper,
    ):
        race(swapper, lambda: fs.copy("root", fs, next(names), recursive=True).wait(20_000))
    made = [path for path in tmp_path.glob("copy*/**/file*") if not _through_link(path, tmp_path)]
    assert {path.read_bytes() for path in made} <= {b"in tree"}


def _through_link(path: pathlib.Path, root: pathlib.Path) -> bool:
    return any(p.is_symlink() for p in (path, *path.parents) if p.is_relative_to(root))


def test_recursive_copy_writes_nothing_outside(
    tmp_path: pathlib.Path, outside: pathlib.Path
) -> None:
    make_files(tmp_path / "source/d/victim", b"in tree")
    before = contents(outside)
    with (
        FileSystem.create("file", str(tmp_path)) as fs,
        Swapper(tmp_path / "target/d/victim", outside) as swapper,
    ):
        race(swapper, lambda: fs.copy("source", fs, "target", 1, recursive=True).wait(20_000))
    assert contents(outside) == before


def test_a_swap_at_the_worst_moment(tmp_path: pathlib.Path, outside: pathlib.Path) -> None:
    victim = tmp_path / "root/victim"
    make_files(victim, b"in tree")
    before = contents(outside)

    class Swapping(FileAdaptor):
        """Swaps the directory as soon as it was listed."""

        def scandir(self, path: str) -> Iterator[FileInfo]:
            entries = list(super().scandir(path))
            if path == str(victim):
                victim.rename(tmp_path / "moved")
                victim.symlink_to(outside)
            return iter(entries)

    adaptor = Swapping(Target(Location("", path=str(tmp_path))))
    with pytest.raises(InvalidPathException):
        delete_tree(adaptor, str(tmp_path / "root"))
    assert contents(outside) == before
    assert victim.is_symlink()
