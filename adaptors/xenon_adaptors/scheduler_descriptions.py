"""The descriptions of the built-in schedulers."""

from __future__ import annotations

from xenon_adaptors.ssh_properties import SSH_CREDENTIALS, connection_properties
from xenon_py.model.descriptions import SchedulerAdaptorDescription
from xenon_py.model.location import LocationForm
from xenon_py.model.properties import SCHEDULER_PREFIX, PropertyDescription, PropertyType

_LONGEST = 2**31 - 1  # ms, 24 days: more overflows the clocks of some systems
_HOST = "host[:port][/workdir][ via:otherhost[:port]]*"
_BATCH_LOCATIONS = ("local://[/workdir]", f"ssh://{_HOST}")


def _property(
    name: str,
    description: str,
    default: str,
    type_: PropertyType,
    *,
    minimum: int | None = None,
    maximum: int | None = None,
    aliases: tuple[str, ...] = (),
) -> PropertyDescription:
    return PropertyDescription(
        SCHEDULER_PREFIX + name,
        description,
        default,
        type_,
        minimum=minimum,
        maximum=maximum,
        aliases=tuple(SCHEDULER_PREFIX + alias for alias in aliases),
    )


def _queue_properties(adaptor: str) -> tuple[PropertyDescription, ...]:
    return (
        _property(
            f"{adaptor}.queue.pollingDelay",
            "Time between two looks at running jobs, where no event tells of their end (ms).",
            "1000",
            PropertyType.LONG,
            minimum=100,
            maximum=60_000,
        ),
        _property(
            f"{adaptor}.queue.multi.maxConcurrentJobs",
            "Number of jobs of the queue multi that run at the same time.",
            "4",
            PropertyType.INTEGER,
            minimum=1,
        ),
    )


def _poll_delay(adaptor: str) -> PropertyDescription:
    return _property(
        f"{adaptor}.poll.delay",
        "Least time between two status queries (ms).",
        "1000",
        PropertyType.LONG,
        minimum=1,
        maximum=_LONGEST,
    )


def _ignore_version(adaptor: str) -> PropertyDescription:
    return _property(
        f"{adaptor}.ignore.version",
        "Go on with a version that is not known to work.",
        "false",
        PropertyType.BOOLEAN,
    )


def _accounting_grace(adaptor: str, documented: str) -> PropertyDescription:
    """Return the property under the documented name and the other spellings in use."""
    spellings = [f"{adaptor}.accounting.grace{end}" for end in ("", ".time", ".timeout")]
    return _property(
        documented,
        "Time that a job that left its queue may take to appear in the accounting (ms).",
        "60000",
        PropertyType.LONG,
        minimum=0,
        maximum=_LONGEST,
        aliases=tuple(name for name in spellings if name != documented),
    )


LOCAL_PROPERTIES = _queue_properties("local")
SSH_PROPERTIES = (
    *connection_properties(f"{SCHEDULER_PREFIX}ssh."),
    _property(
        "ssh.timeout",
        "Time within which the connection is made and the user logged in (ms).",
        "10000",
        PropertyType.LONG,
        minimum=0,
        maximum=_LONGEST,
    ),
    *_queue_properties("ssh"),
)
_RUNNER_PROPERTIES = (*SSH_PROPERTIES, *LOCAL_PROPERTIES)

LOCAL = SchedulerAdaptorDescription(
    name="local",
    description="Processes of this machine, in the queues single, multi and unlimited.",
    supported_locations=("[/workdir]", "local:[///workdir]"),
    supported_properties=LOCAL_PROPERTIES,
    is_embedded=True,
    supports_interactive=True,
    location_form=LocationForm.PATH,
    supports_job_arrays=True,
    supports_array_throttle=True,
    supports_hold=True,
    supports_suspend=True,
    supports_signal=True,
    supports_dependencies=True,
    supports_start_time=True,
)

SSH = SchedulerAdaptorDescription(
    name="ssh",
    description="Processes of another machine, started over SSH, in the queues single, multi and "
    "unlimited.",
    supported_locations=(_HOST,),
    supported_properties=SSH_PROPERTIES,
    is_embedded=True,
    supports_interactive=True,
    supported_credentials=SSH_CREDENTIALS,
    location_form=LocationForm.SSH,
    supports_job_arrays=True,
    supports_array_throttle=True,
    supports_hold=True,
    supports_suspend=True,
    supports_signal=True,
    supports_dependencies=True,
    supports_start_time=True,
)

AT = SchedulerAdaptorDescription(
    name="at",
    description="The at daemon of a machine, here or reached over SSH.",
    supported_locations=_BATCH_LOCATIONS,
    supported_properties=(_poll_delay("at"), *_RUNNER_PROPERTIES),
    supported_credentials=SSH_CREDENTIALS,
    supports_signal=True,
    supports_start_time=True,
    supports_runtime_limit=False,
    remembers_finished_jobs=True,
)

SLURM = SchedulerAdaptorDescription(
    name="slurm",
    description="Slurm, by its commands, here or over SSH.",
    supported_locations=_BATCH_LOCATIONS,
    supported_properties=(
        _property(
            "slurm.disable.accounting.usage",
            "Do not ask the accounting, even where there is one.",
            "false",
            PropertyType.BOOLEAN,
        ),
        _poll_delay("slurm"),
        *_RUNNER_PROPERTIES,
    ),
    supports_interactive=True,
    supported_credentials=SSH_CREDENTIALS,
    supports_job_arrays=True,
    supports_array_throttle=True,
    supports_hold=True,
    supports_suspend=True,
    supports_signal=True,
    supports_dependencies=True,
    supports_start_time=True,
    supports_multiple_tasks=True,
    supports_gpus=True,
    supports_accounts=True,
    supports_memory_limit=True,
    supports_temp_space=True,
    supports_scheduler_arguments=True,
    remembers_finished_jobs=True,
)

GRIDENGINE = SchedulerAdaptorDescription(
    name="gridengine",
    description="Grid Engine (Sun, Son of, Univa), by its commands, here or over SSH.",
    supported_locations=_BATCH_LOCATIONS,
    supported_properties=(
        _ignore_version("gridengine"),
        _accounting_grace("gridengine", "gridengine.accounting.grace.timeout"),
        _poll_delay("gridengine"),
        *_RUNNER_PROPERTIES,
    ),
    supported_credentials=SSH_CREDENTIALS,
    supports_job_arrays=True,
    supports_array_throttle=True,
    supports_hold=True,
    supports_suspend=True,
    supports_start_time=True,
    supports_multiple_tasks=True,
    supports_accounts=True,
    supports_memory_limit=True,
    supports_temp_space=True,
    supports_scheduler_arguments=True,
    remembers_finished_jobs=True,
)

TORQUE = SchedulerAdaptorDescription(
    name="torque",
    description="TORQUE, OpenPBS and PBS Professional, by their commands, here or over SSH.",
    supported_locations=_BATCH_LOCATIONS,
    supported_properties=(
        _ignore_version("torque"),
        _accounting_grace("torque", "torque.accounting.grace"),
        _poll_delay("torque"),
        *_RUNNER_PROPERTIES,
    ),
    supported_credentials=SSH_CREDENTIALS,
    supports_job_arrays=True,
    supports_array_throttle=True,
    supports_hold=True,
    supports_suspend=True,
    supports_signal=True,
    supports_dependencies=True,
    supports_start_time=True,
    supports_multiple_tasks=True,
    supports_gpus=True,
    supports_accounts=True,
    supports_memory_limit=True,
    supports_scheduler_arguments=True,
    remembers_finished_jobs=True,
)
