"""The ``slurm`` adaptor: Slurm by its command-line tools, version 20 and newer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from xenon_adaptors.descriptions import SLURM
from xenon_adaptors.slurm_protocol.ids import (
    JOB_ID,
    NOISE,
    bare,
    cluster_of,
    federated,
    named_in,
    task_id,
)
from xenon_adaptors.slurm_protocol.listing import (
    parse_id_list,
    parse_sacct,
    parse_squeue,
    sacct_command,
    squeue_command,
)
from xenon_adaptors.slurm_protocol.submitting import (
    comment_of,
    parse_sbatch,
    refusal,
    sbatch_command,
    srun_command,
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
from xenon_py.plugin.batch import (
    INTERACTIVE_ERRORS,
    BatchAdaptor,
    BatchJob,
    Control,
    CouldNotAskError,
    Listing,
    Site,
)
from xenon_py.plugin.controls import answers_by_job, groups_of
from xenon_py.plugin.runner import CommandResult

_QUEUE_FIELDS = ("partition", "available", "timelimit", "nodes", "state", "nodelist", "cpus")


_CONTROLLED_AT_ONCE = 1000
"""Jobs in one ``scancel`` or ``scontrol``: some 20 kB of words."""

_OPERATORS = ": Slurm lets only operators suspend and resume jobs, their owners too (sacctmgr)"


class SlurmAdaptor(BatchAdaptor):
    """Slurm: ``sbatch``, ``squeue``, ``sacct``, ``scontrol``, ``scancel``, ``sinfo``, ``srun``."""

    description: ClassVar[SchedulerAdaptorDescription] = SLURM
    job_id_text: ClassVar[str] = "$SLURM_JOB_ID"
    task_id_text: ClassVar[str] = "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
    array_index_text: ClassVar[str] = "$SLURM_ARRAY_TASK_ID"
    rank_text: ClassVar[str] = "$SLURM_PROCID"
    system_text: ClassVar[str] = "$SLURM_CLUSTER_NAME"
    id_pattern: ClassVar[re.Pattern[str]] = JOB_ID
    scrub: ClassVar[tuple[str, ...]] = (
        "SBATCH_",
        "SQUEUE_",
        "SACCT_",
        "SINFO_",
        "SCANCEL_",
        "SLURM_",
    )
    environment: ClassVar[Mapping[str, str]] = {"SLURM_TIME_FORMAT": "%s"}
    max_ids: ClassVar[int] = 5000
    submits_at_once: ClassVar[int] = 8
    keep: ClassVar[tuple[str, ...]] = ("SLURM_CONF",)

    def probe_commands(self) -> Sequence[Sequence[str]]:
        """Ask for version, configuration and partitions."""
        return (
            ("sbatch", "--version"),
            ("scontrol", "show", "config"),
            ("sinfo", "-h", "-a", "-o", "%P"),
            ("sacct", "-X", "-n", "-P", "-j", "1", "-o", "JobID"),
        )

    def site(self, results: Sequence[CommandResult]) -> Site:
        """Return version, partitions and whether accounting answers; extra lines do not matter."""
        version, config, partitions, accounting = results
        if not version.ok:
            raise version.failure(
                IncompatibleVersionException,
                "sbatch --version failed; is Slurm installed and configured for this user here?",
            )
        if not partitions.ok:
            raise partitions.failure(NotConnectedException, "the Slurm controller does not answer")
        names = [line.strip() for line in partitions.text().splitlines() if line.strip()]
        settings = dict(re.findall(r"^(\w+)\s*= (.*)$", config.text(), re.MULTILINE))
        storage = settings.get("AccountingStorageType", "").strip()
        disabled = self.properties.boolean("slurm.disable.accounting.usage")
        usable = accounting.ok or "accounting_storage/slurmdbd" in storage
        return Site(
            version=version.text().strip(),
            queues=tuple(dict.fromkeys(name.rstrip("*") for name in names)),
            default_queue=next((name[:-1] for name in names if name.endswith("*")), ""),
            accounting=usable and not disabled,
            details={"cluster": settings.get("ClusterName", "").strip()},
        )

    # --- submitting -----------------------------------------------------------------------------

    def submit_command(self, job: BatchJob, site: Site) -> tuple[str, ...]:
        """Return ``sbatch`` with options as words."""
        del site
        return sbatch_command(job)

    def parse_submit(self, result: CommandResult, site: Site) -> str:
        """Return the job's number, with the name of the cluster if ``-M`` was among the options."""
        del site
        return parse_sbatch(result)

    def array_ids(self, job_id: str, span: ArrayRange) -> list[str]:
        """Return ``7_1``, ``7_2`` and so on."""
        return [task_id(job_id, index) for index in span.indices()]

    def record_id(self, job_id: str, site: Site) -> str:
        """Return the identifier without its cluster."""
        del site
        return bare(job_id)

    def system_of(self, job_id: str, site: Site) -> str | None:
        """Return the name of the job's cluster; a federation may run it on any."""
        if federated(job_id):
            return None
        return cluster_of(job_id) or site.details["cluster"]

    def known_id(self, job_id: str, system: str, site: Site) -> str:
        """Return the identifier with the cluster, if it is another one (``srun -M``)."""
        return job_id if system in {"", site.details["cluster"]} else f"{job_id};{system}"

    def interactive_command(
        self, job: BatchJob, site: Site, script: Sequence[str]
    ) -> tuple[str, ...]:
        """Return ``srun``."""
        del site
        return srun_command(job, script, INTERACTIVE_ERRORS)

    def interactive_failure(self, result: CommandResult, site: Site) -> XenonException:
        """Return what ``srun`` said."""
        del site
        return refusal(result)

    def launcher(self, description: JobDescription) -> tuple[str, ...]:
        """Return ``srun``: one process per task, with the environment that the script made."""
        return ("srun", "--export=ALL") if description.start_per_task else ()

    def find_by_token_command(self, token: str, site: Site) -> tuple[str, ...]:
        """Return the query for identifiers and comments of the user's jobs."""
        del token, site
        return ("squeue", "-h", "-a", "-t", "all", "-O", "arrayjobid:40,comment:60")

    def parse_find_by_token(self, result: CommandResult, token: str, site: Site) -> list[str]:
        """Return the jobs whose comment is that of the token."""
        del site
        if not result.ok:
            raise CouldNotAskError(result.error_text())
        rows = (line.split() for line in result.text().splitlines())
        return list(dict.fromkeys(row[0] for row in rows if row[1:] == [comment_of(token)]))

    # --- asking ---------------------------------------------------------------------------------

    def listing_command(self, job_ids: Sequence[str], site: Site) -> tuple[str, ...]:
        """Return one ``squeue`` for all jobs."""
        return squeue_command(job_ids, site.details["cluster"])

    def parse_listing(self, result: CommandResult, job_ids: Sequence[str], site: Site) -> Listing:
        """Return what ``squeue`` says."""
        return parse_squeue(result, job_ids, site.details["cluster"])

    def by_hand(self, job_id: str, site: Site) -> list[tuple[str, ...]]:
        """Return ``squeue`` and ``sacct`` for one job, without what a terminal does not show."""
        return [tuple(w for w in each if w.isprintable()) for each in super().by_hand(job_id, site)]

    def accounting_command(self, job_ids: Sequence[str], site: Site) -> tuple[str, ...] | None:
        """Return one ``sacct`` for all jobs that ``squeue`` does not know."""
        return sacct_command(job_ids, site.details["cluster"]) if site.accounting else None

    def parse_accounting(
        self, result: CommandResult, job_ids: Sequence[str], site: Site
    ) -> Listing:
        """Return what ``sacct`` says."""
        return parse_sacct(result, job_ids, site.details["cluster"])

    def jobs_command(self, queues: Sequence[str], site: Site) -> tuple[str, ...]:
        """Return ``squeue`` for live jobs, one line for each array task."""
        del site
        chosen = ("-p", ",".join(queues)) if queues else ()
        return ("squeue", "-h", "-a", "-r", "-o", "%i", *chosen)

    def parse_jobs(self, result: CommandResult, queues: Sequence[str], site: Site) -> list[str]:
        """Return their identifiers."""
        del queues, site
        return parse_id_list(result)

    def queues_command(self, queues: Sequence[str], site: Site) -> tuple[str, ...]:
        """Return ``sinfo`` for these partitions."""
        del site
        return ("sinfo", "-h", "-o", "%P|%a|%l|%D|%T|%N|%C", "-p", ",".join(queues))

    def parse_queues(
        self, result: CommandResult, queues: Sequence[str], site: Site
    ) -> list[QueueStatus]:
        """Return a status per partition; several lines of one are joined by blanks."""
        del site
        if not result.ok:
            raise CouldNotAskError(result.error_text())
        found: dict[str, dict[str, str]] = {}
        for line in result.text().splitlines():
            values = line.split("|")
            if len(values) != len(_QUEUE_FIELDS):
                continue
            row = found.setdefault(values[0].rstrip("*"), {})
            for key, value in zip(_QUEUE_FIELDS, values, strict=True):
                known = row.get(key, "")
                row[key] = known if value in known.split() else f"{known} {value}".strip()
        return [QueueStatus(name, found.get(name, {})) for name in queues]

    # --- controlling ----------------------------------------------------------------------------

    def control_command(
        self, control: Control, job_ids: Sequence[str], site: Site, signal: str = ""
    ) -> tuple[str, ...]:
        """Return ``scancel`` or ``scontrol``; ``-v`` makes ``scancel`` tell of unknown jobs."""
        del site
        cluster = cluster_of(job_ids[0])
        where = ("-M", cluster) if cluster else ()
        numbers = [bare(job_id) for job_id in job_ids]
        if control is Control.CANCEL:
            return ("scancel", "-v", *where, *numbers)
        if control is Control.SIGNAL:
            return ("scancel", "-v", *where, f"--signal={signal}", "--full", *numbers)
        return ("scontrol", *where, control.value, ",".join(numbers))

    def control_groups(
        self, control: Control, job_ids: Sequence[str], site: Site
    ) -> list[Sequence[str]]:
        """Return the jobs by cluster, as many as a command takes."""
        del control, site
        clusters: dict[str, list[str]] = {}
        for job_id in job_ids:
            clusters.setdefault(cluster_of(job_id), []).append(job_id)
        return [part for ids in clusters.values() for part in groups_of(ids, _CONTROLLED_AT_ONCE)]

    def control_results(
        self, control: Control, result: CommandResult, job_ids: Sequence[str]
    ) -> list[CommandResult]:
        """Return what was said of each job: errors name it, success is silent."""
        del control
        numbers = [bare(job_id) for job_id in job_ids]
        return answers_by_job(result, numbers, named_in, noise=NOISE)

    def check_control(self, control: Control, result: CommandResult, job_id: str) -> None:
        """Raise what the answer means; ``scancel`` says it on standard error, with exit code 0."""
        said = result.error_text() + result.text()
        unknown = (
            "already completing or completed",
            "Invalid job id",
            "Unexpected message received",
        )
        if any(text in said for text in unknown):
            raise NoSuchJobException.because(
                f"job {job_id} is not known to Slurm, or has ended", job=job_id
            )
        if "already finished" in said or "Job has already finished" in said:
            raise NoSuchJobException.because(f"job {job_id} has ended", job=job_id)
        if "permission denied" in said or "Invalid user id" in said:
            hint = _OPERATORS if control in {Control.SUSPEND, Control.RESUME} else ""
            raise result.failure(
                PermissionDeniedException, f"the user may not {control.value} job {job_id}{hint}"
            )
        if not result.ok:
            raise result.failure(XenonException, f"Slurm could not {control.value} job {job_id}")
