"""OpenSSH's sshd on a port of 127.0.0.1: the shared one, hostile variants, and throw-away ones.

A test that hurts its server (kills, freezes, changes its host key) takes one of its own:

    with private_sshd(SshdOptions(max_sessions=1)) as sshd:
        connect(sshd.server)
        sshd.kill_connections()
"""

import contextlib
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from services import packages, users
from services.daemon import Daemon, ProcessInfo, descendants, end_all, signal_all, wait_until
from services.errors import ServiceError
from services.keys import HOST_KEY_TYPES, key_ring
from services.records import SshChain, SshServer
from services.service import Service
from services.state import (
    choose_ports,
    listen_address,
    make_directory,
    port_is_open,
    private_directory,
)

PACKAGES = ("openssh-server", "openssh-sftp-server", "openssh-client", "util-linux")
SSHD_OFFSET = 22  # of the shared one's port from XENON_TEST_PORT_BASE
CHAIN_OFFSET = 23  # and of the chain's first
_SSHD = "/usr/sbin/sshd"


@dataclass(frozen=True)
class SshdOptions:
    """How an sshd differs from an ordinary one (sshd_config(5) names the meanings)."""

    account: users.Account = users.XENON  # the only user that may log in
    max_sessions: int = 10
    max_startups: str = "100:30:200"
    sftp: str | None = "/usr/lib/openssh/sftp-server"  # None: no sftp subsystem
    banner: str | None = None  # text sent before the login
    ciphers: str | None = None
    host_keys: tuple[str, ...] = HOST_KEY_TYPES  # "other" stands for a changed ed25519 key
    password: bool = True
    keyboard_interactive: bool = False  # asks through PAM; switches `password` off
    set_env: Mapping[str, str] = field(default_factory=dict)
    extra: tuple[str, ...] = ()  # further lines of sshd_config


NOISY = SshdOptions(account=users.NOISY, banner="Unauthorised use is forbidden.\nReally.\n")
CHACHA_ONLY = SshdOptions(ciphers="chacha20-poly1305@openssh.com")
CTR_ONLY = SshdOptions(ciphers="aes128-ctr,aes256-ctr")
NO_SFTP = SshdOptions(sftp=None)
ONE_SESSION = SshdOptions(max_sessions=1)


class Sshd:
    """An sshd with its files in one directory."""

    def __init__(
        self, directory: Path, options: SshdOptions | None = None, offset: int | None = None
    ) -> None:
        self.options = options or SshdOptions()
        self.directory = make_directory(directory)
        self._offset = offset  # from XENON_TEST_PORT_BASE
        self._daemon = Daemon(directory, "sshd")
        self._ring = key_ring()
        self._port = 0
        if self.running:
            self._port = int((directory / "port").read_text())

    @property
    def running(self) -> bool:
        """Whether it listens; connections may live on without the listener."""
        return self._daemon.pid is not None

    @property
    def log(self) -> Path:
        """What the server wrote."""
        return self._daemon.log

    @property
    def server(self) -> SshServer:
        """The record that tests get."""
        return SshServer(
            host="127.0.0.1",
            port=self._port,
            user=self.options.account.name,
            password=self.options.account.password,
            home=f"/home/{self.options.account.name}",
            known_hosts=self.directory / "known_hosts",
            known_hosts_ca=self.directory / "known_hosts_ca",
            keys=self._ring.user_keys,
        )

    def start(self) -> SshServer:
        """Start the listener unless it runs; a restart keeps the port."""
        if self.running:
            return self.server
        users.ensure(self.options.account)
        if not self._port or port_is_open(self._port):
            self._port = choose_ports(self.directory, "sshd", self._offset)
        (self.directory / "port").write_text(str(self._port))
        self.write_files()
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # its privilege separation directory
        self._daemon.spawn([_SSHD, "-D", "-e", "-f", str(self._config)])
        wait_until(self._is_up, 10, "sshd", self.log)
        return self.server

    def stop(self) -> None:
        """End the listener, all connections and all that runs in them."""
        self._daemon.stop_tree()

    def stop_listener(self) -> None:
        """End the listener only: no new connection, the others live on."""
        self._daemon.stop()

    def connections(self) -> list[ProcessInfo]:
        """The server processes of the connections (two per logged-in user)."""
        pid = self._daemon.pid
        return [info for info in descendants(pid or 0) if info.command == "sshd"] if pid else []

    def kill_connections(self) -> None:
        """Cut every connection at once; the listener takes new ones."""
        below = self._daemon.freeze()
        end_all([info for info in below if info.command == "sshd"])
        self._daemon.thaw()
        signal_all(below, signal.SIGCONT)

    def kill(self) -> None:
        """What a crash does: listener and connections are gone at once, commands live on."""
        below = self._daemon.freeze()
        self._daemon.kill()
        end_all([info for info in below if info.command == "sshd"])
        signal_all(below, signal.SIGCONT)

    def freeze(self) -> None:
        """Stop answering, on all connections and for new ones, without closing anything."""
        self._daemon.freeze()

    def thaw(self) -> None:
        """Undo `freeze`."""
        self._daemon.thaw()

    def reload(self, options: SshdOptions) -> SshServer:
        """Restart the listener on the same port with other options; connections are cut."""
        self.stop()
        self.options = options
        return self.start()

    def write_files(self) -> None:
        """Write sshd_config and what it points to, and the clients' known_hosts files."""
        at, options, ring = self.directory, self.options, self._ring
        (at / "authorized_keys").write_text(ring.authorized_keys())
        (at / "authorized_keys").chmod(0o644)
        (at / "known_hosts").write_text(ring.known_hosts(self._port, options.host_keys))
        (at / "known_hosts_ca").write_text(ring.known_hosts_ca(self._port))
        (at / "banner").write_text(options.banner or "")
        lines = self._config_lines()
        self._config.write_text("\n".join(lines) + "\n")
        # OpenSSH 9.8 and later shut out an address that failed to log in; the tests do that a lot.
        quiet = [*lines, "PerSourcePenalties no"]
        probe = at / "sshd_config.probe"
        probe.write_text("\n".join(quiet) + "\n")
        known = subprocess.run([_SSHD, "-t", "-f", str(probe)], capture_output=True, check=False)
        if known.returncode == 0:
            probe.replace(self._config)

    @property
    def _config(self) -> Path:
        return self.directory / "sshd_config"

    def _config_lines(self) -> list[str]:
        at, options, ring = self.directory, self.options, self._ring
        lines = [
            f"ListenAddress {listen_address()}",
            f"Port {self._port}",
            *(f"HostKey {ring.host_key(kind)}" for kind in options.host_keys),
            f"AuthorizedKeysFile {at}/authorized_keys",
            f"TrustedUserCAKeys {ring.user_ca}",
            f"PasswordAuthentication {_yes(options.password and not options.keyboard_interactive)}",
            f"KbdInteractiveAuthentication {_yes(options.keyboard_interactive)}",
            f"UsePAM {_yes(options.keyboard_interactive)}",
            f"AllowUsers {options.account.name}",
            f"MaxSessions {options.max_sessions}",
            f"MaxStartups {options.max_startups}",
            "PidFile none",
            "PermitRootLogin no",
            "StrictModes no",
            "UseDNS no",
            "PrintMotd no",
            "AcceptEnv LANG LC_* XENON_*",
        ]
        if "ed25519" in options.host_keys:
            lines.append(f"HostCertificate {ring.host_certificate}")
        if options.sftp:
            lines.append(f"Subsystem sftp {options.sftp}")
        if options.banner:
            lines.append(f"Banner {at}/banner")
        if options.ciphers:
            lines.append(f"Ciphers {options.ciphers}")
        if options.set_env:  # one line: sshd heeds only the first
            words = (f'"{name}={value}"' for name, value in options.set_env.items())
            lines.append(f"SetEnv {' '.join(words)}")
        return [*lines, *options.extra]

    def _is_up(self) -> bool:
        if not self.running:
            raise ServiceError(f"sshd refused to start: {self.log.read_text()[-2000:]}")
        return port_is_open(self._port)


class SshdService(Service[SshServer]):
    """The sshd that most tests share."""

    name = "sshd"
    packages = PACKAGES

    def start(self) -> SshServer:
        return Sshd(self.directory, offset=SSHD_OFFSET).start()

    def stop(self) -> None:
        Sshd(self.directory).stop()

    def running(self) -> bool:
        return Daemon(self.directory, "sshd").pid is not None


class SshChainService(Service[SshChain]):
    """Two gateways and a target; only the target's own credential opens each of them."""

    name = "sshchain"
    packages = PACKAGES

    def start(self) -> SshChain:
        servers = [sshd.start() for sshd in self._sshds()]
        known_hosts = self.directory / "known_hosts"
        known_hosts.write_text("".join(server.known_hosts.read_text() for server in servers))
        return SshChain(hops=tuple(servers[:-1]), target=servers[-1], known_hosts=known_hosts)

    def stop(self) -> None:
        for sshd in self._sshds():
            sshd.stop()

    def running(self) -> bool:
        return all(sshd.running for sshd in self._sshds())

    def _sshds(self) -> list[Sshd]:
        accounts = (*users.HOPS, users.XENON)
        return [
            Sshd(
                self.directory / account.name,
                SshdOptions(account=account),
                offset=CHAIN_OFFSET + number,
            )
            for number, account in enumerate(accounts)
        ]


@contextlib.contextmanager
def private_sshd(options: SshdOptions | None = None) -> Iterator[Sshd]:
    """A throw-away sshd, running; ended with all its connections at the end of the block."""
    packages.require_root()
    packages.install(PACKAGES)
    sshd = Sshd(private_directory("sshd"), options)
    try:
        sshd.start()
        yield sshd
    finally:
        sshd.stop()
        shutil.rmtree(sshd.directory)


def _yes(value: bool) -> str:
    return "yes" if value else "no"
