"""A full scheduler made of a batch adaptor and a command runner."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from xenon_py.engine.batch.programs import (
    Submission,
    environment_lines,
    new_marker,
    new_token,
    parse_commands,
    render_commands,
)
from xenon_py.engine.batch.records import (
    Record,
    find_command,
    parse_found,
    parse_records,
    read_command,
)
from xenon_py.engine.batch.submitting import Submitter
from xenon_py.engine.batch.verdict import Evidence, conclude, not_found, stale
from xenon_py.exceptions import XenonException
from xenon_py.model.jobs import ArrayRange, JobDescription, JobStatus, QueueStatus, Rendered
from xenon_py.plugin.batch import BatchAdaptor, BatchJob, Control, CouldNotAskError, Listing
from xenon_py.plugin.runner import CommandResult, CommandRunner
from xenon_py.plugin.scheduler import SchedulerAdaptor
from xenon_py.plugin.scripts import ScriptIds, render_script
from xenon_py.plugin.target import FileSystemSpec

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

QUERY_TIMEOUT = 120.0
"""Seconds after which a query counts as hanging."""

_REMEMBERED = 20_000


@dataclass
class _Tracked:
    """What this object remembers of a job that it submitted, or was asked for."""

    token: str = ""
    index: str = ""
    name: str = ""
    seen: float = field(default_factory=time.monotonic)
    known: bool = False
    searched: bool = False
    cancelled: bool = False
    last: JobStatus | None = None


class BatchScheduler(SchedulerAdaptor):
    """Renders, submits, polls, collects and controls jobs of a command-line batch system.

    Args:
        adaptor: tables and pure functions of the system.
        runner: runs commands on the submit host.
        directory: working directory of the location; relative ones start from it.
        file_system: the one that the submit host has.
    """

    def __init__(
        self,
        adaptor: BatchAdaptor,
        runner: CommandRunner,
        directory: str,
        file_system: FileSystemSpec,
    ) -> None:
        self.description = adaptor.description  # type: ignore[misc]
        self.poll_delay = adaptor.poll_delay()
        self._adaptor = adaptor
        self._runner = runner
        self._directory = directory or runner.home()
        self._file_system = file_system
        self._jobs: OrderedDict[str, _Tracked] = OrderedDict()
        self._lock = threading.Lock()
        self.commands_run = 0
        commands = adaptor.probe_commands()
        self._site = adaptor.site(self._run(commands) if commands else [])

    # --- running commands -----------------------------------------------------------------------

    def _run(self, commands: Sequence[Sequence[str]]) -> list[CommandResult]:
        """Run commands in one round trip.

        Raises:
            CouldNotAskError: the answer is not whole, or it took too long.
            NotConnectedException: the submit host cannot be reached.
        """
        marker = new_marker()
        adaptor = self._adaptor
        head = environment_lines(adaptor.scrub, adaptor.environment, adaptor.keep)
        program = render_commands(marker, commands, head)
        self.commands_run += len(commands)
        result = self._runner.run(
            ("/bin/sh",), stdin=program.encode("utf-8", "surrogateescape"), timeout=QUERY_TIMEOUT
        )
        try:
            return parse_commands(marker, commands, result.stdout, result.host)
        except ValueError as error:
            raise result.failure(XenonException, str(error)) from error

    def _query(self, command: Sequence[str]) -> CommandResult:
        return self._run([command])[0]

    # --- submitting -----------------------------------------------------------------------------

    def submit(self, description: JobDescription) -> str:
        """Submit one job."""
        result = self.submit_many([description])[0]
        if isinstance(result, XenonException):
            raise result
        return result

    def submit_many(self, descriptions: Sequence[JobDescription]) -> list[str | XenonException]:
        """Submit jobs, a hundred in a round trip."""
        jobs = [self._job(description) for description in descriptions]
        results = self._submitter().submit([self._submission(job) for job in jobs])
        for job, result in zip(jobs, results, strict=True):
            if isinstance(result, str):
                self._remember(result, job)
        return results

    def submit_array(self, description: JobDescription, span: ArrayRange) -> list[str]:
        """Submit an array natively."""
        job = self._job(description, span)
        result = self._submitter().submit([self._submission(job)])[0]
        if isinstance(result, XenonException):
            raise result
        ids = self._adaptor.array_ids(result, span)
        for job_id, index in zip(ids, span.indices(), strict=True):
            self._remember(job_id, job, str(index))
        return ids

    def _submitter(self) -> Submitter:
        return Submitter(self._adaptor, self._runner, self._site)

    def _job(self, description: JobDescription, span: ArrayRange | None = None) -> BatchJob:
        directory = self._absolute(str(description.working_directory), self._directory)
        directory = directory or self._directory
        return BatchJob(
            replace(
                description,
                working_directory=directory,
                stdin=self._absolute(description.stdin, directory),
                stdout=self._absolute(description.stdout, directory),
                stderr=self._absolute(description.stderr, directory),
            ),
            new_token(),
            span,
        )

    @staticmethod
    def _absolute(path: str, base: str) -> str:
        if not path or path.startswith("/"):
            return path
        return f"{base.rstrip('/')}/{path}"

    def _submission(self, job: BatchJob) -> Submission:
        return Submission(
            job.token,
            self._adaptor.submit_command(job, self._site),
            self._script(job),
            str(job.description.working_directory),
        )

    def _script(self, job: BatchJob) -> str:
        adaptor = self._adaptor
        ids = (
            ScriptIds(adaptor.task_id_text, adaptor.array_index_text)
            if job.span
            else ScriptIds(adaptor.job_id_text)
        )
        return render_script(
            job.description,
            job.token,
            ids,
            launcher=adaptor.launcher(job.description),
            head=adaptor.script_lines(job.description),
        )

    def _remember(self, job_id: str, job: BatchJob, index: str = "") -> None:
        with self._lock:
            self._jobs[job_id] = _Tracked(
                job.token, index, job.description.name, known=True, searched=True
            )
            while len(self._jobs) > _REMEMBERED:
                self._jobs.popitem(last=False)

    def render(self, description: JobDescription) -> Rendered:
        """Return command and script; the token in them is a sample."""
        submission = self._submission(self._job(description))
        return Rendered(
            submission.command,
            submission.script,
            dict(self._adaptor.environment),
            submission.directory,
        )

    # --- asking ---------------------------------------------------------------------------------

    def statuses(self, job_ids: Sequence[str]) -> list[JobStatus]:
        """Ask once for all: a listing, then accounting and records for what it does not have."""
        found: dict[str, JobStatus] = {}
        wanted: list[str] = []
        for job_id in dict.fromkeys(job_ids):
            if not self._adaptor.id_pattern.fullmatch(job_id):
                name = self.description.name
                found[job_id] = not_found(job_id, f"{job_id!r} is no job identifier of {name}")
                continue
            with self._lock:
                last = self._jobs.setdefault(job_id, _Tracked()).last
            if last is not None and last.done:
                found[job_id] = last
            else:
                wanted.append(job_id)
        for begin in range(0, len(wanted), self._adaptor.max_ids):
            found.update(self._round(wanted[begin : begin + self._adaptor.max_ids]))
        return [found[job_id] for job_id in job_ids]

    def _round(self, job_ids: list[str]) -> dict[str, JobStatus]:
        try:
            listing = self._listing(job_ids)
        except (CouldNotAskError, XenonException) as error:
            _log.warning("%s could not be asked: %s", self.description.name, error)
            return {i: stale(i, self._tracked(i).last, str(error)) for i in job_ids}
        gone = [i for i in job_ids if i not in listing.jobs or self._needs_record(listing, i)]
        accounting, asked, records = self._second_look(gone, listing)
        return {i: self._verdict(i, listing, accounting, asked, records) for i in job_ids}

    def _needs_record(self, listing: Listing, job_id: str) -> bool:
        return listing.jobs[job_id].phase.value == "done" and bool(self._tracked(job_id).token)

    def _listing(self, job_ids: list[str]) -> Listing:
        result = self._query(self._adaptor.listing_command(job_ids, self._site))
        return self._noted(self._adaptor.parse_listing(result, job_ids, self._site))

    def _noted(self, listing: Listing) -> Listing:
        for line in listing.rejected:
            _log.warning(
                "%s printed a line that is not understood: %r", self.description.name, line
            )
        return listing

    def _second_look(
        self, gone: list[str], listing: Listing
    ) -> tuple[Listing, bool, dict[str, Record]]:
        """Ask accounting and the job records, in one round trip."""
        if not gone:
            return Listing({}), True, {}
        unlisted = [i for i in gone if i not in listing.jobs]
        self._find_records([i for i in unlisted if not self._tracked(i).searched])
        tokens = sorted({t.token for t in map(self._tracked, gone) if t.token})
        marker = new_marker()
        account = self._adaptor.accounting_command(unlisted, self._site) if unlisted else None
        commands = [c for c in (account, read_command(marker, tokens) if tokens else None) if c]
        if not commands:
            return Listing({}), True, {}
        try:
            results = self._run(commands)
        except (CouldNotAskError, XenonException) as error:
            _log.warning("%s could not be asked: %s", self.description.name, error)
            return Listing({}), False, {}
        records = parse_records(marker, results[-1].text()) if tokens else {}
        if account is None:
            return Listing({}), True, records
        try:
            listed = self._noted(self._adaptor.parse_accounting(results[0], unlisted, self._site))
        except CouldNotAskError as error:
            _log.warning("accounting of %s could not be asked: %s", self.description.name, error)
            return Listing({}), False, records
        return listed, True, records

    def _find_records(self, job_ids: list[str]) -> None:
        """Find the records of jobs that an earlier process submitted."""
        if not job_ids:
            return
        try:
            found = parse_found(self._query(find_command(job_ids)).text())
        except (CouldNotAskError, XenonException) as error:
            _log.warning("job records could not be searched: %s", error)
            return
        for job_id in job_ids:
            tracked = self._tracked(job_id)
            tracked.token, tracked.index = found.get(job_id, ("", ""))
            tracked.searched = True

    def _verdict(
        self,
        job_id: str,
        listing: Listing,
        accounting: Listing,
        asked: bool,
        records: dict[str, Record],
    ) -> JobStatus:
        tracked = self._tracked(job_id)
        record = records.get(tracked.token, Record())
        now = time.monotonic()
        listed, accounted = listing.jobs.get(job_id), accounting.jobs.get(job_id)
        if listed is not None or accounted is not None:
            tracked.seen, tracked.known = now, True
        status = conclude(
            Evidence(
                job_id,
                listed,
                accounted,
                asked,
                record.starts.get(tracked.index),
                record.ends.get(tracked.index),
                tracked.cancelled,
                tracked.known,
                tracked.last,
                now - tracked.seen,
                int(time.time() * 1000),
            ),
            self._adaptor.grace(),
        )
        if tracked.name and not status.name:
            status = replace(status, name=tracked.name)
        tracked.last = status
        return status

    def _tracked(self, job_id: str) -> _Tracked:
        with self._lock:
            return self._jobs.setdefault(job_id, _Tracked())

    def job_ids(self, queues: Sequence[str]) -> list[str]:
        """Return the identifiers of the user's live jobs."""
        command = self._adaptor.jobs_command(queues, self._site)
        return self._asked(command, lambda r: self._adaptor.parse_jobs(r, queues, self._site))

    def queue_names(self) -> Sequence[str]:
        """Return the queues that the site had when the scheduler was created."""
        return self._site.queues

    def default_queue_name(self) -> str:
        """Return the site's default queue."""
        return self._site.default_queue

    def default_runtime(self) -> int:
        """Return the limit in minutes of a job that sets none."""
        return self._adaptor.default_runtime()

    def queue_statuses(self, queues: Sequence[str]) -> list[QueueStatus]:
        """Return the status of queues."""
        command = self._adaptor.queues_command(queues, self._site)
        return self._asked(command, lambda r: self._adaptor.parse_queues(r, queues, self._site))

    def _asked(
        self, command: Sequence[str], parse: Callable[[CommandResult], list[_T]]
    ) -> list[_T]:
        result = self._query(command)
        try:
            return parse(result)
        except CouldNotAskError as error:
            message = f"{self.description.name} could not be asked: {error}"
            raise result.failure(XenonException, message) from error

    # --- controlling ----------------------------------------------------------------------------

    def cancel(self, job_id: str) -> None:
        """Cancel a job."""
        self._control(Control.CANCEL, job_id)
        self._tracked(job_id).cancelled = True

    def hold(self, job_id: str) -> None:
        """Hold a pending job."""
        self._control(Control.HOLD, job_id)

    def release(self, job_id: str) -> None:
        """Release a held job."""
        self._control(Control.RELEASE, job_id)

    def suspend(self, job_id: str) -> None:
        """Suspend a running job."""
        self._control(Control.SUSPEND, job_id)

    def resume(self, job_id: str) -> None:
        """Resume a suspended job."""
        self._control(Control.RESUME, job_id)

    def signal(self, job_id: str, name: str) -> None:
        """Signal a running job."""
        self._control(Control.SIGNAL, job_id, name)

    def _control(self, control: Control, job_id: str, signal: str = "") -> None:
        command = self._adaptor.control_command(control, [job_id], self._site, signal)
        self._adaptor.check_control(control, self._query(command), job_id)

    # --- the rest -------------------------------------------------------------------------------

    def explain(self, job_id: str) -> str:
        """Return what is known of a job, from where, and how to ask by hand."""
        status = self.statuses([job_id])[0]
        tracked = self._tracked(job_id)
        command = " ".join(self._adaptor.listing_command([job_id], self._site))
        lines = [str(status), f"asked by: {command}", f"site: {self._site.version}"]
        if tracked.token:
            lines.append(f"job record: ~/.xenon/jobs/{tracked.token}")
        return "\n".join(lines)

    def file_system(self) -> FileSystemSpec:
        """Name the submit host's file system."""
        return self._file_system

    def close(self) -> None:
        """Release the runner; jobs go on."""
        self._runner.close()
