"""A server that sends names which lead out of the directory, or trees without end."""

from __future__ import annotations

import pathlib
from collections.abc import Hashable, Iterator
from typing import ClassVar

import pytest

from xenon_adaptors.filesystems.file import FileAdaptor
from xenon_py.engine.names import checked_name
from xenon_py.exceptions import InvalidPathException
from xenon_py.filesystem import FileSystem
from xenon_py.model.location import Location
from xenon_py.plugin.filesystem import FileInfo, FileKind
from xenon_py.plugin.target import Target

HOSTILE = ["", "../evil", "a/b", "/etc/passwd", "nul\0", "..\0", "/"]


class HostileAdaptor(FileAdaptor):
    """Lists what the test tells it to, besides what is there."""

    extra: ClassVar[list[FileInfo]] = []

    def scandir(self, path: str) -> Iterator[FileInfo]:
        yield from super().scandir(path)
        yield from self.extra

    def identity(self) -> Hashable:
        return id(self)  # another machine, so that copies from here go by its listings


@pytest.fixture
def fs(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileSystem]:
    monkeypatch.setattr(HostileAdaptor, "extra", [])
    (tmp_path / "d").mkdir()
    (tmp_path / "d/f").write_bytes(b"x")
    (tmp_path / "evil").write_bytes(b"kept")
    target = Target(Location(str(tmp_path), path=str(tmp_path)))
    with FileSystem(HostileAdaptor(target), target) as made:
        yield made


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", [FileKind.FILE, FileKind.DIRECTORY])
def test_names_that_lead_out_stop_everything(
    fs: FileSystem, tmp_path: pathlib.Path, name: str, kind: FileKind
) -> None:
    HostileAdaptor.extra[:] = [FileInfo(name, kind)]
    for recursive in (False, True):
        with pytest.raises(InvalidPathException, match="the server lists an entry named"):
            fs.list("d", recursive)
    with pytest.raises(InvalidPathException):
        fs.delete("d", recursive=True)
    assert (tmp_path / "d/f").exists()
    assert (tmp_path / "evil").read_bytes() == b"kept"
    with FileSystem.create("file", str(tmp_path)) as here:
        status = fs.copy("d", here, "copy", recursive=True).wait(20_000)
    assert status.state == "FAILED"
    assert isinstance(status.error, InvalidPathException)
    assert (tmp_path / "evil").read_bytes() == b"kept"


def test_dot_and_dot_dot_are_dropped(fs: FileSystem) -> None:
    HostileAdaptor.extra[:] = [FileInfo(n, FileKind.DIRECTORY) for n in (".", "..")]
    assert [a.path.name for a in fs.list("d", recursive=True)] == ["f"]
    fs.delete("d", recursive=True)
    assert not fs.exists("d")


def test_a_tree_without_end_is_given_up(fs: FileSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(_: object, path: str) -> Iterator[FileInfo]:
        del path
        yield FileInfo("again", FileKind.DIRECTORY)

    monkeypatch.setattr(HostileAdaptor, "scandir", endless)
    monkeypatch.setattr(HostileAdaptor, "is_local", False)  # a server: trees are less deep there
    with pytest.raises(InvalidPathException, match="entry of itself"):
        fs.list("d", recursive=True)


@pytest.mark.parametrize("name", [*HOSTILE, ".", ".."])
def test_the_one_check(name: str) -> None:
    with pytest.raises(InvalidPathException):
        checked_name(name, "/d")


@pytest.mark.parametrize("name", ["a", "...", "-rf", " ", "\n", "a\\b", "[x]*?#%", "ä", "\udce9"])
def test_odd_but_honest_names(name: str) -> None:
    assert checked_name(name, "/d") == name
