"""The adaptor's record, queues, and which jobs are in them."""

from __future__ import annotations

import dataclasses

import pytest

from xenon_py.exceptions import IllegalArgumentException, NoSuchQueueException
from xenon_py.model.jobs import Job, QueueErrorType
from xenon_py.model.path import Path
from xenon_py.model.properties import SCHEDULER_PREFIX
from xenon_py.scheduler import Scheduler
from xenon_py.testing.harness import until
from xenon_py.testing.promises import check_credentials, check_properties
from xenon_py.testing.schedulers.base import SchedulerCase

NO_QUEUE = "xenon-kit-no-such-queue"


class SchedulerDescriptionTests(SchedulerCase):
    """The record that the adaptor declares."""

    def test_the_adaptor_is_listed(self) -> None:
        assert self.adaptor in Scheduler.get_adaptor_names()
        assert self.adaptor in Scheduler.get_adaptor_names().name
        assert self.adaptor in [d.name for d in Scheduler.get_adaptor_descriptions()]

    def test_description(self) -> None:
        description = self.description
        assert description.name == self.adaptor
        assert description.description.strip()
        assert description.supported_locations
        with pytest.raises(dataclasses.FrozenInstanceError):
            description.name = "other"  # type: ignore[misc]

    def test_declared_properties(self) -> None:
        check_properties(self.description.supported_properties, SCHEDULER_PREFIX, self.adaptor)

    def test_declared_credentials(self) -> None:
        check_credentials(self.description.supported_credentials)

    def test_facts_about_itself(self, scheduler: Scheduler) -> None:
        assert scheduler.get_adaptor_name() == self.adaptor
        assert isinstance(scheduler.get_location(), str)
        assert isinstance(dict(scheduler.get_properties()), dict)
        assert isinstance(scheduler.get_default_runtime(), int)
        assert self.adaptor in scheduler.id
        assert self.adaptor in str(scheduler)

    def test_location_is_told_as_given(self, scheduler: Scheduler) -> None:
        with self.create() as own:
            assert own.get_location() == scheduler.get_location()

    def test_file_system_as_declared(self, scheduler: Scheduler) -> None:
        self.need("uses_file_system")
        files = scheduler.get_file_system()
        assert files.is_open()
        assert files.exists(files.get_working_directory())


class QueueTests(SchedulerCase):
    """Queues."""

    def test_queue_names(self, scheduler: Scheduler) -> None:
        names = list(scheduler.get_queue_names())
        assert names
        assert all(isinstance(name, str) and name for name in names)
        assert len(set(names)) == len(names)
        assert not self.queue or self.queue in names

    def test_default_queue(self, scheduler: Scheduler) -> None:
        default = scheduler.get_default_queue_name()
        assert default == "" or default in scheduler.get_queue_names()

    def test_queue_status_of_each(self, scheduler: Scheduler) -> None:
        for name in scheduler.get_queue_names():
            status = scheduler.get_queue_status(name)
            assert status.name == name
            assert status.error_type == QueueErrorType.NONE

    def test_status_of_an_unknown_queue(self, scheduler: Scheduler) -> None:
        with pytest.raises(NoSuchQueueException) as caught:
            scheduler.get_queue_status(NO_QUEUE)
        assert NO_QUEUE in str(caught.value)

    def test_queue_statuses_in_order(self, scheduler: Scheduler) -> None:
        names = list(scheduler.get_queue_names())[::-1]
        asked = [*names, NO_QUEUE]
        found = scheduler.get_queue_statuses(asked)
        assert [status.name for status in found] == asked
        assert [status.error_type for status in found[:-1]] == [QueueErrorType.NONE] * len(names)
        assert found[-1].error_type == QueueErrorType.NOT_FOUND

    def test_queue_statuses_of_all(self, scheduler: Scheduler) -> None:
        every = set(scheduler.get_queue_names())
        assert {status.name for status in scheduler.get_queue_statuses([])} == every
        assert {status.name for status in scheduler.get_queue_statuses()} == every

    @pytest.mark.parametrize("wrong", [5, b"x", ["q"], None])
    def test_wrong_queue_names(self, scheduler: Scheduler, wrong: object) -> None:
        with pytest.raises(IllegalArgumentException):
            scheduler.get_queue_status(wrong)  # type: ignore[arg-type]

    @pytest.mark.parametrize("wrong", [5, "queue", [5], [None]])
    def test_wrong_lists_of_names(self, scheduler: Scheduler, wrong: object) -> None:
        with pytest.raises(IllegalArgumentException):
            scheduler.get_jobs(wrong)  # type: ignore[arg-type]
        with pytest.raises(IllegalArgumentException):
            scheduler.get_queue_statuses(wrong)  # type: ignore[arg-type]

    def test_jobs_of_an_unknown_queue(self, scheduler: Scheduler) -> None:
        with pytest.raises(NoSuchQueueException):
            scheduler.get_jobs([NO_QUEUE])

    def test_jobs_of_a_queue(self, scheduler: Scheduler, base: Path) -> None:
        queue = self.queue or scheduler.get_default_queue_name()
        job = scheduler.submit_batch_job(self.sleeper(base))
        for queues in ([], None, *([[queue]] if queue else [])):
            until(
                lambda queues=queues: job in scheduler.get_jobs(queues),  # type: ignore[misc]
                f"the job is among get_jobs({queues})",
                self.patience,
            )
        assert all(isinstance(one, Job) for one in scheduler.get_jobs())
        for other in scheduler.get_queue_names():
            if other != queue and queue:
                assert job not in scheduler.get_jobs([other])
        self.end(scheduler, job)
