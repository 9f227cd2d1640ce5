"""The ``qsub`` command and what it answers."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

from xenon_adaptors.torque_protocol.dialects import TORQUE, Dialect
from xenon_adaptors.torque_protocol.ids import full_id
from xenon_adaptors.torque_protocol.refusals import SUBMISSION_VARIABLE, submission_refused
from xenon_py.exceptions import InvalidJobDescriptionException, UnsupportedJobDescriptionException
from xenon_py.model.jobs import ArrayRange, Job, JobDescription
from xenon_py.model.start_time import parse_start_time
from xenon_py.plugin.batch import BatchJob
from xenon_py.plugin.runner import CommandResult

_ID = re.compile(r"^([0-9]+(?:\[\])?(?:\.[A-Za-z0-9_.-]+)?)$", re.MULTILINE)
_NAME_LENGTH = 15
"""Longer names are refused by older servers of both kinds."""
_FORBIDDEN = ("-z", "-I", "-X", "-x")
"""Options of ``qsub`` that print no identifier, or wait for a terminal."""
_MOST_INDICES = 2000
"""So many indices may be told one by one."""


def qsub_command(job: BatchJob, dialect: Dialect, server: str) -> tuple[str, ...]:
    """Return the submit command; a field that is not set is not there.

    ``-f`` keeps OpenPBS from leaving a process behind; ``-m n`` keeps both from mailing.

    Args:
        job: the job.
        dialect: TORQUE or OpenPBS.
        server: name of the server, for identifiers that tell none.

    Raises:
        UnsupportedJobDescriptionException: this kind of PBS cannot do it.
        InvalidJobDescriptionException: an option would break the submission.
    """
    description = job.description
    arguments = description.scheduler_arguments
    _check_arguments(arguments)
    return (
        "qsub",
        *(() if dialect is TORQUE else ("-f",)),
        *("-S", "/bin/sh", "-N", job_name(description.name)),
        *("-j", "oe", "-o", "/dev/null"),
        *(() if "-m" in arguments else ("-m", "n")),
        *(() if "-v" in arguments else ("-v", f"{SUBMISSION_VARIABLE}=x{job.token}")),
        *(("-V",) if description.inherit_environment else ()),
        *(("-q", description.queue_name) if description.queue_name else ()),
        *_resources(description, dialect),
        *_policy(description, dialect, server),
        *(_array(job.span, dialect) if job.span else ()),
        *arguments,
    )


def _check_arguments(arguments: Sequence[str]) -> None:
    for word in arguments:
        if word in _FORBIDDEN or re.fullmatch(r"(-W)?block=(true|y|1|t)", word, re.IGNORECASE):
            raise InvalidJobDescriptionException.because(
                f"scheduler_arguments: {word!r} keeps qsub from printing the job's identifier"
            )


def job_name(name: str) -> str:
    """Return a name that both kinds of PBS take in all their versions."""
    clean = re.sub(r"[^A-Za-z0-9_.-]", "_", name) or "xenon"
    return (clean if clean[0].isalnum() else f"x{clean}")[:_NAME_LENGTH]


def _resources(description: JobDescription, dialect: Dialect) -> list[str]:
    if description.start_per_task:
        raise UnsupportedJobDescriptionException.because(
            "start_per_task: PBS starts a job once; start the tasks by mpirun or pbsdsh"
        )
    limits = _torque_limits(description) if dialect is TORQUE else _openpbs_limits(description)
    if description.max_runtime:
        hours, minutes = divmod(description.max_runtime, 60)
        limits.append(f"walltime={hours:02}:{minutes:02}:00")
    options = [word for limit in limits for word in ("-l", limit)]
    return options + (["-A", description.account] if description.account else [])


def _layout(description: JobDescription) -> tuple[int, int]:
    """Return the number of nodes (or parts of nodes), and of the tasks on each.

    Where nothing is said of nodes, each task may have one of its own.
    """
    tasks = max(description.tasks, 1)
    on_each = min(description.tasks_per_node or 1, tasks)
    return -(-tasks // on_each), on_each


def _is_plain(description: JobDescription) -> bool:
    """Tell whether a job asks for no more than one core, as it gets by itself."""
    return (
        description.tasks <= 1
        and description.cores_per_task <= 1
        and description.tasks_per_node <= 1
        and not description.gpus_per_task
    )


def _torque_limits(description: JobDescription) -> list[str]:
    """Return nodes, and memory: that of the whole job."""
    nodes, on_each = _layout(description)
    limits = []
    if not _is_plain(description):
        gpus = description.gpus_per_task * on_each
        each = f"ppn={on_each * max(description.cores_per_task, 1)}"
        limits.append(f"nodes={nodes}:{each}" + (f":gpus={gpus}" if gpus else ""))
    if description.max_memory:
        limits.append(f"mem={description.max_memory * nodes}mb")
    return limits


def _openpbs_limits(description: JobDescription) -> list[str]:
    """Return equal parts of nodes, each with its memory."""
    nodes, on_each = _layout(description)
    if _is_plain(description) and not description.max_memory:
        return []
    parts = [str(nodes), f"ncpus={on_each * max(description.cores_per_task, 1)}"]
    parts += [f"mpiprocs={on_each}"] if description.tasks > 1 else []
    parts += [f"mem={description.max_memory}mb"] if description.max_memory else []
    gpus = description.gpus_per_task * on_each
    parts += [f"ngpus={gpus}"] if gpus else []
    apart = ["place=scatter"] if nodes > 1 and description.tasks_per_node else []
    return [f"select={':'.join(parts)}", *apart]


def _policy(description: JobDescription, dialect: Dialect, server: str) -> list[str]:
    options = ["-h"] if description.hold else []
    ids = [j.id if isinstance(j, Job) else j for j in description.depends_on]
    if ids:
        options += ["-W", f"depend={_dependency(ids, dialect, server)}"]
    start = parse_start_time(description.start_time, datetime.datetime.now())
    if start is not None:
        options += ["-a", f"{start:%Y%m%d%H%M}"]
    return options


def _dependency(ids: Sequence[str], dialect: Dialect, server: str) -> str:
    kinds: dict[str, list[str]] = {}
    for text in ids:
        try:
            ident = full_id(text, server)
        except ValueError as error:
            raise InvalidJobDescriptionException.because(f"depends_on: {error}") from error
        if ident.index and not dialect.task_dependencies:
            raise UnsupportedJobDescriptionException.because(
                f"depends_on: {dialect.name} takes no single tasks of arrays; "
                f"depend on all of it: {ident.parent}"
            )
        kind = dialect.array_dependency if ident.brackets == "[]" else "afterok"
        kinds.setdefault(kind, []).append(str(ident))
    return ",".join(f"{kind}:{':'.join(found)}" for kind, found in kinds.items())


def is_single(span: ArrayRange | None) -> bool:
    """Tell whether an array has one task only."""
    return span is not None and span.begin + span.step > span.end


def _array(span: ArrayRange, dialect: Dialect) -> tuple[str, ...]:
    """Return the option for an array; none for one task where PBS has no such arrays."""
    indices = list(span.indices())
    if len(indices) == 1 and not dialect.single_index:
        return ()
    if len(indices) == 1:
        text = str(indices[0])
    elif span.step == 1:
        text = f"{span.begin}-{span.end}"
    elif not dialect.index_lists:
        text = f"{span.begin}-{span.end}:{span.step}"
    elif len(indices) <= _MOST_INDICES:
        text = ",".join(map(str, indices))
    else:
        raise UnsupportedJobDescriptionException.because(
            f"step: {dialect.name} has no steps; an array of more than {_MOST_INDICES} tasks "
            "cannot have one"
        )
    throttle = f"%{span.max_parallel}" if span.max_parallel else ""
    return (dialect.array, text + throttle)


def parse_qsub(result: CommandResult, dialect: Dialect) -> str:
    """Return the identifier that ``qsub`` printed; notices of the site may stand before it.

    Raises:
        CouldNotAskError: it is not known whether the job was submitted.
        XenonException: of the class that the refusal stands for, with PBS's words.
    """
    matches = _ID.findall(result.text())
    if result.ok and matches:
        return str(matches[-1])
    raise submission_refused(result, dialect.name)
