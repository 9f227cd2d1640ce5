"""Adaptors that remove whole trees by themselves: used where declared, and never relied on."""

from __future__ import annotations

from pathlib import Path

import pytest

from xenon_adaptors.filesystems.file import FileAdaptor
from xenon_py.engine.creation import make_target
from xenon_py.engine.deletion import delete
from xenon_py.exceptions import DirectoryNotEmptyException, NoSuchPathException, XenonException
from xenon_py.model.credentials import DefaultCredential
from xenon_py.plugin.filesystem import FileSystemAdaptor


class Trees(FileAdaptor):
    """Removes a tree but for what it is told to fail with."""

    removes_trees = True
    failure: XenonException | None = None
    asked: tuple[str, ...] = ()

    def remove_tree(self, path: str) -> None:
        self.asked += (path,)
        (Path(path) / "sub/first").unlink()
        if self.failure is not None:
            raise self.failure
        (Path(path) / "sub").rmdir()
        Path(path).rmdir()


@pytest.fixture
def adaptor(tmp_path: Path) -> Trees:
    (tmp_path / "tree/sub").mkdir(parents=True)
    (tmp_path / "tree/sub/first").touch()
    return Trees(make_target(FileAdaptor.description, str(tmp_path), DefaultCredential(), {}))


def test_a_tree_is_removed_in_one_call(adaptor: Trees, tmp_path: Path) -> None:
    with pytest.raises(DirectoryNotEmptyException):
        delete(adaptor, f"{tmp_path}/tree", recursive=False)
    assert adaptor.asked == ()
    delete(adaptor, f"{tmp_path}/tree", recursive=True)
    assert adaptor.asked == (f"{tmp_path}/tree",)
    assert not (tmp_path / "tree").exists()


def test_what_a_failed_call_left_is_removed(adaptor: Trees, tmp_path: Path) -> None:
    (tmp_path / "tree/sub/second").touch()
    adaptor.failure = XenonException.because("it took too long")
    delete(adaptor, f"{tmp_path}/tree", recursive=True)
    assert not (tmp_path / "tree").exists()


def test_a_tree_that_vanished_meanwhile_is_no_error(adaptor: Trees, tmp_path: Path) -> None:
    adaptor.failure = NoSuchPathException.because("gone")
    delete(adaptor, f"{tmp_path}/tree", recursive=True)
    assert (tmp_path / "tree").exists()  # as somebody made it anew: it is not ours to delete


def test_without_such_a_call_nothing_is_asked(tmp_path: Path) -> None:
    assert not FileAdaptor.removes_trees
    target = make_target(FileAdaptor.description, str(tmp_path), DefaultCredential(), {})
    with pytest.raises(XenonException, match="file cannot remove a tree at once"):
        FileSystemAdaptor.remove_tree(FileAdaptor(target), str(tmp_path))
