"""Every wrong argument of every call is one of our exceptions, and nothing is touched."""

from __future__ import annotations

import copy
import inspect
import os
import pathlib
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xenon_py.exceptions import (
    IllegalArgumentException,
    InvalidPathException,
    UnknownAdaptorException,
    UnsupportedOperationException,
    XenonException,
)
from xenon_py.filesystem import FileSystem


class _BytesPath(os.PathLike):  # type: ignore[type-arg]
    def __init__(self, data: bytes) -> None:
        self.data = data

    def __fspath__(self) -> bytes:
        return self.data


def _error_of(call: Callable[[], FileSystem]) -> XenonException | None:
    """Return the error of a call that makes a file system; nothing else may be raised."""
    try:
        call().close()
    except XenonException as error:
        return error
    return None


WRONG_PATHS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.binary()
    | st.lists(st.text(max_size=3), max_size=3)
    | st.dictionaries(st.text(max_size=2), st.integers(), max_size=2)
    | st.builds(object)
    | st.text(max_size=8).map(lambda text: f"{text}\0{text}")
    | st.integers(0xD800, 0xDC7F).map(chr)
    | st.binary(max_size=8).map(_BytesPath)
)
# call -> its path arguments, with the good values of the others
PATH_CALLS: dict[str, dict[str, Any]] = {
    "exists": {"path": "kept"},
    "get_attributes": {"path": "kept"},
    "list": {"dir": "."},
    "create_directory": {"path": "new"},
    "create_directories": {"path": "new"},
    "create_file": {"path": "new"},
    "create_symbolic_link": {"link": "new", "target": "x"},
    "read_symbolic_link": {"path": "kept"},
    "delete": {"path": "kept"},
    "rename": {"source": "kept", "target": "new"},
    "set_posix_file_permissions": {"path": "kept"},
    "read_from_file": {"path": "kept"},
    "write_to_file": {"path": "new"},
    "append_to_file": {"path": "kept"},
    "open": {"path": "kept"},
    "set_working_directory": {"path": "."},
    "copy": {"source": "kept", "destination": "new"},
}
OTHERS: dict[str, dict[str, Any]] = {
    "set_posix_file_permissions": {"permissions": []},
    "write_to_file": {"data_stream": [b"x"]},
    "append_to_file": {"data_stream": [b"x"]},
    "open": {"mode": "wb"},
}


@pytest.fixture
def directory(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "kept").write_bytes(b"content")
    return tmp_path


def test_all_calls_with_paths_are_here() -> None:
    with_paths = {
        name
        for name, call in inspect.getmembers(FileSystem, inspect.isfunction)
        if not name.startswith("_")
        and {"path", "dir", "link", "source"} & set(inspect.signature(call).parameters)
    }
    assert with_paths == set(PATH_CALLS)


CASES = [(name, argument) for name, good in PATH_CALLS.items() for argument in good]


@pytest.mark.parametrize(("name", "argument"), CASES)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wrong=WRONG_PATHS)
def test_wrong_paths(directory: pathlib.Path, name: str, argument: str, wrong: object) -> None:
    with FileSystem.create("file", str(directory)) as fs:
        arguments = {**PATH_CALLS[name], **OTHERS.get(name, {}), argument: wrong}
        if name == "copy":
            arguments["destination_filesystem"] = fs
        with pytest.raises((IllegalArgumentException, InvalidPathException)) as caught:
            getattr(fs, name)(**arguments)
        assert argument in caught.value.msg
        assert caught.value.method == name
        assert fs.get_working_directory() == fs.get_working_directory().parent / directory.name
    assert [p.name for p in directory.iterdir()] == ["kept"]
    assert (directory / "kept").read_bytes() == b"content"


WRONG_FLAGS = st.integers(min_value=2) | st.text() | st.floats() | st.binary() | st.builds(object)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wrong=WRONG_FLAGS)
def test_wrong_flags(directory: pathlib.Path, wrong: Any) -> None:
    with FileSystem.create("file", str(directory)) as fs:
        for call in (
            lambda: fs.delete("kept", wrong),
            lambda: fs.list(".", wrong),
            lambda: fs.copy("kept", fs, "new", None, wrong),
        ):
            with pytest.raises(IllegalArgumentException, match="recursive"):
                call()
    assert [p.name for p in directory.iterdir()] == ["kept"]


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    wrong=st.none()
    | st.text()
    | st.integers()
    | st.lists(st.integers().filter(lambda n: not 0 <= n <= 9) | st.text(), min_size=1)
    | st.builds(object)
)
def test_wrong_permissions(directory: pathlib.Path, wrong: Any) -> None:
    before = (directory / "kept").stat().st_mode
    with (
        FileSystem.create("file", str(directory)) as fs,
        pytest.raises(IllegalArgumentException, match="permissions"),
    ):
        fs.set_posix_file_permissions("kept", wrong)
    assert (directory / "kept").stat().st_mode == before


ANYTHING = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.binary(max_size=4)
    | st.dictionaries(st.text(max_size=4) | st.integers(), st.text(max_size=4), max_size=2)
    | st.builds(object)
)


@settings(max_examples=300)
@given(
    arguments=st.dictionaries(
        st.sampled_from(list(inspect.signature(FileSystem.create).parameters)), ANYTHING
    )
)
def test_create_with_anything(arguments: dict[str, Any]) -> None:
    error = _error_of(lambda: FileSystem.create(**{"adaptor": "file", **arguments}))
    assert error is None or (error.method == "create" and error.msg)


@pytest.mark.parametrize("name", [None, 5, b"file", ""])
def test_names_of_adaptors(name: Any) -> None:
    expected = (IllegalArgumentException, UnknownAdaptorException)
    with pytest.raises(expected):
        FileSystem.create(name)
    with pytest.raises(expected):
        FileSystem.get_adaptor_description(name)


@settings(max_examples=200)
@given(url=ANYTHING)
def test_from_url_with_anything(url: Any) -> None:
    error = _error_of(lambda: FileSystem.from_url(url))
    assert error is None or error.method == "from_url"


@given(url=st.sampled_from(["file:"]), wrong=ANYTHING.filter(lambda value: value is not None))
def test_from_url_with_a_wrong_credential(url: str, wrong: Any) -> None:
    with pytest.raises(IllegalArgumentException, match="credential"):
        FileSystem.from_url(url, credential=wrong)


def test_a_file_system_is_not_pickled() -> None:
    with FileSystem.create("file") as files:
        with pytest.raises(UnsupportedOperationException, match=r"FileSystem\.create"):
            pickle.dumps(files)
        with pytest.raises(UnsupportedOperationException):
            copy.copy(files)


def test_a_secret_in_a_url_is_refused_and_not_shown() -> None:
    with pytest.raises(XenonException) as caught:
        FileSystem.from_url("sftp://user:S3cret@host/dir")
    assert "S3cret" not in str(caught.value)
    assert "S3cret" not in repr(caught.value)
