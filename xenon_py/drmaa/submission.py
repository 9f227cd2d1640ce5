"""Submits templates to a scheduler."""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from xenon_py.drmaa.categories import categories
from xenon_py.drmaa.contact import Contact
from xenon_py.drmaa.errors import as_drmaa, drmaa_error
from xenon_py.drmaa.helpers import plain_copy
from xenon_py.drmaa.mapping import INDEX, Place, description_of
from xenon_py.drmaa.pool import is_embedded
from xenon_py.drmaa.staging import Plan, Stager, Transfer
from xenon_py.drmaa.template import JobTemplate
from xenon_py.exceptions import NoSuchPathException
from xenon_py.filesystem import FileSystem
from xenon_py.model.jobs import JobDescription
from xenon_py.model.location import LocationForm, parse_location
from xenon_py.scheduler import Scheduler


@dataclass(frozen=True)
class Submitted:
    """What became of a template.

    Attributes:
        job_ids: of the jobs, in order of their indices.
        name: of the jobs.
        transfers: files to be fetched, by job.
    """

    job_ids: list[str]
    name: str
    transfers: dict[str, Transfer]


class Submitter:
    """Makes job descriptions of templates and submits them.

    On ``local`` and ``ssh`` jobs run in the queue ``multi``, and output files of an earlier run are
    removed first: batch systems write over them.
    """

    def __init__(self, scheduler: Scheduler, contact: Contact) -> None:
        self._scheduler = scheduler
        self._strict = contact.strict
        self._embedded = is_embedded(scheduler)
        kind = Scheduler.get_adaptor_description(contact.adaptor)
        self._arrays = kind.supports_job_arrays
        self._here = parse_location(contact.location, kind.location_form).target is None
        self._in_cwd = not contact.location
        self._remote_home = ""
        self.stager = Stager(scheduler.get_file_system, self._home, here=self._here)

    def run(self, template: JobTemplate) -> Submitted:
        """Submit one job."""
        with as_drmaa():
            plan = self._plan(template, [None], bulk=False)
            job_id = self._scheduler.submit_batch_job(plan.description).id
            return _submitted(plan, [job_id])

    def run_bulk(
        self, template: JobTemplate, indices: range, max_parallel: int | None
    ) -> Submitted:
        """Submit one job per index, natively as an array where the system has arrays."""
        with as_drmaa():
            plan = self._plan(template, indices, bulk=True)
            description = plan.description
            if not self._arrays or INDEX in str(description.working_directory):
                if max_parallel is not None:
                    raise drmaa_error(4, "maxParallel: these tasks are no array of the system")
                each = [_of_index(description, index) for index in indices]
                jobs = self._scheduler.submit_batch_jobs(each)
            else:
                jobs = self._scheduler.submit_job_array(
                    description, indices[0], indices[-1], indices.step, max_parallel
                )
            return _submitted(plan, [job.id for job in jobs])

    def _plan(
        self, template: JobTemplate, indices: Sequence[int | None] | range, *, bulk: bool
    ) -> Plan:
        if not isinstance(template, JobTemplate):
            raise drmaa_error(4, f"jobTemplate must be a JobTemplate, not {template!r}")
        template = plain_copy(template)
        template.transferFiles = self.stager.needed(template)
        description = self._describe(template, bulk=bulk)
        plan = self.stager.plan(template, description, indices)
        self._clear(plan.description, indices)
        return plan

    def _describe(self, template: JobTemplate, *, bulk: bool) -> JobDescription:
        place = Place(
            self._scheduler.get_adaptor_name(),
            self._home,
            os.getcwd() if self._in_cwd and self._here else "",
            self._is_directory,
            categories(self._scheduler.get_adaptor_name()),
            self._strict,
        )
        now = datetime.datetime.now().astimezone()
        description = description_of(template, place, now, bulk=bulk)
        if self._embedded and not description.queue_name:
            description.queue_name = "multi"
        return description

    def _home(self) -> str:
        """Return the user's home directory over there, which is where a plain log-in starts."""
        if self._here:
            return os.path.expanduser("~")
        if not self._remote_home:
            files = self._scheduler.get_file_system()
            location = parse_location(files.get_location(), LocationForm.SSH)
            host = location.text.replace(location.path, "", 1) if location.path else location.text
            properties = files.get_properties()
            with FileSystem.create(files.get_adaptor_name(), host, properties) as there:
                self._remote_home = str(there.get_working_directory())
        return self._remote_home

    def _is_directory(self, path: str) -> bool:
        if self._here:
            return os.path.isdir(path)
        try:
            return self._scheduler.get_file_system().get_attributes(path).is_directory
        except NoSuchPathException:
            return False

    def _clear(self, description: JobDescription, indices: Sequence[int | None] | range) -> None:
        """Remove the output files of an earlier run where they would be in the way."""
        if not self._embedded:
            return
        directory = PurePosixPath(os.fspath(description.working_directory))
        for path in {description.stdout, description.stderr} - {""}:
            for index in indices if "%a" in path else [None]:
                self._remove(str(directory / path.replace("%a", str(index))))

    def _remove(self, path: str) -> None:
        files = self._scheduler.get_file_system()
        try:
            if files.get_attributes(path).is_regular:
                files.delete(path)
        except NoSuchPathException:
            return


def _submitted(plan: Plan, job_ids: list[str]) -> Submitted:
    description = plan.description
    name = description.name or description.executable.rpartition("/")[2]
    pairs = zip(job_ids, plan.transfers.values(), strict=True)
    return Submitted(job_ids, name, {job_id: one for job_id, one in pairs if one != Transfer()})


def _of_index(description: JobDescription, index: int) -> JobDescription:
    number = str(index)
    return replace(
        description,
        working_directory=str(description.working_directory).replace(INDEX, number),
        environment={**description.environment, "XENON_ARRAY_TASK_ID": number},
        **{n: getattr(description, n).replace("%a", number) for n in ("stdin", "stdout", "stderr")},
    )
