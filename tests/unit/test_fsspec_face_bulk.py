"""The fsspec face with many files at once, on the local disk."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.callbacks import Callback

from xenon_py import FileSystem


@pytest.fixture
def fs() -> Any:
    return fsspec.filesystem("xenon-file")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Three levels, an empty directory, an empty file and one that is not small."""
    top = tmp_path / "tree"
    (top / "sub/deep").mkdir(parents=True)
    (top / "void").mkdir()
    for number in range(30):
        (top / "sub" / f"{number}").write_bytes(b"%d" % number)
    (top / "sub/deep/[x]*").write_bytes(b"pattern")
    (top / "large").write_bytes(os.urandom(200_000))
    (top / "empty").touch()
    return top


def below(top: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(top)): path.read_bytes() if path.is_file() else None
        for path in top.rglob("*")
    }


class Counting(Callback):
    """Notes the sizes that it is told, and how far it is when it is called."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int | None, int]] = []

    def call(self, *args: Any, **kwargs: Any) -> None:
        self.seen.append((self.size, self.value))


class Watching(Counting):
    """Gives each file a callback of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.children: dict[str, Counting] = {}

    def branched(self, path_1: str, path_2: str, **kwargs: Any) -> Callback:
        child = self.children[os.path.basename(path_1)] = Counting()
        return child


@pytest.mark.parametrize("call", ["get", "put", "copy"])
def test_trees(fs: Any, tree: Path, tmp_path: Path, call: str) -> None:
    for target in ("new", "new"):  # into a place that is new, and then over what is there
        getattr(fs, call)(f"{tree}/", f"{tmp_path}/{target}/", recursive=True)
        assert below(tmp_path / "new") == below(tree)


@pytest.mark.parametrize("call", ["get", "put"])
def test_a_callback_counts_the_files(fs: Any, tree: Path, tmp_path: Path, call: str) -> None:
    callback = Counting()
    getattr(fs, call)(f"{tree}/", f"{tmp_path}/to/", recursive=True, callback=callback)
    count = len(below(tree)) + 1  # the directory itself too, as fsspec counts
    assert callback.seen[0] == (count, 0)
    assert callback.seen[-1] == (count, count)
    assert [value for _, value in callback.seen] == sorted(value for _, value in callback.seen)


@pytest.mark.parametrize("call", ["get", "put"])
def test_a_callback_with_children_sees_the_bytes_of_each_file(
    fs: Any, tree: Path, tmp_path: Path, call: str
) -> None:
    callback = Watching()
    getattr(fs, call)(f"{tree}/", f"{tmp_path}/to/", recursive=True, callback=callback)
    assert callback.children["large"].seen[-1] == (200_000, 200_000)
    assert callback.seen[-1][1] == len(below(tree)) + 1
    assert below(tmp_path / "to") == below(tree)


def test_a_callback_that_raises_ends_the_copy(fs: Any, tree: Path, tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    class Stopping(Callback):
        def call(self, *args: Any, **kwargs: Any) -> None:
            if self.value:
                raise StopError

    with pytest.raises(StopError):
        fs.get(f"{tree}/", f"{tmp_path}/to/", recursive=True, callback=Stopping())


def test_lists_of_files(fs: Any, tree: Path, tmp_path: Path) -> None:
    sources = [f"{tree}/sub/{number}" for number in range(30)]
    fs.get(sources, [f"{tmp_path}/got/{number}/x" for number in range(30)])
    fs.put(sources, [f"xenon-file://{tmp_path}/put/{number}/x" for number in range(30)])
    fs.copy(sources, [f"{tmp_path}/copied/{number}/x" for number in range(30)])
    for kind in ("got", "put", "copied"):
        found = [(tmp_path / kind / f"{number}/x").read_bytes() for number in range(30)]
        assert found == [b"%d" % number for number in range(30)]


def test_a_file_never_replaces_a_directory(fs: Any, tree: Path, tmp_path: Path) -> None:
    before = below(tree)
    (tmp_path / "file").write_bytes(b"data")
    for call in (fs.put_file, fs.get_file, fs.cp_file):
        with pytest.raises(IsADirectoryError):
            call(f"{tmp_path}/file", f"{tree}/sub")
    for call in (fs.put, fs.get, fs.copy):
        with pytest.raises(OSError, match="directory"):
            call([f"{tmp_path}/file"] * 2, [f"{tree}/sub", f"{tree}/void"])
    assert below(tree) == before


def test_put_that_only_creates(fs: Any, tree: Path, tmp_path: Path) -> None:
    sources = [f"{tree}/sub/{number}" for number in range(3)]
    targets = [f"{tmp_path}/{number}" for number in range(3)]
    (tmp_path / "1").write_bytes(b"theirs")
    with pytest.raises(FileExistsError):
        fs.put(sources, targets, mode="create")
    assert (tmp_path / "1").read_bytes() == b"theirs"


def test_what_is_missing(fs: Any, tree: Path, tmp_path: Path) -> None:
    pairs = [f"{tree}/empty", f"{tree}/gone"], [f"{tmp_path}/to/a", f"{tmp_path}/to/b"]
    for call in (fs.get, fs.put, fs.copy):
        with pytest.raises(FileNotFoundError):
            call(*pairs)
    fs.rm(f"{tmp_path}/to", recursive=True)
    fs.copy(*pairs, on_error="ignore")
    assert below(tmp_path / "to") == {"a": b""}
    with pytest.raises(FileNotFoundError):
        fs.put_file(f"{tmp_path}/gone", f"{tmp_path}/not/made")
    assert not (tmp_path / "not").exists()


def test_writing_and_reading_many(fs: Any, tmp_path: Path) -> None:
    (tmp_path / "private").write_bytes(b"before")
    (tmp_path / "private").chmod(0o600)
    files = {f"{tmp_path}/d{n % 3}/{n}": b"%d" % n for n in range(40)}
    files[f"{tmp_path}/private"] = bytes(200_000)
    fs.pipe(files)
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600
    assert fs.cat(list(files)) == files
    in_directories = {path: data for path, data in files.items() if "private" not in path}
    assert fs.cat(f"{tmp_path}/d?", recursive=True) == in_directories
    several = [f"{tmp_path}/gone", f"{tmp_path}/d1/1", f"{tmp_path}/d1"]
    found = fs.cat(several, on_error="return")
    assert found[several[1]] == b"1"
    assert isinstance(found[several[0]], FileNotFoundError)
    assert isinstance(found[several[2]], IsADirectoryError)
    assert fs.cat(several, on_error="omit") == {several[1]: b"1"}
    with pytest.raises(FileNotFoundError):
        fs.cat([several[0], several[1]])
    with pytest.raises(IsADirectoryError):
        fs.pipe({f"{tmp_path}/d1": b"", f"{tmp_path}/new": b"n"})


def test_removing_many(fs: Any, tree: Path) -> None:
    fs.rm([f"{tree}/sub/{number}" for number in range(30)] + [f"{tree}/void"])
    assert set(below(tree)) == {"sub", "sub/deep", "sub/deep/[x]*", "large", "empty"}
    with pytest.raises(FileNotFoundError):
        fs.rm([f"{tree}/gone", f"{tree}/large"])
    with pytest.raises(OSError, match="empty"):
        fs.rm([f"{tree}/empty", f"{tree}/sub"])
    assert "sub/deep" in below(tree)


def test_wrong_lists_are_refused(tmp_path: Path) -> None:
    with FileSystem.create("file", str(tmp_path)) as files:
        for call, wrong in [
            (files.read_files, "path"),
            (files.delete_files, None),
            (files.write_files, [("path", "text")]),
            (files.write_files, {"path": 1}),
            (files.write_files, ["path"]),
            (lambda pairs: files.copy_files(pairs, files), [("one",)]),
            (lambda pairs: files.copy_files(pairs, None), []),  # type: ignore[arg-type]
            (lambda pairs: files.copy_files(pairs, files), [(None, "two")]),
        ]:
            with pytest.raises(ValueError, match=r"must|missing"):
                call(wrong)
    assert not any(tmp_path.iterdir())
