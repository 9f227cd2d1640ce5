"""What the author of a scheduler adaptor tells the kit, and what every test starts from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from xenon_py.exceptions import XenonException
from xenon_py.filesystem import FileSystem
from xenon_py.model.descriptions import SchedulerAdaptorDescription
from xenon_py.model.jobs import Job, JobDescription, JobErrorType, JobReason, JobStatus
from xenon_py.model.path import Path
from xenon_py.scheduler import Scheduler
from xenon_py.testing.harness import Case, fresh_name, need, shared, until

UNTIL_GONE = """
i=0
while [ $i -lt 50 ]; do
  kill -0 "$1" || exit 0
  case $(ps -o stat= -p "$1") in Z*) exit 0;; esac
  sleep 0.2
  i=$((i + 1))
done
exit 1
"""
"""Shell script that waits until the process ``$1`` has ended (a zombie has), at most 10 s."""


class SchedulerCase(Case):
    """Base of the scheduler tests.

    Jobs run ``/bin/sh`` and the commands of POSIX on the scheduler's machines.

    Attributes:
        patience: seconds within which a short job has started and ended, and its files are seen.
        queue: queue for all jobs of the tests; empty = the scheduler's default.
        unknown_job: an identifier of the right form that no job has.
    """

    patience: ClassVar[float] = 30.0
    queue: ClassVar[str] = ""
    unknown_job: ClassVar[str] = "99999999"

    def create(self) -> Scheduler:
        """Return a new, open scheduler whose working directory may be written to.

        It is called several times. All of them must be on the same system and directory.
        """
        raise NotImplementedError("a conformance test class must define create()")

    def create_file_system(self, scheduler: Scheduler) -> FileSystem:
        """Return a file system that shows the files of the jobs.

        By default it is the scheduler's own.
        """
        return scheduler.get_file_system()

    @property
    def description(self) -> SchedulerAdaptorDescription:
        """What the adaptor declares."""
        return Scheduler.get_adaptor_description(self.adaptor)

    def need(self, *capabilities: str) -> None:
        """Skip the test unless the adaptor declares these capabilities."""
        need(self.description, *capabilities)

    @pytest.fixture
    def scheduler(self, request: pytest.FixtureRequest) -> Scheduler:
        """The scheduler that the tests of the class share."""
        return shared(request, type(self), "_shared_scheduler", self.create)

    @pytest.fixture
    def files(self, request: pytest.FixtureRequest, scheduler: Scheduler) -> FileSystem:
        """The file system of the jobs."""
        return shared(
            request, type(self), "_shared_files", lambda: self.create_file_system(scheduler)
        )

    @pytest.fixture
    def base(self, files: FileSystem) -> Iterator[Path]:
        """An empty directory for one test, removed afterwards; absolute."""
        path = files.get_working_directory() / fresh_name()
        files.create_directory(path)
        yield path
        files.delete(path, recursive=True)

    def job(self, base: Path, script: str, *arguments: str, **more: Any) -> JobDescription:
        """Return the description of a job that runs a shell script in ``base``."""
        fields: dict[str, Any] = {
            "executable": "/bin/sh",
            "arguments": ["-c", script, "sh", *arguments],
            "working_directory": base,
            "queue_name": self.queue,
            **more,
        }
        return JobDescription(**fields)

    def sleeper(self, base: Path, seconds: int = 600) -> JobDescription:
        """Return the description of a job that a test is going to end."""
        return self.job(base, f"exec sleep {seconds}")

    def finish(self, scheduler: Scheduler, job: Job) -> JobStatus:
        """Wait for the end of a job and return its final status."""
        status = scheduler.wait_until_done(job, int(self.patience * 1000))
        assert status.done, f"the job did not end within {self.patience:g} s: {status}"
        assert not status.running
        return status

    def run(self, scheduler: Scheduler, description: JobDescription) -> JobStatus:
        """Submit a job and wait for its end."""
        return self.finish(scheduler, scheduler.submit_batch_job(description))

    def succeed(self, scheduler: Scheduler, description: JobDescription) -> JobStatus:
        """Run a job that has to end with exit code 0."""
        return well(self.run(scheduler, description))

    def running(self, scheduler: Scheduler, description: JobDescription) -> Job:
        """Submit a job and return once it runs."""
        job = scheduler.submit_batch_job(description)
        status = scheduler.wait_until_running(job, int(self.patience * 1000))
        assert status.running, status
        return job

    def content(self, files: FileSystem, path: Path) -> bytes:
        """Return the content of a file of a job, once it is seen."""
        until(lambda: files.exists(path), f"the job's file {path.name} is there", self.patience)
        return b"".join(files.read_from_file(path))

    def output(self, scheduler: Scheduler, files: FileSystem, description: JobDescription) -> bytes:
        """Run a job that has to end well and return its standard output."""
        description.stdout = fresh_name("stdout")
        self.succeed(scheduler, description)
        return self.content(files, Path(description.working_directory) / description.stdout)

    def end(self, scheduler: Scheduler, *jobs: Job) -> None:
        """Cancel jobs, whether they still run or not, and wait until they are gone."""
        for job in jobs:
            try:
                scheduler.cancel_job(job)
            except XenonException as error:
                assert re.search(r"ended|done|finished|no job|unknown", str(error)), error
            self.finish(scheduler, job)


def well(status: JobStatus) -> JobStatus:
    """Fail unless the job ended well."""
    assert status.done, status
    assert status.exit_code == 0, status
    assert status.error_type == JobErrorType.NONE, status
    assert status.reason is JobReason.COMPLETED, status
    assert status.signal is None, status
    return status


def cancelled(status: JobStatus) -> JobStatus:
    """Fail unless the job ended by being cancelled."""
    assert status.done, status
    assert not status.running, status
    assert status.error_type == JobErrorType.CANCELLED, status
    assert status.reason is JobReason.CANCELLED, status
    assert status.exit_code != 0, status
    assert status.error_message, status
    return status
