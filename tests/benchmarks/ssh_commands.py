"""Times rounds of commands over SSH against OpenSSH with ControlMaster. Run it by hand, as root.

    python tests/benchmarks/ssh_commands.py [repeats]

Prints medians of interleaved repeats and their ratio; nothing passes or fails here.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from services.sshd import private_sshd
from xenon_py import JobDescription, PasswordCredential, Scheduler
from xenon_py.model.location import LocationForm, parse_location
from xenon_py.model.properties import resolve_properties
from xenon_py.plugin.ssh import acquire
from xenon_py.plugin.ssh.runner import SshCommandRunner

COMMANDS = 100
JOBS = 50


def main(repeats: int) -> None:
    """Run all contestants in turn and print a table."""
    from xenon_adaptors.descriptions import SSH_PROPERTIES

    with private_sshd() as sshd, tempfile.TemporaryDirectory() as directory:
        server = sshd.server
        given = {"ssh.knownHostsFile": str(server.known_hosts), "ssh.loadSshConfig": "false"}
        credential = PasswordCredential(username=server.user, password=server.password)
        properties = resolve_properties(SSH_PROPERTIES, given, adaptor="ssh")
        location = parse_location(server.location, LocationForm.SSH)
        runner = SshCommandRunner(acquire(location, credential, properties))
        master = ["ssh", "-F", "none", "-i", str(server.keys.ed25519), "-p", str(server.port)]
        master += ["-o", f"UserKnownHostsFile={server.known_hosts}", "-S", f"{directory}/mux"]
        master += [f"{server.user}@{server.host}"]
        subprocess.run([*master[:1], "-M", "-f", "-N", *master[1:]], check=True)

        def ours() -> None:
            for _ in range(COMMANDS):
                runner.run(["true"])

        def openssh() -> None:
            for _ in range(COMMANDS):
                subprocess.run([*master, "true"], check=True)

        with Scheduler.create(
            "ssh", location=server.location, properties=given, password_credential=credential
        ) as scheduler:

            def jobs() -> None:
                _round_of_jobs(scheduler, server.home)

            _compare({"xenon_py": ours, "ssh -S": openssh, f"{JOBS} jobs on multi": jobs}, repeats)
        subprocess.run([*master[:1], "-O", "exit", *master[1:]], check=True, capture_output=True)
        runner.close()


def _round_of_jobs(scheduler: Scheduler, home: str) -> None:
    name = f"{home}/bench-{time.time_ns()}"
    description = JobDescription(executable="echo", arguments=["x"], queue_name="multi")
    submitted = []
    for number in range(JOBS):
        description.stdout = f"{name}-{number}"
        submitted.append(scheduler.submit_batch_job(description))
    assert all(scheduler.wait_until_done(job).exit_code == 0 for job in submitted)


def _compare(contestants: dict[str, Callable[[], None]], repeats: int) -> None:
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(repeats):
        for name, work in contestants.items():
            begun = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - begun)
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, median in medians.items():
        print(f"{name:20} {median:6.3f} s  (best {min(times[name]):.3f} s)")
    print(f"{COMMANDS} commands: xenon_py / ssh -S = {medians['xenon_py'] / medians['ssh -S']:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
