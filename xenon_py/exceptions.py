"""Every exception that this library raises, and which of Python's own it is as well.

    XenonException
    ├── AttributeNotSupportedException
    ├── CopyCancelledException
    ├── DirectoryNotEmptyException          (OSError, ENOTEMPTY)
    ├── FileSystemClosedException
    ├── IncompleteJobDescriptionException   (ValueError)
    ├── InvalidCredentialException          (ValueError)
    ├── InvalidJobDescriptionException      (ValueError)
    ├── InvalidLocationException            (ValueError)
    ├── InvalidOptionsException             (ValueError)
    ├── InvalidPathException                (OSError, ValueError)
    ├── InvalidPropertyException            (ValueError)
    ├── InvalidResumeTargetException
    ├── NoSuchCopyException                 (LookupError)
    ├── NoSuchJobException                  (LookupError)
    ├── NoSuchPathException                 (FileNotFoundError)
    ├── NoSuchQueueException                (LookupError)
    ├── PathAlreadyExistsException          (FileExistsError)
    ├── PropertyTypeException               (ValueError)
    ├── SubmissionUncertainException
    ├── UnknownAdaptorException             (LookupError)
    │   ├── BrokenAdaptorException
    │   ├── DuplicateAdaptorException
    │   └── MissingDependencyException      (ImportError)
    ├── UnknownPropertyException            (LookupError)
    ├── UnsupportedJobDescriptionException
    ├── UnsupportedOperationException       (NotImplementedError)
    ├── VerificationException               (OSError, EIO)
    ├── XenonRuntimeException
    ├── XenonTimeoutException               (TimeoutError)
    └── UnknownRpcException
        ├── BadParameterException           (ValueError)
        ├── CertificateNotFoundException    (FileNotFoundError)
        ├── CommandNotFoundException
        ├── CredentialNotFoundException     (LookupError)
        ├── EndOfFileException              (EOFError)
        ├── IllegalArgumentException        (ValueError, TypeError)
        ├── IncompatibleVersionException
        ├── JobCanceledException
        ├── NoSpaceException                (OSError, ENOSPC)
        ├── NotConnectedException           (ConnectionError)
        │   ├── AuthenticationException
        │   ├── ChangedHostKeyException
        │   ├── ConnectionLostException
        │   └── UnknownHostKeyException
        ├── NullPointerException
        ├── PermissionDeniedException       (PermissionError)
        └── SchedulerClosedException

The names directly below ``XenonException`` that PyXenon documents are here with the same
names; those below ``UnknownRpcException`` are the ones that PyXenon delivered as that class,
so handlers written for it still work.
"""

from __future__ import annotations

import errno as _errno
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "AttributeNotSupportedException",
    "AuthenticationException",
    "BadParameterException",
    "BrokenAdaptorException",
    "CertificateNotFoundException",
    "ChangedHostKeyException",
    "CommandNotFoundException",
    "ConnectionLostException",
    "CopyCancelledException",
    "CredentialNotFoundException",
    "DirectoryNotEmptyException",
    "DuplicateAdaptorException",
    "EndOfFileException",
    "FileSystemClosedException",
    "IllegalArgumentException",
    "IncompatibleVersionException",
    "IncompleteJobDescriptionException",
    "InvalidCredentialException",
    "InvalidJobDescriptionException",
    "InvalidLocationException",
    "InvalidOptionsException",
    "InvalidPathException",
    "InvalidPropertyException",
    "InvalidResumeTargetException",
    "JobCanceledException",
    "MissingDependencyException",
    "NoSpaceException",
    "NoSuchCopyException",
    "NoSuchJobException",
    "NoSuchPathException",
    "NoSuchQueueException",
    "NotConnectedException",
    "NullPointerException",
    "PathAlreadyExistsException",
    "PermissionDeniedException",
    "PropertyTypeException",
    "SchedulerClosedException",
    "SubmissionUncertainException",
    "UnknownAdaptorException",
    "UnknownHostKeyException",
    "UnknownPropertyException",
    "UnknownRpcException",
    "UnsupportedJobDescriptionException",
    "UnsupportedOperationException",
    "VerificationException",
    "XenonException",
    "XenonRuntimeException",
    "XenonTimeoutException",
]

_MAX_OUTPUT = 4096


def _clip(output: bytes | str | None) -> str:
    """Return a text or command output as text, its middle cut out where it is long."""
    if output is None:
        return ""
    text = output.decode("utf-8", "backslashreplace") if isinstance(output, bytes) else output
    if len(text) <= _MAX_OUTPUT:
        return text
    half = _MAX_OUTPUT // 2
    return f"{text[:half]}\n[… {len(text) - _MAX_OUTPUT} characters left out …]\n{text[-half:]}"


class XenonException(Exception):
    """Base of every exception of this library.

    Attributes:
        method: the operation that failed, e.g. ``create_directory``; may be empty.
        code: the status word that PyXenon users know, e.g. ``NOT_FOUND``.
        msg: what is wrong, in one sentence.
        adaptor: name of the adaptor concerned, or ``""``.
        path: the path concerned, as text, or ``""``.
        job: identifier of the job concerned, or ``""``.
        host: host (and port) concerned, or ``""``.
        command: the command that was run, as a list of words, or ``()``.
        exit_code: exit code of that command, or ``None``.
        stdout: what that command printed (at most some 4,000 characters).
        stderr: what that command said on its error stream (likewise).
        submitted: raised by ``submit_batch_jobs``: the ``Job``, or ``None``, of each description.
    """

    default_code: ClassVar[str] = "INTERNAL"
    default_errno: ClassVar[int | None] = None

    def __init__(
        self,
        method: str = "",
        code: str = "",
        msg: str = "",
        *,
        adaptor: str = "",
        path: object = "",
        job: str = "",
        host: str = "",
        command: tuple[str, ...] | list[str] = (),
        exit_code: int | None = None,
        stdout: bytes | str | None = None,
        stderr: bytes | str | None = None,
    ) -> None:
        msg = _clip(msg)  # a name of a megabyte helps nobody
        Exception.__init__(self, method, code, msg)
        self.method: str = method
        self.code: str = code or self.default_code
        self.msg: str = msg
        self.adaptor: str = adaptor
        self.path: str = str(path) if path != "" else ""
        self.job: str = job
        self.host: str = host
        self.command: tuple[str, ...] = tuple(command)
        self.exit_code: int | None = exit_code
        self.stdout: str = _clip(stdout)
        self.stderr: str = _clip(stderr)
        self.submitted: list[Any] = []
        _fill_os_error(self)

    @classmethod
    def because(cls, msg: str, *, operation: str = "", **context: Any) -> Self:
        """Make an exception from its message; the facade fills in adaptor and operation.

        Args:
            msg: one sentence that says what is wrong and, where that is not plain, what to do.
            operation: name of the public call, when the raiser knows it.
            context: any of ``adaptor path job host command exit_code stdout stderr``.
        """
        return cls(operation, "", msg, **context)

    def add_context(self, *, operation: str = "", adaptor: str = "", path: object = "") -> Self:
        """Fill in what the raiser could not know; never overwrites. Returns the exception."""
        self.method = self.method or operation
        self.adaptor = self.adaptor or adaptor
        self.path = self.path or (str(path) if path != "" else "")
        _fill_os_error(self)
        return self

    def __str__(self) -> str:
        where = f" in {self.method}" if self.method else ""
        prefix = f"{self.adaptor} adaptor: " if self.adaptor else ""
        text = f'Xenon ({self.code}): "{prefix}{self.msg}"{where}'
        if self.command:
            code = "unknown" if self.exit_code is None else self.exit_code
            text += f"; command: {' '.join(self.command)}; exit code: {code}"
        if self.stderr.strip():
            text += f"; stderr: {self.stderr.strip()}"
        elif self.command and self.stdout.strip():
            text += f"; stdout: {self.stdout.strip()}"
        return text

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), dict(self.__dict__), self.args)


def _fill_os_error(error: XenonException) -> None:
    """Set what Python programmers expect of an ``OSError``, where the exception is one."""
    kin: BaseException = error
    if isinstance(kin, OSError):
        kin.errno = error.default_errno
        kin.strerror = error.msg
        kin.filename = error.path or None


def _rebuild(
    cls: type[XenonException], state: dict[str, Any], args: tuple[str, str, str]
) -> XenonException:
    """Undo ``__reduce__``: the kin in ``OSError`` have a constructor of their own idea."""
    error = cls(*args)
    error.__dict__.update(state)
    _fill_os_error(error)
    return error


class UnknownRpcException(XenonException):
    """The class that PyXenon used for whatever it had no name for."""

    default_code = "UNKNOWN"


class AttributeNotSupportedException(XenonException):
    """The file system does not have this attribute."""

    default_code = "UNIMPLEMENTED"


class CopyCancelledException(XenonException):
    """The copy was cancelled."""

    default_code = "CANCELLED"


class DirectoryNotEmptyException(XenonException, OSError):
    """A directory that still has entries was to be deleted without ``recursive``."""

    default_code = "INTERNAL"
    default_errno: ClassVar[int | None] = _errno.ENOTEMPTY


class FileSystemClosedException(XenonException):
    """The file system was closed before."""

    default_code = "UNAVAILABLE"


class IncompleteJobDescriptionException(XenonException, ValueError):
    """A field that every job needs is missing from the job description."""

    default_code = "INVALID_ARGUMENT"


class InvalidCredentialException(XenonException, ValueError):
    """The credential is of a kind, or has a content, that cannot be used here."""

    default_code = "FAILED_PRECONDITION"


class InvalidJobDescriptionException(XenonException, ValueError):
    """A field of the job description has a value that is not allowed."""

    default_code = "FAILED_PRECONDITION"


class InvalidLocationException(XenonException, ValueError):
    """The location string is not of a form that the adaptor takes."""

    default_code = "FAILED_PRECONDITION"


class InvalidOptionsException(XenonException, ValueError):
    """Options contradict each other."""

    default_code = "FAILED_PRECONDITION"


class InvalidPathException(XenonException, OSError, ValueError):
    """The path is of the wrong kind, or holds characters that cannot be in a path."""

    default_code = "FAILED_PRECONDITION"
    default_errno: ClassVar[int | None] = _errno.EINVAL


class InvalidPropertyException(XenonException, ValueError):
    """A property has a value outside of what is allowed."""

    default_code = "FAILED_PRECONDITION"


class InvalidResumeTargetException(XenonException):
    """The target of a resumed copy does not match its source."""

    default_code = "FAILED_PRECONDITION"


class NoSuchCopyException(XenonException, LookupError):
    """There is no copy operation with this identifier."""

    default_code = "INTERNAL"


class NoSuchJobException(XenonException, LookupError):
    """There is no job with this identifier, or no more."""

    default_code = "INTERNAL"


class NoSuchPathException(XenonException, FileNotFoundError):
    """The path does not exist."""

    default_code = "NOT_FOUND"
    default_errno: ClassVar[int | None] = _errno.ENOENT


class NoSuchQueueException(XenonException, LookupError):
    """There is no queue with this name."""

    default_code = "NOT_FOUND"


class PathAlreadyExistsException(XenonException, FileExistsError):
    """The path exists already."""

    default_code = "ALREADY_EXISTS"
    default_errno: ClassVar[int | None] = _errno.EEXIST


class PropertyTypeException(XenonException, ValueError):
    """A property has a value that is not of its type."""

    default_code = "FAILED_PRECONDITION"


class UnknownAdaptorException(XenonException, LookupError):
    """There is no adaptor with this name."""

    default_code = "NOT_FOUND"


class UnknownPropertyException(XenonException, LookupError):
    """The adaptor has no property with this name."""

    default_code = "NOT_FOUND"


class UnsupportedJobDescriptionException(XenonException):
    """The scheduler cannot honour a field of the job description."""

    default_code = "UNIMPLEMENTED"


class UnsupportedOperationException(XenonException, NotImplementedError):
    """The adaptor, or the server behind it, cannot do this."""

    default_code = "UNIMPLEMENTED"


class VerificationException(XenonException, OSError):
    """What was written is not what was read: sizes or checksums differ."""

    default_code = "DATA_LOSS"
    default_errno: ClassVar[int | None] = _errno.EIO


class XenonRuntimeException(XenonException):
    """Something failed inside the library."""

    default_code = "INTERNAL"


class XenonTimeoutException(XenonException, TimeoutError):
    """The operation did not end within its time-out."""

    default_code = "DEADLINE_EXCEEDED"
    default_errno: ClassVar[int | None] = _errno.ETIMEDOUT


class BrokenAdaptorException(UnknownAdaptorException):
    """An installed adaptor could not be loaded; the cause is attached."""

    default_code = "NOT_FOUND"


class DuplicateAdaptorException(UnknownAdaptorException):
    """Two installed distributions bring an adaptor of the same name."""

    default_code = "NOT_FOUND"


class MissingDependencyException(UnknownAdaptorException, ImportError):  # type: ignore[misc]
    """The adaptor needs a package that is not installed; the message says which to install."""

    default_code = "NOT_FOUND"


class BadParameterException(UnknownRpcException, ValueError):
    """A parameter is outside of its range."""

    default_code = "INVALID_ARGUMENT"


class CertificateNotFoundException(UnknownRpcException, FileNotFoundError):
    """The key or certificate file does not exist."""

    default_code = "NOT_FOUND"
    default_errno: ClassVar[int | None] = _errno.ENOENT


class CommandNotFoundException(UnknownRpcException):
    """A command of the scheduler is not there."""

    default_code = "NOT_FOUND"


class CredentialNotFoundException(UnknownRpcException, LookupError):
    """A credential map has no entry for this host, and no fallback."""

    default_code = "NOT_FOUND"


class EndOfFileException(UnknownRpcException, EOFError):
    """The data ended before they should."""

    default_code = "OUT_OF_RANGE"


class IllegalArgumentException(UnknownRpcException, ValueError, TypeError):
    """An argument has a wrong type or value; the message names it."""

    default_code = "INVALID_ARGUMENT"


class IncompatibleVersionException(UnknownRpcException):
    """The server or scheduler has a version that cannot be worked with."""

    default_code = "FAILED_PRECONDITION"


class JobCanceledException(UnknownRpcException):
    """The job was cancelled."""

    default_code = "CANCELLED"


class NoSpaceException(UnknownRpcException, OSError):
    """The disk is full, or the quota is used up."""

    default_code = "RESOURCE_EXHAUSTED"
    default_errno: ClassVar[int | None] = _errno.ENOSPC


class NotConnectedException(UnknownRpcException, ConnectionError):
    """There is no connection to the server."""

    default_code = "UNAVAILABLE"
    default_errno: ClassVar[int | None] = _errno.ENOTCONN


class NullPointerException(UnknownRpcException):
    """Kept for handlers written for PyXenon; never raised."""

    default_code = "INTERNAL"


class PermissionDeniedException(UnknownRpcException, PermissionError):
    """The server or the operating system does not permit this."""

    default_code = "PERMISSION_DENIED"
    default_errno: ClassVar[int | None] = _errno.EACCES


class SchedulerClosedException(UnknownRpcException):
    """The scheduler was closed before."""

    default_code = "UNAVAILABLE"


class AuthenticationException(NotConnectedException):
    """The server accepted none of the credentials."""

    default_code = "UNAUTHENTICATED"


class ChangedHostKeyException(NotConnectedException):
    """The server shows another host key than the one that is known for it."""

    default_code = "FAILED_PRECONDITION"


class ConnectionLostException(NotConnectedException):
    """The connection broke while it was in use."""

    default_code = "UNAVAILABLE"


class UnknownHostKeyException(NotConnectedException):
    """No host key is known for this server."""

    default_code = "FAILED_PRECONDITION"


class SubmissionUncertainException(XenonException):
    """It is not known whether the job was submitted.

    Submitting the same description again may start it twice. ``token`` names the attempt: the
    directory ``~/.xenon/jobs/<token>`` on the submit host, and the job's environment or comment,
    bear it.
    """

    default_code = "UNKNOWN"

    def __init__(self, *args: str, token: str = "", **context: Any) -> None:
        super().__init__(*args, **context)
        self.token = token
