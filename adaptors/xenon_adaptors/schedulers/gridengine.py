"""The ``gridengine`` adaptor: Grid Engine by its command-line tools."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from xenon_adaptors.descriptions import GRIDENGINE
from xenon_adaptors.gridengine_protocol import accounting, listing, tasks
from xenon_adaptors.gridengine_protocol.submitting import (
    find_by_token_command,
    parse_qsub,
    qsub_command,
)
from xenon_py.exceptions import (
    IncompatibleVersionException,
    NoSuchJobException,
    NotConnectedException,
    PermissionDeniedException,
    XenonException,
)
from xenon_py.model.descriptions import SchedulerAdaptorDescription
from xenon_py.model.jobs import ArrayRange, JobDescription, QueueStatus
from xenon_py.model.properties import Properties
from xenon_py.plugin.batch import BatchAdaptor, BatchJob, Control, CouldNotAskError, Listing, Site
from xenon_py.plugin.controls import answers_by_job, groups_of
from xenon_py.plugin.runner import CommandResult

_VERSION = re.compile(r"^([A-Z]+ \d[\w.]*)", re.MULTILINE)
_ENVIRONMENTS = 'for name in $(qconf -spl 2>/dev/null); do qconf -sp "$name"; done'
_CLUSTER_NAME = 'cat "$SGE_ROOT/${SGE_CELL:-default}/common/cluster_name"'
_CONTROLS = {
    Control.CANCEL: ("qdel",),
    Control.HOLD: ("qhold",),
    Control.RELEASE: ("qrls",),
    Control.SUSPEND: ("qmod", "-sj"),
    Control.RESUME: ("qmod", "-usj"),
}
_CONTROLLED = re.compile(
    r"modified hold of job|has deleted job|has registered the job"
    r"|- (un)?suspended job|is already (un)?suspended"
)
_NAMED = re.compile(r'job(?:-array task)? "?([0-9]+(?:\.[0-9]+)?)"?(?: task "([0-9]+)")?')
_QUEUE_FIELDS = ("load", "used", "resv", "available", "total", "temp_disabled")


class GridEngineAdaptor(BatchAdaptor):
    """Grid Engine: ``qsub``, ``qstat``, ``qacct``, ``qdel``, ``qhold``, ``qrls``, ``qmod``."""

    description: ClassVar[SchedulerAdaptorDescription] = GRIDENGINE
    job_id_text: ClassVar[str] = "$JOB_ID"
    task_id_text: ClassVar[str] = "$JOB_ID.$SGE_TASK_ID"
    array_index_text: ClassVar[str] = "$SGE_TASK_ID"
    system_text: ClassVar[str] = f"$({_CLUSTER_NAME} 2>/dev/null)"  # no variable tells it in a job
    id_pattern: ClassVar[re.Pattern[str]] = listing.JOB_ID
    scrub: ClassVar[tuple[str, ...]] = ("SGE_DEBUG_", "SGE_ND")
    max_ids: ClassVar[int] = 10_000  # the listing is that of all jobs, however many are asked for

    def __init__(self, properties: Properties) -> None:
        super().__init__(properties)
        self._accounting = accounting.Accounting()

    def probe_commands(self) -> Sequence[Sequence[str]]:
        """Ask for version, queues, parallel environments and the name of the cluster."""
        return (
            ("qstat", "-help"),
            ("qconf", "-sql"),
            ("/bin/sh", "-c", _ENVIRONMENTS),
            ("/bin/sh", "-c", _CLUSTER_NAME),
            accounting.PLACE,
        )

    def site(self, results: Sequence[CommandResult]) -> Site:
        """Return version, queues and, among the details, rules of parallel environments."""
        version, queues, environments, cluster, place = results
        found = _VERSION.search(version.text())
        if not found and not self.properties.boolean("gridengine.ignore.version"):
            raise version.failure(
                IncompatibleVersionException,
                "there is no Grid Engine here: qstat -help tells no version",
            )
        if not queues.ok:
            raise queues.failure(NotConnectedException, "the qmaster does not answer")
        self._accounting.begin(place)
        names = re.findall(r"^pe_name +(\S+)", environments.text(), re.MULTILINE)
        rules = re.findall(r"^allocation_rule +(\S+)", environments.text(), re.MULTILINE)
        details = {f"pe.{name}": rule for name, rule in zip(names, rules, strict=False)}
        return Site(
            found.group(1) if found else "",
            tuple(queues.text().split()),
            accounting=True,
            details={**details, "cluster": cluster.text().strip()},
        )

    def grace(self) -> float:
        """Return for how long a job that left its queue may be missing in the accounting."""
        return self.properties.integer("gridengine.accounting.grace.timeout") / 1000

    # --- submitting -----------------------------------------------------------------------------

    def submit_command(self, job: BatchJob, site: Site) -> tuple[str, ...]:
        """Return ``qsub`` with options as words."""
        rules = {name[3:]: rule for name, rule in site.details.items() if name.startswith("pe.")}
        return qsub_command(job, rules)

    def parse_submit(self, result: CommandResult, site: Site) -> str:
        """Return the number of the job."""
        del site
        job_id = parse_qsub(result)
        self._accounting.note(job_id)
        return job_id

    def find_by_token_command(self, token: str, site: Site) -> tuple[str, ...]:
        """Return a look at the job record and at the contexts of all live jobs."""
        del site
        return find_by_token_command(token)

    def parse_find_by_token(self, result: CommandResult, token: str, site: Site) -> list[str]:
        """Return the numbers that it printed."""
        del token, site
        if not result.ok:
            raise CouldNotAskError(result.error_text())
        return list(dict.fromkeys(result.text().split()))

    def array_ids(self, job_id: str, span: ArrayRange) -> list[str]:
        """Return ``7.1``, ``7.2`` and so on."""
        return [f"{job_id}.{index}" for index in span.indices()]

    def system_of(self, job_id: str, site: Site) -> str:
        """Return the name of the cluster."""
        del job_id
        return site.details["cluster"]

    def launcher(self, description: JobDescription) -> tuple[str, ...]:
        """Return a program that starts one process per task, on other nodes by ``qrsh``."""
        return tasks.launcher(description)

    def script_lines(self, job: BatchJob) -> tuple[str, ...]:
        """Return a trap: Grid Engine would run a job again that exits 99, and block one with 100.

        The job record keeps the true exit code.
        """
        del job
        return ("trap 'case $? in 99|100) exit 1;; esac' EXIT",)

    # --- asking ---------------------------------------------------------------------------------

    def listing_command(self, job_ids: Sequence[str], site: Site) -> tuple[str, ...]:
        """Return one ``qstat`` for all jobs."""
        del site
        return listing.listing_command(job_ids)

    def parse_listing(self, result: CommandResult, job_ids: Sequence[str], site: Site) -> Listing:
        """Return what ``qstat`` says."""
        del site
        return listing.parse_listing(result, job_ids)

    def accounting_command(self, job_ids: Sequence[str], site: Site) -> tuple[str, ...]:
        """Return one look into the accounting file for all jobs that ``qstat`` does not know."""
        del site
        return self._accounting.command(job_ids)

    def parse_accounting(
        self, result: CommandResult, job_ids: Sequence[str], site: Site
    ) -> Listing:
        """Return what accounting says."""
        del site
        return self._accounting.parse(result, job_ids)

    def by_hand(self, job_id: str, site: Site) -> list[tuple[str, ...]]:
        """Return ``qstat`` and ``qacct`` for one job."""
        del site
        number, _, task = job_id.partition(".")
        return [("qstat", "-j", number), ("qacct", "-j", number, *(("-t", task) if task else ()))]

    def jobs_command(self, queues: Sequence[str], site: Site) -> tuple[str, ...]:
        """Return ``qstat`` for live jobs: those that run in these queues or asked for them."""
        del site
        return listing.jobs_command(queues)

    def parse_jobs(self, result: CommandResult, queues: Sequence[str], site: Site) -> list[str]:
        """Return their identifiers."""
        del queues, site
        return [row["id"] for row in listing.live_jobs(result)]

    def queues_command(self, queues: Sequence[str], site: Site) -> tuple[str, ...]:
        """Return the summary of all queues."""
        del queues, site
        return ("qstat", "-g", "c", "-xml")

    def parse_queues(
        self, result: CommandResult, queues: Sequence[str], site: Site
    ) -> list[QueueStatus]:
        """Return load and slots of each queue."""
        del site
        if not result.ok:
            raise CouldNotAskError(result.error_text())
        found = {
            row.findtext("name", ""): {
                name: value for name in _QUEUE_FIELDS if (value := row.findtext(name))
            }
            for row in listing.parse_xml(result.stdout).iter("cluster_queue_summary")
        }
        return [QueueStatus(name, found.get(name, {})) for name in queues]

    # --- controlling ----------------------------------------------------------------------------

    def control_command(
        self, control: Control, job_ids: Sequence[str], site: Site, signal: str = ""
    ) -> tuple[str, ...]:
        """Return the command for a control action; Grid Engine sends no signals of one's choice."""
        del site, signal
        if control not in _CONTROLS:
            raise self.unsupported(f"to {control.value} a job")
        return (*_CONTROLS[control], *job_ids)

    def control_groups(
        self, control: Control, job_ids: Sequence[str], site: Site
    ) -> list[Sequence[str]]:
        """Return the jobs, as many as a command takes."""
        del control, site
        return groups_of(job_ids, 1000)

    def control_results(
        self, control: Control, result: CommandResult, job_ids: Sequence[str]
    ) -> list[CommandResult]:
        """Return what was said of each job: there is a line for each of them."""
        del control
        return answers_by_job(result, job_ids, _named_in, done=_CONTROLLED)

    def check_control(self, control: Control, result: CommandResult, job_id: str) -> None:
        """Raise what the answer means: errors are on standard output, exit codes say little."""
        said = result.text() + result.error_text()
        if "does not exist" in said or "invalid queue or job" in said:
            raise NoSuchJobException.because(
                f"job {job_id} is not known to Grid Engine, or has ended", job=job_id
            )
        if "denied" in said or "not allowed" in said:
            raise result.failure(
                PermissionDeniedException, f"the user may not {control.value} job {job_id}"
            )
        if not result.ok:
            raise result.failure(
                XenonException, f"Grid Engine could not {control.value} job {job_id}: {said}"
            )


def _named_in(line: str) -> list[str]:
    """Return the jobs that a line may mean: that of a plain job can call it task 1 of it."""
    names = []
    for job_id, task in _NAMED.findall(line):
        names += [f"{job_id}.{task}" if task else job_id, job_id.partition(".")[0]]
    return names
