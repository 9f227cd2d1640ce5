"""The session of the process, as DRMAA 1.0 knows it: static methods, one session at a time."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from xenon_py import __version__
from xenon_py.drmaa import const
from xenon_py.drmaa.const import JobControlAction, JobState, JobSubmissionState
from xenon_py.drmaa.errors import drmaa_error
from xenon_py.drmaa.helpers import SessionStringAttribute, SessionVersionAttribute
from xenon_py.drmaa.independent import IndependentSession
from xenon_py.drmaa.jobinfo import JobInfo
from xenon_py.drmaa.template import JobTemplate
from xenon_py.scheduler import Scheduler

if TYPE_CHECKING:
    from typing_extensions import Self


__all__ = [
    "JobControlAction",
    "JobInfo",
    "JobState",
    "JobSubmissionState",
    "JobTemplate",
    "Session",
]


class _Process:
    """The session of this process, if there is one."""

    lock = threading.Lock()
    session: IndependentSession | None = None

    @classmethod
    def forget(cls) -> None:
        """Begin anew: a forked process has no session, and none of the threads of its parent's."""
        cls.lock, cls.session = threading.Lock(), None


os.register_at_fork(after_in_child=_Process.forget)


def _active() -> IndependentSession:
    session = _Process.session
    if session is None:
        raise drmaa_error(5, "No active session")
    return session


def _contact() -> str:
    session = _Process.session
    return session.contact if session else ""


def _systems() -> str:
    session = _Process.session
    return session.adaptor if session else ",".join(Scheduler.get_adaptor_names())


def _implementation() -> str:
    return f"xenon_py {__version__}"


class Session:
    """The session of this process. All methods are static, whatever the object.

    In a ``with`` block the session begins and ends with the block.
    """

    TIMEOUT_WAIT_FOREVER = const.TIMEOUT_WAIT_FOREVER
    TIMEOUT_NO_WAIT = const.TIMEOUT_NO_WAIT
    JOB_IDS_SESSION_ANY = const.JOB_IDS_SESSION_ANY
    JOB_IDS_SESSION_ALL = const.JOB_IDS_SESSION_ALL

    contact = SessionStringAttribute(_contact)
    drmsInfo = SessionStringAttribute(_systems)
    drmaaImplementation = SessionStringAttribute(_implementation)
    version = SessionVersionAttribute()

    def __init__(self, contactString: str | None = None) -> None:
        self.contactString = contactString

    def __enter__(self) -> Self:
        self.initialize(self.contactString)
        return self

    def __exit__(self, *details: object) -> Literal[False]:
        self.exit()
        return False

    @staticmethod
    def initialize(contactString: str | None = None) -> None:
        """Begin the session.

        Args:
            contactString: ``adaptor=…;location=…;session=…`` (see ``docs/drmaa.md``); without it
                the variable ``XENON_DRMAA_CONTACT``, else the batch system of this machine, else
                its processes. With the ``contact`` of an earlier session its jobs are there again.

        Raises:
            AlreadyActiveSessionException: there is one.
            InvalidContactStringException: it names no scheduler.
            DrmCommunicationException: the scheduler cannot be reached.
        """
        with _Process.lock:
            if _Process.session is not None:
                raise drmaa_error(11, "Initialization failed due to existing DRMAA session.")
            _Process.session = IndependentSession(contactString)

    @staticmethod
    def exit() -> None:
        """End the session; its jobs go on, calls that wait end.

        Raises:
            NoActiveSessionException: there is none.
        """
        with _Process.lock:
            session, _Process.session = _Process.session, None
        if session is None:
            raise drmaa_error(5, "")
        session.exit()

    @staticmethod
    def createJobTemplate() -> JobTemplate:
        """Return a new job template."""
        return _active().createJobTemplate()

    @staticmethod
    def deleteJobTemplate(jobTemplate: JobTemplate) -> None:
        """Release a job template; jobs are not concerned."""
        jobTemplate.delete()

    @staticmethod
    def runJob(jobTemplate: JobTemplate) -> str:
        """Submit a job; returns its identifier.

        Raises:
            DeniedByDrmException: the template or the scheduler does not allow it.
        """
        return _active().runJob(jobTemplate)

    @staticmethod
    def runBulkJobs(
        jobTemplate: JobTemplate, beginIndex: int, endIndex: int, step: int
    ) -> list[str]:
        """Submit one job per index, ``beginIndex`` to ``endIndex`` inclusive; returns their ids.

        Raises:
            InvalidArgumentException: there are no such indices.
            DeniedByDrmException: as ``runJob``.
        """
        return _active().runBulkJobs(jobTemplate, beginIndex, endIndex, step)

    @staticmethod
    def control(jobId: str | bytes, operation: str) -> None:
        """Act on a job, an array or ``JOB_IDS_SESSION_ALL``; see ``JobControlAction``.

        Raises:
            ValueError: there is no such operation.
            InvalidJobException: the job is not known, or has ended.
            HoldInconsistentStateException: and the like: the job is in another state.
        """
        _active().control(jobId, operation)

    @staticmethod
    def synchronize(
        jobIds: Iterable[str | bytes], timeout: float = -1, dispose: bool = False
    ) -> None:
        """Wait until jobs have ended; with ``dispose`` reap them.

        Raises:
            ExitTimeoutException: not all have ended within ``timeout`` seconds.
        """
        _active().synchronize(jobIds, timeout, dispose)

    @staticmethod
    def wait(jobId: str | bytes, timeout: float = -1) -> JobInfo:
        """Wait for the end of a job, or of any (``JOB_IDS_SESSION_ANY``), and reap it.

        Raises:
            InvalidJobException: it is not in the session, or was reaped.
            ExitTimeoutException: it has not ended within ``timeout`` seconds.
            Exception: ``code 24``: nobody knows how it ended.
        """
        return _active().wait(jobId, timeout)

    @staticmethod
    def jobStatus(jobId: str | bytes) -> str:
        """Return the state of a job; see ``JobState``.

        Raises:
            InvalidJobException: it is not known, or no more.
        """
        return _active().jobStatus(jobId)
