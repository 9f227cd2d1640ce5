"""The examples for pandas, dask, zarr and xarray run as a user would run them, over SFTP."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from services.records import SshServer
from support import fsspec_faces

EXAMPLES = Path(__file__).parents[2] / "docs/examples"
pytest.importorskip("pandas", reason="pandas is not installed")


def run(name: str, sshd: SshServer, tmp_path: Path) -> list[str]:
    """Run an example in a new directory on the server; return what it prints."""
    directory = f"{sshd.home}/example-{uuid.uuid4().hex[:8]}"
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_bytes(sshd.known_hosts.read_bytes())
    environment = {
        **os.environ,
        "XENON_EXAMPLE_URL": f"xenon-sftp://{directory}",
        "XENON_EXAMPLE_LOCATION": sshd.location,
        "XENON_EXAMPLE_USER": sshd.user,
        "XENON_EXAMPLE_PASSWORD": sshd.password,
        "XENON_EXAMPLE_KNOWN_HOSTS": str(known_hosts),
    }
    fs = fsspec_faces.sftp(sshd)
    fs.mkdir(directory)
    try:
        done = subprocess.run(
            [sys.executable, str(EXAMPLES / name)],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert sshd.password not in done.stdout + done.stderr
        return done.stdout.splitlines()
    finally:
        fs.rm(directory, recursive=True)


def test_pandas(sshd: SshServer, tmp_path: Path) -> None:
    assert run("fsspec_pandas.py", sshd, tmp_path) == ["csv True 120", "parquet True 120"]


def test_dask(sshd: SshServer, tmp_path: Path) -> None:
    assert run("fsspec_dask.py", sshd, tmp_path) == ["threads 385", "processes 385"]


def test_zarr_and_xarray(sshd: SshServer, tmp_path: Path) -> None:
    lines = run("fsspec_zarr.py", sshd, tmp_path)
    assert lines == ["zarr (1000, 1000) 999999 True", "xarray True"]
