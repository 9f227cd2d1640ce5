"""A real Grid Engine on 127.0.0.1: Son of Grid Engine 8.1.9 of Debian, and an sshd.

Its packages exclude Slurm's `qsub`, so they are unpacked below the state directory.
"""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from services import gridengine_config as config
from services import packages, users
from services import sshd as ssh
from services.daemon import Daemon, wait_until
from services.errors import ServiceError
from services.gridengine_config import ADMIN, ARCHITECTURE, Layout
from services.records import GridEngineCell
from services.service import Service
from services.sshd import Sshd, SshdOptions
from services.state import choose_ports, machine_lock, make_directory, private_directory

PACKAGES = (
    *ssh.PACKAGES,
    *("gcc", "libc6-dev"),  # for config.LOOPBACK
    *("libjemalloc2", "libmunge2", "libhwloc15", "libtirpc3", "libdb5.3", "libssl3", "procps"),
)
UNPACKED = (
    *("gridengine-common", "gridengine-client", "gridengine-exec", "gridengine-master"),
    "gridengine-drmaa1.0",
)
OFFSET = 270  # of the first port from XENON_TEST_PORT_BASE; the sshd follows after Layout.PORTS
_LIBRARIES = Path("/usr/lib/gridengine")  # the only path that is compiled in
_SPOOLING = ("libspoolb.so", "libspoolc.so")
_TOOLS = ("spooldefaults", "spooledit")
_COMMANDS = (
    *("qacct", "qalter", "qconf", "qdel", "qhold", "qhost", "qlogin", "qmod", "qrls", "qrsh"),
    *("qselect", "qsh", "qstat", "qsub"),
    *("sge_coshepherd", "sge_execd", "sge_qmaster", "sge_shepherd", "qrsh_starter"),
)
_UTILITIES = (
    *("adminrun", "checkprog", "checkuser", "filestat", "gethostbyaddr", "gethostbyname"),
    *("gethostname", "infotext", "loadcheck", "qrsh_starter", "spoolinit", "uidgid"),
)


class GridEngineService(Service[GridEngineCell]):
    """The Grid Engine that tests share."""

    name = "gridengine"
    packages = PACKAGES

    def __init__(self, directory: Path | None = None, accounting_delay: int = 0) -> None:
        """Make it known; it starts later.

        Args:
            directory: Of a throw-away one, on any free ports; None is the shared one.
            accounting_delay: Seconds by which records of ended jobs are late.
        """
        self._directory = directory
        self._delay = accounting_delay
        run = self.directory / "run"
        self.master = Daemon(run, "sge_qmaster")
        self._executor = Daemon(run, "sge_execd")

    @property
    def directory(self) -> Path:
        """Where the service keeps its state."""
        return self._directory or super().directory

    def install(self) -> None:
        super().install()
        at = self._layout(make_directory(self.directory))
        library = "usr/lib/gridengine"
        packages.unpack(UNPACKED, [f"{library}/sge_qmaster", f"{library}/qstat"], at.packages)
        with machine_lock():
            if not _exists(ADMIN):
                home = ["--no-create-home", "--home-dir", "/nonexistent"]
                command = ["useradd", "--system", *home, "--shell", "/usr/sbin/nologin", ADMIN]
                subprocess.run(command, check=True)
            _LIBRARIES.mkdir(exist_ok=True)
            for name in _SPOOLING:
                if not (_LIBRARIES / name).exists():
                    shutil.copy(at.packages / library / name, _LIBRARIES / name)

    def start(self) -> GridEngineCell:
        users.ensure(users.XENON)
        make_directory(self.directory / "run")
        if not self.running():
            self._start_daemons()
        at = self._layout(self.directory)
        login = Sshd(
            self.directory / "ssh",
            SshdOptions(set_env=dict(at.environment)),
            None if self._directory else OFFSET + Layout.PORTS,
        )
        login.start()
        return GridEngineCell(ssh=login.server, environment=at.environment, local=True)

    def stop(self) -> None:
        at = self._layout(self.directory)
        Sshd(self.directory / "ssh", SshdOptions(set_env=dict(at.environment)), None).stop()
        if self.master.pid:
            self._run(at, "qconf", "-kej", socket.gethostname())  # ends the jobs, too
        self._executor.stop(20)
        self.master.stop(20)

    def forget(self) -> None:
        """Lose jobs, numbers and accounting, and begin anew under the same name."""
        self.stop()
        for name in ("configured", "cluster"):
            (self.directory / name).unlink()
        at = self._layout(self.directory)
        for path in (at.spool, at.root / config.CELL):
            shutil.rmtree(path)
        self._start_daemons()

    def start_master(self) -> None:
        """Start the master again, after a test stopped it; jobs and queues are as they were."""
        at = self._layout(self.directory)
        self._spawn(at, self.master, "sge_qmaster", _loopback_library(self.directory))
        answers = lambda: self._run(at, "qconf", "-sh").returncode == 0  # noqa: E731
        wait_until(answers, 30, "sge_qmaster", self.master.log)

    def running(self) -> bool:
        return bool(self.master.pid and self._executor.pid)

    def _layout(self, directory: Path) -> Layout:
        memory = directory / "first-port"
        if not memory.exists():
            offset = None if self._directory else OFFSET
            first = choose_ports(directory, self.name, offset, Layout.PORTS)
            memory.write_text(str(first))
        return Layout(directory, int(memory.read_text()))

    def _start_daemons(self) -> None:
        at = self._layout(self.directory)
        if not (self.directory / "configured").exists():
            _lay_out(at)
            _configure(at, self._delay)
            (self.directory / "configured").touch()
        self.start_master()
        self._add_cluster(at)
        self._spawn(at, self._executor, "sge_execd", _loopback_library(self.directory))
        up = lambda: "au" not in self._states(at)  # noqa: E731
        wait_until(up, 60, "sge_execd", self._executor.log)

    def _spawn(self, at: Layout, daemon: Daemon, program: str, library: Path) -> None:
        if daemon.pid:
            return
        variables = {
            **at.variables,
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "LD_PRELOAD": str(library),
            "SGE_ND": "1",  # stay in the foreground
        }
        words = [f"{name}={value}" for name, value in variables.items()]
        daemon.spawn(["env", "-i", "-C", "/", *words, str(at.binaries / program)])

    def _states(self, at: Layout) -> str:
        """The state of the queue `default` as `qstat` tells; `au` while its host is unknown."""
        listed = self._run(at, "qstat", "-f", "-q", "default").stdout.splitlines()
        rows = [line.split() for line in listed if line.startswith("default@")]
        return (rows[0][5] if len(rows[0]) > 5 else "") if rows else "au"

    def _add_cluster(self, at: Layout) -> None:
        if (self.directory / "cluster").exists():
            return
        host = socket.gethostname()
        for option in ("-ah", "-as"):
            self._run(at, "qconf", option, host)
        self._add(at, "-Ae", config.execution_host())
        self._add(at, "-Ahgrp", f"group_name @allhosts\nhostlist {host}\n")
        for name in config.ENVIRONMENTS:
            self._add(at, "-Ap", config.parallel_environment(name))
        closed = {"name": "closedusers", "type": "ACL", "fshare": 0, "oticket": 0}
        self._add(at, "-Au", config.table({**closed, "entries": "@root"}))
        for name in config.QUEUES:
            self._add(at, "-Aq", config.queue(at, name))
        present = self._run(at, "qconf", "-ssconf").stdout
        self._add(at, "-Msconf", config.scheduler_configuration(present))
        (self.directory / "cluster").touch()

    def _add(self, at: Layout, option: str, text: str) -> None:
        with tempfile.NamedTemporaryFile("w", dir=self.directory) as file:
            file.write(text)
            file.flush()
            done = self._run(at, "qconf", option, file.name)
        said = done.stdout + done.stderr
        if "added" not in said and "already exists" not in said and "changed" not in said:
            raise ServiceError(f"qconf {option}: {said}")

    @staticmethod
    def _run(at: Layout, *argv: str) -> subprocess.CompletedProcess[str]:
        command = [str(at.binaries / argv[0]), *argv[1:]]
        environment = {**os.environ, **at.environment}
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=60
        )


@contextlib.contextmanager
def private_gridengine(
    accounting_delay: int = 0,
) -> Iterator[tuple[GridEngineService, GridEngineCell]]:
    """A Grid Engine of one's own, running; ended with all its jobs at the end of the block."""
    packages.require_root()
    service = GridEngineService(private_directory("gridengine"), accounting_delay)
    try:
        service.install()
        yield service, service.start()
    finally:
        service.stop()
        shutil.rmtree(service.directory)


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _lay_out(at: Layout) -> None:
    """Put the files where Grid Engine itself would: programs find libraries relative to them."""
    source = at.packages / "usr/lib/gridengine"
    libraries = at.root / "lib" / ARCHITECTURE
    utilities = at.root / "utilbin" / ARCHITECTURE
    for directory in (at.binaries, libraries, utilities):
        directory.mkdir(parents=True, exist_ok=True)
    for part in ("util", "mpi"):
        found = at.packages / "usr/share/gridengine" / part
        shutil.copytree(found, at.root / part, symlinks=True, dirs_exist_ok=True)
    for names, target in ((_COMMANDS, at.binaries), (_UTILITIES, utilities)):
        for name in names:
            shutil.copy(source / name, target / name)
    for name in _TOOLS:
        shutil.copy(source / f"{name}.bin", utilities / name)
    for name in _SPOOLING:
        shutil.copy(source / name, libraries / name)
    drmaa = at.packages / "usr/lib/gridengine-drmaa/lib/libdrmaa.so.1.0"
    shutil.copy(drmaa, libraries / "libdrmaa.so")


def _configure(at: Layout, accounting_delay: int) -> None:
    """Write the files of the cell and its data base."""
    for path in (at.common, at.spool / "qmaster/job_scripts", at.spool / "execd"):
        path.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(at.spool / "database", ignore_errors=True)
    (at.spool / "database").mkdir()
    temporary = make_directory(at.directory / "tmp")
    temporary.chmod(0o1777)
    (at.common / "bootstrap").write_text(config.bootstrap(at))
    (at.common / "act_qmaster").write_text(socket.gethostname() + "\n")
    (at.common / "cluster_name").write_text(at.variables["SGE_CLUSTER_NAME"] + "\n")
    (at.common / "host_aliases").write_text(config.host_aliases())
    factory = at.packages / "usr/share/gridengine/default-configuration"
    configuration = at.directory / "global-configuration"
    configuration.write_text(config.global_configuration(at, factory.read_text(), accounting_delay))
    for path in (at.spool, at.root / config.CELL):
        subprocess.run(["chown", "-R", f"{ADMIN}:", str(path)], check=True)
    database = str(at.spool / "database")
    resources = at.root / "util/resources"
    for command in (
        ("spoolinit", "berkeleydb", "libspoolb", database, "init"),
        ("spooldefaults", "configuration", str(configuration)),
        ("spooldefaults", "complexes", str(resources / "centry")),
        ("spooldefaults", "usersets", str(resources / "usersets")),
        ("spooldefaults", "managers", ADMIN, "root"),
    ):
        _as_admin(at, *command)


def _as_admin(at: Layout, program: str, *arguments: str) -> None:
    environment: Mapping[str, str] = {
        **os.environ,
        **at.variables,
        "LD_LIBRARY_PATH": str(at.root / "lib" / ARCHITECTURE),
    }
    command = [str(at.root / "utilbin" / ARCHITECTURE / program), *arguments]
    group = str(pwd.getpwnam(ADMIN).pw_gid)
    argv = ["setpriv", f"--reuid={ADMIN}", f"--regid={group}", "--clear-groups", *command]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ServiceError(f"{program} {' '.join(arguments)}: {done.stdout}{done.stderr}")


def _loopback_library(directory: Path) -> Path:
    library = directory / "loopback.so"
    if not library.exists():
        source = directory / "loopback.c"
        source.write_text(config.LOOPBACK)
        command = ["gcc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"]
        subprocess.run(command, check=True)
    return library
