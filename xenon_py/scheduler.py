"""Schedulers, as users hold them.

The class here is thin: it checks arguments and hands over to ``xenon_py.engine``. Every call may be
made from several threads on one object.
"""

from __future__ import annotations

import atexit
import itertools
import os
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from xenon_py.engine import job_checks, registry
from xenon_py.engine.arguments import adaptor_label, not_pickled
from xenon_py.engine.context import Telling
from xenon_py.engine.creation import make_target
from xenon_py.engine.dispatch import connect
from xenon_py.engine.interactive import OutputStream, pieces_of
from xenon_py.engine.urls import parse_scheduler_url
from xenon_py.engine.waiting import Waiting
from xenon_py.engine.watching import no_such_job
from xenon_py.exceptions import (
    NoSuchJobException,
    NoSuchQueueException,
    SchedulerClosedException,
    UnsupportedOperationException,
    XenonException,
)
from xenon_py.filesystem import FileSystem
from xenon_py.model.attributes import NameList
from xenon_py.model.changed import changed
from xenon_py.model.credentials import (
    CertificateCredential,
    Credential,
    CredentialMap,
    DefaultCredential,
    KeytabCredential,
    PasswordCredential,
    choose_credential,
    current_user,
)
from xenon_py.model.descriptions import SchedulerAdaptorDescription
from xenon_py.model.jobs import (
    Job,
    JobDescription,
    JobErrorType,
    JobStatus,
    QueueErrorType,
    QueueStatus,
    Rendered,
    is_foreign,
)
from xenon_py.model.timeouts import Timeout, seconds_of
from xenon_py.plugin.controls import Control
from xenon_py.plugin.scheduler import SchedulerAdaptor
from xenon_py.plugin.target import Target

if TYPE_CHECKING:
    from typing_extensions import Self

JobLike = Job | str

_numbers = itertools.count(1)
_open_ones: dict[str, Scheduler] = {}


class Scheduler:
    """Runs jobs: as processes of this machine, over ssh, or by a batch system.

    Make one with ``create`` or ``from_url``; end it with ``close`` or a ``with`` block. Two objects
    are equal if they have the same ``id``.

    Wherever a job is asked for, its identifier as ``str`` will do. Time-outs are whole milliseconds
    or a ``timedelta``; 0 or ``None`` = for ever. A missing (``None``) or wrong argument raises
    ``IllegalArgumentException`` that names it, before anything is sent; every call of a closed
    scheduler raises ``SchedulerClosedException``.

    Attributes:
        id: ``<adaptor>://<user>@<location>#<number>``.
    """

    def __init__(self, adaptor: SchedulerAdaptor, target: Target) -> None:
        """Hold an open adaptor; users call ``create``."""
        self._adaptor = adaptor
        self._target = target
        self._description = adaptor.description
        self._waiting = Waiting(adaptor)
        self._lock = threading.Lock()
        self._closed = False
        self._file_system: FileSystem | None = None
        self._streams: weakref.WeakSet[OutputStream] = weakref.WeakSet()
        user = getattr(target.credential, "username", "") or current_user()
        self.id: str = f"{self._description.name}://{user}@{target.location.text}#{next(_numbers)}"
        _open_ones[self.id] = self

    # --- creation and adaptors ----------------------------------------------------------------

    @classmethod
    def create(
        cls,
        adaptor: str | None = None,
        location: str | os.PathLike[str] | None = None,
        properties: Mapping[str, str] | None = None,
        certificate_credential: CertificateCredential | None = None,
        password_credential: PasswordCredential | None = None,
        default_credential: DefaultCredential | None = None,
        credential_map: CredentialMap | None = None,
        keytab_credential: KeytabCredential | None = None,
    ) -> Self:
        """Connect to a scheduler.

        Args:
            adaptor: name of the adaptor, e.g. ``slurm``; see ``get_adaptor_names``.
            location: where, as text or a path; its form is in the adaptor's description.
            properties: names (the prefix ``xenon.adaptors.schedulers.`` may be left out) ->
                values, all text.
            certificate_credential: this or one of the next four at most; without any the user's
                own means are used, as ``DefaultCredential()``.
            password_credential: likewise.
            default_credential: likewise.
            credential_map: likewise; for locations with gateways.
            keytab_credential: likewise; no built-in adaptor takes it.

        Raises:
            UnknownAdaptorException: there is no such adaptor.
            InvalidLocationException: the location is not of the adaptor's form.
            InvalidCredentialException: the adaptor does not take this kind, or two are given.
            UnknownPropertyException: the adaptor has no such property.
            InvalidPropertyException: a property is out of range (``PropertyTypeException``: not
                of its type).
            NotConnectedException: the machine cannot be reached, or refuses the user.
        """
        with Telling("create", adaptor_label(adaptor)):
            credential = choose_credential(
                certificate_credential=certificate_credential,
                password_credential=password_credential,
                default_credential=default_credential,
                credential_map=credential_map,
                keytab_credential=keytab_credential,
            )
            return cls._connect(adaptor, location, credential, properties)

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        credential: Credential | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> Self:
        """Connect to the scheduler that a URL names.

        Args:
            url: e.g. ``slurm+ssh://user@host/dir?via=gateway``, ``local:``.
            credential: of any of the credential classes.
            properties: as for ``create``.

        Raises:
            InvalidLocationException: it is no such URL, or holds a password.
            XenonException: as ``create``.
        """
        with Telling("from_url", ""):
            adaptor, location = parse_scheduler_url(url)
            return cls._connect(adaptor, location, credential, properties)

    @classmethod
    def _connect(
        cls,
        name: Any,
        location: str | os.PathLike[str] | None,
        credential: Credential | None,
        properties: Mapping[str, str] | None,
    ) -> Self:
        kind = registry.load_scheduler(name)
        target = make_target(kind.description, location, credential, properties)
        adaptor = connect(kind, target)
        try:
            return cls(adaptor, target)
        except BaseException:
            adaptor.close()
            raise

    @classmethod
    def local_scheduler(cls) -> Self:
        """Return a new scheduler for processes of this machine."""
        return cls.create("local")

    @classmethod
    def list_schedulers(cls) -> Iterator[Scheduler]:
        """Return the schedulers of this process that are open now."""
        return iter(list(_open_ones.values()))

    @classmethod
    def get_adaptor_names(cls) -> NameList:
        """Return the names of the installed adaptors."""
        return registry.scheduler_names()

    @classmethod
    def get_adaptor_descriptions(cls) -> Sequence[SchedulerAdaptorDescription]:
        """Return what the installed adaptors are and can do."""
        return registry.scheduler_descriptions()

    @classmethod
    def get_adaptor_description(cls, name: str | None = None) -> SchedulerAdaptorDescription:
        """Return what an adaptor is and can do.

        Raises:
            UnknownAdaptorException: there is none of this name.
        """
        with Telling("get_adaptor_description", ""):
            return registry.scheduler_description(job_checks.name_of(name, "name"))

    # --- what this is -------------------------------------------------------------------------

    def get_adaptor_name(self) -> str:
        """Return the name of the adaptor."""
        return self._description.name

    def get_location(self) -> str:
        """Return the location as it was given to ``create``."""
        return self._target.location.text

    def get_properties(self) -> Mapping[str, str]:
        """Return the properties that were given, under their full names."""
        return self._target.properties

    def get_credential(self) -> Credential:
        """Return the credential in use."""
        return self._target.credential

    def is_open(self) -> bool:
        """Tell whether this was not closed, and its connection is usable or can be made again."""
        return not self._closed and self._adaptor.is_open()

    def get_default_runtime(self) -> int:
        """Return the limit of a job that sets no ``max_runtime``, in minutes; 0 = none."""
        with self._calling("get_default_runtime") as adaptor:
            return adaptor.default_runtime()

    def get_file_system(self) -> FileSystem:
        """Return the file system that the jobs see; it is closed with the scheduler.

        Raises:
            UnsupportedOperationException: the adaptor has none.
        """
        with self._calling("get_file_system") as adaptor, self._lock:
            self._check_open()  # by now another thread may have closed it
            if self._file_system is None or not self._file_system.is_open():
                spec = adaptor.file_system()
                self._file_system = FileSystem._connect(  # noqa: SLF001 - the other facade
                    spec.adaptor, spec.location, spec.credential, spec.properties
                )
            return self._file_system

    # --- queues -------------------------------------------------------------------------------

    def get_queue_names(self) -> Sequence[str]:
        """Return the names of all queues."""
        with self._calling("get_queue_names") as adaptor:
            return list(adaptor.queue_names())

    def get_default_queue_name(self) -> str:
        """Return the name of the queue used when none is given; ``""`` when there is none."""
        with self._calling("get_default_queue_name") as adaptor:
            return adaptor.default_queue_name()

    def get_queue_status(self, queue: str | None = None) -> QueueStatus:
        """Return what is known of a queue.

        Raises:
            NoSuchQueueException: there is none of this name.
        """
        with self._calling("get_queue_status") as adaptor:
            name = job_checks.name_of(queue, "queue")
            _check_queues(adaptor, [name])
            return adaptor.queue_statuses([name])[0]

    def get_queue_statuses(self, queues: Iterable[str] | None = None) -> list[QueueStatus]:
        """Return what is known of several queues (of all when none are given), in order.

        A queue that does not exist has ``error_type`` NOT_FOUND.
        """
        with self._calling("get_queue_statuses") as adaptor:
            names = job_checks.names_of(queues, "queues") or list(adaptor.queue_names())
            known = set(adaptor.queue_names())
            found = iter(adaptor.queue_statuses([name for name in names if name in known]))
            return [next(found) if name in known else _no_queue_status(name) for name in names]

    def get_jobs(self, queues: Iterable[str] | None = None) -> list[Job]:
        """Return the jobs in some queues, or in all when none are given.

        Raises:
            NoSuchQueueException: one of them does not exist.
        """
        with self._calling("get_jobs") as adaptor:
            names = job_checks.names_of(queues, "queues")
            _check_queues(adaptor, names)
            return [self._job(job_id) for job_id in adaptor.job_ids(names)]

    def get_job(self, id: str | None = None) -> Job:  # noqa: A002 - a documented name
        """Return a job by its identifier, e.g. one that another process submitted.

        Raises:
            NoSuchJobException: the scheduler does not know it, or no more.
        """
        with self._calling("get_job") as adaptor:
            job_id = job_checks.job_id_of(id, "id")
            return self._known(adaptor.statuses([job_id])[0]).job

    # --- submission ---------------------------------------------------------------------------

    def submit_batch_job(self, description: JobDescription | None = None) -> Job:
        """Submit a job.

        Raises:
            IncompleteJobDescriptionException: there is no executable.
            InvalidJobDescriptionException: a field has a value that is not allowed.
            UnsupportedJobDescriptionException: a field is set that cannot be honoured.
            NoSuchQueueException: there is no such queue.
            SubmissionUncertainException: it is not known whether the job was submitted.
        """
        with self._calling("submit_batch_job") as adaptor:
            return self._job(adaptor.submit(self._checked(adaptor, description)))

    def submit_batch_jobs(self, descriptions: Iterable[JobDescription]) -> list[Job]:
        """Submit many jobs with as few round trips as the scheduler permits.

        All descriptions are checked before the first one is sent.

        Raises:
            XenonException: as ``submit_batch_job``. When some were submitted and others not, the
                first error is raised, and its ``submitted`` tells the jobs: one ``Job`` or
                ``None`` per description.
        """
        with self._calling("submit_batch_jobs") as adaptor:
            given = job_checks.list_of(descriptions, "descriptions", "JobDescriptions")
            checked = [self._checked(adaptor, description) for description in given]
            results = adaptor.submit_many(checked)
            jobs = [self._job(one) if isinstance(one, str) else None for one in results]
            for one in results:
                if isinstance(one, XenonException):
                    one.submitted = jobs
                    raise one
            return [job for job in jobs if job is not None]

    def submit_job_array(
        self,
        description: JobDescription,
        begin: int,
        end: int,
        step: int = 1,
        max_parallel: int | None = None,
    ) -> list[Job]:
        """Submit one job per index: ``begin``, ``begin + step`` … up to ``end`` inclusive.

        Args:
            description: of each job; ``%a`` in ``stdin``, ``stdout`` and ``stderr`` stands for
                the index, which the job finds in its environment too.
            begin: first index.
            end: last index.
            step: distance of two indices.
            max_parallel: at most so many run at once; ``None`` = no limit.

        Raises:
            UnsupportedOperationException: the scheduler has no arrays, or no such limit.
            XenonException: as ``submit_batch_job``.
        """
        with self._calling("submit_job_array") as adaptor:
            span = job_checks.array_of(begin, end, step, max_parallel)
            self._need(self._description.supports_job_arrays, "job arrays")
            throttles = max_parallel is None or self._description.supports_array_throttle
            self._need(throttles, "max_parallel of arrays")
            checked = self._checked(adaptor, description)
            job_checks.check_array_files(checked)
            ids = adaptor.submit_array(checked, span)
            return [self._job(job_id) for job_id in ids]

    def submit_interactive_job(
        self,
        description: JobDescription | None = None,
        stdin_stream: Iterable[bytes] | None = None,
    ) -> tuple[Job, OutputStream]:
        """Start a job whose standard streams are connected to this program; waits until it runs.

        Args:
            description: of the job; without ``stdin``, ``stdout`` and ``stderr``.
            stdin_stream: yields what the job reads, ``[]`` = nothing; iterated over in a thread of
                its own, no faster than the job reads.

        Returns:
            The job, and an iterator of ``SubmitInteractiveJobResponse`` with its output, which
            also answers ``next()`` and ``cancel()``. Output that is not taken holds the job up.

        Raises:
            UnsupportedOperationException: the scheduler has no interactive jobs.
            XenonException: as ``submit_batch_job``; or the job could not be started.
        """
        with self._calling("submit_interactive_job") as adaptor:
            self._need(self._description.supports_interactive, "interactive jobs")
            checked = self._checked(adaptor, description, interactive=True)
            pieces = pieces_of(stdin_stream)
            started = adaptor.start_interactive(checked)
            job = self._job(started.job_id)
            stream = OutputStream(job, started.process, pieces, lambda: self._end(job))
            self._streams.add(stream)
            return job, stream

    def render(self, description: JobDescription | None = None) -> Rendered:
        """Return exactly what a submission would run; nothing is run."""
        with self._calling("render") as adaptor:
            return adaptor.render(self._checked(adaptor, description))

    # --- statuses and waiting -----------------------------------------------------------------

    def get_job_status(self, job: JobLike | None = None) -> JobStatus:
        """Return the present status of a job.

        Raises:
            NoSuchJobException: the scheduler does not know it, or no more.
        """
        with self._calling("get_job_status") as adaptor:
            job_id = self._id_of(job)
            return self._known(adaptor.statuses([job_id])[0])

    def get_job_statuses(self, jobs: Iterable[JobLike] | None = None) -> list[JobStatus]:
        """Return the present statuses of several jobs, in order.

        A job that is not known has ``error_type`` NOT_FOUND; that is no exception here.

        Raises:
            NoSuchJobException: one is a ``Job`` of another ``local`` or ``ssh`` scheduler.
        """
        with self._calling("get_job_statuses") as adaptor:
            job_ids = self._ids_of(jobs)
            return [self._bind(status) for status in adaptor.statuses(job_ids)] if job_ids else []

    def wait_until_done(self, job: JobLike | None = None, timeout: Timeout = None) -> JobStatus:
        """Wait until a job has ended, well or not.

        Returns:
            The status; at the time-out that of a job that is not ``done``.

        Raises:
            NoSuchJobException: the scheduler does not know it, or no more.
        """
        with self._calling("wait_until_done"):
            return self._wait(job, timeout, running=False)

    def wait_until_running(self, job: JobLike | None = None, timeout: Timeout = None) -> JobStatus:
        """Wait until a job runs, or has ended; otherwise as ``wait_until_done``."""
        with self._calling("wait_until_running"):
            return self._wait(job, timeout, running=True)

    def _wait(self, job: object, timeout: object, *, running: bool) -> JobStatus:
        job_id, seconds = self._id_of(job), seconds_of(timeout)
        status = self._waiting.wait(job_id, lambda now: running and now.running, seconds)
        return self._bind(status)

    def wait_any(self, jobs: Iterable[JobLike], timeout: Timeout = None) -> JobStatus | None:
        """Wait until one of several jobs has ended.

        Returns:
            The status of one that has; ``None`` at the time-out, or when no jobs are given.
        """
        try:
            with self._calling("wait_any"):
                return next(self._ends(jobs, timeout, "wait_any"), None)
        except TimeoutError:
            return None

    def as_completed(self, jobs: Iterable[JobLike], timeout: Timeout = None) -> Iterator[JobStatus]:
        """Yield the final status of each job, as they end.

        Raises:
            XenonTimeoutException: (at iteration) not all have ended in time.
        """
        with self._calling("as_completed"):
            return self._ends(jobs, timeout, "as_completed")

    def watch(self, jobs: Iterable[JobLike]) -> Iterator[JobStatus]:
        """Yield the present status of each job, then each change, until all have ended."""
        with self._calling("watch"):
            changes = self._waiting.changes(self._ids_of(jobs), None)
            return self._telling("watch", changes)

    def _ends(self, jobs: object, timeout: object, operation: str) -> Iterator[JobStatus]:
        job_ids, seconds = self._ids_of(jobs), seconds_of(timeout)
        return self._telling(operation, self._waiting.changes(job_ids, seconds, ends_only=True))

    def _telling(self, operation: str, statuses: Iterator[JobStatus]) -> Iterator[JobStatus]:
        with Telling(operation, self._description.name):
            for status in statuses:
                yield self._bind(status)

    def job_future(self, job: JobLike) -> Future[JobStatus]:
        """Return a future of a job's final status; cancelling the future leaves the job alone."""
        with self._calling("job_future"):
            return self._waiting.future(self._id_of(job), self._bind)

    # --- control ------------------------------------------------------------------------------

    def cancel_job(self, job: JobLike | None = None) -> JobStatus:
        """Cancel a job, pending or running, with everything it started.

        Returns:
            The status after that; a batch system may need a while until it is ``done``.

        Raises:
            NoSuchJobException: it is not known, or has ended.
        """
        with self._calling("cancel_job") as adaptor:
            job_id = self._id_of(job)
            adaptor.cancel(job_id)
            return self._bind(adaptor.statuses([job_id])[0])

    def hold_job(self, job: JobLike) -> None:
        """Keep a pending job from starting.

        Raises:
            UnsupportedOperationException: the scheduler cannot do this, or not in this state.
            NoSuchJobException: it is not known, or has ended.
        """
        with self._calling("hold_job") as adaptor:
            job_id = self._id_of(job)
            self._need(self._description.supports_hold, "holding jobs")
            adaptor.hold(job_id)

    def release_job(self, job: JobLike) -> None:
        """Let a held job go; raises as ``hold_job``."""
        with self._calling("release_job") as adaptor:
            job_id = self._id_of(job)
            self._need(self._description.supports_hold, "holding jobs")
            adaptor.release(job_id)

    def suspend_job(self, job: JobLike) -> None:
        """Stop a running job, to be resumed; raises as ``hold_job``."""
        with self._calling("suspend_job") as adaptor:
            job_id = self._id_of(job)
            self._need(self._description.supports_suspend, "suspending jobs")
            adaptor.suspend(job_id)

    def resume_job(self, job: JobLike) -> None:
        """Let a suspended job run on; raises as ``hold_job``."""
        with self._calling("resume_job") as adaptor:
            job_id = self._id_of(job)
            self._need(self._description.supports_suspend, "suspending jobs")
            adaptor.resume(job_id)

    def signal_job(self, job: JobLike, name: str) -> None:
        """Send a signal, e.g. ``USR1``, to the processes of a running job.

        Raises:
            UnsupportedOperationException: the scheduler cannot do this, or the job does not run.
            NoSuchJobException: it is not known, or has ended.
        """
        with self._calling("signal_job") as adaptor:
            job_id, number = self._id_of(job), job_checks.signal_of(name)
            self._need(self._description.supports_signal, "signals")
            adaptor.signal(job_id, number)

    def control_jobs(self, jobs: Iterable[JobLike], action: str) -> list[XenonException | None]:
        """Do one action on several jobs, with as few round trips as the scheduler permits.

        All are tried; a job that has ended, say, keeps no other from being controlled.

        Args:
            jobs: which.
            action: ``cancel``, ``hold``, ``release``, ``suspend`` or ``resume``.

        Returns:
            For each job, in order, ``None`` = done, or the exception that ``cancel_job`` (and so
            on) would have raised for it.

        Raises:
            IllegalArgumentException: there is no such action.
            UnsupportedOperationException: the scheduler cannot do this to any job.
            NoSuchJobException: one is a ``Job`` of another ``local`` or ``ssh`` scheduler.
        """
        with self._calling("control_jobs") as adaptor:
            job_ids, control = self._ids_of(jobs), job_checks.action_of(action)
            if control in {Control.HOLD, Control.RELEASE}:
                self._need(self._description.supports_hold, "holding jobs")
            elif control in {Control.SUSPEND, Control.RESUME}:
                self._need(self._description.supports_suspend, "suspending jobs")
            found = adaptor.control_many(control, job_ids) if job_ids else []
            for error in filter(None, found):
                error.add_context(operation="control_jobs", adaptor=self._description.name)
            return found

    def explain(self, job: JobLike) -> str:
        """Return, for people, what is known of a job and from where."""
        with self._calling("explain") as adaptor:
            return adaptor.explain(self._id_of(job))

    # --- the end ------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the scheduler; one that is embedded (``local``, ``ssh``) ends its jobs.

        Calls that wait in other threads end: with the final status of a job that was ended, else
        with ``SchedulerClosedException``. May be repeated.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            _open_ones.pop(self.id, None)
        with Telling("close", self._description.name):
            try:
                self._adaptor.close()
            finally:
                self._waiting.close(SchedulerClosedException.because("the scheduler was closed"))
                for stream in list(self._streams):
                    stream.cancel()
                if self._file_system is not None:
                    self._file_system.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def __eq__(self, other: object) -> bool:
        return self.id == other.id if isinstance(other, Scheduler) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    def __str__(self) -> str:
        return f"{type(self).__name__}:\n    id: {self.id}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"

    def __reduce__(self) -> NoReturn:
        raise not_pickled(self)

    # --- helpers ------------------------------------------------------------------------------

    @contextmanager
    def _calling(self, operation: str) -> Iterator[SchedulerAdaptor]:
        """Give the adaptor, if open, and complete the exceptions of the block."""
        with Telling(operation, self._description.name):
            self._check_open()
            yield self._adaptor

    def _check_open(self) -> None:
        if self._closed:
            raise SchedulerClosedException.because(
                "the scheduler was closed before, or is that of the process that was forked"
            )

    def _checked(
        self, adaptor: SchedulerAdaptor, description: object, *, interactive: bool = False
    ) -> JobDescription:
        checked = job_checks.checked_description(
            description, self._description, interactive=interactive
        )
        for job in description.depends_on or ():  # type: ignore[attr-defined]  # it was checked
            self._check_owner(job)
        if checked.queue_name:
            _check_queues(adaptor, [checked.queue_name])
        return checked

    def _need(self, able: bool, what: str) -> None:
        if not able:
            raise UnsupportedOperationException.because(
                f"{self._description.name} does not support {what}"
            )

    def _id_of(self, job: object, argument: str = "job") -> str:
        job_id = job_checks.job_id_of(job, argument)
        self._check_owner(job)
        return job_id

    def _ids_of(self, jobs: object) -> list[str]:
        return [self._id_of(job, "jobs") for job in job_checks.list_of(jobs, "jobs", "jobs")]

    def _check_owner(self, job: object) -> None:
        """Refuse a job of another scheduler where identifiers count from 0 in each of them."""
        foreign = isinstance(job, Job) and is_foreign(job, self)
        if foreign and self._description.is_embedded:
            raise NoSuchJobException.because(
                f"{job!r} is a job of another scheduler object; ask the one that submitted it"
            )

    def _job(self, job_id: str) -> Job:
        return Job(job_id, self)

    def _bind(self, status: JobStatus) -> JobStatus:
        """Return a status whose job knows its scheduler."""
        return changed(status, job=self._job(status.job.id))

    def _known(self, status: JobStatus) -> JobStatus:
        if status.error_type is JobErrorType.NOT_FOUND and not status.done:
            raise no_such_job(status.job.id)
        return self._bind(status)

    def _end(self, job: Job) -> None:
        """Cancel a job that may have ended."""
        try:
            self._adaptor.cancel(job.id)
        except NoSuchJobException:
            return


def _check_queues(adaptor: SchedulerAdaptor, names: Sequence[str]) -> None:
    known = adaptor.queue_names() if names else ()
    for name in names:
        if name not in known:
            raise NoSuchQueueException.because(
                f"there is no queue {name!r}; there are: {', '.join(known) or 'none'}"
            )


def _no_queue_status(name: str) -> QueueStatus:
    return QueueStatus(
        name,
        error_message=f"there is no queue {name!r}",
        error_type=QueueErrorType.NOT_FOUND,
    )


def _close_all() -> None:
    """End embedded jobs with the program, as documented, when ``close`` was forgotten."""
    for scheduler in list(_open_ones.values()):
        scheduler.close()


atexit.register(_close_all)


def _leave_to_parent() -> None:
    """In a forked child: the jobs, and the threads that attend to them, are those of the parent."""
    for scheduler in list(_open_ones.values()):
        scheduler._closed = True  # noqa: SLF001
        scheduler._lock = threading.Lock()  # noqa: SLF001  # the other may be held for ever
    _open_ones.clear()


os.register_at_fork(after_in_child=_leave_to_parent)
