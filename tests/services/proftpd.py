"""ProFTPD on 127.0.0.1: here its SSH module, an SFTP server without OpenSSH's extensions.

Debian's FTP servers exclude each other as packages, so they are unpacked, not installed.
"""

import subprocess
from pathlib import Path

from services import packages, users
from services.daemon import Daemon, wait_until
from services.keys import HOST_KEY_TYPES, KeyRing, key_ring
from services.records import SshServer
from services.service import Service
from services.state import (
    choose_ports,
    listen_address,
    make_directory,
    port_is_open,
    state_directory,
)

# The libraries that the unpacked programs need come from apt.
LIBRARIES = (
    *("openssh-client", "libhiredis0.14", "libmemcached11", "libmemcachedutil2"),
    *(
        "libpcre2-posix3",
        "libwrap0",
        "libsodium23",
        "libidn2-0",
        "libssl3",
        "libcrypt1",
        "util-linux",
    ),
)
UNPACKED = ("proftpd-core", "proftpd-mod-crypto")
SFTP_OFFSET = 26
_PROGRAM = "usr/sbin/proftpd"


class ProftpdSftpService(Service[SshServer]):
    """ProFTPD's mod_sftp."""

    name = "proftpd-sftp"
    packages = LIBRARIES

    def install(self) -> None:
        super().install()
        packages.unpack(UNPACKED, (_PROGRAM, "usr/lib/proftpd/mod_sftp.so"), _root())

    def start(self) -> SshServer:
        users.ensure(users.XENON)
        daemon, ring = self._daemon(), key_ring()
        at = make_directory(self.directory)
        if not daemon.pid:
            port = choose_ports(at, "proftpd", SFTP_OFFSET)
            (at / "port").write_text(str(port))
            (at / "authorized_keys").write_text(_rfc4716(ring))
            (at / "known_hosts").write_text(ring.known_hosts(port))
            (at / "proftpd.conf").write_text(_configuration(at, ring, port))
            daemon.spawn([str(_root() / _PROGRAM), "-n", "-q", "-c", f"{at}/proftpd.conf"])
            wait_until(lambda: port_is_open(port), 10, "proftpd", daemon.log)
        return SshServer(
            host="127.0.0.1",
            port=int((at / "port").read_text()),
            user=users.XENON.name,
            password=users.XENON.password,
            home=f"/home/{users.XENON.name}",
            known_hosts=at / "known_hosts",
            known_hosts_ca=at / "known_hosts",  # no certificate to be known by
            keys=ring.user_keys,
        )

    def stop(self) -> None:
        self._daemon().stop_tree()

    def running(self) -> bool:
        return self._daemon().pid is not None

    def _daemon(self) -> Daemon:
        return Daemon(self.directory, "proftpd")


def _root() -> Path:
    """Where the packages are unpacked."""
    return make_directory(state_directory() / "proftpd-root")


def _rfc4716(ring: KeyRing) -> str:
    """The test user's public keys in the only format that mod_sftp reads (RFC 4716)."""
    names = ("ed25519", "ecdsa", "rsa", "encrypted")
    return "".join(
        subprocess.run(
            ["ssh-keygen", "-e", "-f", str(ring.directory / f"id_{name}.pub")],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for name in names
    )


def _configuration(at: Path, ring: KeyRing, port: int) -> str:
    host_keys = "".join(f"  SFTPHostKey {ring.host_key(kind)}\n" for kind in HOST_KEY_TYPES)
    return f"""\
ModulePath {_root()}/usr/lib/proftpd
LoadModule mod_sftp.c
ServerName "xenon-test"
ServerType standalone
DefaultAddress {listen_address()}
SocketBindTight on
Port {port}
UseIPv6 off
User nobody
Group nogroup
Umask 022
MaxInstances 100
AuthOrder mod_auth_unix.c
AuthPAM off
RequireValidShell off
UseFtpUsers off
AllowOverwrite on
AllowStoreRestart on
AllowRetrieveRestart on
UseReverseDNS off
DelayEngine off
PidFile {at}/proftpd.pid
ScoreboardFile {at}/scoreboard
SystemLog {at}/proftpd.log
TransferLog none
WtmpLog off
<IfModule mod_sftp.c>
  SFTPEngine on
  SFTPLog {at}/sftp.log
{host_keys}\
  SFTPAuthMethods publickey password
  SFTPAuthorizedUserKeys file:{at}/authorized_keys
</IfModule>
"""
