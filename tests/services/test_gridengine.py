"""The test Grid Engine is a real one: jobs run, are accounted for, and it is on the loopback."""

import os
import socket
import subprocess
import time

import pytest

from services.records import GridEngineCell


def run(
    cell: GridEngineCell, *argv: str, text: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command of Grid Engine on this machine."""
    if not cell.local:
        pytest.skip("this machine has no commands of Grid Engine")
    return subprocess.run(
        argv,
        env={**os.environ, **cell.environment},
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def accounted(cell: GridEngineCell, job: str) -> str:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        done = run(cell, "qacct", "-j", job)
        if done.returncode == 0:
            return done.stdout
        time.sleep(0.2)
    raise AssertionError(f"job {job} did not end: {done}")


def test_queues_and_environments(gridengine: GridEngineCell) -> None:
    assert run(gridengine, "qconf", "-sql").stdout.split() == ["closed", "default", "slow"]
    assert run(gridengine, "qconf", "-spl").stdout.split() == ["mpi", "smp"]


@pytest.mark.parametrize("queue", ["default", "slow", "closed"])
def test_job_is_accounted(gridengine: GridEngineCell, queue: str) -> None:
    options = ("-terse", "-S", "/bin/sh", "-q", queue, "-o", "/dev/null", "-e", "/dev/null")
    done = run(gridengine, "qsub", *options, text="#!/bin/sh\nexit 5\n")
    assert done.returncode == 0, done
    found = accounted(gridengine, done.stdout.strip())
    assert f"qname        {queue}" in found
    assert "exit_status  5" in found


def test_job_over_ssh_as_the_test_user(gridengine: GridEngineCell) -> None:
    server = gridengine.ssh
    argv = ["ssh", "-F", "none", "-o", "BatchMode=yes", "-i", str(server.keys.ed25519)]
    argv += ["-o", f"UserKnownHostsFile={server.known_hosts}", "-p", str(server.port)]
    argv += [
        f"{server.user}@{server.host}",
        "echo whoami | qsub -sync y -j y -o ge-test -S /bin/sh",
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert "exited with exit code 0" in done.stdout, done
    argv[-1] = "cat ge-test; rm ge-test"
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == [server.user]


def test_nothing_listens_beyond_the_loopback(gridengine: GridEngineCell) -> None:
    if not gridengine.local:
        pytest.skip("the ports are in a container")
    for name in ("SGE_QMASTER_PORT", "SGE_EXECD_PORT"):
        with socket.socket() as probe:  # taken by the loopback alone, another address is free
            probe.bind(("127.0.0.2", int(gridengine.environment[name])))
