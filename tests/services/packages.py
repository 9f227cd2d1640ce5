"""Debian packages for the test services."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from services.errors import ServiceUnavailable
from services.state import locked, machine_lock

_POLICY = Path("/usr/sbin/policy-rc.d")
_APT = ["apt-get", "-o", "DPkg::Lock::Timeout=900", "-o", "Acquire::Retries=3"]


def missing(packages: Sequence[str]) -> list[str]:
    """Those of `packages` that are not installed (all, on a machine without dpkg)."""
    if not shutil.which("dpkg-query"):
        return list(packages)
    answer = subprocess.run(
        ["dpkg-query", "-W", "-f=${Package} ${db:Status-Abbrev}\\n", *packages],
        capture_output=True,
        text=True,
        check=False,  # 1 when one of them is unknown
    )
    present = {line.split()[0] for line in answer.stdout.splitlines() if line.split()[1:] == ["ii"]}
    return [name for name in packages if name not in present]


def require_root() -> None:
    """Refuse to go on as an ordinary user."""
    if os.geteuid() != 0:
        raise ServiceUnavailable("needs root: servers change to other users")


def install(packages: Sequence[str]) -> None:
    """Install what is missing of `packages`; their daemons are not started by the installation.

    Raises:
        ServiceUnavailable: When this is not a Debian, or apt cannot get them.
    """
    wanted = missing(packages)
    if not wanted:
        return
    require_root()
    if not shutil.which("apt-get"):
        raise ServiceUnavailable(f"needs the Debian packages {' '.join(wanted)}; no apt-get here")
    with machine_lock():
        wanted = missing(packages)
        if wanted and not _apt_install(wanted):
            raise ServiceUnavailable(f"apt-get could not install {' '.join(wanted)}")


def unpack(packages: Sequence[str], programs: Sequence[str], root: Path) -> None:
    """Unpack packages below `root` without installing them, unless `programs` are there.

    For servers that exclude each other in dpkg, as Debian's FTP servers do.
    """
    root.mkdir(parents=True, exist_ok=True)
    with locked(root / "unpack.lock"):  # several test processes may begin at once
        if not all((root / program).exists() for program in programs):
            _unpack(packages, root)


def _unpack(packages: Sequence[str], root: Path) -> None:
    if not shutil.which("apt-get"):
        raise ServiceUnavailable(f"needs the Debian packages {' '.join(packages)}; no apt-get here")
    downloads = root / "debs"
    downloads.mkdir(parents=True, exist_ok=True)
    command = [*_APT, "-o", "APT::Sandbox::User=root", "download", *packages]
    if not _run(command, downloads) and not (
        _run([*_APT, "update"], downloads) and _run(command, downloads)
    ):
        raise ServiceUnavailable(f"apt-get could not download {' '.join(packages)}")
    for archive in downloads.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", str(archive), str(root)], check=True)
    shutil.rmtree(downloads)


def _apt_install(packages: list[str]) -> bool:
    """Run apt-get, a second time with fresh lists when the first try fails."""
    command = [*_APT, "install", "-y", "--no-remove", "--no-install-recommends", *packages]
    ours = not _POLICY.exists()
    if ours:  # keeps the packages' own scripts from starting anything
        _POLICY.write_text("#!/bin/sh\nexit 101\n")
        _POLICY.chmod(0o755)
    try:
        return _run(command) or (_run([*_APT, "update"]) and _run(command))
    finally:
        if ours:
            _POLICY.unlink(missing_ok=True)


def _run(command: list[str], directory: Path | None = None) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command,
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        print(f"{' '.join(command)}: {done.stderr.strip()[-2000:]}")
    return done.returncode == 0
