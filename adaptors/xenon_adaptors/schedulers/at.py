"""The ``at`` adaptor: jobs of the at daemon, with exit codes, output and cancellation."""

from __future__ import annotations

import datetime
import logging
import string
from collections.abc import Sequence
from typing import ClassVar

from xenon_adaptors.at_protocol import answers, programs
from xenon_adaptors.descriptions import AT
from xenon_py.exceptions import (
    IncompatibleVersionException,
    NoSuchJobException,
    NoSuchQueueException,
    PermissionDeniedException,
    XenonException,
)
from xenon_py.model.descriptions import SchedulerAdaptorDescription
from xenon_py.model.jobs import QueueStatus
from xenon_py.model.start_time import parse_start_time
from xenon_py.plugin.batch import BatchAdaptor, BatchJob, Control, CouldNotAskError, Listing, Site
from xenon_py.plugin.runner import CommandResult

_log = logging.getLogger(__name__)

QUEUES = tuple(string.ascii_lowercase + string.ascii_uppercase)
"""Later letters are nicer; ``b`` is that of ``batch``, and it and capital letters wait for a low
load of the machine."""


class AtAdaptor(BatchAdaptor):
    """``at``, ``atq`` and ``atrm``, and job records for what these do not tell."""

    description: ClassVar[SchedulerAdaptorDescription] = AT
    job_id_text: ClassVar[str] = "$XENON_AT_ID"
    system_text: ClassVar[str] = "$(uname -n)"

    def probe_commands(self) -> Sequence[Sequence[str]]:
        """Look for the programs, and ask for version and listing."""
        return (
            ("/bin/sh", "-c", programs.PROBE),
            ("at", "-V"),
            programs.listing(),
            ("uname", "-n"),
        )

    def site(self, results: Sequence[CommandResult]) -> Site:
        """Return the version and the queues, which are the same everywhere."""
        missing, version, listing, host = results
        names = missing.text().split()
        if names:
            raise missing.failure(
                IncompatibleVersionException, f"there is no {' and no '.join(names)} on this host"
            )
        if answers.DENIED in listing.error_text():
            raise listing.failure(
                PermissionDeniedException, "the user may not use at (at.allow, at.deny)"
            )
        said = (version.error_text() + version.text()).strip().splitlines()
        return Site(said[0] if said else "", QUEUES, QUEUES[0], True, {"host": host.text().strip()})

    def grace(self) -> float:
        """Return a few seconds: listing and records are on one host and never late."""
        return 5.0

    def system_of(self, job_id: str, site: Site) -> str:
        """Return the host: each has identifiers of its own, and several may share a home."""
        del job_id
        return site.details["host"]

    # --- submitting -----------------------------------------------------------------------------

    def submit_command(self, job: BatchJob, site: Site) -> tuple[str, ...]:
        """Return a program that calls ``at``."""
        del site
        description = job.description
        queue = description.queue_name or QUEUES[0]
        if queue not in QUEUES:
            raise NoSuchQueueException.because(
                f"at has no queue {queue!r}, only the letters a-z and A-Z"
            )
        when = _when(description.start_time, datetime.datetime.now())
        return programs.submit(job.token, bool(description.inherit_environment), queue, when)

    def parse_submit(self, result: CommandResult, site: Site) -> str:
        """Return the identifier; a daemon that is away is told in the log, the job waits."""
        del site
        job_id = answers.parse_submit(result)
        if answers.daemon_is_away(result.error_text()):
            _log.warning("job %s of at waits: no atd runs on the host", job_id)
        return job_id

    def find_by_token_command(self, token: str, site: Site) -> tuple[str, ...]:
        """Return a program that looks into all live jobs."""
        del site
        return programs.find_by_token(token)

    def parse_find_by_token(self, result: CommandResult, token: str, site: Site) -> list[str]:
        """Return the identifiers that it printed."""
        del token, site
        if not result.ok:
            raise CouldNotAskError(result.error_text())
        return list(dict.fromkeys(result.text().split()))

    # --- asking ---------------------------------------------------------------------------------

    def listing_command(self, job_ids: Sequence[str], site: Site) -> tuple[str, ...]:
        """Return ``atq``, and whether its daemon runs."""
        del job_ids, site
        return programs.listing()

    def parse_listing(self, result: CommandResult, job_ids: Sequence[str], site: Site) -> Listing:
        """Return the jobs that are listed: pending or running."""
        del site
        return answers.parse_listing(result, job_ids)

    def accounting_command(self, job_ids: Sequence[str], site: Site) -> tuple[str, ...]:
        """Return a program that looks at records and processes of jobs that ``atq`` has not."""
        del site
        return programs.fates(job_ids)

    def parse_accounting(
        self, result: CommandResult, job_ids: Sequence[str], site: Site
    ) -> Listing:
        """Return which were cancelled, killed, or run without being listed."""
        del site
        return answers.parse_fates(result, job_ids)

    def by_hand(self, job_id: str, site: Site) -> list[tuple[str, ...]]:
        """Return ``atq``, and the command that prints the script of a job that is listed."""
        del site
        return [("atq",), ("at", "-c", job_id)]

    def jobs_command(self, queues: Sequence[str], site: Site) -> tuple[str, ...]:
        """Return the listing of all live jobs of the user, with their queues."""
        del queues, site
        return programs.listing_with_records()

    def parse_jobs(self, result: CommandResult, queues: Sequence[str], site: Site) -> list[str]:
        """Return those in these queues."""
        del site
        found = answers.parse_queues(result)
        return [e.job_id for queue in queues or list(found) for e in found.get(queue, [])]

    def queues_command(self, queues: Sequence[str], site: Site) -> tuple[str, ...]:
        """Return the same listing: ``at`` tells nothing else of its queues."""
        return self.jobs_command(queues, site)

    def parse_queues(
        self, result: CommandResult, queues: Sequence[str], site: Site
    ) -> list[QueueStatus]:
        """Return the numbers of pending and running jobs of the user."""
        del site
        found = answers.parse_queues(result)
        statuses = []
        for queue in queues:
            entries = found.get(queue, [])
            running = sum(entry.queue == answers.RUNNING for entry in entries)
            counts = {"pending": str(len(entries) - running), "running": str(running)}
            statuses.append(QueueStatus(queue, counts))
        return statuses

    # --- controlling ----------------------------------------------------------------------------

    def control_command(
        self, control: Control, job_ids: Sequence[str], site: Site, signal: str = ""
    ) -> tuple[str, ...]:
        """Return a program that cancels or signals; ``at`` can do nothing else."""
        del site
        if control is Control.CANCEL:
            return programs.cancel(job_ids[0])
        if control is Control.SIGNAL:
            return programs.signal(job_ids[0], signal)
        raise self.unsupported(f"to {control.value} a job")

    def check_control(self, control: Control, result: CommandResult, job_id: str) -> None:
        """Raise what the answer means. ``atrm`` warns of running jobs, which is no failure."""
        if result.ok:
            return
        said = result.error_text().strip()
        if "Cannot find jobid" in said:
            raise NoSuchJobException.because(
                f"job {job_id} is not known to at, or has ended", job=job_id
            )
        if answers.DENIED in said:
            raise result.failure(PermissionDeniedException, "the user may not use atrm")
        if "not our job" in said:
            raise result.failure(
                XenonException,
                f"job {job_id} runs and was not submitted by xenon_py: at cannot end it",
            )
        raise result.failure(XenonException, f"at could not {control.value} job {job_id}: {said}")


def _when(start_time: str, now: datetime.datetime) -> tuple[str, ...]:
    """Return words for ``at``: it takes whole minutes, and ``TZ=UTC`` is set for it.

    Args:
        start_time: as in a job description, in the time zone of this process.
        now: the present time there.
    """
    start = parse_start_time(start_time, now)
    if start is None:
        return ("now",)
    return ("-t", f"{start.astimezone(datetime.timezone.utc):%Y%m%d%H%M}")
