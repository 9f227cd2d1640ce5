"""pure-ftpd on 127.0.0.1: an FTP server with MLSD and ideas of its own on names."""

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

LIBRARIES = (
    *("libcap2", "libcrypt1", "libpam0g", "libsodium23", "libssl3", "util-linux"),
    *certificates.PACKAGES,
)
OFFSET = 900
PORTS = 100
HOME = f"/home/{users.XENON.name}"  # log-ins start at home, wherever that is
_PROGRAM = "usr/sbin/pure-ftpd"


class PureFtpdService(Service[FtpServer]):
    """pure-ftpd, which has explicit TLS only."""

    name = "pure-ftpd"
    packages = LIBRARIES

    def install(self) -> None:
        super().install()
        packages.unpack(("pure-ftpd",), (_PROGRAM,), _root())

    def start(self) -> FtpServer:
        users.ensure(users.XENON)
        daemon, at = self._daemon(), make_directory(self.directory)
        if not daemon.pid:
            port = choose_ports(at, "pure-ftpd", OFFSET, PORTS)
            (at / "port").write_text(str(port))
            daemon.spawn(self._command(port))
            wait_until(lambda: port_is_open(port), 10, "pure-ftpd", daemon.log)
        port = int((at / "port").read_text())
        return FtpServer(
            host="127.0.0.1",
            port=port,
            implicit_port=0,
            user=users.XENON.name,
            password=users.XENON.password,
            directory=HOME,
            certificate=certificates.certificate().certificate,
            machine_listings=True,
        )

    def stop(self) -> None:
        self._daemon().stop_tree()

    def running(self) -> bool:
        return self._daemon().pid is not None

    def _daemon(self) -> Daemon:
        return Daemon(self.directory, "pure-ftpd")

    def _command(self, port: int) -> list[str]:
        """The command line of pure-ftpd(8), which reads no configuration file."""
        at, tls = self.directory, certificates.certificate()
        both = at / "key-and-certificate.pem"
        both.write_text(tls.key.read_text() + tls.certificate.read_text())
        both.chmod(0o600)
        return [
            str(_root() / _PROGRAM),
            *("--ipv4only", "--noanonymous", "--dontresolve", "--displaydotfiles"),
            *("--bind", f"{listen_address()},{port}", "--forcepassiveip", "127.0.0.1"),
            *("--passiveportrange", f"{port + 1}:{port + PORTS - 1}"),
            *("--login", "unix", "--minuid", "100", "--umask", "022:022"),
            *("--maxclientsnumber", "100", "--maxclientsperip", "100"),
            *("--limitrecursion", "20000:100", "--tls", "1", "--certfile", str(both)),
            *("--pidfile", f"{at}/pure-ftpd.pid"),
        ]


def _root() -> Path:
    """Where the package is unpacked: it excludes other FTP servers."""
    return make_directory(state_directory() / "pure-ftpd-root")
