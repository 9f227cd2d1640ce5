"""vsftpd on 127.0.0.1: an FTP server without MLSD, twice, as implicit TLS is all or nothing."""

import shutil
from pathlib import Path

from services import certificates, packages, users
from services.daemon import Daemon, wait_until
from services.records import FtpServer
from services.service import Service
from services.state import (
    choose_ports,
    listen_address,
    make_directory,
    port_is_open,
    state_directory,
)

LIBRARIES = ("libwrap0", "libssl3", "libcap2", "libpam0g", "util-linux", *certificates.PACKAGES)
OFFSET = 600
PORTS = 300
_PROGRAM = "usr/sbin/vsftpd"


class VsftpdService(Service[FtpServer]):
    """vsftpd, which describes files by LIST only."""

    name = "vsftpd"
    packages = LIBRARIES

    def install(self) -> None:
        super().install()
        packages.unpack(("vsftpd",), (_PROGRAM,), _root())

    def start(self) -> FtpServer:
        users.ensure(users.XENON)
        at, daemons = make_directory(self.directory), self._daemons()
        if not any(daemon.pid for daemon in daemons):
            port = choose_ports(at, "vsftpd", OFFSET, PORTS)
            (at / "port").write_text(str(port))
        port = int((at / "port").read_text())
        shutil.chown(make_directory(at / "files"), users.XENON.name, users.XENON.name)
        make_directory(at / "empty")
        middle = port + PORTS // 2
        self._run(daemons[0], port, range(port + 2, middle), implicit=False)
        self._run(daemons[1], port + 1, range(middle, port + PORTS), implicit=True)
        return FtpServer(
            host="127.0.0.1",
            port=port,
            implicit_port=port + 1,
            user=users.XENON.name,
            password=users.XENON.password,
            directory=str(at / "files"),
            certificate=certificates.certificate().certificate,
            machine_listings=False,
        )

    def stop(self) -> None:
        for daemon in self._daemons():
            daemon.stop_tree()

    def running(self) -> bool:
        return all(daemon.pid for daemon in self._daemons())

    def _run(self, daemon: Daemon, port: int, passive: range, *, implicit: bool) -> None:
        if daemon.pid:
            return
        configuration = self.directory / f"{daemon.name}.conf"
        configuration.write_text(_configuration(self.directory, port, passive, implicit))
        # vsftpd tells why it does not start on descriptor 0.
        shell = 'exec "$0" "$1" <>"$2" 0>&1'
        program, errors = str(_root() / _PROGRAM), str(self.directory / f"{daemon.name}.errors")
        daemon.spawn(["/bin/sh", "-c", shell, program, str(configuration), errors])
        wait_until(lambda: port_is_open(port), 10, "vsftpd", Path(errors))

    def _daemons(self) -> tuple[Daemon, Daemon]:
        return Daemon(self.directory, "explicit"), Daemon(self.directory, "implicit")


def _root() -> Path:
    """Where the package is unpacked: it excludes other FTP servers."""
    return make_directory(state_directory() / "vsftpd-root")


def _configuration(at: Path, port: int, passive: range, implicit: bool) -> str:
    """The text of vsftpd.conf(5)."""
    tls = certificates.certificate()
    return f"""\
listen=YES
listen_address={listen_address()}
listen_port={port}
background=NO
local_enable=YES
write_enable=YES
anonymous_enable=NO
local_root={at}/files
local_umask=022
use_localtime=NO
connect_from_port_20=NO
secure_chroot_dir={at}/empty
pam_service_name=xenon-test
pasv_enable=YES
pasv_address=127.0.0.1
pasv_min_port={passive.start}
pasv_max_port={passive.stop - 1}
seccomp_sandbox=NO
ssl_enable=YES
implicit_ssl={"YES" if implicit else "NO"}
allow_anon_ssl=NO
force_local_data_ssl=NO
force_local_logins_ssl=NO
ssl_ciphers=HIGH
rsa_cert_file={tls.certificate}
rsa_private_key_file={tls.key}
dual_log_enable=NO
xferlog_enable=NO
vsftpd_log_file={at}/vsftpd.log
"""
