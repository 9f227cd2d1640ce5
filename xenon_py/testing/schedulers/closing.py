"""Several threads, several schedulers, ``close``, ``create``, secrets."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from xenon_py.exceptions import (
    IllegalArgumentException,
    InvalidCredentialException,
    InvalidLocationException,
    InvalidPropertyException,
    PropertyTypeException,
    SchedulerClosedException,
    UnknownPropertyException,
    XenonException,
)
from xenon_py.filesystem import FileSystem
from xenon_py.model.jobs import Job, JobDescription
from xenon_py.model.path import Path
from xenon_py.model.properties import SCHEDULER_PREFIX
from xenon_py.scheduler import Scheduler
from xenon_py.testing.harness import SENTINEL, everything_told
from xenon_py.testing.promises import CREDENTIALS, values_out_of_range, wrong_property_values
from xenon_py.testing.schedulers.base import UNTIL_GONE, SchedulerCase


class SchedulerThreadTests(SchedulerCase):
    """One object, used by several threads at the same time."""

    def test_submit_and_wait(self, scheduler: Scheduler, base: Path) -> None:
        def work(number: int) -> int | None:
            return self.run(scheduler, self.job(base, f"exit {number}")).exit_code

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(8))) == list(range(8))

    def test_submit_and_cancel(self, scheduler: Scheduler, base: Path) -> None:
        def work(_: int) -> bool:
            job = scheduler.submit_batch_job(self.sleeper(base))
            scheduler.cancel_job(job)
            return self.finish(scheduler, job).done

        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(work, range(4)))


class SchedulerClosingTests(SchedulerCase):
    """``close``, ``is_open``."""

    def test_open_until_closed(self) -> None:
        scheduler = self.create()
        assert scheduler.is_open()
        scheduler.close()
        assert not scheduler.is_open()
        scheduler.close()

    def test_context_manager(self) -> None:
        with self.create() as scheduler:
            assert scheduler.is_open()
        assert not scheduler.is_open()

    def test_open_schedulers_are_listed(self) -> None:
        scheduler = self.create()
        assert scheduler in list(Scheduler.list_schedulers())
        scheduler.close()
        assert scheduler not in list(Scheduler.list_schedulers())

    @pytest.mark.parametrize(
        ("call", "arguments"),
        [
            ("get_queue_names", ()),
            ("get_default_queue_name", ()),
            ("get_queue_status", ("q",)),
            ("get_queue_statuses", ([],)),
            ("get_jobs", ([],)),
            ("submit_batch_job", (JobDescription(executable="/bin/true"),)),
            ("submit_batch_jobs", ([JobDescription(executable="/bin/true")],)),
            ("submit_job_array", (JobDescription(executable="/bin/true"), 1, 2)),
            ("submit_interactive_job", (JobDescription(executable="/bin/true"), [])),
            ("get_job_status", (Job("1"),)),
            ("get_job_statuses", ([Job("1")],)),
            ("wait_until_done", (Job("1"), 100)),
            ("wait_until_running", (Job("1"), 100)),
            ("cancel_job", (Job("1"),)),
            ("hold_job", (Job("1"),)),
            ("signal_job", (Job("1"), "USR1")),
            ("get_file_system", ()),
        ],
    )
    def test_every_call_after_close(self, call: str, arguments: tuple[object, ...]) -> None:
        scheduler = self.create()
        scheduler.close()
        with pytest.raises(SchedulerClosedException):
            getattr(scheduler, call)(*arguments)

    def test_close_ends_the_jobs_as_declared(
        self, scheduler: Scheduler, files: FileSystem, base: Path
    ) -> None:
        own = self.create()
        if not self.description.is_embedded:
            job = own.submit_batch_job(self.job(base, "sleep 1; exit 4"))
            own.close()
            assert self.finish(scheduler, Job(job.id)).exit_code == 4
            return
        script = "echo $$ > pid.part; mv pid.part pid; sleep 987"
        jobs = own.submit_batch_jobs([self.job(base, script), self.sleeper(base)])
        pid = self.content(files, base / "pid").decode().strip()
        futures = [job.future() for job in jobs]
        own.close()
        self.succeed(scheduler, self.job(base, UNTIL_GONE, pid))
        for future in futures:
            try:
                assert future.result(timeout=self.patience).exit_code != 0
            except XenonException as error:
                assert isinstance(error, SchedulerClosedException)


class SchedulerCreationTests(SchedulerCase):
    """The arguments of ``create``."""

    def test_unknown_property(self, scheduler: Scheduler) -> None:
        wrong = f"{SCHEDULER_PREFIX}{self.adaptor}.no-such-thing"
        with pytest.raises(UnknownPropertyException):
            Scheduler.create(self.adaptor, scheduler.get_location(), {wrong: "1"})

    def test_properties_of_another_type(self, scheduler: Scheduler) -> None:
        for name, value in wrong_property_values(self.description.supported_properties):
            with pytest.raises(PropertyTypeException):
                Scheduler.create(self.adaptor, scheduler.get_location(), {name: value})

    def test_properties_out_of_range(self, scheduler: Scheduler) -> None:
        for name, value in values_out_of_range(self.description.supported_properties):
            with pytest.raises(InvalidPropertyException):
                Scheduler.create(self.adaptor, scheduler.get_location(), {name: value})

    @pytest.mark.parametrize("properties", ["text", 5, {"a": 1}])
    def test_wrong_properties(self, scheduler: Scheduler, properties: object) -> None:
        with pytest.raises((IllegalArgumentException, UnknownPropertyException)):
            Scheduler.create(self.adaptor, scheduler.get_location(), properties)  # type: ignore[arg-type]

    def test_locations_that_cannot_be(self) -> None:
        with pytest.raises(InvalidLocationException):
            Scheduler.create(self.adaptor, "bad\0location\n")

    @pytest.mark.parametrize("kind", CREDENTIALS)
    def test_credentials_that_are_not_taken(self, scheduler: Scheduler, kind: str) -> None:
        if kind in self.description.supported_credentials:
            return
        argument, credential = CREDENTIALS[kind](SENTINEL)
        with pytest.raises(InvalidCredentialException):
            Scheduler.create(self.adaptor, scheduler.get_location(), **{argument: credential})  # type: ignore[arg-type]

    @pytest.mark.parametrize("kind", CREDENTIALS)
    def test_secrets_never_show(
        self, scheduler: Scheduler, caplog: pytest.LogCaptureFixture, kind: str
    ) -> None:
        argument, credential = CREDENTIALS[kind](SENTINEL)
        told = [repr(credential), str(credential)]
        with caplog.at_level(logging.DEBUG):
            told += self._try(scheduler, argument, credential)
        assert SENTINEL not in "\n".join([*told, caplog.text])

    def _try(self, scheduler: Scheduler, argument: str, credential: object) -> list[str]:
        """Connect with a secret that may well be wrong; return all that could be read of it."""
        properties = dict(scheduler.get_properties())
        arguments = {"properties": properties, argument: credential}
        try:
            made = Scheduler.create(self.adaptor, scheduler.get_location(), **arguments)  # type: ignore[arg-type]
            told = [repr(made), str(made), made.id]
            made.close()
        except XenonException as error:
            return [everything_told(error)]
        return told
