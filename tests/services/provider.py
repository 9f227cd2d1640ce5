"""Who starts the servers of the tests: this machine (`native`) or a container engine (`docker`)."""

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from services.atd import AtdService
from services.gridengine import GridEngineService
from services.pbs import OpenPbsService, TorqueService
from services.proftpd import ProftpdFtpService, ProftpdSftpService
from services.pureftpd import PureFtpdService
from services.records import (
    AtHost,
    DavServer,
    FtpServer,
    GridEngineCell,
    PbsServer,
    S3Server,
    SlurmCluster,
    SshChain,
    SshServer,
)
from services.rgw import RgwService
from services.seaweed import SeaweedService
from services.slurm import SlurmService, SlurmWithoutAccountingService
from services.sshd import SshChainService, SshdService
from services.vsftpd import VsftpdService
from services.webdav import ApacheService, LighttpdService, NginxService


class Provider(Protocol):
    """Starts servers, each for as long as its context lasts.

    Every method raises ServiceUnavailable where the service cannot be had.
    """

    def sshd(self) -> AbstractContextManager[SshServer]:
        """An OpenSSH server."""

    def ssh_chain(self) -> AbstractContextManager[SshChain]:
        """OpenSSH servers behind each other."""

    def proftpd_sftp(self) -> AbstractContextManager[SshServer]:
        """An SFTP server that is not OpenSSH: ProFTPD's mod_sftp."""

    def proftpd_ftp(self) -> AbstractContextManager[FtpServer]:
        """An FTP server with MLSD."""

    def vsftpd(self) -> AbstractContextManager[FtpServer]:
        """An FTP server without MLSD."""

    def pureftpd(self) -> AbstractContextManager[FtpServer]:
        """An FTP server with ideas of its own on names."""

    def apache(self) -> AbstractContextManager[DavServer]:
        """A WebDAV server with all kinds of authentication, and https."""

    def nginx(self) -> AbstractContextManager[DavServer]:
        """A WebDAV server that insists on slashes."""

    def lighttpd(self) -> AbstractContextManager[DavServer]:
        """A third WebDAV server."""

    def seaweed(self) -> AbstractContextManager[S3Server]:
        """An S3 server that is there at once."""

    def rgw(self) -> AbstractContextManager[S3Server]:
        """Ceph's S3 server, which is not."""

    def atd(self) -> AbstractContextManager[AtHost]:
        """A machine with an at daemon."""

    def slurm(self, *, accounting: bool = True) -> AbstractContextManager[SlurmCluster]:
        """A Slurm, with or without slurmdbd."""

    def gridengine(self) -> AbstractContextManager[GridEngineCell]:
        """A Grid Engine."""

    def pbs(self, flavour: str) -> AbstractContextManager[PbsServer]:
        """A TORQUE or an OpenPBS (`torque`, `openpbs`)."""


class NativeProvider:
    """Debian packages on this machine, as root, on 127.0.0.1."""

    def sshd(self) -> AbstractContextManager[SshServer]:
        return SshdService().use()

    def ssh_chain(self) -> AbstractContextManager[SshChain]:
        return SshChainService().use()

    def proftpd_sftp(self) -> AbstractContextManager[SshServer]:
        return ProftpdSftpService().use()

    def proftpd_ftp(self) -> AbstractContextManager[FtpServer]:
        return ProftpdFtpService().use()

    def vsftpd(self) -> AbstractContextManager[FtpServer]:
        return VsftpdService().use()

    def pureftpd(self) -> AbstractContextManager[FtpServer]:
        return PureFtpdService().use()

    def apache(self) -> AbstractContextManager[DavServer]:
        return ApacheService().use()

    def nginx(self) -> AbstractContextManager[DavServer]:
        return NginxService().use()

    def lighttpd(self) -> AbstractContextManager[DavServer]:
        return LighttpdService().use()

    def seaweed(self) -> AbstractContextManager[S3Server]:
        return SeaweedService().use()

    def rgw(self) -> AbstractContextManager[S3Server]:
        return RgwService().use()

    @contextlib.contextmanager
    def atd(self) -> Iterator[AtHost]:
        with SshdService().use() as ssh, AtdService().use():
            yield AtHost(ssh=ssh, local=True)

    def gridengine(self) -> AbstractContextManager[GridEngineCell]:
        return GridEngineService().use()

    def pbs(self, flavour: str) -> AbstractContextManager[PbsServer]:
        return (TorqueService() if flavour == "torque" else OpenPbsService()).use()

    def slurm(self, *, accounting: bool = True) -> AbstractContextManager[SlurmCluster]:
        return (SlurmService() if accounting else SlurmWithoutAccountingService()).use()
