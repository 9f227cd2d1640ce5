"""What a test is told of a running server: the same records whichever provider started it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class SshKeys:
    """Key files of the test user; each has its public half beside it."""

    ed25519: Path
    ecdsa: Path
    rsa: Path
    rsa_pem: Path  # the RSA key in the old PEM format
    encrypted: Path  # ed25519, needs the passphrase
    certified: Path  # ed25519, accepted only through its certificate in `certificate`
    certificate: Path
    stranger: Path  # ed25519, accepted nowhere
    passphrase: str = field(repr=False)


@dataclass(frozen=True)
class SshServer:
    """An sshd, and a user that may log in."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    home: str  # home directory of the user on the server
    known_hosts: Path  # all host keys, for 127.0.0.1 and localhost
    known_hosts_ca: Path  # only an @cert-authority line, for the same names
    keys: SshKeys

    @property
    def location(self) -> str:
        """The server as a location string."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class SshChain:
    """Servers one behind the other; each has a user and a credential of its own."""

    hops: tuple[SshServer, ...]  # in the order in which they are passed
    target: SshServer
    known_hosts: Path  # the host keys of all of them


@dataclass(frozen=True)
class SlurmCluster:
    """A Slurm with the partitions `mypartition` (default) and `otherpartition`, of three nodes."""

    ssh: SshServer  # its login node
    environment: Mapping[str, str]  # with it, commands of this machine reach the cluster
    local: bool  # whether this machine has those commands at all
    accounting: bool  # whether sacct has anything to tell
    account: str  # charged when a job names none
    partitions: tuple[str, ...] = ("mypartition", "otherpartition")
    nodes: int = 3
    cpus_per_node: int = 8
    memory_per_node: int = 4000  # MB


@dataclass(frozen=True)
class GridEngineCell:
    """A Grid Engine of one host with the queues `default`, `slow` and `closed`."""

    ssh: SshServer  # its login node
    environment: Mapping[str, str]  # with it, commands of this machine reach the cell
    local: bool  # whether this machine has those commands at all


@dataclass(frozen=True)
class PbsServer:
    """A TORQUE or OpenPBS, or the stand-in for it, with the queue `batch` among others."""

    flavour: str  # torque, openpbs
    ssh: SshServer | None  # its login node; None where nobody may start an sshd
    environment: Mapping[str, str]  # with it, commands of this machine reach the server
    local: bool  # whether this machine has those commands at all
    real: bool  # not the stand-in


@dataclass(frozen=True)
class AtHost:
    """A machine with an at daemon."""

    ssh: SshServer
    local: bool  # whether it is this machine


@dataclass(frozen=True)
class FtpServer:
    """An FTP server with explicit TLS on `port`, and implicit TLS on `implicit_port` (0 = none).

    Both want the TLS session of the control connection on every data connection.
    """

    host: str
    port: int
    implicit_port: int
    user: str
    password: str = field(repr=False)
    directory: str  # where log-ins start; an absolute path, writable by the user
    certificate: Path  # to trust
    machine_listings: bool  # whether it knows MLSD


@dataclass(frozen=True)
class DavServer:
    """A WebDAV server over http; each path is a collection that takes files."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    basic: str  # asks for basic authentication
    digest: str | None = None  # asks for digest authentication, and lists no directory to browsers
    public: str | None = None  # asks for nothing
    tls_port: int | None = None  # the same over https
    certificate: Path | None = None  # to trust


@dataclass(frozen=True)
class S3Server:
    """An S3 server over http, with path-style addresses and no buckets at first."""

    host: str
    port: int
    access_key: str
    secret_key: str = field(repr=False)
    reader: str  # access key of a second identity, which may only read and list
    reader_secret: str = field(repr=False)
    program: str  # SeaweedFS, Ceph
    keeps_a_tree: bool  # knows names between slashes only: `a//b` is `a/b`, and so is `a\\b`
    creates_once: bool  # If-None-Match lets one of several writers win, of small files at least
    domain: str  # also takes requests to hosts `bucket.domain`
    limited: tuple[str, str] | None = field(default=None, repr=False)  # key and secret with a quota

    @property
    def endpoint(self) -> str:
        """The server as a URL."""
        return f"http://{self.host}:{self.port}"
