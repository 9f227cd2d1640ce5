"""The ``qsub`` command and what it answers."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping

from xenon_py.exceptions import (
    InvalidJobDescriptionException,
    NoSuchQueueException,
    NotConnectedException,
    PermissionDeniedException,
    UnsupportedJobDescriptionException,
    XenonException,
)
from xenon_py.model.jobs import JobDescription
from xenon_py.model.start_time import parse_start_time
from xenon_py.plugin.batch import BatchJob
from xenon_py.plugin.runner import CommandResult
from xenon_py.plugin.scripts import RECORDS

_ID = re.compile(r"^([0-9]+)(?:\.[0-9]+-[0-9]+:[0-9]+)?$", re.MULTILINE)
_LONG_ID = re.compile(r"^Your job(?:-array)? ([0-9]+)[. ]", re.MULTILINE)

CONTEXT = "xenon_token"
"""Name of the job's context variable that holds the token of its submission."""

_REFUSALS: tuple[tuple[str, type[XenonException]], ...] = (
    ("unknown queue", NoSuchQueueException),
    ("parallel environment", UnsupportedJobDescriptionException),
    ("unable to contact qmaster", NotConnectedException),
    ("got send error", NotConnectedException),
    ("denied", PermissionDeniedException),
    ("no suitable queues", UnsupportedJobDescriptionException),
    ("unknown resource", UnsupportedJobDescriptionException),
    ("Unable to run job", InvalidJobDescriptionException),
    ("invalid option", InvalidJobDescriptionException),
)


# Argument: a token. Prints the numbers of jobs that have it: those that began, and live ones.
_BY_TOKEN = f"""\
cat -- "$HOME/{RECORDS}/$1"/start* 2>/dev/null | sed -n 's/^id=\\([0-9][0-9]*\\).*/\\1/p'
xenon_all=$(qstat -j '*' 2>&1) || case $xenon_all in
  *'do not exist'*) exit 0;; *) echo "$xenon_all" >&2; exit 1;;
esac
printf '%s\\n' "$xenon_all" | awk -v token="{CONTEXT}=$1" '
  $1 == "job_number:" {{ number = $2 }}
  $1 == "context:" && index("," $2 ",", "," token ",") {{ print number }}'
"""


def find_by_token_command(token: str) -> tuple[str, ...]:
    """Return the command that prints the numbers of the jobs of a submission."""
    return ("/bin/sh", "-c", _BY_TOKEN, "sh", token)


def qsub_command(job: BatchJob, environments: Mapping[str, str]) -> tuple[str, ...]:
    """Return the submit command.

    The first line of the script and ``-S`` name the same shell: which of them counts depends on
    the queue. The directory is ``/``, which is everywhere; the script goes where it has to. The
    next options undo what request files (sge_request(5)) may say; the token makes the job findable.

    Args:
        job: the job.
        environments: allocation rules of the parallel environments, by name.
    """
    description = job.description
    return (
        *("qsub", "-terse", "-S", "/bin/sh", "-wd", "/", "-o", "/dev/null", "-e", "/dev/null"),
        *("-b", "n", "-now", "n", "-ac", f"{CONTEXT}={job.token}"),
        *("-N", job_name(description.name)),
        *(("-V",) if description.inherit_environment else ()),
        *_resources(description, environments),
        *_policy(description),
        *_array(job),
        *description.scheduler_arguments,
    )


def job_name(name: str) -> str:
    """Return a name that Grid Engine takes: letters first, no blanks, no special characters."""
    clean = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
    if not clean:
        return "xenon"
    reserved = clean.lower() in {"none", "all", "template"}
    return f"x{clean}" if reserved or not clean[0].isalpha() else clean


def _resources(description: JobDescription, environments: Mapping[str, str]) -> list[str]:
    slots = max(description.tasks, 1) * max(description.cores_per_task, 1)
    options = ["-q", description.queue_name] if description.queue_name else []
    if slots > 1 and "-pe" not in description.scheduler_arguments:
        options += ["-pe", _environment(description, environments), str(slots)]
    limits = []
    if description.max_runtime:
        limits.append(f"h_rt={60 * description.max_runtime}")
    if description.max_memory:
        here = min(
            slots, (description.tasks_per_node or slots) * max(description.cores_per_task, 1)
        )
        limits.append(f"h_vmem={-(-description.max_memory // here)}M")  # Grid Engine: per slot
    if description.temp_space:
        limits.append(f"tmpspace={description.temp_space}M")
    options += ["-l", ",".join(limits)] if limits else []
    return options + (["-A", description.account] if description.account else [])


def _environment(description: JobDescription, environments: Mapping[str, str]) -> str:
    """Return a parallel environment whose rule gives what is asked for."""
    per_node = description.tasks_per_node
    one_node = not per_node or per_node >= max(description.tasks, 1)
    cores = max(description.cores_per_task, 1)
    rules = ["$pe_slots"] if one_node else [str(per_node * cores)]
    if description.cores_per_task <= 1 and not per_node:
        rules += ["$fill_up", "$round_robin"]
    for rule in rules:
        for name, found in environments.items():
            if found == rule:
                return name
    raise UnsupportedJobDescriptionException.because(
        "tasks, cores_per_task: no parallel environment has the allocation rule "
        f"{' or '.join(rules)}; name one by scheduler_arguments=['-pe', name, slots]"
    )


def _policy(description: JobDescription) -> list[str]:
    options = ["-h"] if description.hold else []
    start = parse_start_time(description.start_time, datetime.datetime.now())
    if start is not None:
        options += ["-a", f"{start:%Y%m%d%H%M}"]
    return options


def _array(job: BatchJob) -> list[str]:
    span = job.span
    if span is None:
        return []
    if span.begin < 1:
        raise UnsupportedJobDescriptionException.because(
            "begin: the indices of an array of Grid Engine start at 1 or higher"
        )
    throttle = ["-tc", str(span.max_parallel)] if span.max_parallel else []
    return ["-t", f"{span.begin}-{span.end}:{span.step}", *throttle]


def parse_qsub(result: CommandResult) -> str:
    """Return the number that ``qsub`` printed; warnings may stand before it.

    Where a request file says ``-sync y``, which no option undoes, ``qsub`` waits for the job and
    ends as that does.

    Raises:
        XenonException: of the class that the refusal stands for, with Grid Engine's words.
    """
    said = result.text()
    matches = _ID.findall(said) or _LONG_ID.findall(said)
    waited = re.search(r"^Job [0-9.]+ exited ", result.error_text() + said, re.MULTILINE)
    if matches and (result.ok or waited):
        return str(matches[-1])
    told = (result.error_text() + said).strip()
    for text, kind in _REFUSALS:
        if text.lower() in told.lower():
            raise result.failure(kind, f"Grid Engine refused the job: {told}")
    raise result.failure(XenonException, f"Grid Engine gave no job identifier: {told}")
