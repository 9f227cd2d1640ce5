"""The ``sbatch`` command and what it answers."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

from xenon_adaptors.slurm_protocol.ids import bare
from xenon_py.exceptions import (
    InvalidJobDescriptionException,
    NoSuchQueueException,
    NotConnectedException,
    PermissionDeniedException,
    UnsupportedJobDescriptionException,
    XenonException,
)
from xenon_py.model.jobs import ArrayRange, Job, JobDescription
from xenon_py.model.start_time import parse_start_time
from xenon_py.plugin.batch import BatchJob, CouldNotAskError
from xenon_py.plugin.runner import CommandResult

_ID = re.compile(r"^([0-9]+(?:;[A-Za-z0-9_.-]+)?)$", re.MULTILINE)

_REFUSALS: tuple[tuple[str, type[XenonException]], ...] = (
    ("invalid partition", NoSuchQueueException),
    ("Unable to contact slurm controller", NotConnectedException),
    ("Access/permission denied", PermissionDeniedException),
    ("User's group not permitted", PermissionDeniedException),
    ("Invalid account or account/partition", InvalidJobDescriptionException),
    ("unrecognized option", InvalidJobDescriptionException),
    ("Invalid --", InvalidJobDescriptionException),
    ("Requested time limit is invalid", UnsupportedJobDescriptionException),
    ("More processors requested than permitted", UnsupportedJobDescriptionException),
    ("Memory specification can not be satisfied", UnsupportedJobDescriptionException),
    ("Requested node configuration is not available", UnsupportedJobDescriptionException),
    ("Invalid job array specification", UnsupportedJobDescriptionException),
    ("Invalid feature specification", UnsupportedJobDescriptionException),
    ("Batch job submission failed", InvalidJobDescriptionException),
)

_IN_DOUBT = (
    "Socket timed out",
    "Zero Bytes were transmitted",
    "receive failure",
    "Unexpected message received",
)
"""What ``sbatch`` says when its request was sent and no answer came: the job may be there."""


def comment_of(token: str) -> str:
    """Return the comment by which a submission is found again."""
    return f"xenon:{token}"


def sbatch_command(job: BatchJob) -> tuple[str, ...]:
    """Return the submit command; a field that is not set is not there."""
    description = job.description
    return (
        "sbatch",
        "--parsable",
        f"--job-name={description.name or 'xenon'}",
        f"--chdir={description.working_directory}",
        "--output=/dev/null",
        "--error=/dev/null",
        f"--comment={comment_of(job.token)}",
        f"--export={'ALL' if description.inherit_environment else 'NONE'}",
        *resource_options(description),
        *_policy_options(description),
        *(array_option(job.span) if job.span else ()),
        *description.scheduler_arguments,
    )


def resource_options(description: JobDescription) -> list[str]:
    """Return the options for queue, tasks, cores, memory, time and the like."""
    numbers = {
        "ntasks": description.tasks,
        "cpus-per-task": description.cores_per_task,
        "ntasks-per-node": description.tasks_per_node,
        "time": description.max_runtime,
        "gpus-per-task": description.gpus_per_task,
    }
    options = [f"--partition={description.queue_name}"] if description.queue_name else []
    if description.gpus_per_task and not description.tasks:
        numbers["ntasks"] = 1  # sbatch wants to know the number of tasks of --gpus-per-task
    options += [f"--{name}={value}" for name, value in numbers.items() if value > 0]
    options += [f"--mem={description.max_memory}M"] if description.max_memory > 0 else []
    options += [f"--tmp={description.temp_space}M"] if description.temp_space > 0 else []
    options += [f"--account={description.account}"] if description.account else []
    return options


def _policy_options(description: JobDescription) -> list[str]:
    options = ["--hold"] if description.hold else []
    if description.depends_on:
        ids = [j.id if isinstance(j, Job) else j for j in description.depends_on]
        options.append(f"--dependency=afterok:{':'.join(map(bare, ids))}")
        options.append("--kill-on-invalid-dep=yes")  # else it would wait for ever
    start = parse_start_time(description.start_time, datetime.datetime.now())
    if start is not None:
        options.append(f"--begin={start:%Y-%m-%dT%H:%M:00}")
    return options


def srun_command(job: BatchJob, script: Sequence[str], errors: str) -> tuple[str, ...]:
    """Return the command of an interactive job.

    Args:
        job: the job.
        script: what each task runs.
        errors: number of the open file for standard error; ``srun`` itself prints on 2.
    """
    description = job.description
    return (
        "srun",
        f"--job-name={description.name or 'xenon'}",
        f"--comment={comment_of(job.token)}",
        f"--error=/dev/fd/{errors}",
        *(() if description.start_per_task else ("--input=0",)),
        "--export=ALL",
        *resource_options(description),
        *_policy_options(description),
        *description.scheduler_arguments,
        *script,
    )


def array_option(span: ArrayRange) -> tuple[str, ...]:
    """Return the option for an array, with its throttle."""
    step = f":{span.step}" if span.step != 1 else ""
    throttle = f"%{span.max_parallel}" if span.max_parallel else ""
    return (f"--array={span.begin}-{span.end}{step}{throttle}",)


def parse_sbatch(result: CommandResult) -> str:
    """Return the identifier that ``sbatch --parsable`` printed, with the cluster, if any.

    Raises:
        CouldNotAskError: it is not known whether the controller took the job.
        XenonException: of the class that the refusal stands for, with Slurm's own words.
    """
    matches = _ID.findall(result.text())
    said = result.error_text()
    if matches and (result.ok or "error:" not in said):  # --wait exits as the job does
        return str(matches[-1])
    if any(text.lower() in said.lower() for text in _IN_DOUBT):
        raise CouldNotAskError(_first_error(said))
    raise refusal(result)


def refusal(result: CommandResult) -> XenonException:
    """Return what a failed ``sbatch`` or ``srun`` means."""
    said = result.error_text()
    for text, kind in _REFUSALS:
        if text.lower() in said.lower():
            return result.failure(kind, f"Slurm refused the job: {_first_error(said)}")
    return result.failure(XenonException, f"Slurm gave no job identifier: {_first_error(said)}")


def _first_error(said: str) -> str:
    lines = [line for line in said.splitlines() if "error:" in line] or said.splitlines()
    return lines[-1].partition("error: ")[2] or lines[-1] if lines else "it gave no reason"
