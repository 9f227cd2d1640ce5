"""A DRMAA session as an object; a program may have any number of them at once."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from xenon_py.drmaa import const, pool, store
from xenon_py.drmaa.contact import complete_contact
from xenon_py.drmaa.control import SILENT_SUSPENSION, WHOLE_ARRAYS, Memory, control
from xenon_py.drmaa.errors import as_drmaa, drmaa_error, no_such_job
from xenon_py.drmaa.helpers import make_strict, text_of
from xenon_py.drmaa.jobinfo import (
    LOST,
    JobInfo,
    Result,
    aborted,
    result_of,
    state_of,
    was_aborted,
)
from xenon_py.drmaa.staging import Transfer
from xenon_py.drmaa.submission import Submitter
from xenon_py.drmaa.table import JobRecord, JobTable, parent_of
from xenon_py.drmaa.template import JobTemplate
from xenon_py.exceptions import NoSuchJobException, XenonException
from xenon_py.model.jobs import JobErrorType, JobStatus

if TYPE_CHECKING:
    from typing_extensions import Self

_log = logging.getLogger(__name__)

_ANY = const.JOB_IDS_SESSION_ANY.decode()
_ALL = const.JOB_IDS_SESSION_ALL.decode()
_FRESH = 0.5
"""Seconds for which the answer of a batch system serves further ``jobStatus`` calls."""


class IndependentSession:
    """A session with the calls of ``Session``, as methods of the object.

    Every call may be made from several threads; ``exit`` ends the calls that wait.
    """

    def __init__(self, contactString: str | None = None) -> None:
        """Connect; see ``Session.initialize``."""
        text = text_of(contactString, "contactString") if contactString is not None else None
        contact = complete_contact(text)
        self._contact = replace(contact, session=contact.session or uuid.uuid4().hex[:16])
        self._scheduler = pool.borrow(self._contact)
        self._pushes = pool.is_embedded(self._scheduler)
        store.prune()
        self._table = JobTable(
            store.SessionFile(self._contact.session), pool.owner() if self._pushes else ""
        )
        self._submitter = Submitter(self._scheduler, self._contact)
        self._fetching = ThreadPoolExecutor(4, thread_name_prefix="xenon-drmaa-files")
        self._asking = threading.Lock()
        self._answers: dict[str, JobStatus] = {}
        self._answered = float("-inf")

    @property
    def contact(self) -> str:
        """The contact string, with the session's identifier: ``initialize`` with it comes back."""
        return str(self._contact)

    @property
    def adaptor(self) -> str:
        """Name of the scheduler's adaptor."""
        return self._scheduler.get_adaptor_name()

    def exit(self) -> None:
        """End the session; its jobs go on.

        Raises:
            NoActiveSessionException: it has ended before.
        """
        self._table.check_open()
        if self._pushes:  # another process cannot ask for these
            for job_id in self._table.job_ids(live=True):
                self._ask(job_id)
        self._table.close()
        self._fetching.shutdown(wait=False, cancel_futures=True)
        pool.give_back(self._contact)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self.exit()

    # --- submission ---------------------------------------------------------------------------

    def createJobTemplate(self) -> JobTemplate:
        """Return a new job template."""
        self._table.check_open()
        template = JobTemplate()
        if self._contact.strict:
            make_strict(template)
        return template

    def runJob(self, jobTemplate: JobTemplate) -> str:
        """Submit a job; returns its identifier."""
        self._table.check_open()
        done = self._submitter.run(jobTemplate)
        self._table.add(done.job_ids, "", done.name, done.transfers)
        return done.job_ids[0]

    def runBulkJobs(
        self,
        jobTemplate: JobTemplate,
        beginIndex: int,
        endIndex: int,
        step: int,
        maxParallel: int | None = None,
    ) -> list[str]:
        """Submit one job per index; returns their identifiers in order of the indices.

        Args:
            jobTemplate: of each job.
            beginIndex: the first index, at least 1.
            endIndex: the last one; for a negative step not above ``beginIndex``.
            step: distance of two indices, not 0.
            maxParallel: at most so many run at once (an addition to DRMAA).
        """
        self._table.check_open()
        indices = _indices(beginIndex, endIndex, step)
        done = self._submitter.run_bulk(jobTemplate, indices, maxParallel)
        job_ids = done.job_ids
        self._table.add(job_ids, parent_of(job_ids[0]), done.name, done.transfers)
        return job_ids if step > 0 else job_ids[::-1]

    # --- waiting ------------------------------------------------------------------------------

    def wait(self, jobId: str | bytes, timeout: float = -1) -> JobInfo:
        """Wait for the end of a job, or of any, and reap it.

        Raises:
            InvalidJobException: it is not in the session, or was reaped.
            ExitTimeoutException: it has not ended within ``timeout`` seconds (-1 = for ever).
            Exception: ``code 24``: nobody knows how it ended.
        """
        self._table.check_open()
        name = _name_of(jobId)
        deadline = _deadline(timeout)
        chosen = None if name == _ANY else [name]
        if timeout == 0:
            for job_id in chosen or self._table.job_ids(live=True):
                self._ask(job_id)
        job_id, result = self._table.take(
            chosen[0] if chosen else None, deadline, lambda: self._watch(chosen)
        )
        if result.info is None:
            text = "no usage information was returned for the completed job"
            raise drmaa_error(24, f"{text} {job_id}")
        return result.info

    def synchronize(
        self, jobIds: Iterable[str | bytes], timeout: float = -1, dispose: bool = False
    ) -> None:
        """Wait until jobs have ended; those that are not in the session are passed over.

        Raises:
            ExitTimeoutException: not all have ended within ``timeout`` seconds (-1 = for ever).
        """
        self._table.check_open()
        names = [
            _name_of(one) for one in ([jobIds] if isinstance(jobIds, (str, bytes)) else jobIds)
        ]
        deadline = _deadline(timeout)
        if _ALL in names:
            job_ids = self._table.job_ids()
        else:
            job_ids = [job_id for name in names for job_id in self._table.find(name)]
        if timeout == 0:
            for job_id in job_ids:
                self._ask(job_id)
        self._watch(job_ids)
        self._table.wait_for_all(job_ids, deadline)
        if dispose:
            self._table.reap(job_ids)

    def _watch(self, job_ids: list[str] | None) -> None:
        """See to it that the ends of jobs (``None`` = of all) are noted."""
        for job_id in self._table.unwatched(job_ids):
            with as_drmaa():
                future = self._scheduler.job_future(job_id)
            future.add_done_callback(lambda done, job_id=job_id: self._ended(job_id, done))  # type: ignore[misc]

    def _ended(self, job_id: str, future: Future[JobStatus]) -> None:
        error = future.exception()
        if error is None:
            self._note(future.result())
        elif isinstance(error, NoSuchJobException):
            self._table.settle(job_id, LOST)
        else:
            self._table.fail(job_id, error)

    def _note(self, status: JobStatus) -> None:
        if status.done:
            record = self._table.get(status.job.id)
            terminated = record is not None and record.terminated
            exited = self._contact.done_if_exited
            result = result_of(status, exited=exited, terminated=terminated)
            if record is not None and record.transfer is not None:
                self._fetch(status.job.id, result)
            else:
                self._table.settle(status.job.id, result)

    def _fetch(self, job_id: str, result: Result) -> None:
        """Begin to fetch the files of a job that has ended; then its end is noted."""
        record = self._table.begin_to_fetch(job_id)
        if record is not None:
            self._fetching.submit(self._fetch_now, record, result)

    def _fetch_now(self, record: JobRecord, result: Result) -> None:
        stager, transfer = self._submitter.stager, record.transfer or Transfer()
        try:
            stager.fetch(record.job_id, record.name, transfer)
        except XenonException as error:
            if self._table.closed:
                return  # whoever comes back to the session fetches them
            if not was_aborted(result):  # one that was has written nothing, maybe
                _log.warning("the files of job %s could not be fetched: %s", record.job_id, error)
                result = aborted(record.job_id, result)
        try:
            stager.remove(self._table.fetched(record))
        except XenonException as error:
            _log.warning("input files of job %s are left behind: %s", record.job_id, error)
        self._table.settle(record.job_id, result)

    # --- statuses and control -----------------------------------------------------------------

    def jobStatus(self, jobId: str | bytes) -> str:
        """Return the state of a job, of other sessions too.

        Raises:
            InvalidJobException: the scheduler does not know it, or no more.
        """
        self._table.check_open()
        name = _name_of(jobId)
        record = self._table.get(name)
        if record is not None and record.result is not None:
            return record.result.state
        status = self._ask(name)
        if status.error_type is JobErrorType.NOT_FOUND and not status.done:
            raise no_such_job(name)
        ours = record is None or record.suspended or self._pushes
        if record is not None and record.fetching:
            return record.result.state if record.result else const.JobState.RUNNING
        exited = self._contact.done_if_exited
        state = state_of(status, self.adaptor, suspended_by_us=ours, exited=exited)
        silent = self.adaptor in SILENT_SUSPENSION and record is not None and record.suspended
        return const.JobState.USER_SUSPENDED if silent and state == "running" else state

    def _ask(self, job_id: str) -> JobStatus:
        """Return the status of a job; one question serves all jobs of the session for a while."""
        with self._asking:
            fresh = not self._pushes and time.monotonic() - self._answered < _FRESH
            if not fresh or job_id not in self._answers:
                wanted = [job_id] if self._pushes else self._table.job_ids(live=True)
                with as_drmaa():
                    found = self._scheduler.get_job_statuses(
                        {job_id: 0, **dict.fromkeys(wanted)}.keys()
                    )
                self._answers = {status.job.id: status for status in found}
                self._answered = time.monotonic()
            answer = self._answers[job_id]
        self._note(answer)
        return answer

    def control(self, jobId: str | bytes, operation: str) -> None:
        """Suspend, resume, hold, release or terminate a job, an array, or all jobs.

        Returns when the scheduler has acknowledged it. All jobs are tried before the first error
        is raised.

        Raises:
            ValueError: there is no such operation.
            InvalidJobException: the job is not known, or has ended.
            HoldInconsistentStateException: and the like: the job is in another state.
            AuthorizationException: the user may not do this.
        """
        const.string_to_control_action(operation)
        self._table.check_open()
        name = _name_of(jobId)
        if name == _ALL:
            chosen = self._table.job_ids(live=True)
        else:
            chosen = self._table.find(name) or [name]
        several = name == _ALL or chosen != [name]
        if operation == const.JobControlAction.TERMINATE:
            self._table.terminated(chosen)
        memory = self._memory(chosen, operation)
        try:
            done = control(self._scheduler, chosen, operation, memory, everything=several)
        finally:
            with self._asking:
                self._answered = float("-inf")
        action = const.JobControlAction
        if operation in {action.SUSPEND, action.RESUME}:
            for record in filter(None, map(self._table.get, done)):
                record.suspended = operation == action.SUSPEND

    def _memory(self, chosen: list[str], operation: str) -> Memory:
        """Return what has to be known of jobs besides what the system tells."""
        silent = self.adaptor in SILENT_SUSPENSION
        records = filter(None, map(self._table.get, chosen if silent else ()))
        holds = operation in {const.JobControlAction.HOLD, const.JobControlAction.RELEASE}
        arrays = self._table.whole_arrays(chosen) if holds and self.adaptor in WHOLE_ARRAYS else {}
        return Memory(frozenset(r.job_id for r in records if r.suspended), arrays)


def _deadline(timeout: float) -> float | None:
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise drmaa_error(4, f"timeout must be a number of seconds, not {timeout!r}")
    if timeout == const.TIMEOUT_WAIT_FOREVER:
        return None
    if not timeout >= 0:
        raise drmaa_error(4, "Negative timeout values are not allowed.")
    return time.monotonic() + min(timeout, threading.TIMEOUT_MAX / 2)


def _name_of(job_id: object) -> str:
    """Return the identifier as text.

    Raises:
        InvalidArgumentException: no scheduler has such identifiers: they are one word with a digit.
    """
    name = text_of(job_id, "jobId")
    if name in {_ANY, _ALL}:
        return name
    plain = name.isprintable() and " " not in name and not name.startswith("-")
    if not plain or not any(c.isdigit() for c in name):
        raise drmaa_error(4, f"{name!r} is no job identifier")
    return name


def _indices(begin: int, end: int, step: int) -> range:
    """Return the indices, ascending."""
    for value in (begin, end, step):
        if not isinstance(value, int) or isinstance(value, bool):
            raise drmaa_error(4, f"indices and step must be integers, not {value!r}")
    found = range(begin, end + (1 if step > 0 else -1), step) if step else range(0)
    if not found or min(found) < 1:
        raise drmaa_error(4, f"there are no indices from {begin} to {end} in steps of {step}")
    return found if found.step > 0 else found[::-1]
