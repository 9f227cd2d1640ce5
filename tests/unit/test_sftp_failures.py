"""What an error status means, by its code and by a look at the server."""

import pytest

from xenon_adaptors.sftp_protocol import packets as p
from xenon_adaptors.sftp_protocol.failures import explain
from xenon_adaptors.sftp_protocol.session import StatusError
from xenon_py import exceptions as e
from xenon_py.plugin.filesystem import FileKind

FILE, DIRECTORY, LINK = FileKind.FILE, FileKind.DIRECTORY, FileKind.LINK


class Seen:
    """A server that looks like this: path -> kind."""

    def __init__(self, kinds: dict[str, FileKind], empty: bool = False, full: bool = False):
        self.kinds = {"/": DIRECTORY, "/d": DIRECTORY, **kinds}
        self.empty, self.full = empty, full

    def kind(self, path: str) -> FileKind | None:
        return self.kinds.get(path)

    def is_empty(self, path: str) -> bool:
        return self.empty

    def is_full(self, path: str) -> bool:
        return self.full


def explained(operation: str, code: int, look: Seen, path: str = "/d/x") -> e.XenonException:
    return explain(operation, path, StatusError(p.Status(code, "Failure")), look)


NOTHING = Seen({})
HAS_FILE = Seen({"/d/x": FILE})
HAS_DIRECTORY = Seen({"/d/x": DIRECTORY})

CASES = [
    ("mkdir", p.FAILURE, HAS_FILE, e.PathAlreadyExistsException),
    ("mkdir", p.FAILURE, HAS_DIRECTORY, e.PathAlreadyExistsException),
    ("mkdir", p.NO_SUCH_FILE, NOTHING, e.NoSuchPathException),
    ("mkdir", p.FAILURE, Seen({}, full=True), e.NoSpaceException),
    ("create", p.FAILURE, HAS_FILE, e.PathAlreadyExistsException),
    ("create", p.FAILURE, HAS_DIRECTORY, e.InvalidPathException),
    ("create", p.FAILURE, Seen({}, full=True), e.NoSpaceException),
    ("symlink", p.FAILURE, Seen({"/d/x": LINK}), e.PathAlreadyExistsException),
    ("write", p.FAILURE, HAS_DIRECTORY, e.InvalidPathException),
    ("write", p.FAILURE, Seen({"/d/x": FILE}, full=True), e.NoSpaceException),
    ("append", p.FAILURE, Seen({"/d/x": FILE}, full=True), e.NoSpaceException),
    ("append", p.NO_SUCH_FILE, NOTHING, e.NoSuchPathException),
    ("write", p.FAILURE, HAS_FILE, e.XenonException),
    ("write", p.PERMISSION_DENIED, HAS_FILE, e.PermissionDeniedException),
    ("read", p.FAILURE, HAS_DIRECTORY, e.InvalidPathException),
    ("read", p.NO_SUCH_FILE, NOTHING, e.NoSuchPathException),
    ("read", p.PERMISSION_DENIED, HAS_FILE, e.PermissionDeniedException),
    ("unlink", p.FAILURE, HAS_DIRECTORY, e.InvalidPathException),
    ("unlink", p.PERMISSION_DENIED, HAS_DIRECTORY, e.InvalidPathException),
    ("unlink", p.NO_SUCH_FILE, NOTHING, e.NoSuchPathException),
    ("rmdir", p.FAILURE, HAS_DIRECTORY, e.DirectoryNotEmptyException),
    ("rmdir", p.FAILURE, Seen({"/d/x": DIRECTORY}, empty=True), e.XenonException),
    ("rmdir", p.NO_SUCH_FILE, HAS_FILE, e.InvalidPathException),
    ("rmdir", p.NO_SUCH_FILE, NOTHING, e.NoSuchPathException),
    ("scandir", p.NO_SUCH_FILE, HAS_FILE, e.InvalidPathException),
    ("scandir", p.NO_SUCH_FILE, NOTHING, e.NoSuchPathException),
    ("readlink", p.FAILURE, HAS_FILE, e.InvalidPathException),
    ("rename", p.FAILURE, HAS_FILE, e.PathAlreadyExistsException),
    ("rename", p.NO_SUCH_FILE, NOTHING, e.NoSuchPathException),
    ("lstat", p.NO_SUCH_FILE, NOTHING, e.NoSuchPathException),
    ("lstat", p.OP_UNSUPPORTED, NOTHING, e.UnsupportedOperationException),
    ("lstat", p.CONNECTION_LOST, NOTHING, e.ConnectionLostException),
    ("write", 14, HAS_FILE, e.NoSpaceException),
    ("write", 15, HAS_FILE, e.NoSpaceException),
    ("rmdir", 18, HAS_DIRECTORY, e.DirectoryNotEmptyException),
    ("lstat", 4711, NOTHING, e.XenonException),
]


@pytest.mark.parametrize(("operation", "code", "look", "expected"), CASES)
def test_meaning(operation: str, code: int, look: Seen, expected: type[e.XenonException]) -> None:
    found = explained(operation, code, look)
    assert type(found) is expected
    assert found.path == "/d/x"


def test_a_missing_parent_and_a_parent_that_is_a_file_are_named() -> None:
    missing = explained("create", p.NO_SUCH_FILE, NOTHING, "/d/gone/x")
    assert type(missing) is e.NoSuchPathException
    assert "'/d/gone'" in missing.msg
    no_directory = explained("mkdir", p.NO_SUCH_FILE, HAS_FILE, "/d/x/y")
    assert type(no_directory) is e.InvalidPathException
    assert "'/d/x'" in no_directory.msg


def test_the_server_s_own_words_are_told() -> None:
    assert "Failure (SFTP status 4)" in explained("chmod", p.FAILURE, HAS_FILE).msg
