"""Paths: values that behave as pathlib's do."""

from __future__ import annotations

import pathlib
import pickle
import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenon_py import Path
from xenon_py import exceptions as exc
from xenon_py.model.path import as_path, is_below, join, normalise, parent

texts = st.text(st.sampled_from("ab./ é\n*"), max_size=12)


@given(texts)
def test_equality_and_hash_are_those_of_pathlib(text: str) -> None:
    path, pure = Path(text), pathlib.PurePosixPath(text)
    assert path == Path(text)
    assert path == pure
    assert hash(path) == hash(pure)
    assert str(path) == str(pure)
    assert pickle.loads(pickle.dumps(path)) == path
    assert {path: 1}[Path(text)] == 1


def test_results_are_paths_of_ours() -> None:
    path = Path("/a/b.tar.gz")
    made = [path.parent, path / "c", "/x" / Path("y"), path.with_suffix(".z"), *path.parents]
    assert all(type(one) is Path for one in made)
    assert repr(path) == "Path('/a/b.tar.gz')"
    assert Path("/a") != Path("/b")
    assert Path("") == Path(".")
    assert Path("/a/../b") != Path("/b")
    assert "is_hidden" in dir(path)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [(".x", True), ("a/.x", True), ("x", False), (".", False), ("..", False), ("", False)],
)
def test_is_hidden(text: str, hidden: bool) -> None:
    assert Path(text).is_hidden() is hidden


@pytest.mark.parametrize(
    "value", ["/a", Path("/a"), pathlib.PurePosixPath("/a"), pathlib.Path("/a")]
)
def test_as_path(value: object) -> None:
    path = as_path(value, "path")
    assert type(path) is Path
    assert path == Path("/a")


@pytest.mark.parametrize("value", [None, b"/a", 7, ["/a"], object()])
def test_as_path_refuses_other_types(value: object) -> None:
    with pytest.raises(exc.IllegalArgumentException, match="source must be a path"):
        as_path(value, "source")


class _BytesPath:
    def __fspath__(self) -> bytes:
        return b"/a"


def test_as_path_refuses_paths_of_bytes() -> None:
    with pytest.raises(exc.IllegalArgumentException):
        as_path(_BytesPath(), "source")


@pytest.mark.parametrize("text", ["a\0b", "\0", "\ud800", "x\ud8ff"])
def test_as_path_refuses_what_no_file_name_can_hold(text: str) -> None:
    with pytest.raises(exc.InvalidPathException, match="target holds") as caught:
        as_path(text, "target")
    str(caught.value).encode()


def test_names_that_are_not_utf8_are_taken() -> None:
    name = b"caf\xe9".decode("utf-8", "surrogateescape")
    assert str(as_path(name, "path")) == name


@given(texts, st.from_regex(r"(/[ab.]{1,3}){1,3}", fullmatch=True))
def test_normalise_is_absolute_and_stable(text: str, base: str) -> None:
    found = normalise(Path(text), base)
    assert found.startswith("/")
    assert not found.startswith("//")
    assert normalise(Path(found), "/other") == found
    assert not {".", "..", ""} & set(found.split("/")[1:]) or found == "/"
    expected = posixpath.normpath(posixpath.join(base, str(Path(text))))
    assert found == "/" + expected.lstrip("/")


@given(st.from_regex(r"(/[ab]{1,3}){1,3}", fullmatch=True), st.from_regex("[ab]+", fullmatch=True))
def test_parent_undoes_join(directory: str, name: str) -> None:
    assert parent(join(directory, name)) == directory
    assert is_below(join(directory, name), directory)
    assert not is_below(directory, join(directory, name))
    assert not is_below(directory + "x", directory)


def test_root() -> None:
    assert parent("/") == parent("/a") == "/"
    assert join("/", "a") == "/a"
    assert is_below("/a", "/")
    assert is_below("/a", "/a")
