"""DRMAA with all exit codes, all signals, long texts and many jobs, on real schedulers."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.drmaa.sites import (
    ALL,
    PATIENCE,
    Site,
    environment,
    exited,
    local_files,
    outcome,
    shell,
    until,
)
from xenon_py import drmaa
from xenon_py.drmaa import IndependentSession, JobState

SYSTEMS = ("local", "slurm", "gridengine")
SIGNALS = (
    *("HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2"),
    *("PIPE", "ALRM", "TERM", "XCPU", "XFSZ", "VTALRM", "PROF", "SYS"),
)
ODD = 'it\'s "quoted" $HOME `id` \\ a=b,c=d;e\n\ttab é\r\n'
LONG = (ODD * (100_000 // len(ODD.encode()) + 1))[:97_000]


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """Return the scheduler that a test names, on this machine."""
    variables = {}
    if request.param != "local":
        server = request.getfixturevalue(request.param)
        if not server.local:
            pytest.skip(f"this machine has no commands of {request.param}")
        variables = server.environment
    with environment(variables), local_files(tmp_path) as (base, files):
        location = "" if request.param == "local" else f";location=local://{base}"
        delay = "" if request.param == "local" else f";property.{request.param}.poll.delay=500"
        yield Site(f"adaptor={request.param}{location}{delay}", base, files, "987654")


@pytest.mark.parametrize("site", ["local", "slurm"], indirect=True)
def test_255_exit_codes(site: Site) -> None:
    with site.session() as session:
        tasks = session.runBulkJobs(shell("exit $((XENON_ARRAY_TASK_ID - 1))"), 1, 255, 1)
        session.synchronize([ALL], 2 * PATIENCE)
        assert [outcome(session.wait(task, 0)) for task in tasks] == list(map(exited, range(255)))


@pytest.mark.parametrize("site", SYSTEMS, indirect=True)
def test_every_signal(site: Site) -> None:
    text = 'ulimit -c 0; shift $((XENON_ARRAY_TASK_ID - 1)); kill -s "$1" $$; sleep 9'
    with site.session() as session:
        tasks = session.runBulkJobs(shell(text, *SIGNALS), 1, len(SIGNALS), 1)
        session.synchronize(tasks, PATIENCE)
        assert {session.jobStatus(task) for task in tasks} == {JobState.FAILED}
        found = [outcome(session.wait(task, 0)) for task in tasks]
    expected = {name: (False, True, f"SIG{name}", False, False, 0) for name in SIGNALS}
    if site.adaptor != "local":  # a shell tells these two like exit codes
        expected |= {"INT": exited(130), "PIPE": exited(141)}
    assert dict(zip(SIGNALS, found, strict=True)) == expected


@pytest.mark.parametrize("site", SYSTEMS, indirect=True)
def test_100_kb_of_arguments_and_of_environment(site: Site) -> None:
    """Also an output file whose name is odd."""
    template = shell('printf %s "$1" >a; printf %s "$V" >e; printf "%s|" "$@"; exit $#', LONG)
    template.args = [*template.args, "", ODD, "=,=", "a" * 100]
    template.jobEnvironment = {"V": LONG, "W": ODD}
    box = site.box()
    template.workingDirectory, template.outputPath = box, ":it's an = out,put"
    with site.session() as session:
        assert outcome(session.wait(session.runJob(template), PATIENCE)) == exited(5)
    assert site.read(f"{box}/a").decode() == LONG
    assert site.read(f"{box}/e").decode() == LONG
    expected = f"{LONG}||{ODD}|=,=|{'a' * 100}|"
    assert site.read(f"{box}/it's an = out,put").decode() == expected


def counting(folder: Path, *commands: str) -> Path:
    """Put commands into a folder that note each call in a file, and do what the real ones do."""
    log = folder / "log"
    log.touch()
    for command in commands:
        fake = folder / command
        fake.write_text(f'#!/bin/sh\necho {command} >>{log}\nexec {shutil.which(command)} "$@"\n')
        fake.chmod(0o755)
    return log


@pytest.mark.parametrize("site", ["slurm"], indirect=True)
def test_200_jobs_and_20_waiting_threads_ask_once_per_poll(site: Site, tmp_path: Path) -> None:
    log = counting(tmp_path, "squeue", "sacct", "scontrol")
    with environment({"PATH": f"{tmp_path}:{os.environ['PATH']}"}), site.session() as session:
        held = shell("exit 0", jobSubmissionState="drmaa_hold")
        singles = [session.runJob(held) for _ in range(10)]
        jobs = [*singles, *(job for _ in range(2) for job in session.runBulkJobs(held, 1, 95, 1))]
        until(lambda: session.jobStatus(jobs[-1]) == JobState.USER_ON_HOLD, "hold is seen")
        time.sleep(0.5)  # for so long an answer serves
        log.write_text("")
        assert {session.jobStatus(job) for job in jobs} == {JobState.USER_ON_HOLD}
        of_states = log.read_text().split()
        log.write_text("")
        begun = time.monotonic()
        with ThreadPoolExecutor(20) as pool:
            ends = [pool.submit(waits, session, job) for job in jobs[:10] + jobs[-10:]]
            assert {end.result() for end in ends} == {"code 23: time-out condition"}
        rounds = (time.monotonic() - begun) / 0.5
        asked = log.read_text().split()
        arrays = {site.parent(job) for job in jobs}
        subprocess.run(["scancel", *arrays], check=True)  # quicker than one by one
        session.synchronize([ALL], PATIENCE)
    assert 1 <= len(of_states) <= 3
    assert 2 <= asked.count("squeue") <= rounds + 2
    assert set(asked) == {"squeue"}


def waits(session: IndependentSession, job: str) -> str:
    """Wait for three seconds; return what is raised."""
    with pytest.raises(drmaa.ExitTimeoutException) as raised:
        session.wait(job, 3)
    return str(raised.value)


@pytest.mark.parametrize("site", ["local"], indirect=True)
def test_waiting_for_processes_asks_nothing(site: Site) -> None:
    """Ends of processes are told; 20 threads that wait for 200 jobs cost nothing."""
    with site.session() as session:
        held = shell("exit 0", jobSubmissionState="drmaa_hold")
        jobs = session.runBulkJobs(held, 1, 200, 1)
        with ThreadPoolExecutor(20) as pool:
            ends = [pool.submit(waits, session, job) for job in jobs[::10]]
            threads, cpu = threading.active_count(), time.process_time()
            assert {end.result() for end in ends} == {"code 23: time-out condition"}
            assert time.process_time() - cpu < 0.3
    assert threads < 40


@pytest.mark.parametrize("site", ["local"], indirect=True)
def test_a_core_file_is_told(site: Site) -> None:
    pattern = Path("/proc/sys/kernel/core_pattern").read_text()
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    if pattern.startswith("|") or hard == 0:
        pytest.skip("this machine keeps no core files")
    template = shell("ulimit -c unlimited; kill -SEGV $$", workingDirectory=site.box())
    with site.session() as session:
        info = session.wait(session.runJob(template), PATIENCE)
    assert outcome(info) == (False, True, "SIGSEGV", True, False, 0)
