"""The at daemon of the tests runs what is due."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from services.atd import AtdService
from services.records import AtHost


def wait_for(path: Path) -> str:
    deadline = time.monotonic() + 20
    while not (path.exists() and path.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return path.read_text()


def test_job_of_this_machine(atd: AtHost, tmp_path: Path) -> None:
    if not atd.local:
        pytest.skip("at is not on this machine")
    script = f"whoami > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/done\n"
    done = subprocess.run(["at", "now"], input=script, capture_output=True, text=True, check=True)
    assert "No atd running" not in done.stderr
    assert wait_for(tmp_path / "done") == "root\n"


def test_job_over_ssh(atd: AtHost, tmp_path: Path) -> None:
    server = atd.ssh
    command = "rm -f at-test; echo 'whoami > at-new; mv at-new at-test' | at now 2>/dev/null;"
    command += " for i in $(seq 100); do [ -e at-test ] && break; sleep 0.1; done; cat at-test"
    argv = ["ssh", "-F", "none", "-o", "BatchMode=yes", "-i", str(server.keys.ed25519)]
    argv += ["-o", f"UserKnownHostsFile={server.known_hosts}", "-p", str(server.port)]
    argv += [f"{server.user}@{server.host}", command]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == f"{server.user}\n", done.stderr


def test_a_running_one_is_left_alone(atd: AtHost) -> None:
    if not atd.local:
        pytest.skip("at is not on this machine")
    before = Path("/run/atd.pid").read_text()
    AtdService().start()
    assert Path("/run/atd.pid").read_text() == before
    os.kill(int(before), 0)
