"""Words and numbers that differ between TORQUE and OpenPBS."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SERVER = "vm"


@dataclass(frozen=True)
class Flavour:
    """What one of the two says; error numbers are exit codes."""

    name: str
    version: str
    version_on_stderr: bool
    ended: str
    codes: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    away: tuple[str, int, int] = ("", 0, 0)  # text; exit codes of qstat and of the others
    walltime: int = 0


TORQUE = Flavour(
    name="torque",
    version="Version: 6.1.2\nCommit: \n",
    version_on_stderr=True,
    ended="C",
    codes={
        "unknown job": 153,
        "ended": 170,
        "state": 170,
        "unknown queue": 172,
        "unauthorized": 159,
        "disabled": 175,
        "resource": 189,
        "value": 168,
        "limit": 190,
        "feasible": 190,
        "dependency": 208,
        "signal": 167,
        "array": 235,
        "mixed": 4,
        "attribute": 154,
        "usage": 2,
    },
    texts={
        "unknown queue": "submit error (Unknown queue MSG=requested queue not found)",
        "unauthorized": "submit error (Unauthorized Request  MSG=user ACL rejected the submitting "
        "user: user {user}@localhost, queue {queue})",
        "disabled": "submit error (Queue is not enabled MSG=queue is disabled: user "
        "{user}@localhost, queue {queue})",
        "resource": "submit error (Unknown resource type  Resource_List.{name})",
        "value": "submit error (Illegal attribute or resource value for Resource_List.{name})",
        "limit": "submit error (Job exceeds queue resource limits MSG=cannot satisfy queue max "
        "walltime requirement)",
        "feasible": "submit error (Job exceeds queue resource limits MSG=cannot locate feasible "
        "nodes (nodes file is empty, all systems are busy, or no nodes have the requested "
        "feature))",
        "dependency": "submit error (Invalid Job Dependency)",
        "array": "submit error (Bad Job Array Request)",
        "mixed": "Jobs may not mix -l nodes with -l size or -l ncpus",
        "attribute": "submit error (Undefined attribute  MSG=detected presence of an unknown "
        "attribute)",
    },
    away=(
        "\nUnable to communicate with vm(127.0.0.1)\n{program}: cannot connect to server vm "  # noqa: ISC004
        "(errno=111) Connection refused\n",
        111,
        111,
    ),
    walltime=-11,
)

OPENPBS = Flavour(
    name="openpbs",
    version="pbs_version = 23.06.06\n",
    version_on_stderr=False,
    ended="F",
    codes={
        "unknown job": 153,
        "ended": 35,
        "state": 168,
        "unknown queue": 170,
        "unauthorized": 159,
        "disabled": 173,
        "resource": 187,
        "value": 166,
        "limit": 188,
        "signal": 165,
        "array": 3,
        "mixed": 5,
        "usage": 2,
    },
    texts={
        "unknown queue": "Unknown queue",
        "unauthorized": "Unauthorized Request ",
        "disabled": "Queue is not enabled",
        "resource": "Unknown resource Resource_List.{name}",
        "value": "Illegal attribute or resource value Resource_List.{name}",
        "limit": "Job violates queue and/or server resource limits",
        "array": "Array job exceeds server or queue size limit",
        "mixed": '"-lresource=" cannot be used with "select" or "place", resource is: {name}',
    },
    away=("Connection refused\n{program}: cannot connect to server vm (errno=15010)\n", 255, 160),
    walltime=-29,
)

FLAVOURS = {flavour.name: flavour for flavour in (TORQUE, OPENPBS)}


class Refused(Exception):
    """A command refuses: what it prints on standard error, and its exit code."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.text, self.code = text, code


@dataclass(frozen=True)
class Caller:
    """Who runs a command, and where."""

    uid: int
    gid: int
    name: str
    home: str
    shell: str
    cwd: str
    env: Mapping[str, str]
    stdin: bytes
    program: str


@dataclass(frozen=True)
class Answer:
    """What a command prints, and its exit code."""

    out: str = ""
    err: str = ""
    code: int = 0
