"""The exceptions of DRMAA 1.0, by code, and the table from this library's own to them.

Every message has the form ``code N: text``. Code 24 (no usage information) is a bare ``Exception``
and 25 (no more elements) a ``StopIteration``, as in drmaa-python: callers look at the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from xenon_py.drmaa.const import ERROR_STRING_BUFFER
from xenon_py.exceptions import (
    AuthenticationException,
    IllegalArgumentException,
    IncompleteJobDescriptionException,
    InvalidJobDescriptionException,
    NoSuchJobException,
    NoSuchQueueException,
    NotConnectedException,
    PermissionDeniedException,
    SchedulerClosedException,
    SubmissionUncertainException,
    UnsupportedJobDescriptionException,
    XenonException,
)

__all__ = [  # noqa: RUF022 - in plain order, as drmaa-python has it
    "AlreadyActiveSessionException",
    "AuthorizationException",
    "ConflictingAttributeValuesException",
    "DefaultContactStringException",
    "DeniedByDrmException",
    "DrmCommunicationException",
    "DrmaaException",
    "DrmsExitException",
    "DrmsInitException",
    "ERROR_STRING_BUFFER",
    "ExitTimeoutException",
    "HoldInconsistentStateException",
    "IllegalStateException",
    "InternalException",
    "InvalidArgumentException",
    "InvalidAttributeFormatException",
    "InvalidAttributeValueException",
    "InvalidContactStringException",
    "InvalidJobException",
    "InvalidJobTemplateException",
    "NoActiveSessionException",
    "NoDefaultContactStringSelectedException",
    "OutOfMemoryException",
    "ReleaseInconsistentStateException",
    "ResumeInconsistentStateException",
    "SuspendInconsistentStateException",
    "TryLaterException",
    "UnsupportedAttributeException",
    "error_check",
]


class DrmaaException(Exception):
    """Base of the exceptions here; ``str()`` begins with ``code N:``."""


class AlreadyActiveSessionException(DrmaaException):
    """Code 11: there is a session already."""


class AuthorizationException(DrmaaException):
    """Code 3: the user may not do this."""


class ConflictingAttributeValuesException(DrmaaException, AttributeError):
    """Code 15: attributes of the template contradict each other."""


class DefaultContactStringException(DrmaaException):
    """Code 8: the default contact string does not work."""


class DeniedByDrmException(DrmaaException):
    """Code 17: the job was refused."""


class DrmCommunicationException(DrmaaException):
    """Code 2: the batch system could not be reached."""


class DrmsExitException(DrmaaException):
    """Code 12: the session could not be ended."""


class DrmsInitException(DrmaaException):
    """Code 10: the session could not begin."""


class ExitTimeoutException(DrmaaException):
    """Code 23: the time-out passed."""


class HoldInconsistentStateException(DrmaaException):
    """Code 21: a job in this state cannot be held."""


class IllegalStateException(DrmaaException):
    """Never raised; a name of the binding."""


class InternalException(DrmaaException):
    """Code 1: anything that no other code tells."""


class InvalidAttributeFormatException(DrmaaException, AttributeError):
    """Code 13: the value of an attribute is not of its form."""


class InvalidAttributeValueException(DrmaaException, AttributeError):
    """Code 14: the value of an attribute is not allowed."""


class InvalidContactStringException(DrmaaException):
    """Code 7: the contact string names no scheduler."""


class InvalidJobException(DrmaaException):
    """Code 18: the job is not known, or no more."""


class InvalidJobTemplateException(DrmaaException):
    """Never raised; a name of the binding."""


class NoActiveSessionException(DrmaaException):
    """Code 5: there is no session."""


class NoDefaultContactStringSelectedException(DrmaaException):
    """Code 9: there is no default contact string."""


class ReleaseInconsistentStateException(DrmaaException):
    """Code 22: a job in this state cannot be released."""


class ResumeInconsistentStateException(DrmaaException):
    """Code 19: only a suspended job can be resumed."""


class SuspendInconsistentStateException(DrmaaException):
    """Code 20: only a running job can be suspended."""


class TryLaterException(DrmaaException):
    """Code 16: the batch system is too busy now."""


class UnsupportedAttributeException(DrmaaException, AttributeError):
    """Never raised; a name of the binding."""


class InvalidArgumentException(DrmaaException, AttributeError):
    """Code 4: an argument is not allowed."""


class OutOfMemoryException(DrmaaException, MemoryError):
    """Code 6: there is not enough memory."""


_ERRORS: list[type[Exception]] = [
    InternalException,
    DrmCommunicationException,
    AuthorizationException,
    InvalidArgumentException,
    NoActiveSessionException,
    OutOfMemoryException,
    InvalidContactStringException,
    DefaultContactStringException,
    NoDefaultContactStringSelectedException,
    DrmsInitException,
    AlreadyActiveSessionException,
    DrmsExitException,
    InvalidAttributeFormatException,
    InvalidAttributeValueException,
    ConflictingAttributeValuesException,
    TryLaterException,
    DeniedByDrmException,
    InvalidJobException,
    ResumeInconsistentStateException,
    SuspendInconsistentStateException,
    HoldInconsistentStateException,
    ReleaseInconsistentStateException,
    ExitTimeoutException,
    Exception,
    StopIteration,
]

_CODES: tuple[tuple[type[XenonException], int], ...] = (
    (NoSuchJobException, 18),
    (AuthenticationException, 3),
    (PermissionDeniedException, 3),
    (SubmissionUncertainException, 2),
    (SchedulerClosedException, 5),
    (NotConnectedException, 2),
    (IncompleteJobDescriptionException, 17),
    (InvalidJobDescriptionException, 17),
    (UnsupportedJobDescriptionException, 17),
    (NoSuchQueueException, 17),
    (IllegalArgumentException, 4),
)


def drmaa_error(code: int, text: str) -> Exception:
    """Return the exception of a DRMAA code, 1..25."""
    return _ERRORS[code - 1](f"code {code}: {text}")


def error_check(code: int) -> int:
    """Return 0 for 0; raise the exception of any other code."""
    if code == 0:
        return code
    raise drmaa_error(code, "")


def no_such_job(job_id: str) -> Exception:
    """Return the exception for an identifier that is not known, or no more."""
    return drmaa_error(18, f"The job specified by the 'jobid' does not exist: {job_id}")


def code_of(error: XenonException) -> int:
    """Return the DRMAA code of one of this library's exceptions."""
    if "try again later" in str(error):  # Grid Engine's words for what it cannot do now
        return 16
    return next((code for kind, code in _CODES if isinstance(error, kind)), 1)


@contextmanager
def as_drmaa(code: int | None = None) -> Iterator[None]:
    """Turn this library's exceptions in the block into DRMAA's.

    Args:
        code: of all of them; ``None`` = by the table.
    """
    try:
        yield
    except XenonException as error:
        raise drmaa_error(code or code_of(error), str(error)) from error
