"""Jobs as a PBS server remembers them."""

import time
from dataclasses import dataclass, field

from services.pbs_standin.flavours import SERVER, Caller


@dataclass
class Job:
    """A job, an array, or a task of one."""

    seq: int
    owner: Caller
    name: str
    queue: str
    script: bytes
    submitted_by: str  # the words of qsub
    index: int | None = None
    is_array: bool = False
    array_request: str = ""
    slots: int | None = None
    tasks: "list[Job]" = field(default_factory=list)
    parent: "Job | None" = None
    variables: dict[str, str] = field(default_factory=dict)
    resources: dict[str, str] = field(default_factory=dict)
    depends_on: list[tuple[str, str]] = field(default_factory=list)
    held: bool = False
    impossible: bool = False
    start_at: float | None = None
    output: str = ""
    error: str = ""
    joined: bool = False
    account: str = ""
    shell: str = ""
    walltime: int | None = None
    state: str = "Q"
    created: int = field(default_factory=lambda: int(time.time()))
    started: int | None = None
    ended: int | None = None
    exit_status: int | None = None
    substate: int = 10
    comment: str = ""
    session: int | None = None
    deleted: bool = False
    over_limit: bool = False

    @property
    def id(self) -> str:
        """As ``qsub`` prints it, and as ``$PBS_JOBID`` has it."""
        brackets = "[]" if self.is_array else "" if self.index is None else f"[{self.index}]"
        return f"{self.seq}{brackets}.{SERVER}"

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self.state in {"C", "F", "X"}

    @property
    def waits(self) -> bool:
        """Whether it did not start yet."""
        return self.state in {"Q", "H", "W"}
