"""With fixed ports (XENON_TEST_PORT_BASE) all services of one run live side by side."""

from services import gridengine, pbs, proftpd, pureftpd, rgw, seaweed, slurm, sshd, vsftpd, webdav
from services.gridengine_config import Layout as GridEngineLayout
from services.slurm_config import Layout as SlurmLayout

TAKEN = {
    "sshd": (sshd.SSHD_OFFSET, 1),
    "sshchain": (sshd.CHAIN_OFFSET, 3),
    "proftpd-sftp": (proftpd.SFTP_OFFSET, 1),
    "apache": (webdav.ApacheService.offset, webdav.ApacheService.ports),
    "nginx": (webdav.NginxService.offset, webdav.NginxService.ports),
    "lighttpd": (webdav.LighttpdService.offset, webdav.LighttpdService.ports),
    "seaweed": (seaweed.OFFSET, seaweed.PORTS),
    "rgw": (rgw.OFFSET, rgw.PORTS),
    **{name: (first, SlurmLayout.PORTS + 1) for name, first in slurm.OFFSETS.items()},
    "gridengine": (gridengine.OFFSET, GridEngineLayout.PORTS + 1),
    **{name: (first, 1) for name, first in pbs.OFFSETS.items()},
    "proftpd-ftp": (proftpd.FTP_OFFSET, proftpd.FTP_PORTS),
    "vsftpd": (vsftpd.OFFSET, vsftpd.PORTS),
    "pure-ftpd": (pureftpd.OFFSET, pureftpd.PORTS),
}


def test_no_two_services_take_the_same_port() -> None:
    ports = [first + number for first, count in TAKEN.values() for number in range(count)]
    assert len(set(ports)) == len(ports)
