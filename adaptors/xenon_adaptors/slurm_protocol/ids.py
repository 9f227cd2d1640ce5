"""Identifiers: ``7``, ``7_3`` for a task of an array, ``7_3;name`` on another cluster (``-M``)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

TASK_ID = re.compile(r"[0-9]+(?:_[0-9]+)?")
JOB_ID = re.compile(r"[0-9]+(?:_[0-9]+)?(?:;[A-Za-z0-9_.-]+)?")


def bare(job_id: str) -> str:
    """Return an identifier without its cluster: as Slurm's commands take it."""
    return job_id.partition(";")[0]


def cluster_of(job_id: str) -> str:
    """Return the cluster in an identifier; ``""`` = the one that is asked anyway."""
    return job_id.partition(";")[2]


def federated(job_id: str) -> bool:
    """Tell whether a federation gave the number: bits 26 to 31 name the cluster of its origin."""
    return int(bare(job_id).partition("_")[0]) >> 26 > 0


def task_id(job_id: str, index: int) -> str:
    """Return the identifier of a task of an array."""
    number, semicolon, cluster = job_id.partition(";")
    return f"{number}_{index}{semicolon}{cluster}"


def base_ids(job_ids: Iterable[str]) -> list[str]:
    """Return ids for ``-j``: an array by its parent, each once."""
    return list(dict.fromkeys(bare(job_id).partition("_")[0] for job_id in job_ids))


def clusters_option(job_ids: Iterable[str], cluster: str) -> tuple[str, ...]:
    """Return the option that names the clusters, where there is more than the usual one.

    Args:
        job_ids: which jobs.
        cluster: the usual one.
    """
    names = dict.fromkeys(cluster_of(job_id) or cluster for job_id in job_ids)
    if not any(cluster_of(job_id) for job_id in job_ids):
        return ()
    return ("-M", ",".join(filter(None, names)))


def listed_id(text: str) -> str:
    """Return a number as users know it; ``""`` for a part of a job that another part stands for.

    A heterogeneous job is listed as ``7+0``, ``7+1`` …; its script runs in the first part.
    """
    number, plus, part = text.partition("+")
    return "" if plus and part.isdigit() and part != "0" else number if part == "0" else text


class Wanted:
    """The jobs that were asked for, by number and cluster.

    Args:
        job_ids: which.
        cluster: the usual cluster.
    """

    def __init__(self, job_ids: Sequence[str], cluster: str) -> None:
        self._by_number = {(bare(i), cluster_of(i) or cluster): i for i in job_ids}
        self._plain = not any(map(cluster_of, job_ids))
        self._names = {bare(i): i for i in job_ids}

    def elsewhere(self, answered: Collection[str]) -> frozenset[str]:
        """Return the jobs of clusters that gave no answer, where clusters were asked by name."""
        if self._plain:
            return frozenset()
        return frozenset(i for (_, at), i in self._by_number.items() if at not in answered)

    def find(self, number: str, cluster: str) -> str | None:
        """Return the identifier that an answer is about; ``None`` = nobody asked for it."""
        if self._plain:
            return self._names.get(number)
        return self._by_number.get((number, cluster))


_NAMED = re.compile(r"\bjob(?: id)? ([0-9]+(?:_[0-9]+)?)\b|^([0-9]+(?:_[0-9]+)?): ")

NOISE = re.compile(
    r"^scancel: (?!error|fatal)|^slurm_suspend error: (No error|Invalid job id specified)"
)
"""In lines of ``scancel -v`` and ``scontrol`` that tell of no job's failure (22.05).

The last line of ``scontrol suspend``, ``resume``, ``hold`` and ``release`` repeats some error, of a
job that an earlier line names.
"""


def named_in(line: str) -> list[str]:
    """Return the identifiers in a line of ``scancel`` or ``scontrol``."""
    return [first or second for first, second in _NAMED.findall(line)]
