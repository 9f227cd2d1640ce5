"""The configuration files of the test Slurm: pure text, no processes.

Measured with Slurm 22.05 of Debian 12. No systemd, cgroup, or address but 127.0.0.1 is needed.
"""

import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

DATABASE = "slurm_acct_db"
DATABASE_USER = "slurm"
DATABASE_PASSWORD = "slurmpw"
NODE_CPUS = 8
NODE_MEMORY = 4000


@dataclass(frozen=True)
class SlurmOptions:
    """How a test Slurm differs from the ordinary one."""

    accounting: bool = True
    operator: bool = False  # the test user's admin level; needed to suspend jobs
    min_job_age: int = 60  # seconds for which squeue remembers a finished job
    nodes: int = 3


@dataclass(frozen=True)
class Layout:
    """Files and ports of one cluster."""

    directory: Path
    first_port: int
    host: "Layout | None" = None  # of the cluster whose munge and accounting this one uses too

    PORTS = 60  # how many ports a cluster takes

    @property
    def etc(self) -> Path:
        return self.directory / "etc"

    @property
    def run(self) -> Path:
        return self.directory / "run"

    @property
    def log(self) -> Path:
        return self.directory / "log"

    @property
    def slurm_conf(self) -> Path:
        return self.etc / "slurm.conf"

    @property
    def controller(self) -> Path:
        return self.directory / "controller"

    @property
    def cluster_name(self) -> str:
        """Unlike that of any other cluster: jobs of several share a home directory here.

        The file is slurmctld's own, which refuses to run under another name.
        """
        file = self.controller / "clustername"
        if not file.exists():
            file.write_text(f"test{secrets.token_hex(3)}")
        return file.read_text().split()[0]

    @property
    def munge_socket(self) -> Path:
        if self.host:
            return self.host.munge_socket
        return self.directory / "munge" / "socket"

    @property
    def database(self) -> Path:
        return self.directory / "db"

    @property
    def controller_port(self) -> int:
        return self.first_port

    @property
    def accounting_port(self) -> int:
        if self.host:
            return self.host.accounting_port
        return self.first_port + 1

    @property
    def database_port(self) -> int:
        return self.first_port + 2

    def node_port(self, number: int) -> int:
        return self.first_port + 3 + number

    @property
    def srun_ports(self) -> str:
        return f"{self.first_port + 10}-{self.first_port + self.PORTS - 1}"


def slurmdbd_conf(at: Layout) -> str:
    """The text of slurmdbd.conf(5); it holds a password and must be private to its user."""
    return f"""\
AuthType=auth/munge
AuthInfo=socket={at.munge_socket}
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={at.accounting_port}
CommunicationParameters=NoInAddrAny
SlurmUser=slurm
LogFile={at.log}/slurmdbd.log
PidFile={at.run}/slurmdbd.pid
DebugLevel=info
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={at.database_port}
StorageUser={DATABASE_USER}
StoragePass={DATABASE_PASSWORD}
StorageLoc={DATABASE}
"""


def slurm_conf(at: Layout, options: SlurmOptions) -> str:
    """The text of slurm.conf(5)."""
    host = socket.gethostname().partition(".")[0]
    accounting = (
        _accounting(at) if options.accounting else "AccountingStorageType=accounting_storage/none\n"
    )
    nodes = "".join(
        f"NodeName=node-{number} NodeHostname={host} NodeAddr=127.0.0.1"
        f" Port={at.node_port(number)} CPUs={NODE_CPUS} Boards=1 SocketsPerBoard=1"
        f" CoresPerSocket={NODE_CPUS} ThreadsPerCore=1 RealMemory={NODE_MEMORY} TmpDisk=10000"
        " State=UNKNOWN\n"
        for number in range(options.nodes)
    )
    return f"""\
ClusterName={at.cluster_name}
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={at.controller_port}
SrunPortRange={at.srun_ports}
# Without these two the daemons listen on all interfaces.
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={at.munge_socket}
SlurmUser=slurm
SlurmdUser=root
StateSaveLocation={at.controller}
SlurmdSpoolDir={at.directory}/spool/%n
SlurmctldPidFile={at.run}/slurmctld.pid
SlurmdPidFile={at.run}/slurmd-%n.pid
SlurmctldLogFile={at.log}/slurmctld.log
SlurmdLogFile={at.log}/slurmd-%n.log
SlurmctldDebug=info
SlurmdDebug=info
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmctldTimeout=30
SlurmdTimeout=60
InactiveLimit=0
MinJobAge={options.min_job_age}
KillWait=2
Waittime=0
MaxJobCount=20000
MaxArraySize=10001
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=5,bf_interval=5,batch_sched_delay=0,sched_min_interval=100000,default_queue_depth=1000,partition_job_depth=1000
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=50
# The nodes claim more processors than this machine has.
SlurmdParameters=config_overrides
EnforcePartLimits=ALL
PriorityType=priority/basic
JobRequeue=1
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
{accounting}{nodes}\
PartitionName=mypartition Nodes=ALL Default=YES DefaultTime=15 MaxTime=60 State=UP
PartitionName=otherpartition Nodes=node-{options.nodes - 1} Default=NO DefaultTime=15 MaxTime=120 \
State=UP OverSubscribe=FORCE:4
"""


def _accounting(at: Layout) -> str:
    return f"""\
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={at.accounting_port}
AccountingStoragePass={at.munge_socket}
AccountingStorageEnforce=associations,limits
AccountingStoreFlags=job_comment,job_env,job_script
"""
