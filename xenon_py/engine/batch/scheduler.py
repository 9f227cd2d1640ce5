"""A full scheduler made of a batch adaptor and a command runner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from xenon_py.engine.batch.controlling import Controller
from xenon_py.engine.batch.host import SubmitHost
from xenon_py.engine.batch.interactive import Interactive
from xenon_py.engine.batch.programs import Submission, new_token
from xenon_py.engine.batch.statuses import Statuses, script_ids
from xenon_py.engine.batch.submitting import Submitter
from xenon_py.exceptions import NoSuchJobException, XenonException
from xenon_py.model.jobs import ArrayRange, JobDescription, JobStatus, QueueStatus, Rendered
from xenon_py.plugin.batch import BatchAdaptor, BatchJob, Control
from xenon_py.plugin.runner import CommandRunner
from xenon_py.plugin.scheduler import InteractiveJob, SchedulerAdaptor
from xenon_py.plugin.scripts import render_script
from xenon_py.plugin.target import FileSystemSpec


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
        self.host = SubmitHost(adaptor, runner)
        commands = adaptor.probe_commands()
        self._site = adaptor.site(self.host.run(commands) if commands else [])
        self._statuses = Statuses(adaptor, self.host, self._site)
        self._controller = Controller(adaptor, self.host, self._site)
        self._interactive = Interactive(adaptor, self.host, self._site, self._controller)
        self._submitter = Submitter(adaptor, self.host, self._site)
        self._closed = False

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
        results = self._submitter.submit([self._submission(job) for job in jobs])
        for job, result in zip(jobs, results, strict=True):
            if isinstance(result, str):
                self._statuses.remember(result, job.token, name=job.description.name)
        return results

    def submit_array(self, description: JobDescription, span: ArrayRange) -> list[str]:
        """Submit an array natively."""
        job = self._job(description, span)
        result = self._submitter.submit([self._submission(job)])[0]
        if isinstance(result, XenonException):
            raise result
        ids = self._adaptor.array_ids(result, span)
        for job_id, index in zip(ids, span.indices(), strict=True):
            self._statuses.remember(job_id, job.token, str(index), description.name)
        return ids

    def _job(self, description: JobDescription, span: ArrayRange | None = None) -> BatchJob:
        directory = self._absolute(str(description.working_directory), self._directory)
        directory = directory or self._directory
        return BatchJob(replace(description, working_directory=directory), new_token(), span)

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
        ids = script_ids(adaptor, array=job.span is not None)
        return render_script(
            job.description,
            job.token,
            ids,
            launcher=adaptor.launcher(job.description),
            head=adaptor.script_lines(job),
        )

    def start_interactive(self, description: JobDescription) -> InteractiveJob:
        """Start a job whose streams are pipes."""
        job = self._job(description)
        started = self._interactive.start(job)
        self._statuses.remember(started.job_id, job.token, name=description.name)
        return started

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
        """Ask once for all."""
        return self._statuses.of(job_ids)

    def job_ids(self, queues: Sequence[str]) -> list[str]:
        """Return the identifiers of the live jobs."""
        command = self._adaptor.jobs_command(queues, self._site)
        return self.host.ask(command, lambda r: self._adaptor.parse_jobs(r, queues, self._site))

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
        return self.host.ask(command, lambda r: self._adaptor.parse_queues(r, queues, self._site))

    # --- controlling ----------------------------------------------------------------------------

    def cancel(self, job_id: str) -> None:
        """Cancel a job."""
        self._control(Control.CANCEL, job_id)

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

    def control_many(self, control: Control, job_ids: Sequence[str]) -> list[XenonException | None]:
        """Do one action on jobs, by as few commands as the system permits."""
        return self._act(control, job_ids)

    def _control(self, control: Control, job_id: str, signal: str = "") -> None:
        error = self._act(control, [job_id], signal)[0]
        if error is not None:
            raise error

    def _act(
        self, control: Control, job_ids: Sequence[str], signal: str = ""
    ) -> list[XenonException | None]:
        if self._closed:  # a stream that is left behind; its job was cancelled by ``close``
            return [
                NoSuchJobException.because("the scheduler was closed", job=job_id)
                for job_id in job_ids
            ]
        outcomes = self._controller.act(control, job_ids, signal)
        for job_id, error in zip(job_ids, outcomes, strict=True):
            if error is None:
                self._statuses.controlled(job_id, control)
        return outcomes

    # --- the rest -------------------------------------------------------------------------------

    def explain(self, job_id: str) -> str:
        """Return what is known of a job, from where, and how to ask by hand."""
        return self._statuses.explain(job_id)

    def file_system(self) -> FileSystemSpec:
        """Name the submit host's file system."""
        return self._file_system

    def close(self) -> None:
        """End interactive jobs and release the runner; batch jobs go on."""
        self._interactive.close()
        self._closed = True
        self._runner.close()
