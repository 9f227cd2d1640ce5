"""Connections that are cut while jobs are submitted, and what came of it."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from services.proxy import Proxy
from xenon_py import JobDescription, Scheduler
from xenon_py.exceptions import SubmissionUncertainException, XenonException

POINTS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 1.1)
"""Seconds from the call to the cut: before, during and after the remote submit command."""

_SLOW = """\
#!/bin/sh
sleep 0.25
{real} "$@"
status=$?
sleep 0.25
exit $status
"""


def slow_command(folder: Path, real: str) -> None:
    """Put a command into a folder that takes its time before and after the real one.

    Args:
        folder: Whatever leads there is opened to other users.
        real: Path of the real one.
    """
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)
    program = folder / Path(real).name
    program.write_text(_SLOW.format(real=real))
    program.chmod(0o755)


@dataclass(frozen=True)
class Outcome:
    """What a submission under a cut said; its job has the name among its arguments, too."""

    name: str
    delay: float
    job_id: str = ""
    error: XenonException | None = None


def _submit(scheduler: Scheduler, proxy: Proxy, delay: float, fields: dict[str, object]) -> Outcome:
    name = f"once-{uuid.uuid4().hex[:12]}"
    cut = threading.Timer(delay, proxy.cut)
    cut.start()
    try:
        description = JobDescription(executable="true", arguments=[name], name=name, **fields)
        job = scheduler.submit_batch_job(description)
    except XenonException as error:
        return Outcome(name, delay, error=error)
    finally:
        cut.join()
    return Outcome(name, delay, job.id)


def submit_under_cuts(
    port: int,
    connect: Callable[[int], AbstractContextManager[Scheduler]],
    rounds: int,
    **fields: object,
) -> list[Outcome]:
    """Submit jobs through a relay that is cut at each point, several times.

    Args:
        port: Of the sshd.
        connect: Makes a scheduler, given the port of the relay.
        rounds: Submissions for each point; those of a point follow each other.
        fields: Of the descriptions; they must keep the jobs from running.
    """

    def at_point(delay: float) -> list[Outcome]:
        with Proxy(port) as proxy, connect(proxy.port) as scheduler:
            return [_submit(scheduler, proxy, delay, fields) for _ in range(rounds)]

    with ThreadPoolExecutor(len(POINTS)) as pool:
        found = [outcome for each in pool.map(at_point, POINTS) for outcome in each]
    time.sleep(1.0)  # what was cut off last ends on its own
    return found


def check_once(outcomes: list[Outcome], jobs_named: Mapping[str, list[str]]) -> None:
    """Check that no job is there twice, and that what was said is true.

    Args:
        outcomes: What the submissions said.
        jobs_named: Identifiers by name of all jobs that the system knows.
    """
    counted = Counter(len(jobs_named.get(outcome.name, ())) for outcome in outcomes)
    assert set(counted) <= {0, 1}, f"submitted more than once: {counted}"
    for outcome in outcomes:
        jobs = jobs_named.get(outcome.name, [])
        if outcome.job_id:
            assert jobs == [outcome.job_id], outcome
        elif isinstance(outcome.error, SubmissionUncertainException):
            assert outcome.error.token
        else:
            assert jobs == [], f"said not to be submitted: {outcome}"
    assert sum(1 for outcome in outcomes if outcome.job_id) >= 0.9 * len(outcomes)
