"""Copy operations: modes, identifiers, statuses."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from xenon_py.exceptions import NoSuchCopyException, XenonException
from xenon_py.model.descriptions import describe
from xenon_py.model.shown import shown
from xenon_py.model.timeouts import Timeout

if TYPE_CHECKING:
    from concurrent.futures import Future


class CopyMode(enum.IntEnum):
    """What to do where the destination exists: fail, replace it, or leave it."""

    CREATE = 0
    REPLACE = 1
    IGNORE = 2


class CopyRequest:
    """Holds the copy modes under the second name that PyXenon has for them."""

    CREATE = CopyMode.CREATE
    REPLACE = CopyMode.REPLACE
    IGNORE = CopyMode.IGNORE
    CopyMode = CopyMode


class CopyErrorType(enum.IntEnum):
    """Kind of error that ended a copy."""

    NONE = 0
    NOT_FOUND = 1
    CANCELLED = 2
    ALREADY_EXISTS = 3
    NOT_CONNECTED = 4
    XENON = 5


class CopyOwner(Protocol):
    """The facade that a copy operation is bound to."""

    def get_status(self, copy_operation: CopyOperation) -> CopyStatus: ...  # noqa: D102
    def wait_until_done(  # noqa: D102
        self, copy_operation: CopyOperation, timeout: Timeout = None
    ) -> CopyStatus: ...
    def cancel(self, copy_operation: CopyOperation) -> CopyStatus: ...  # noqa: D102
    def copy_future(self, copy_operation: CopyOperation) -> Future[CopyStatus]: ...  # noqa: D102


@dataclass(frozen=True)
class CopyOperation:
    """Names a copy. As ``copy`` returns it, it is bound to its file system.

    Attributes:
        id: ``COPY-<adaptor>-<n>``.
    """

    id: str
    _owner: CopyOwner | None = field(default=None, repr=False, compare=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return CopyOperation, (self.id,)

    @property
    def owner(self) -> CopyOwner | None:
        """The file system that it is bound to, or ``None`` for a plain identifier."""
        return self._owner

    def _bound(self) -> CopyOwner:
        if self._owner is None:
            raise NoSuchCopyException.because(
                f"{shown(self.id)} is a plain identifier; ask the file system that made the copy"
            )
        return self._owner

    def status(self) -> CopyStatus:
        """Return how far the copy is, without waiting."""
        return self._bound().get_status(self)

    def wait(self, timeout: Timeout = None) -> CopyStatus:
        """Wait for the end; ``timeout`` in ms or a ``timedelta``, 0 or None = for ever."""
        return self._bound().wait_until_done(self, timeout)

    def cancel(self) -> CopyStatus:
        """Cancel the copy; its partial file is removed."""
        return self._bound().cancel(self)

    def future(self) -> Future[CopyStatus]:
        """Return a future of the final status."""
        return self._bound().copy_future(self)


@dataclass(frozen=True)
class CopyStatus:
    """How far a copy is.

    Attributes:
        copy_operation: which one.
        bytes_copied: so far; files that were skipped because they are there do not count.
        bytes_to_copy: of all files found so far.
        done: ended, well or not.
        running: has begun and not ended.
        state: ``PENDING``, ``RUNNING``, ``DONE`` or ``FAILED`` (a cancelled one too).
        error_message: ``""`` when there is none.
        error_type: kind of the error.
        error: the exception itself, or ``None``.
        files_copied: so far, files and links.
        files_to_copy: of all files and links found so far.
        files_skipped: files that were complete already (a copy run again) or ignored.
        verified: what was compared: ``none``, ``size`` or ``checksum``; ``""`` before the end.
    """

    ErrorType = CopyErrorType

    copy_operation: CopyOperation
    bytes_copied: int = 0
    bytes_to_copy: int = 0
    done: bool = False
    running: bool = False
    state: str = "PENDING"
    error_message: str = ""
    error_type: CopyErrorType = CopyErrorType.NONE
    error: XenonException | None = field(default=None, compare=False)
    files_copied: int = 0
    files_to_copy: int = 0
    files_skipped: int = 0
    verified: str = ""

    def __str__(self) -> str:
        return describe(self)


ProgressCallback = Callable[[CopyStatus], object]
