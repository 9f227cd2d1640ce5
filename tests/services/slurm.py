"""A real Slurm on 127.0.0.1: munged, mariadbd, slurmdbd, slurmctld, several slurmd, and an sshd.

A test that stops a daemon takes a cluster of its own:

    with private_slurm() as slurm:
        slurm.controller.stop()
        ...
        slurm.start()  # what does not run
"""

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from services import packages, users
from services import sshd as ssh
from services.daemon import Daemon, wait_until
from services.errors import ServiceError, ServiceUnavailable
from services.records import SlurmCluster
from services.service import Service
from services.slurm_config import (
    DATABASE,
    DATABASE_PASSWORD,
    DATABASE_USER,
    NODE_CPUS,
    NODE_MEMORY,
    Layout,
    SlurmOptions,
    slurm_conf,
    slurmdbd_conf,
)
from services.sshd import Sshd, SshdOptions
from services.state import choose_ports, make_directory, port_is_open, private_directory

PACKAGES = (
    *ssh.PACKAGES,
    *("munge", "slurmctld", "slurmd", "slurmdbd", "slurm-client", "slurm-wlm-basic-plugins"),
    *("slurm-wlm-mysql-plugin", "mariadb-server-core", "mariadb-client-core"),
)
# First ports from XENON_TEST_PORT_BASE; the login node's sshd follows after Layout.PORTS.
OFFSETS = {"slurm": 100, "slurm-noacct": 200}
_LONGEST_PATH = 70  # the path of a step's socket adds up to 37 and must stay below 108
_PARTITIONS = ("mypartition", "otherpartition")


class Slurm:
    """One cluster, with its files in one directory."""

    def __init__(
        self,
        directory: Path,
        options: SlurmOptions | None = None,
        offset: int | None = None,
        host: "Slurm | None" = None,
    ) -> None:
        """``host`` is a running cluster whose munge and accounting this one uses too."""
        if len(str(directory)) > _LONGEST_PATH:
            raise ServiceUnavailable(f"{directory} is too long for Slurm: set XENON_TEST_STATE")
        self.options = options or SlurmOptions()
        self.directory = make_directory(directory)
        self._offset = offset  # of the first port from XENON_TEST_PORT_BASE
        run = make_directory(directory / "run")
        self.controller = Daemon(run, "slurmctld")
        self.accounting = Daemon(run, "slurmdbd")
        self.nodes = [Daemon(run, f"slurmd-node-{n}") for n in range(self.options.nodes)]
        self._munge = Daemon(run, "munged")
        self._database = Daemon(run, "mariadbd")
        self._host: Layout | None = host._layout if host else None
        self._layout: Layout = Layout(
            directory, self._first_port() if self.running else 0, self._host
        )
        environment = {"SLURM_CONF": str(self._layout.slurm_conf)}
        self.environment = environment
        login = None if offset is None else offset + Layout.PORTS
        self.sshd = Sshd(directory / "ssh", SshdOptions(set_env=environment), login)

    @property
    def running(self) -> bool:
        """Whether all daemons run."""
        return all(daemon.pid for daemon in self._daemons())

    @property
    def name(self) -> str:
        """What ``-M`` calls it."""
        return self._layout.cluster_name

    @property
    def cluster(self) -> SlurmCluster:
        """The record that tests get."""
        return SlurmCluster(
            ssh=self.sshd.server,
            environment=self.environment,
            local=True,
            accounting=self.options.accounting,
            account=users.XENON.name,
            nodes=self.options.nodes,
            cpus_per_node=NODE_CPUS,
            memory_per_node=NODE_MEMORY,
        )

    def start(self) -> SlurmCluster:
        """Start what does not run."""
        self.sshd.start()
        if not self.running:
            self._configure()
            self._start_munge()
            if self.options.accounting:
                if not self._host:
                    self._start_database()
                    self.start_accounting()
                self._add_associations()
            self.start_controller()
            self.start_nodes()
        return self.cluster

    def stop(self) -> None:
        """End all jobs, then all daemons."""
        self.cancel_all_jobs()
        self.sshd.stop()
        for daemon in self.nodes:
            daemon.stop()
        for daemon in (self.controller, self.accounting, self._database):
            daemon.stop(30)
        self._munge.stop()

    def cancel_all_jobs(self) -> None:
        """End every job of the cluster, whosesoever it is."""
        if not any(daemon.pid for daemon in self.nodes):
            return
        self.start_controller()  # only it knows the jobs
        for partition in _PARTITIONS:
            self.run("scancel", f"--partition={partition}")
        wait_until(lambda: not self.run("squeue", "-h"), 30, "the end of all jobs", self._log)

    def start_controller(self) -> None:
        """Start slurmctld unless it runs, and wait until it answers."""
        if not self.controller.pid:
            argv = users.as_user("slurm", ["/usr/sbin/slurmctld", "-D"])
            self.controller.spawn(argv, self.environment)
        wait_until(lambda: self._succeeds("scontrol", "ping"), 60, "slurmctld", self.controller.log)

    def start_accounting(self) -> None:
        """Start slurmdbd unless it runs, and wait until it answers."""
        if not self.accounting.pid:
            argv = users.as_user("slurm", ["/usr/sbin/slurmdbd", "-D"])
            self.accounting.spawn(argv, self.environment)
        port, log = self._layout.accounting_port, self.accounting.log
        wait_until(lambda: port_is_open(port), 60, "slurmdbd", log)
        wait_until(lambda: self._succeeds("sacctmgr", "-n", "list", "cluster"), 60, "slurmdbd", log)

    def start_nodes(self) -> None:
        """Start those slurmd that do not run, and wait until the controller knows all as up."""
        for number, daemon in enumerate(self.nodes):
            if not daemon.pid:
                argv = ["/usr/sbin/slurmd", "-D", "-N", f"node-{number}"]
                daemon.spawn(argv, self.environment)
        wait_until(self._nodes_are_up, 60, "slurmd", self._log)

    def run(self, *argv: str) -> str:
        """Run a command of Slurm as root; what it prints."""
        done = self._run(argv)
        if done.returncode != 0:
            raise ServiceError(f"{' '.join(argv)} gave {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def _succeeds(self, *argv: str) -> bool:
        return self._run(argv).returncode == 0

    def _run(self, argv: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **self.environment}
        return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)

    @property
    def _log(self) -> Path:
        return self._layout.log / "slurmctld.log"

    def _daemons(self) -> list[Daemon]:
        own = [] if self._host else [self._munge]
        if self.options.accounting and not self._host:
            own += [self._database, self.accounting]
        return [*own, self.controller, *self.nodes]

    def _nodes_are_up(self) -> bool:
        listed = self._run(("sinfo", "-h", "-N", "-p", _PARTITIONS[0], "-o", "%t")).stdout.split()
        up = [state for state in listed if state in ("idle", "mix", "alloc", "comp")]
        return len(up) == len(self.nodes)

    def _first_port(self) -> int:
        return int((self.directory / "first-port").read_text())

    def _configure(self) -> None:
        """Write all files; only daemons that do not run yet take notice."""
        at = self._layout
        if not any(daemon.pid for daemon in self._daemons()):
            first = choose_ports(self.directory, "slurm", self._offset, Layout.PORTS)
            (self.directory / "first-port").write_text(str(first))
        at = self._layout = Layout(self.directory, self._first_port(), self._host)
        for path in (at.etc, at.log, self.directory / "spool"):
            make_directory(path)
        for path in (at.log, at.run, make_directory(at.controller)):
            shutil.chown(path, "slurm", "slurm")
        at.slurm_conf.write_text(slurm_conf(at, self.options))
        shutil.chown(at.controller / "clustername", "slurm", "slurm")
        # Nothing uses cgroups here, but slurmd 22.05 looks for the plugin when it starts.
        (at.etc / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        secret = at.etc / "slurmdbd.conf"
        secret.touch(0o600)
        secret.write_text(slurmdbd_conf(at))
        shutil.chown(secret, "slurm", "slurm")

    def _start_munge(self) -> None:
        if self._munge.pid or self._host:
            return
        directory = make_directory(self._layout.munge_socket.parent)
        key = directory / "munge.key"
        if not key.exists():
            key.touch(0o600)
            key.write_bytes(os.urandom(1024))
        for path in (directory, key):
            shutil.chown(path, "munge", "munge")
        socket_file = self._layout.munge_socket
        files = {"socket": socket_file, "key-file": key}
        files |= {f"{name}-file": directory / f"munged.{name}" for name in ("pid", "log", "seed")}
        argv = ["/usr/sbin/munged", "-F", "--force", "--num-threads=4"]
        argv += [f"--{name}={path}" for name, path in files.items()]
        self._munge.spawn(users.as_user("munge", argv))
        probe = ("munge", "-n", f"--socket={socket_file}")
        wait_until(lambda: self._succeeds(*probe), 10, "munged", self._munge.log)

    def _start_database(self) -> None:
        if self._database.pid:
            return
        data = self._layout.database
        common = ["--no-defaults", "--user=slurm", f"--datadir={data}"]
        if not (data / "complete").exists():
            shutil.rmtree(data, ignore_errors=True)
            data.mkdir(mode=0o700)
            shutil.chown(data, "slurm", "slurm")
            extra = ["--auth-root-authentication-method=normal", "--skip-test-db"]
            subprocess.run(["mariadb-install-db", *common, *extra], check=True, capture_output=True)
            (data / "complete").touch()
        self._database.spawn(
            [
                *("/usr/sbin/mariadbd", *common, f"--socket={data}/socket"),
                *("--bind-address=127.0.0.1", f"--port={self._layout.database_port}"),
                *(f"--pid-file={data}/pid", "--skip-name-resolve", "--performance-schema=OFF"),
                *("--innodb-buffer-pool-size=64M", "--innodb-log-file-size=32M"),
                *("--innodb-lock-wait-timeout=900", "--innodb-flush-log-at-trx-commit=0"),
            ]
        )
        wait_until(lambda: self._sql("select 1"), 60, "mariadbd", self._database.log)
        account = f"'{DATABASE_USER}'@'127.0.0.1'"
        if not self._sql(
            f"create database if not exists {DATABASE};"
            f"create user if not exists {account} identified by '{DATABASE_PASSWORD}';"
            f"grant all on {DATABASE}.* to {account}; flush privileges"
        ):
            raise ServiceError("mariadbd refused to make Slurm's database")

    def _sql(self, statements: str) -> bool:
        login = ("-u", "root", "-S", f"{self._layout.database}/socket")
        return self._succeeds("mariadb", "--no-defaults", *login, "-N", "-e", statements)

    def _add_associations(self) -> None:
        """Let the test user and root charge the account."""
        account, cluster = users.XENON.name, self._layout.cluster_name
        level = "Operator" if self.options.operator else "None"
        for words in (
            ("add", "cluster", cluster),
            ("add", "account", account, f"cluster={cluster}"),
            ("add", "user", account, f"account={account}"),
            ("add", "user", "root", f"account={account}"),
            ("modify", "user", account, "set", f"adminlevel={level}"),
        ):
            self._run(("sacctmgr", "-i", *words))  # fails when it is there already
        users_of_account = self.run("sacctmgr", "-nP", "list", "associations", "format=user")
        missing = {account, "root"} - set(users_of_account.split())
        if missing:
            raise ServiceError(f"slurmdbd did not take the users {missing}")


class SlurmService(Service[SlurmCluster]):
    """The Slurm that most tests share."""

    name = "slurm"
    packages = PACKAGES
    options = SlurmOptions()

    def install(self) -> None:
        _require_network()
        super().install()

    def start(self) -> SlurmCluster:
        users.ensure(users.XENON)
        return self._slurm().start()

    def stop(self) -> None:
        self._slurm().stop()

    def running(self) -> bool:
        return self._slurm().running

    def _slurm(self) -> Slurm:
        return Slurm(self.directory, self.options, OFFSETS[self.name])


class SlurmWithoutAccountingService(SlurmService):
    """A Slurm without slurmdbd, as many small sites have it."""

    name = "slurm-noacct"  # short: paths of sockets have at most 107 bytes
    options = SlurmOptions(accounting=False)


@contextlib.contextmanager
def private_slurm(
    options: SlurmOptions | None = None, host: Slurm | None = None
) -> Iterator[Slurm]:
    """A cluster of one's own, running; ended with all its jobs at the end of the block.

    Beside ``host`` it is a second cluster of the same accounting, which ``-M`` reaches.
    """
    packages.require_root()
    _require_network()
    packages.install(PACKAGES)
    directory = private_directory("slurm")
    slurm = Slurm(directory, options, host=host)
    try:
        slurm.start()
        yield slurm
    finally:
        slurm.stop()
        shutil.rmtree(directory)


def _require_network() -> None:
    """Slurm wants an address besides 127.0.0.1 (it asks getaddrinfo with AI_ADDRCONFIG)."""
    host = socket.gethostname()
    try:
        socket.getaddrinfo(host, None, socket.AF_INET)
        socket.getaddrinfo("127.0.0.1", None, socket.AF_INET, flags=socket.AI_ADDRCONFIG)
    except OSError:
        raise ServiceUnavailable(
            f"Slurm needs the host name {host} in /etc/hosts and a network interface with an"
            " IPv4 address besides the loopback (ip link add test0 type dummy; ip addr add"
            " 192.0.2.1/32 dev test0; ip link set test0 up)"
        ) from None
