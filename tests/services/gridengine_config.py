"""The configuration of the test Grid Engine: texts for its files and for `qconf`."""

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ARCHITECTURE = "lx-amd64"
CELL = "default"
ADMIN = "sgeadmin"

# A job of `default` is run by the queue's shell, whatever its first line says (the factory
# setting); in `slow` that line counts. Only the group root may use `closed`.
QUEUES = {
    "default": {"slots": "8", "shell_start_mode": "posix_compliant"},
    "slow": {"slots": "2", "seq_no": "10", "shell_start_mode": "unix_behavior"},
    "closed": {"slots": "1", "seq_no": "20", "user_lists": "closedusers"},
}
ENVIRONMENTS = {"smp": "$pe_slots", "mpi": "$round_robin"}

# Grid Engine listens on all addresses, has no setting for that, and believes what user its peers
# claim to be. This keeps it on the loopback; jobs do not inherit it.
LOOPBACK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
__attribute__((constructor)) static void forget(void) { unsetenv("LD_PRELOAD"); }
int bind(int fd, const struct sockaddr *address, socklen_t size) {
    int (*next)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "bind");
    if (address && address->sa_family == AF_INET && size >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in local = *(const struct sockaddr_in *)address;
        if (local.sin_addr.s_addr == htonl(INADDR_ANY)) {
            local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            return next(fd, (struct sockaddr *)&local, sizeof local);
        }
    }
    return next(fd, address, size);
}
"""


@dataclass(frozen=True)
class Layout:
    """Where everything is, below one directory.

    Attributes:
        directory: of the service.
        first_port: that of the master; the next is that of the execution daemon.
    """

    PORTS = 2

    directory: Path
    first_port: int

    @property
    def packages(self) -> Path:
        """Where the Debian packages are unpacked: they exclude Slurm's qsub."""
        return self.directory / "packages"

    @property
    def root(self) -> Path:
        """`SGE_ROOT`."""
        return self.directory / "sge"

    @property
    def binaries(self) -> Path:
        """Where the commands and daemons are."""
        return self.root / "bin" / ARCHITECTURE

    @property
    def common(self) -> Path:
        """The files that all hosts of a cell share."""
        return self.root / CELL / "common"

    @property
    def spool(self) -> Path:
        """What the daemons write."""
        return self.directory / "spool"

    @property
    def variables(self) -> Mapping[str, str]:
        """What every command and daemon has to find in its environment."""
        return {
            "SGE_ROOT": str(self.root),
            "SGE_CELL": CELL,
            "SGE_CLUSTER_NAME": f"p{self.first_port}",
            "SGE_QMASTER_PORT": str(self.first_port),
            "SGE_EXECD_PORT": str(self.first_port + 1),
        }

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables, and a path with the commands in front."""
        path = f"{self.binaries}:/usr/local/bin:/usr/bin:/bin"
        return {**self.variables, "PATH": path}


def bootstrap(at: Layout) -> str:
    """The file `bootstrap`."""
    values = {
        "admin_user": ADMIN,
        "default_domain": "none",
        "ignore_fqdn": "true",
        "spooling_method": "berkeleydb",
        "spooling_lib": "libspoolb",
        "spooling_params": at.spool / "database",
        "binary_path": at.root / "bin",
        "qmaster_spool_dir": at.spool / "qmaster",
        "security_mode": "none",
        "listener_threads": 2,
        "worker_threads": 2,
        "scheduler_threads": 1,
    }
    return "# Version: 8.1.9\n" + table(values)


def host_aliases() -> str:
    """One name for this machine: Grid Engine refuses a host that is called localhost."""
    host = socket.gethostname()
    names = [host, "localhost", "localhost.localdomain", "ip6-localhost", socket.getfqdn()]
    for line in Path("/etc/hosts").read_text().splitlines():
        words = line.partition("#")[0].split()
        if words and (words[0].startswith("127.") or words[0] == "::1" or host in words):
            names += words[1:]
    return " ".join(dict.fromkeys(names)) + "\n"


def global_configuration(at: Layout, factory: str, accounting_delay: int = 0) -> str:
    """The cluster's configuration: Debian's, with accounting late by so many seconds."""
    gid = 100_000 + 50 * (at.first_port - 20_000)  # of processes of jobs; no two cells the same
    return changed(
        factory,
        {
            "execd_spool_dir": str(at.spool / "execd"),
            "min_uid": "0",
            "min_gid": "0",
            "load_report_time": "00:00:05",
            "reporting_params": "accounting=true reporting=true flush_time=00:00:01 "
            f"accounting_flush_time=00:00:{accounting_delay:02} joblog=true sharelog=00:00:00",
            "gid_range": f"{gid}-{gid + 49}",
            "execd_params": "ENABLE_ADDGRP_KILL=true INHERIT_ENV=false",
            "finished_jobs": "100",
        },
    )


def scheduler_configuration(present: str) -> str:
    """The scheduler's: it looks once a second, and at once when something changes."""
    return changed(
        present,
        {
            "schedule_interval": "0:0:1",
            "flush_submit_sec": "1",
            "flush_finish_sec": "1",
            "schedd_job_info": "true",
            "job_load_adjustments": "NONE",
            "load_adjustment_decay_time": "0:0:0",
        },
    )


def execution_host() -> str:
    """For `qconf -Ae`."""
    nothing = (
        *("load_scaling", "complex_values", "user_lists", "xuser_lists", "projects"),
        *("xprojects", "usage_scaling", "report_variables"),
    )
    return table({"hostname": socket.gethostname(), **dict.fromkeys(nothing, "NONE")})


def parallel_environment(name: str) -> str:
    """For `qconf -Ap`."""
    return table(
        {
            "pe_name": name,
            "slots": 999,
            **dict.fromkeys(("user_lists", "xuser_lists"), "NONE"),
            **dict.fromkeys(("start_proc_args", "stop_proc_args"), "NONE"),
            "allocation_rule": ENVIRONMENTS[name],
            "control_slaves": "TRUE",
            "job_is_first_task": "FALSE",
            "urgency_slots": "min",
            "accounting_summary": "TRUE",
            "qsort_args": "NONE",
        }
    )


def queue(at: Layout, name: str) -> str:
    """For `qconf -Aq`."""
    nothing = "load_thresholds suspend_thresholds ckpt_list prolog epilog starter_method"
    nothing += " suspend_method resume_method terminate_method owner_list user_lists xuser_lists"
    nothing += " subordinate_list complex_values projects xprojects calendar"
    kinds = ("cpu", "fsize", "data", "stack", "core", "rss", "vmem", "rt")
    limits = [f"{hardness}_{kind}" for kind in kinds for hardness in "sh"]
    return table(
        {
            "qname": name,
            "hostlist": "@allhosts",
            "seq_no": 0,
            "nsuspend": 1,
            **dict.fromkeys(("suspend_interval", "min_cpu_interval"), "00:05:00"),
            "priority": 0,
            "processors": "UNDEFINED",
            "qtype": "BATCH INTERACTIVE",
            "pe_list": " ".join(ENVIRONMENTS),
            "rerun": "FALSE",
            "tmpdir": at.directory / "tmp",
            "shell": "/bin/sh",
            "notify": "00:00:05",
            "initial_state": "default",
            "shell_start_mode": "posix_compliant",
            **dict.fromkeys(nothing.split(), "NONE"),
            **dict.fromkeys(limits, "INFINITY"),
            **QUEUES[name],
        }
    )


def table(values: Mapping[str, object]) -> str:
    """Lines of names and values."""
    return "".join(f"{name} {value}\n" for name, value in values.items())


def changed(text: str, values: Mapping[str, str]) -> str:
    """A table with other values for some names."""
    for name, value in values.items():
        text, count = re.subn(rf"(?m)^{name}\s.*$", f"{name} {value}", text)
        assert count == 1, (name, text)
    return text
