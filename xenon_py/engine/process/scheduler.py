"""The scheduler made of a process adaptor: queues, limits, states, arrays, interactive jobs.

States: ``HELD``, ``PENDING``, ``RUNNING``, ``SUSPENDED``; then ``DONE`` (it ran to its end,
whatever the exit code), ``KILLED`` (cancelled, or out of time) or ``ERROR`` (it could not be
started).
"""

from __future__ import annotations

import datetime
import itertools
import logging
import shlex
import signal
import time
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from xenon_py.engine.process.jobs import (
    RUNS,
    ArrayGroup,
    ProcessJob,
    State,
    status_of,
)
from xenon_py.engine.process.ledger import Ledger
from xenon_py.engine.process.queues import QUEUE_NAMES, SINGLE
from xenon_py.engine.process.specs import process_spec
from xenon_py.engine.process.starter import Starter
from xenon_py.engine.process.timers import Timers
from xenon_py.exceptions import (
    InvalidJobDescriptionException,
    JobCanceledException,
    NoSuchJobException,
    UnsupportedOperationException,
    XenonException,
    XenonRuntimeException,
)
from xenon_py.model.descriptions import SchedulerAdaptorDescription
from xenon_py.model.jobs import (
    ArrayRange,
    JobDescription,
    JobReason,
    JobStatus,
    QueueStatus,
    Rendered,
)
from xenon_py.model.start_time import parse_start_time
from xenon_py.plugin.clock import now_ms
from xenon_py.plugin.process import ProcessAdaptor, ProcessExit, ProcessSpec
from xenon_py.plugin.scheduler import InteractiveJob, SchedulerAdaptor, StatusListener
from xenon_py.plugin.target import FileSystemSpec

_log = logging.getLogger("xenon_py.engine.process")


class ProcessScheduler(SchedulerAdaptor):
    """Queues over a process adaptor. One lock guards all jobs; no call to the adaptor is under it.

    Attributes:
        grace: seconds between TERM and KILL when a job is ended.
    """

    description: ClassVar[SchedulerAdaptorDescription]
    pushes_changes = True

    def __init__(self, adaptor: ProcessAdaptor, *, multi: int = 4, grace: float = 2.0) -> None:
        self.description = adaptor.description  # type: ignore[misc]  # that of the wrapped one
        self.grace = grace
        self._adaptor = adaptor
        self._timers = Timers()
        self._ledger = Ledger(multi, self._timers)
        self._changed = self._ledger.changed
        self._numbers = itertools.count()
        self._orders = itertools.count()
        self._starter = Starter(self._start_next, adaptor.start_threads)

    # --- queues -----------------------------------------------------------------------------

    def queue_names(self) -> Sequence[str]:
        """Return ``single``, ``multi`` and ``unlimited``."""
        return QUEUE_NAMES

    def default_queue_name(self) -> str:
        """Return ``single``."""
        return SINGLE

    def queue_statuses(self, queues: Sequence[str]) -> list[QueueStatus]:
        """Tell, of each queue, how many jobs are in it and how many may run at once."""
        with self._changed:
            return [QueueStatus(name, self._queue_information(name)) for name in queues]

    def _queue_information(self, name: str) -> dict[str, str]:
        states = [job.state for job in self._ledger.unfinished() if job.queue == name]
        places = self._ledger.queues.places(name)
        return {
            "running": str(sum(state in RUNS for state in states)),
            "pending": str(sum(state not in RUNS for state in states)),
            "places": "unlimited" if places is None else str(places),
        }

    # --- submission -------------------------------------------------------------------------

    def submit(self, description: JobDescription) -> str:
        """Queue a job."""
        job_id = f"{self._adaptor.id_prefix}-{next(self._numbers)}"
        self._add([self._new_job(description, job_id)])
        return job_id

    def submit_array(self, description: JobDescription, span: ArrayRange) -> list[str]:
        """Queue one job per index, ``<prefix>-<n>_<index>``."""
        number = next(self._numbers)
        group = ArrayGroup(span.max_parallel)
        jobs = []
        for index in span.indices():
            job_id = f"{self._adaptor.id_prefix}-{number}_{index}"
            job = self._new_job(description, job_id)
            job.index, job.group = index, group
            jobs.append(job)
        self._add(jobs)
        return [job.job_id for job in jobs]

    def start_interactive(self, description: JobDescription) -> InteractiveJob:
        """Queue a job with pipes and wait until it runs."""
        job_id = f"{self._adaptor.id_prefix}-{next(self._numbers)}"
        job = self._new_job(description, job_id)
        job.interactive = True
        self._add([job])
        with self._changed:
            self._changed.wait_for(lambda: job.process is not None or job.ended)
        if job.process is not None:
            return InteractiveJob(job_id, job.process)
        if job.error is not None:
            raise job.error
        raise JobCanceledException.because("the job was cancelled before it began", job=job_id)

    def _new_job(self, description: JobDescription, job_id: str) -> ProcessJob:
        if description.inherit_environment and not self._adaptor.inherits_environment:
            raise InvalidJobDescriptionException.because(
                f"inherit_environment cannot be honoured by {self.description.name}: the variables "
                "of this process do not travel; name them in environment"
            )
        job = ProcessJob(
            job_id,
            next(self._orders),
            description,
            description.queue_name or SINGLE,
            state=State.HELD if description.hold else State.PENDING,
        )
        start = parse_start_time(description.start_time, datetime.datetime.now().astimezone())
        job.not_before = start.timestamp() if start else 0.0
        return job

    def _add(self, jobs: Sequence[ProcessJob]) -> None:
        self._ledger.add(jobs)
        self._ledger.publish()
        self._starter.poke(len(jobs))
        with self._changed:
            for job in jobs:
                if job.not_before and not job.ended:
                    wait = max(0.0, job.not_before - time.time())
                    job.timer = self._timers.after(wait, partial(self._time_has_come, job))

    def _time_has_come(self, job: ProcessJob) -> None:
        with self._changed:
            job.not_before = 0.0
            self._ledger.queues.offer(job)
        self._starter.poke()

    # --- starting ---------------------------------------------------------------------------

    def _start_next(self) -> bool:
        """Start one job; ``False`` when there is none to start."""
        with self._changed:
            job = None if self._ledger.closed else self._ledger.queues.take()
        if job is None:
            return False
        try:
            process = self._adaptor.start(self._spec(job))
        except XenonException as error:
            self._not_started(job, error)
            return True
        except Exception as error:  # noqa: BLE001 - a fault of an adaptor ends this job only
            _log.exception("starting %s failed", job.job_id)
            self._not_started(job, XenonRuntimeException.because(f"it could not start: {error!r}"))
            return True
        with self._changed:
            job.process, job.state, job.start_time = process, State.RUNNING, now_ms()
            killed = job.kill is not JobReason.NONE
            if job.description.max_runtime and not killed:
                limit = job.description.max_runtime * 60.0
                job.timer = self._timers.after(limit, partial(self._out_of_time, job))
            self._ledger.note(job)
        self._ledger.publish()
        process.on_exit(partial(self._process_ended, job))
        if killed:
            process.terminate(self.grace)
        return True

    def _spec(self, job: ProcessJob) -> ProcessSpec:
        return process_spec(
            job.description,
            self._adaptor.working_directory(),
            job_id=job.job_id,
            index=job.index,
            interactive=job.interactive,
        )

    def _not_started(self, job: ProcessJob, error: XenonException) -> None:
        with self._changed:
            job.error, job.reason = error, JobReason.LAUNCH_FAILURE
            self._ledger.end(job, State.ERROR if job.kill is JobReason.NONE else State.KILLED)
        self._ledger.publish()
        self._starter.poke()

    # --- ending -----------------------------------------------------------------------------

    def _process_ended(self, job: ProcessJob, ended: ProcessExit) -> None:
        with self._changed:
            job.exit = ended
            self._ledger.end(job, State.DONE if job.kill is JobReason.NONE else State.KILLED)
        self._ledger.publish()
        self._starter.poke()

    def _out_of_time(self, job: ProcessJob) -> None:
        with self._changed:
            if job.state not in RUNS or job.kill is not JobReason.NONE:
                return
            job.kill = JobReason.TIME_LIMIT
            process = job.process
        if process is not None:
            process.terminate(self.grace)

    def subscribe(self, listener: StatusListener) -> None:
        """Tell ``listener`` every change from now on."""
        self._ledger.listeners.append(listener)

    def statuses(self, job_ids: Sequence[str]) -> list[JobStatus]:
        """Return the status of each job; of unknown ones with ``NOT_FOUND``."""
        with self._changed:
            return [self._ledger.status(job_id) for job_id in job_ids]

    def job_ids(self, queues: Sequence[str]) -> list[str]:
        """Return the jobs that have not ended, in the order of submission."""
        with self._changed:
            return [
                job.job_id for job in self._ledger.unfinished() if not queues or job.queue in queues
            ]

    # --- control ----------------------------------------------------------------------------

    def cancel(self, job_id: str) -> None:
        """End a job and all processes of its group; returns when they have ended."""
        with self._changed:
            job = self._ledger.get_unfinished(job_id)
            self._ledger.kill(job)
            process = job.process
        self._ledger.publish()
        self._starter.poke()
        if process is not None:
            process.terminate(self.grace)
        with self._changed:
            self._changed.wait_for(lambda: job.ended, self.grace + 2.0)

    def hold(self, job_id: str) -> None:
        """Keep a pending job from starting."""
        with self._changed:
            job = self._ledger.get_unfinished(job_id)
            if job.taken:
                raise _wrong_state(job, "held", "a job that has not begun")
            self._ledger.queues.withdraw(job)
            job.state = State.HELD
            self._ledger.note(job)
        self._ledger.publish()
        self._starter.poke()

    def release(self, job_id: str) -> None:
        """Let a held job start when its turn comes."""
        with self._changed:
            job = self._ledger.get_unfinished(job_id)
            if job.state is not State.HELD:
                raise _wrong_state(job, "released", "a held job")
            job.state = State.PENDING
            self._ledger.queues.offer(job)
            self._ledger.note(job)
        self._ledger.publish()
        self._starter.poke()

    def suspend(self, job_id: str) -> None:
        """Stop the processes of a running job."""
        self._signal(job_id, signal.SIGSTOP, State.RUNNING, State.SUSPENDED, "suspended")

    def resume(self, job_id: str) -> None:
        """Let the processes of a suspended job go on."""
        self._signal(job_id, signal.SIGCONT, State.SUSPENDED, State.RUNNING, "resumed")

    def _signal(self, job_id: str, number: int, before: State, after: State, verb: str) -> None:
        with self._changed:
            job = self._ledger.get_unfinished(job_id)
            if job.state is not before or job.process is None:
                raise _wrong_state(job, verb, f"a {before.value} job")
            process = job.process
        process.signal(number)
        with self._changed:
            if job.state is before:
                job.state = after
                self._ledger.note(job)
        self._ledger.publish()

    def signal(self, job_id: str, name: str) -> None:
        """Send a signal to the processes of a running job."""
        with self._changed:
            job = self._ledger.get_unfinished(job_id)
            process = job.process
        if process is None:
            raise _wrong_state(job, "sent a signal", "a running job")
        process.signal(signal.Signals[f"SIG{name}"])

    # --- the rest ---------------------------------------------------------------------------

    def render(self, description: JobDescription) -> Rendered:
        """Return the command that would be run; ``%j`` stays, as there is no identifier yet."""
        spec = process_spec(description, self._adaptor.working_directory())
        return Rendered(
            command=self._adaptor.command(spec),
            environment=spec.environment,
            working_directory=spec.working_directory,
        )

    def explain(self, job_id: str) -> str:
        """Return what is known of a job: its status, command, files and process."""
        with self._changed:
            job = self._ledger.find(job_id)
            if job is None:
                raise NoSuchJobException.because(f"the job {job_id!r} is not known", job=job_id)
            status = status_of(job)
        spec = self._spec(job)
        lines = {
            "command": shlex.join(spec.argv),
            "working directory": spec.working_directory,
            "standard input": spec.stdin or "none",
            "standard output": spec.stdout or "thrown away",
            "standard error": spec.stderr or "thrown away",
            "queue": job.queue,
            "process": str(job.process.pid) if job.process else "not started",
            "known from": "the process itself, as a child of this program",
        }
        return "\n".join([str(status), *(f"    {name}: {text}" for name, text in lines.items())])

    def file_system(self) -> FileSystemSpec:
        """Name the file system of the machine that the processes run on."""
        return self._adaptor.file_system()

    def is_open(self) -> bool:
        """Tell whether jobs can be submitted."""
        return not self._ledger.closed and self._adaptor.is_open()

    def close(self) -> None:
        """End all jobs, wait for their ends, and release the adaptor."""
        with self._changed:
            if self._ledger.closed:
                return
            self._ledger.closed = True
            jobs = self._ledger.unfinished()
            for job in jobs:
                if not job.ended:  # by the end of another one, on which it depends
                    self._ledger.kill(job)
            processes = [job.process for job in jobs if job.process is not None]
        self._ledger.publish()
        for process in processes:
            process.terminate(self.grace)
        with self._changed:
            self._changed.wait_for(self._ledger.is_quiet, self.grace + 3.0)
        self._timers.clear()
        self._adaptor.close()


def _wrong_state(job: ProcessJob, verb: str, what: str) -> UnsupportedOperationException:
    return UnsupportedOperationException.because(
        f"only {what} can be {verb}; {job.job_id} is {job.state.value}", job=job.job_id
    )
