"""The ``slurm`` adaptor: Slurm by its command-line tools, version 20 and newer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from xenon_adaptors.descriptions import SLURM
from xenon_adaptors.slurm_protocol.listing import (
    TASK_ID,
    parse_id_list,
    parse_sacct,
    parse_squeue,
    sacct_command,
    squeue_command,
)
from xenon_adaptors.slurm_protocol.submitting import comment_of, parse_sbatch, sbatch_command
from xenon_py.exceptions import (
    IncompatibleVersionException,
    NoSuchJobException,
    NotConnectedException,
    PermissionDeniedException,
    XenonException,
)
from xenon_py.model.descriptions import SchedulerAdaptorDescription
from xenon_py.model.jobs import JobDescription, QueueStatus
from xenon_py.plugin.batch import (
    BatchAdaptor,
    BatchJob,
    Control,
    CouldNotAskError,
    Listing,
    Site,
)
from xenon_py.plugin.runner import CommandResult

_QUEUE_FIELDS = ("partition", "available", "timelimit", "nodes", "state", "nodelist", "cpus")


class SlurmAdaptor(BatchAdaptor):
    """Slurm: ``sbatch``, ``squeue``, ``sacct``, ``scontrol``, ``scancel``, ``sinfo``, ``srun``."""

    description: ClassVar[SchedulerAdaptorDescription] = SLURM
    job_id_text: ClassVar[str] = "$SLURM_JOB_ID"
    task_id_text: ClassVar[str] = "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
    array_index_text: ClassVar[str] = "$SLURM_ARRAY_TASK_ID"
    id_pattern: ClassVar[re.Pattern[str]] = TASK_ID
    scrub: ClassVar[tuple[str, ...]] = (
        "SBATCH_",
        "SQUEUE_",
        "SACCT_",
        "SINFO_",
        "SCANCEL_",
        "SLURM_",
    )
    environment: ClassVar[Mapping[str, str]] = {"SLURM_TIME_FORMAT": "%s", "LC_ALL": "C"}
    max_ids: ClassVar[int] = 5000
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
                "there is no Slurm here: sbatch --version does not answer",
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
            details={"min_job_age": settings.get("MinJobAge", "").strip()},
        )

    # --- submitting -----------------------------------------------------------------------------

    def submit_command(self, job: BatchJob, site: Site) -> tuple[str, ...]:
        """Return ``sbatch`` with options as words."""
        del site
        return sbatch_command(job)

    def parse_submit(self, result: CommandResult, site: Site) -> str:
        """Return the job's number."""
        del site
        return parse_sbatch(result)

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
        del site
        return squeue_command(job_ids)

    def parse_listing(self, result: CommandResult, job_ids: Sequence[str], site: Site) -> Listing:
        """Return what ``squeue`` says."""
        del site
        return parse_squeue(result, job_ids)

    def accounting_command(self, job_ids: Sequence[str], site: Site) -> tuple[str, ...] | None:
        """Return one ``sacct`` for all jobs that ``squeue`` does not know."""
        return sacct_command(job_ids) if site.accounting else None

    def parse_accounting(
        self, result: CommandResult, job_ids: Sequence[str], site: Site
    ) -> Listing:
        """Return what ``sacct`` says."""
        del site
        return parse_sacct(result, job_ids)

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
        if control is Control.CANCEL:
            return ("scancel", "-v", *job_ids)
        if control is Control.SIGNAL:
            return ("scancel", "-v", f"--signal={signal}", "--full", *job_ids)
        return ("scontrol", control.value, ",".join(job_ids))

    def check_control(self, control: Control, result: CommandResult, job_id: str) -> None:
        """Raise what the answer means; ``scancel`` says it on standard error, with exit code 0."""
        said = result.error_text() + result.text()
        if "already completing or completed" in said or "Invalid job id" in said:
            raise NoSuchJobException.because(
                f"job {job_id} is not known to Slurm, or has ended", job=job_id
            )
        if "already finished" in said or "Job has already finished" in said:
            raise NoSuchJobException.because(f"job {job_id} has ended", job=job_id)
        if "permission denied" in said or "Invalid user id" in said:
            raise result.failure(
                PermissionDeniedException, f"the user may not {control.value} job {job_id}"
            )
        if not result.ok:
            raise result.failure(XenonException, f"Slurm could not {control.value} job {job_id}")
