"""The examples for Slurm run as a user would run them, with a known_hosts file of their own."""

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from services.records import SlurmCluster

EXAMPLES = Path(__file__).parents[2] / "docs/examples"


MOUNTED = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'


@pytest.fixture
def home(slurm: SlurmCluster, tmp_path: Path) -> Path:
    """A directory to put in the place of ~/.ssh, in which the cluster is known."""
    known = tmp_path / ".ssh" / "known_hosts"
    known.parent.mkdir(mode=0o700)
    shutil.copy(slurm.ssh.known_hosts, known)
    return tmp_path


def run(name: str, slurm: SlurmCluster, home: Path) -> str:
    """Run an example where ~/.ssh is another directory, which nothing else on the machine sees.

    As OpenSSH does, the library asks the system for the home directory, not the environment.
    """
    real = Path(pwd.getpwuid(os.getuid()).pw_dir, ".ssh")
    real.mkdir(mode=0o700, exist_ok=True)
    alone = ("unshare", "--mount", "sh", "-c", MOUNTED, "sh", str(home / ".ssh"), str(real))
    if subprocess.run((*alone, "true"), capture_output=True, check=False).returncode:
        pytest.skip("this machine does not permit mounts: ~/.ssh/known_hosts cannot be prepared")
    environment = {**os.environ, "TMPDIR": str(home), "XENON_SSH_PORT": str(slurm.ssh.port)}
    command = [*alone, sys.executable, "-W", "error", str(EXAMPLES / name)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_quick_start_of_pyxenon(slurm: SlurmCluster, home: Path) -> None:
    text = run("quickstart_slurm.py", slurm, home)
    assert "state: COMPLETED" in text
    assert "exit_code: 0" in text
    assert text.rstrip().endswith("Hello, World!")


def test_tutorial(slurm: SlurmCluster, home: Path) -> None:
    lines = run("tutorial_slurm.py", slurm, home).splitlines()
    assert "COMPLETED with exit code 0" in lines
    assert lines[-1] == "lines: 3"
