"""Connections that are cut while jobs go to a real ``at``: none is lost, and none comes twice."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from services.records import AtHost
from services.sshd import Sshd, SshdOptions
from support.at import over_ssh
from support.cuts import check_once, slow_command, submit_under_cuts

ROUNDS = 3  # of each point


@pytest.fixture
def login(
    atd: AtHost, new_sshd: Callable[..., Sshd], tmp_path_factory: pytest.TempPathFactory
) -> AtHost:
    """A host on which at takes its time."""
    if not atd.local:
        pytest.skip("at is not on this machine")
    folder = tmp_path_factory.mktemp("slow")
    slow_command(folder, "/usr/bin/at")
    path = {"PATH": f"{folder}:/usr/local/bin:/usr/bin:/bin"}
    return replace(atd, ssh=new_sshd(SshdOptions(set_env=path, max_startups="200")).server)


def jobs_named(names: list[str]) -> dict[str, list[str]]:
    """Identifiers of the live jobs by the name that is in their scripts."""
    found: dict[str, list[str]] = {}
    for line in subprocess.check_output(["atq"], text=True).splitlines():
        job_id = line.split()[0]
        done = subprocess.run(["at", "-c", job_id], capture_output=True, check=False)
        for name in names:
            if name.encode() in done.stdout:
                found.setdefault(name, []).append(job_id)
    return found


@pytest.mark.timeout(280)
def test_cut_at_each_point_of_a_submission(login: AtHost) -> None:
    tomorrow = time.strftime("%H:%M %d.%m.%Y", time.localtime(time.time() + 86_400))
    outcomes = submit_under_cuts(
        login.ssh.port, lambda port: over_ssh(login, port), ROUNDS, start_time=tomorrow
    )
    found = jobs_named([outcome.name for outcome in outcomes])
    try:
        check_once(outcomes, found)
    finally:
        ids = [job_id for jobs in found.values() for job_id in jobs]
        subprocess.run(["atrm", *ids], check=True)
