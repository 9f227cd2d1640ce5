"""ProFTPD on 127.0.0.1: an FTP server with MLSD, and an SFTP server without OpenSSH's extensions.

Debian's FTP servers exclude each other as packages, so they are unpacked, not installed.
"""

import shutil
import subprocess
from pathlib import Path

from services import certificates, packages, users
from services.daemon import Daemon, wait_until
from services.keys import HOST_KEY_TYPES, KeyRing, key_ring
from services.records import FtpServer, SshServer
from services.service import Record, Service
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
    *("libpcre2-posix3", "libwrap0", "libsodium23", "libidn2-0", "libssl3", "libcrypt1"),
    *("util-linux", *certificates.PACKAGES),
)
UNPACKED = ("proftpd-core", "proftpd-mod-crypto")
SFTP_OFFSET = 26
FTP_OFFSET = 300
FTP_PORTS = 300  # hundreds: many small transfers leave as many ports in TIME_WAIT
_PROGRAM = "usr/sbin/proftpd"


class _Proftpd(Service[Record]):
    """What the two services have in common: one ProFTPD with one configuration file."""

    packages = LIBRARIES
    offset: int
    ports = 1

    def install(self) -> None:
        super().install()
        packages.unpack(UNPACKED, (_PROGRAM, "usr/lib/proftpd/mod_sftp.so"), _root())

    def stop(self) -> None:
        self._daemon().stop_tree()

    def running(self) -> bool:
        return self._daemon().pid is not None

    def configuration(self, port: int) -> str:
        """Write the files of this service and return the text of proftpd.conf."""
        raise NotImplementedError

    def run(self) -> int:
        """Start ProFTPD unless it runs; its port."""
        users.ensure(users.XENON)
        daemon, at = self._daemon(), make_directory(self.directory)
        if not daemon.pid:
            port = choose_ports(at, "proftpd", self.offset, self.ports)
            (at / "port").write_text(str(port))
            (at / "proftpd.conf").write_text(self.configuration(port))
            daemon.spawn([str(_root() / _PROGRAM), "-n", "-q", "-c", f"{at}/proftpd.conf"])
            wait_until(lambda: port_is_open(port), 10, "proftpd", daemon.log)
        return int((at / "port").read_text())

    def _daemon(self) -> Daemon:
        return Daemon(self.directory, "proftpd")


class ProftpdSftpService(_Proftpd[SshServer]):
    """ProFTPD's mod_sftp."""

    name = "proftpd-sftp"
    offset = SFTP_OFFSET

    def start(self) -> SshServer:
        port, at, ring = self.run(), self.directory, key_ring()
        return SshServer(
            host="127.0.0.1",
            port=port,
            user=users.XENON.name,
            password=users.XENON.password,
            home=f"/home/{users.XENON.name}",
            known_hosts=at / "known_hosts",
            known_hosts_ca=at / "known_hosts",  # no certificate to be known by
            keys=ring.user_keys,
        )

    def configuration(self, port: int) -> str:
        at, ring = self.directory, key_ring()
        (at / "authorized_keys").write_text(_rfc4716(ring))
        (at / "known_hosts").write_text(ring.known_hosts(port))
        host_keys = "".join(f"SFTPHostKey {ring.host_key(kind)}\n" for kind in HOST_KEY_TYPES)
        return f"""\
{_common(at, port)}
LoadModule mod_sftp.c
SFTPEngine on
SFTPLog {at}/sftp.log
{host_keys}\
SFTPAuthMethods publickey password
SFTPAuthorizedUserKeys file:{at}/authorized_keys
"""


class ProftpdFtpService(_Proftpd[FtpServer]):
    """ProFTPD as an FTP server, which describes files by MLSD and MLST."""

    name = "proftpd-ftp"
    offset = FTP_OFFSET
    ports = FTP_PORTS

    def start(self) -> FtpServer:
        port = self.run()
        return FtpServer(
            host="127.0.0.1",
            port=port,
            implicit_port=port + 1,
            user=users.XENON.name,
            password=users.XENON.password,
            directory=str(self.directory / "files"),
            certificate=certificates.certificate().certificate,
            machine_listings=True,
        )

    def configuration(self, port: int) -> str:
        at = self.directory
        shutil.chown(make_directory(at / "files"), users.XENON.name, users.XENON.name)
        tls = certificates.certificate()
        # Without a CA file each session reads all of /etc/ssl/certs before it greets (some 50 ms).
        engine = f"""\
TLSEngine on
TLSLog {at}/tls.log
TLSProtocol TLSv1.2 TLSv1.3
TLSCACertificateFile {tls.certificate}
TLSRSACertificateFile {tls.certificate}
TLSRSACertificateKeyFile {tls.key}
TLSRequired off
TLSVerifyClient off
DefaultChdir {at}/files
MasqueradeAddress 127.0.0.1
"""
        return f"""\
{_common(at, port)}
LoadModule mod_tls.c
LoadModule mod_site_misc.c
PassivePorts {port + 2} {port + self.ports - 1}
TimesGMT on
TimeoutLinger 2
{engine}
<VirtualHost {listen_address()}>
Port {port + 1}
TLSOptions UseImplicitSSL
PassivePorts {port + 2} {port + self.ports - 1}
AllowOverwrite on
AllowStoreRestart on
AllowRetrieveRestart on
AuthPAM off
{engine}\
</VirtualHost>
"""


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


def _common(at: Path, port: int) -> str:
    """The lines that both services need."""
    return f"""\
ModulePath {_root()}/usr/lib/proftpd
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
DelayTable none
DelayEngine off
AllowOverride off
PidFile {at}/proftpd.pid
ScoreboardFile {at}/scoreboard
SystemLog {at}/proftpd.log
TransferLog none
WtmpLog off
"""
