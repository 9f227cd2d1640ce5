"""From a job description to the process to start: directories, files, ``%j`` and ``%a``."""

from __future__ import annotations

import os
from pathlib import PurePosixPath

from xenon_py.model.jobs import JobDescription
from xenon_py.model.path import normalise
from xenon_py.plugin.process import ProcessSpec

JOB_ID = "XENON_JOB_ID"
"""Variable that tells a job its identifier, with every scheduler alike."""

ARRAY_INDEX = "XENON_ARRAY_TASK_ID"
"""Variable that tells a task of an array its index."""


def process_spec(
    description: JobDescription,
    base: str,
    *,
    job_id: str = "%j",
    index: int | None = None,
    interactive: bool = False,
) -> ProcessSpec:
    """Return the process that a checked description stands for.

    Args:
        description: the job.
        base: directory that a relative working directory starts from; absolute.
        job_id: replaces ``%j`` in the three paths and is told in the environment.
        index: of a task of an array; replaces ``%a`` and is told in the environment.
        interactive: whether the streams are pipes.
    """
    directory = normalise(PurePosixPath(os.fspath(description.working_directory)), base)
    environment = {JOB_ID: job_id, **description.environment}
    if index is not None:
        environment[ARRAY_INDEX] = str(index)

    def file(name: str) -> str | None:
        if not name:
            return None
        if index is not None:
            name = name.replace("%a", str(index))
        return normalise(PurePosixPath(name.replace("%j", job_id)), directory)

    return ProcessSpec(
        argv=(description.executable, *description.arguments),
        working_directory=directory,
        environment=environment,
        inherit_environment=description.inherit_environment is not False,
        stdin=file(description.stdin),
        stdout=file(description.stdout),
        stderr=file(description.stderr),
        interactive=interactive,
    )
