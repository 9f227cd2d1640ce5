"""One copy: what it is to do, how far it is, how it ended."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace

from xenon_py.engine.copying.checks import examine, make_root
from xenon_py.engine.copying.control import Control
from xenon_py.engine.copying.listed import Listed, Pair
from xenon_py.engine.copying.options import CopyOptions
from xenon_py.engine.copying.route import Item, Route
from xenon_py.engine.copying.transfer import Transfer
from xenon_py.engine.copying.tree import Tree
from xenon_py.engine.copying.workers import Workers, as_xenon
from xenon_py.exceptions import (
    CopyCancelledException,
    NoSuchPathException,
    NotConnectedException,
    PathAlreadyExistsException,
    XenonException,
    XenonRuntimeException,
)
from xenon_py.model.copying import CopyErrorType, CopyOperation, CopyStatus
from xenon_py.plugin.filesystem import FileKind

_REPORT_EVERY = 0.1
_log = logging.getLogger(__name__)
_ERROR_TYPES: tuple[tuple[type[XenonException], CopyErrorType], ...] = (
    (NoSuchPathException, CopyErrorType.NOT_FOUND),
    (CopyCancelledException, CopyErrorType.CANCELLED),
    (PathAlreadyExistsException, CopyErrorType.ALREADY_EXISTS),
    (NotConnectedException, CopyErrorType.NOT_CONNECTED),
)


class CopyFuture(Future[CopyStatus]):
    """A future of the final status; cancelling it (as asyncio does) cancels the copy."""

    def __init__(self, control: Control) -> None:
        super().__init__()
        self._control = control
        self.set_running_or_notify_cancel()

    def cancel(self) -> bool:
        """Ask the copy to stop; the future then ends with the status that tells so."""
        self._control.stop(CopyCancelledException.because("the copy was cancelled"))
        return False


class Task(ABC):
    """One copy. ``run`` does it, in a thread of the engine.

    Attributes:
        operation: what names it.
        control: its stop flag and counters.
        future: of its final status.
    """

    def __init__(self, operation: CopyOperation, route: Route, options: CopyOptions) -> None:
        self.operation = operation
        self.control = Control()
        self.future = CopyFuture(self.control)
        self._route = route
        self._options = options
        self._verified = "none"
        self._on_progress = options.on_progress
        self._thread: threading.Thread | None = None
        self._reported = 0.0
        self._last: CopyStatus | None = None

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self.future.done()

    def is_current_thread(self) -> bool:
        """Tell whether the caller is run by this very copy (from ``on_progress``, say)."""
        return self._thread is threading.current_thread()

    def status(self) -> CopyStatus:
        """Return how far it is."""
        if self.future.done():
            return self.future.result()
        running = self._thread is not None
        return self._status(state="RUNNING" if running else "PENDING", running=running)

    def cancel(self) -> None:
        """Ask it to stop."""
        self.future.cancel()

    def run(self) -> None:
        """Do it. Never raises: how it ended is in the status."""
        self._thread = threading.current_thread()
        error: XenonException | None = None
        try:
            self.control.check()
            self._copy()
        except BaseException as raised:  # noqa: BLE001 - thread boundary: it is in the status
            self.control.stop(as_xenon(raised))
            error = self.control.reason
        self._finish(error)

    def _finish(self, error: XenonException | None) -> None:
        if error is None:
            status = self._status(state="DONE", done=True, verified=self._verified)
        else:
            error.add_context(operation="copy", adaptor=_adaptors_of(self._route))
            status = self._status(
                state="FAILED",
                done=True,
                error=error,
                error_message=str(error),
                error_type=_error_type(error),
                verified="none",
            )
        try:
            self._tell(status)
        except XenonException:
            _log.exception("%s has ended, but on_progress failed then", self.operation.id)
        self.future.set_result(status)

    @abstractmethod
    def _copy(self) -> None:
        """Do the work; raises when that fails."""

    def _status(self, *, state: str, **more: object) -> CopyStatus:
        counts = self.control.counts()
        return replace(
            CopyStatus(self.operation, state=state, **counts._asdict()),
            **more,  # type: ignore[arg-type]
        )

    def _report(self) -> None:
        """Tell the progress, not more often than every 0.1 s, and only when there is some."""
        now = time.monotonic()
        if self._on_progress is None or now - self._reported < _REPORT_EVERY:
            return
        self._reported = now
        status = self.status()
        if status != self._last:
            self._last = status
            self._tell(status)

    def _tell(self, status: CopyStatus) -> None:
        """Call the user; not again after that failed.

        Raises:
            XenonRuntimeException: ``on_progress`` raised something, which ends the copy.
        """
        if self._on_progress is None:
            return
        try:
            self._on_progress(status)
        except BaseException as error:  # SystemExit as well: the copy has to come to its end
            self._on_progress = None
            raise XenonRuntimeException.because(
                f"on_progress raised {type(error).__name__}: {error}"
            ) from error


class PathTask(Task):
    """The copy of one path, perhaps with all that is in it."""

    def __init__(
        self, operation: CopyOperation, route: Route, source: str, target: str, options: CopyOptions
    ) -> None:
        super().__init__(operation, route, options)
        self._source = source
        self._target = target

    def _copy(self) -> None:
        item = examine(self._route, self._source, self._target, self._options)
        if item is None:
            self.control.found(1, 0)
            self.control.skipped(0)
            return
        self._verified = self._options.verify
        if item.info.kind is FileKind.DIRECTORY:
            self._copy_directory(item)
        else:
            self._copy_single(item)

    def _copy_single(self, item: Item) -> None:
        is_file = item.info.kind is FileKind.FILE
        self.control.found(1, item.info.size if is_file else 0)
        transfer = Transfer(self._route, self._options, self.control)
        try:
            with Workers(1, transfer.copy, self.control, self._report) as worker:
                worker.put(item)
        except CopyCancelledException:
            if not self._was_too_late():
                raise

    def _was_too_late(self) -> bool:
        """Tell whether the one file was in place already when the copy was cancelled."""
        cancelled = isinstance(self.control.reason, CopyCancelledException)
        return cancelled and self.control.counts().files_copied > 0

    def _copy_directory(self, item: Item) -> None:
        there, existing = self._route.destination, item.existing
        if existing is not None and existing.kind is not FileKind.DIRECTORY:
            there.unlink(item.target)
        if existing is None or existing.kind is not FileKind.DIRECTORY:
            make_root(self._route, item)
        with self._route.anchored(item.source, item.target) as route:
            Tree(route, self._options, self.control, self._report).copy(item)


class ListTask(Task):
    """The copy of a list of files."""

    def __init__(
        self,
        operation: CopyOperation,
        route: Route,
        pairs: Sequence[Pair],
        options: CopyOptions,
    ) -> None:
        super().__init__(operation, route, options)
        self._pairs = pairs

    def _copy(self) -> None:
        self._verified = self._options.verify
        Listed(self._route, self._options, self.control, self._report).copy(self._pairs)


def _error_type(error: XenonException) -> CopyErrorType:
    for kind, error_type in _ERROR_TYPES:
        if isinstance(error, kind):
            return error_type
    return CopyErrorType.XENON


def _adaptors_of(route: Route) -> str:
    """Return who may have failed: an error does not tell which end it comes from."""
    return " to ".join(
        dict.fromkeys(end.description.name for end in (route.source, route.destination))
    )
