"""All services by name, for the command line."""

from typing import Any

from services.atd import AtdService
from services.gridengine import GridEngineService
from services.pbs import OpenPbsService, TorqueService
from services.proftpd import ProftpdFtpService, ProftpdSftpService
from services.pureftpd import PureFtpdService
from services.rgw import RgwService
from services.seaweed import SeaweedService
from services.service import Service
from services.slurm import SlurmService, SlurmWithoutAccountingService
from services.sshd import SshChainService, SshdService
from services.vsftpd import VsftpdService
from services.webdav import ApacheService, LighttpdService, NginxService

SERVICES: dict[str, type[Service[Any]]] = {
    service.name: service
    for service in (
        SshdService,
        SshChainService,
        ProftpdSftpService,
        ProftpdFtpService,
        VsftpdService,
        PureFtpdService,
        ApacheService,
        NginxService,
        LighttpdService,
        SeaweedService,
        RgwService,
        AtdService,
        SlurmService,
        SlurmWithoutAccountingService,
        GridEngineService,
        TorqueService,
        OpenPbsService,
    )
}
