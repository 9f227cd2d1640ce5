"""The tree of exceptions: kin, codes, context, pickling."""

from __future__ import annotations

import copy
import errno
import inspect
import pickle

import pytest

from xenon_py import exceptions as exc

ALL = [getattr(exc, name) for name in exc.__all__]
PYXENON = [
    *("AttributeNotSupported", "CopyCancelled", "DirectoryNotEmpty", "FileSystemClosed"),
    *("IncompleteJobDescription", "InvalidCredential", "InvalidJobDescription", "InvalidLocation"),
    *("InvalidOptions", "InvalidPath", "InvalidProperty", "InvalidResumeTarget", "NoSuchCopy"),
    *("NoSuchJob", "NoSuchPath", "NoSuchQueue", "PathAlreadyExists", "PropertyType"),
    *("UnknownAdaptor", "UnknownProperty", "UnknownRpc", "UnsupportedJobDescription"),
    *("UnsupportedOperation", "XenonRuntime"),
]
WERE_UNKNOWN_RPC = [
    *("IllegalArgument", "NullPointer", "CertificateNotFound", "CredentialNotFound"),
    *("BadParameter", "IncompatibleVersion", "NotConnected", "PermissionDenied", "NoSpace"),
    *("EndOfFile", "ConnectionLost", "SchedulerClosed", "CommandNotFound", "JobCanceled"),
]


def named(name: str) -> type[exc.XenonException]:
    found: type[exc.XenonException] = getattr(exc, f"{name}Exception")
    return found


@pytest.mark.parametrize("name", PYXENON)
def test_those_of_pyxenon_are_direct_children(name: str) -> None:
    assert named(name).__bases__[0] is exc.XenonException


@pytest.mark.parametrize("name", WERE_UNKNOWN_RPC)
def test_those_that_were_unknown_still_are(name: str) -> None:
    assert issubclass(named(name), exc.UnknownRpcException)


@pytest.mark.parametrize(
    ("name", "kin"),
    [
        ("NoSuchPath", FileNotFoundError),
        ("PathAlreadyExists", FileExistsError),
        ("PermissionDenied", PermissionError),
        ("NotConnected", ConnectionError),
        ("ConnectionLost", ConnectionError),
        ("XenonTimeout", TimeoutError),
        ("IllegalArgument", ValueError),
        ("IllegalArgument", TypeError),
        ("InvalidPath", ValueError),
        ("InvalidLocation", ValueError),
        ("DirectoryNotEmpty", OSError),
        ("NoSpace", OSError),
        ("NoSuchJob", LookupError),
        ("UnsupportedOperation", NotImplementedError),
        ("MissingDependency", ImportError),
        ("EndOfFile", EOFError),
    ],
)
def test_kin(name: str, kin: type[Exception]) -> None:
    assert issubclass(named(name), kin)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("NoSuchPath", errno.ENOENT),
        ("PathAlreadyExists", errno.EEXIST),
        ("DirectoryNotEmpty", errno.ENOTEMPTY),
        ("NoSpace", errno.ENOSPC),
        ("PermissionDenied", errno.EACCES),
        ("XenonTimeout", errno.ETIMEDOUT),
    ],
)
def test_os_errors_bear_errno_and_filename(name: str, number: int) -> None:
    error = named(name).because("it is so", path="/a")
    assert isinstance(error, OSError)
    assert (error.errno, error.strerror, error.filename) == (number, "it is so", "/a")
    later = named(name).because("it is so").add_context(path="/b", operation="delete")
    assert isinstance(later, OSError)
    assert later.filename == "/b"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("NoSuchPath", "NOT_FOUND"),
        ("UnknownAdaptor", "NOT_FOUND"),
        ("PathAlreadyExists", "ALREADY_EXISTS"),
        ("UnsupportedOperation", "UNIMPLEMENTED"),
        ("IllegalArgument", "INVALID_ARGUMENT"),
        ("IncompleteJobDescription", "INVALID_ARGUMENT"),
        ("NotConnected", "UNAVAILABLE"),
        ("InvalidLocation", "FAILED_PRECONDITION"),
        ("InvalidPath", "FAILED_PRECONDITION"),
        ("NoSuchJob", "INTERNAL"),
        ("DirectoryNotEmpty", "INTERNAL"),
    ],
)
def test_codes_are_those_of_pyxenon(name: str, code: str) -> None:
    assert named(name).because("x").code == code


def test_the_constructor_and_text_of_pyxenon() -> None:
    error = exc.NoSuchPathException("create_file", "NOT_FOUND", "Path does not exist: /x")
    assert str(error) == 'Xenon (NOT_FOUND): "Path does not exist: /x" in create_file'
    assert (error.method, error.code, error.msg) == (
        *("create_file", "NOT_FOUND"),
        "Path does not exist: /x",
    )


@pytest.mark.parametrize("kind", ALL)
def test_every_class_is_documented_raised_and_pickled(kind: type[exc.XenonException]) -> None:
    assert inspect.getdoc(kind)
    context = {"adaptor": "sftp", "path": "/p", "job": "7", "host": "h:22", "exit_code": 3}
    error = kind.because(
        "why", operation="copy", command=["ls", "-l"], stdout=b"out\xff", stderr="bad", **context
    )
    with pytest.raises(kind):
        raise error
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is kind
        assert str(twin) == str(error)
        assert vars(twin) == vars(error)
        assert twin.args == error.args
        if isinstance(error, OSError):
            assert (twin.errno, twin.filename) == (error.errno, "/p")


def test_the_text_tells_the_command_and_what_it_said() -> None:
    error = exc.XenonException.because(
        "it failed", command=("squeue", "-h"), exit_code=1, stdout="o", stderr="slurm is down\n"
    )
    assert str(error).endswith("command: squeue -h; exit code: 1; stderr: slurm is down")
    error = exc.XenonException.because("it failed", command=("at",), stdout="only this")
    assert str(error).endswith("command: at; exit code: unknown; stdout: only this")


def test_context_is_filled_in_but_never_overwritten() -> None:
    error = exc.NoSuchPathException.because("gone", path="/a")
    assert error.add_context(operation="delete", adaptor="ftp", path="/b") is error
    error.add_context(operation="other", adaptor="other")
    assert (error.method, error.adaptor, error.path) == ("delete", "ftp", "/a")
    assert str(error) == 'Xenon (NOT_FOUND): "ftp adaptor: gone" in delete'


def test_long_output_is_clipped_in_the_middle() -> None:
    error = exc.XenonException.because("x", stdout=b"a" * 10_000, stderr="b" * 10_000 + "END")
    assert len(error.stdout) < 4200
    assert "characters left out" in error.stdout
    assert error.stderr.endswith("END")


def test_the_token_of_an_uncertain_submission() -> None:
    error = exc.SubmissionUncertainException.because("unclear", token="t-1")
    assert pickle.loads(pickle.dumps(error)).token == "t-1"


def test_the_tree_in_the_docstring_is_complete() -> None:
    tree = exc.__doc__ or ""
    for name in exc.__all__:
        assert f" {name}" in tree or name == "XenonException"
