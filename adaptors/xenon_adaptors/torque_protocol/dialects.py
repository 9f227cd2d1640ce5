"""The table of what differs between TORQUE and OpenPBS (PBS Pro), and how they are told apart."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from xenon_py.exceptions import IncompatibleVersionException
from xenon_py.model.jobs import JobReason
from xenon_py.plugin.runner import CommandResult


class Ending(NamedTuple):
    """What a negative exit status means."""

    reason: JobReason
    message: str


@dataclass(frozen=True)
class Dialect:
    """A kind of PBS.

    Attributes:
        name: as it is told to people.
        ended: letters of the states of jobs that have ended.
        array: the option of ``qsub`` for arrays.
        index_lists: the option takes ``1,3,5``; else it takes a step.
        single_index: an array may have one task only.
        task_holds: tasks of an array are held and released one by one.
        task_dependencies: jobs may depend on one task of an array.
        array_dependency: the kind of dependency on a whole array that has to end well.
        exit_status: attribute with the exit status.
        started: attribute with the time of the start.
        finished: attribute with the time of the end.
        submitted: attribute with the command line of ``qsub``.
        endings: meanings of negative exit statuses.
    """

    name: str
    ended: frozenset[str]
    array: str
    index_lists: bool
    single_index: bool
    task_holds: bool
    task_dependencies: bool
    array_dependency: str
    exit_status: str
    started: str
    finished: str
    submitted: str
    endings: Mapping[int, Ending]


TORQUE = Dialect(
    name="TORQUE",
    ended=frozenset("C"),
    array="-t",
    index_lists=True,
    single_index=True,
    task_holds=True,
    task_dependencies=True,
    array_dependency="afterokarray",
    exit_status="exit_status",
    started="start_time",
    finished="comp_time",
    submitted="submit_args",
    endings={
        -10: Ending(JobReason.MEMORY, "it used more memory than it asked for"),
        -11: Ending(JobReason.TIME_LIMIT, "walltime"),
        -12: Ending(JobReason.TIME_LIMIT, "CPU time"),
    },
)

OPENPBS = Dialect(
    name="OpenPBS",
    ended=frozenset("FX"),
    array="-J",
    index_lists=False,
    single_index=False,
    task_holds=False,
    task_dependencies=False,
    array_dependency="afterok",
    exit_status="Exit_status",
    started="stime",
    finished="obittime",
    submitted="Submit_arguments",
    endings={
        -24: Ending(JobReason.UNKNOWN, "it used more CPUs than it asked for"),
        -25: Ending(JobReason.UNKNOWN, "it used more CPUs than it asked for"),
        -26: Ending(JobReason.MEMORY, "it used more virtual memory than it asked for"),
        -27: Ending(JobReason.MEMORY, "it used more memory than it asked for"),
        -28: Ending(JobReason.TIME_LIMIT, "CPU time"),
        -29: Ending(JobReason.TIME_LIMIT, "walltime"),
    },
)

DIALECTS = {dialect.name: dialect for dialect in (TORQUE, OPENPBS)}

_OPENPBS = re.compile(r"^\s*pbs_version\s*=\s*(\S+)", re.MULTILINE | re.IGNORECASE)
_TORQUE = re.compile(r"^\s*version:[ \t]*(\S*)", re.MULTILINE | re.IGNORECASE)
_JSON_SINCE = 14
"""First major version of PBS Pro whose ``qstat`` knows ``-F json``."""


def detect(result: CommandResult, *, lenient: bool) -> tuple[Dialect, str]:
    """Return the dialect and the version that ``qstat --version`` tells.

    TORQUE answers on standard error, OpenPBS on standard output.

    Args:
        result: of ``qstat --version``.
        lenient: take whatever else answers for a TORQUE.

    Raises:
        IncompatibleVersionException: it is neither; the message says what it is.
    """
    said = result.text() + "\n" + result.error_text()
    if found := _OPENPBS.search(said):
        return OPENPBS, found.group(1)
    if result.ok and (found := _TORQUE.search(said)):
        return TORQUE, found.group(1)
    if "Unknown option: version" in said:
        raise result.failure(
            IncompatibleVersionException,
            "qstat here is Slurm's imitation of TORQUE, which lacks much: use the adaptor slurm",
        )
    if "usage: qstat" in said and "-xml" in said:
        raise result.failure(
            IncompatibleVersionException,
            "qstat here is that of Grid Engine: use the adaptor gridengine",
        )
    if lenient and result.ok:
        return TORQUE, ""
    raise result.failure(
        IncompatibleVersionException,
        "there is no TORQUE, OpenPBS or PBS Pro here: qstat --version tells no version of theirs",
    )


def knows_json(version: str) -> bool:
    """Tell whether this version of PBS Pro or OpenPBS lists jobs as JSON."""
    found = re.search(r"[0-9]+", version)
    return found is None or int(found.group()) >= _JSON_SINCE
