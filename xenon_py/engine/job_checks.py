"""Checks job descriptions and the other arguments of scheduler calls, before anything is sent.

========================  ======================================================================
field                     what is taken
========================  ======================================================================
executable                required; text or a path
arguments                 a list of text; numbers and paths become text; the empty text is fine
environment               names ``[A-Za-z_][A-Za-z0-9_]*``; values as arguments
names, queue, options     one line each
numbers                   integers >= 0; 0 = not set
interactive jobs          no stdin, stdout, stderr, hold
anything                  no NUL, nothing that UTF-8 (with surrogateescape) cannot hold
========================  ======================================================================

A field that is set and that the adaptor does not support is refused, never dropped.
"""

from __future__ import annotations

import datetime
import numbers
import os
import re
import signal
from collections.abc import Iterable, Mapping
from typing import Any

from xenon_py.exceptions import (
    IllegalArgumentException,
    IncompleteJobDescriptionException,
    InvalidJobDescriptionException,
    UnsupportedJobDescriptionException,
)
from xenon_py.model.descriptions import SchedulerAdaptorDescription
from xenon_py.model.jobs import ArrayRange, Job, JobDescription
from xenon_py.model.path import fspath_of
from xenon_py.model.shown import shown
from xenon_py.model.start_time import parse_start_time
from xenon_py.plugin.controls import Control

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_TEXTS = ("queue_name", "name", "account", "start_time")
_PATHS = ("executable", "working_directory", "stdin", "stdout", "stderr")
_NUMBERS = (
    *("max_runtime", "max_memory", "temp_space"),
    *("tasks", "cores_per_task", "tasks_per_node", "gpus_per_task"),
)
_MOST = 2**31 - 1


def checked_description(
    description: object, adaptor: SchedulerAdaptorDescription, *, interactive: bool = False
) -> JobDescription:
    """Return a normalised copy of a job description; the caller's object stays as it is.

    Lists and mappings are copied, numbers and paths are text, ``depends_on`` holds identifiers.

    Args:
        description: as the user gave it.
        adaptor: what it has to be able to do.
        interactive: whether the job's streams are to be pipes.

    Raises:
        IllegalArgumentException: it is no job description.
        IncompleteJobDescriptionException: there is no executable.
        InvalidJobDescriptionException: a field has a value that is not allowed.
        UnsupportedJobDescriptionException: a field is set that the adaptor cannot honour.
    """
    if not isinstance(description, JobDescription):
        raise IllegalArgumentException.because(
            f"description must be a JobDescription, not {type(description).__name__}"
        )
    values: dict[str, Any] = {}
    values |= {name: _line(name, getattr(description, name)) for name in _TEXTS}
    values |= {name: _path(name, getattr(description, name)) for name in _PATHS}
    values |= {name: _number(name, getattr(description, name)) for name in _NUMBERS}
    values["arguments"] = _words("arguments", description.arguments)
    values["environment"] = _environment(description.environment)
    values["scheduler_arguments"] = [
        _line("scheduler_arguments", word)
        for word in _words("scheduler_arguments", description.scheduler_arguments)
    ]
    values["depends_on"] = _dependencies(description.depends_on)
    values |= {n: _flag(n, getattr(description, n)) for n in ("start_per_task", "hold")}
    if description.inherit_environment is not None:
        values["inherit_environment"] = _flag(
            "inherit_environment", description.inherit_environment
        )
    checked = JobDescription(**values)
    _check_whole(checked, interactive=interactive)
    _check_abilities(checked, adaptor)
    return checked


def check_array_files(description: JobDescription) -> None:
    """Refuse an array of which all tasks would write the same file.

    Raises:
        InvalidJobDescriptionException: an output path has neither ``%a`` nor ``%j``.
    """
    for name in ("stdout", "stderr"):
        path = getattr(description, name)
        if path and "%a" not in path and "%j" not in path:
            raise InvalidJobDescriptionException.because(
                f"{name} = {path!r} would be the same file for all tasks of the array; put %a "
                "(index) or %j (job identifier) into it"
            )


def _invalid(name: str, why: str) -> InvalidJobDescriptionException:
    return InvalidJobDescriptionException.because(f"{name} of the job description {why}")


def _text(name: str, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _invalid(name, f"must be a str, not {shown(value)}")
    if "\0" in value:
        raise _invalid(name, f"holds a NUL character: {shown(value)}")
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise _invalid(name, f"holds a character that no system takes: {shown(value)}") from None
    return value


def _line(name: str, value: object) -> str:
    text = _text(name, value)
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise _invalid(name, f"must be one line without control characters, not {shown(text)}")
    return text


def _path(name: str, value: object) -> str:
    return _text(name, fspath_of(value))


def _word(name: str, value: object) -> str:
    if isinstance(value, os.PathLike):
        return _path(name, value)
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return _digits(name, value)
    if value is None:
        raise _invalid(name, "holds None")
    return _text(name, value)


def _digits(name: str, value: numbers.Real) -> str:
    try:
        return str(value)
    except ValueError:  # Python writes no integer of more than some 4,300 digits
        raise _invalid(name, f"holds {shown(value)}, too large to be written") from None


def _words(name: str, value: object) -> list[str]:
    if value is None:
        return []
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise _invalid(name, f"must be a list of texts, not {shown(value)}")
    return [_word(name, word) for word in value]


def _environment(value: object) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _invalid(
            "environment", f"must be a mapping of names to texts, not {type(value).__name__}"
        )
    for name in value:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise _invalid(
                "environment", f"has the name {shown(name)}; names are letters, digits and _ only"
            )
    return {name: _variable(name, text) for name, text in value.items()}


def _variable(name: str, value: object) -> str:
    """Return the value of a variable; a wrong one is not shown, as it may be a secret."""
    try:
        return _word("environment", value)
    except InvalidJobDescriptionException:
        raise _invalid(
            "environment",
            f"has a value for {shown(name)} that cannot be handed over; values are texts without "
            "NUL, numbers or paths",
        ) from None


def _number(name: str, value: object) -> int:
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST:
        raise _invalid(name, f"must be an integer from 0 to {_MOST}, not {shown(value)}")
    return value


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _invalid(name, f"must be True or False, not {shown(value)}")
    return value


def _dependencies(value: object) -> list[Job | str]:
    if value is None:
        return []
    try:
        return list(dict.fromkeys(job_ids_of(value, "depends_on")))
    except IllegalArgumentException as error:
        raise _invalid("depends_on", f"is wrong: {error.msg}") from error


def _check_whole(checked: JobDescription, *, interactive: bool) -> None:
    if not checked.executable:
        raise IncompleteJobDescriptionException.because(
            "executable of the job description is not set"
        )
    try:
        parse_start_time(checked.start_time, datetime.datetime.now().astimezone())
    except ValueError as error:
        raise _invalid("start_time", f"cannot be {shown(checked.start_time)}: {error}") from None
    if not interactive:
        return
    for name in ("stdin", "stdout", "stderr", "hold"):
        if getattr(checked, name):
            raise _invalid(name, "cannot be set for an interactive job")


def _check_abilities(checked: JobDescription, adaptor: SchedulerAdaptorDescription) -> None:
    many = adaptor.supports_multiple_tasks
    needs = {
        "tasks": (checked.tasks > 1, many),
        "cores_per_task": (checked.cores_per_task > 1, many),
        "tasks_per_node": (checked.tasks_per_node > 1, many),
        "gpus_per_task": (checked.gpus_per_task > 0, adaptor.supports_gpus),
        "account": (bool(checked.account), adaptor.supports_accounts),
        "max_memory": (checked.max_memory > 0, adaptor.supports_memory_limit),
        "temp_space": (checked.temp_space > 0, adaptor.supports_temp_space),
        "max_runtime": (checked.max_runtime > 0, adaptor.supports_runtime_limit),
        "start_time": (checked.start_time not in {"", "now"}, adaptor.supports_start_time),
        "depends_on": (bool(checked.depends_on), adaptor.supports_dependencies),
        "hold": (checked.hold, adaptor.supports_hold),
        "scheduler_arguments": (
            bool(checked.scheduler_arguments),
            adaptor.supports_scheduler_arguments,
        ),
    }
    for name, (wanted, able) in needs.items():
        if wanted and not able:
            raise UnsupportedJobDescriptionException.because(
                f"{adaptor.name} cannot honour {name} = {shown(getattr(checked, name))} of the job "
                "description; leave it unset",
                adaptor=adaptor.name,
            )


def job_id_of(job: object, argument: str = "job") -> str:
    """Return the identifier that a ``Job`` or text names.

    Raises:
        IllegalArgumentException: neither, or text that is no identifier of any system.
    """
    text = job.id if isinstance(job, Job) else job
    if not isinstance(text, str):
        raise IllegalArgumentException.because(
            f"{argument} must be a Job or an identifier, not {shown(job)}"
        )
    if not text or len(text) > 1000 or text[0] == "-" or not text.isprintable() or " " in text:
        raise IllegalArgumentException.because(f"{argument}: {shown(text)} is no job identifier")
    return text


def job_ids_of(jobs: object, argument: str = "jobs") -> list[str]:
    """Return the identifiers of several jobs, in order.

    Raises:
        IllegalArgumentException: not a collection of jobs and identifiers.
    """
    return [job_id_of(job, argument) for job in list_of(jobs, argument, "jobs")]


def names_of(names: object, argument: str) -> list[str]:
    """Return a list of names; ``None`` is an empty one.

    Raises:
        IllegalArgumentException: not a collection of non-empty texts.
    """
    if names is None:
        return []
    return [name_of(name, argument) for name in list_of(names, argument, "names")]


def name_of(name: object, argument: str) -> str:
    """Return ``name``, which has to be one non-empty line of text.

    Raises:
        IllegalArgumentException: it is not.
    """
    if not isinstance(name, str) or not name or not name.isprintable():
        raise IllegalArgumentException.because(f"{argument} must be a name, not {shown(name)}")
    return name


def signal_of(name: object) -> str:
    """Return the name of a signal without ``SIG``, e.g. ``USR1`` for ``SIGUSR1`` or ``usr1``.

    Raises:
        IllegalArgumentException: it is no name of a POSIX signal.
    """
    text = name.upper().removeprefix("SIG") if isinstance(name, str) else ""
    if f"SIG{text}" not in signal.Signals.__members__:
        raise IllegalArgumentException.because(
            f"name must be the name of a signal such as USR1 or TERM, not {shown(name)}"
        )
    return text


def action_of(action: object) -> Control:
    """Return the action that a word means.

    Raises:
        IllegalArgumentException: it is none, or one that needs more to be told.
    """
    words = [one.value for one in Control if one is not Control.SIGNAL]
    if action not in words:
        raise IllegalArgumentException.because(
            f"action must be one of {', '.join(words)}, not {shown(action)}"
        )
    return Control(action)


def array_of(
    begin: object, end: object, step: object, max_parallel: object, most: int = 1_000_000
) -> ArrayRange:
    """Return the indices of a job array.

    Raises:
        IllegalArgumentException: no integers, a reversed range, a step below 1, too many indices.
    """
    for argument, value, least in (("begin", begin, 0), ("end", end, 0), ("step", step, 1)):
        _check_integer(argument, value, least)
    if max_parallel is not None:
        _check_integer("max_parallel", max_parallel, 1)
    span = ArrayRange(begin, end, step, max_parallel)  # type: ignore[arg-type]
    if span.end < span.begin:
        raise IllegalArgumentException.because(
            f"end must not be below begin: {span.begin} to {span.end}"
        )
    if len(range(span.begin, span.end + 1, span.step)) > most:
        raise IllegalArgumentException.because(f"an array has at most {most} indices")
    return span


def _check_integer(argument: str, value: object, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= _MOST:
        raise IllegalArgumentException.because(
            f"{argument} must be an integer from {least} to {_MOST}, not {shown(value)}"
        )


def list_of(values: object, argument: str, what: str) -> list[object]:
    """Return the elements of a collection, each to be checked by the caller.

    Raises:
        IllegalArgumentException: it is text, a mapping, or no collection at all.
    """
    if isinstance(values, (str, bytes, Job, Mapping)) or not isinstance(values, Iterable):
        raise IllegalArgumentException.because(
            f"{argument} must be a list of {what}, not {shown(values)}"
        )
    return list(values)
