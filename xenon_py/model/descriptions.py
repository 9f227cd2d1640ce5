"""What an adaptor is and can do: one frozen record each, known without loading its libraries."""

from __future__ import annotations

import enum
from dataclasses import dataclass, fields

from xenon_py.model.location import LocationForm
from xenon_py.model.properties import PropertyDescription


@dataclass(frozen=True)
class FileSystemAdaptorDescription:
    """A file-system adaptor. The first 14 fields are those of PyXenon.

    Attributes:
        name: of the adaptor.
        description: one or two sentences.
        supported_locations: the forms of the location string, for people.
        supported_properties: its properties.
        supports_third_party_copy: the server can copy to another server.
        can_create_symboliclinks: ``create_symbolic_link`` works.
        can_read_symboliclinks: ``read_symbolic_link`` works.
        is_connectionless: no connection is kept between operations.
        supported_credentials: names of the credential classes that are taken.
        supports_reading_posix_permissions: ``get_attributes`` tells permissions.
        supports_setting_posix_permissions: ``set_posix_file_permissions`` works.
        supports_rename: ``rename`` works.
        can_append: ``append_to_file`` works.
        needs_size_beforehand: the size must be known before a write begins.
        location_form: which parser its location goes through.
        can_copy_on_server: a copy within the server does not travel through the client.
        can_set_times: modification times can be set (copies with ``preserve``).
        can_replace_by_rename: a rename can replace an existing file in one step.
        writes_atomically: a file that is being written is not seen until it is complete.
        creates_exclusively: "create, but fail if it exists" is one step on the server.
        can_checksum: the server computes checksums.
        has_real_directories: empty directories exist by themselves.
        requires: the extra to install, e.g. ``s3`` for ``pip install xenon-py[s3]``.
    """

    name: str = ""
    description: str = ""
    supported_locations: tuple[str, ...] = ()
    supported_properties: tuple[PropertyDescription, ...] = ()
    supports_third_party_copy: bool = False
    can_create_symboliclinks: bool = False
    can_read_symboliclinks: bool = False
    is_connectionless: bool = False
    supported_credentials: tuple[str, ...] = ("DefaultCredential",)
    supports_reading_posix_permissions: bool = False
    supports_setting_posix_permissions: bool = False
    supports_rename: bool = False
    can_append: bool = False
    needs_size_beforehand: bool = False
    location_form: LocationForm = LocationForm.HOST
    can_copy_on_server: bool = False
    can_set_times: bool = False
    can_replace_by_rename: bool = False
    writes_atomically: bool = False
    creates_exclusively: bool = False
    can_checksum: bool = False
    has_real_directories: bool = True
    requires: str = ""

    def __str__(self) -> str:
        return describe(self)


@dataclass(frozen=True)
class SchedulerAdaptorDescription:
    """A scheduler adaptor. The first nine fields are those of PyXenon.

    Attributes:
        name: of the adaptor.
        description: one or two sentences.
        supported_locations: the forms of the location string, for people.
        supported_properties: its properties.
        is_embedded: jobs end when the scheduler object is closed.
        supports_interactive: ``submit_interactive_job`` works.
        supports_batch: ``submit_batch_job`` works.
        uses_file_system: ``get_file_system`` works.
        supported_credentials: names of the credential classes that are taken.
        location_form: which parser its location goes through.
        supports_job_arrays: ``submit_job_array`` works.
        supports_array_throttle: ``max_parallel`` of an array is honoured.
        supports_hold: ``hold_job`` and ``release_job`` work, and ``JobDescription.hold``.
        supports_suspend: ``suspend_job`` and ``resume_job`` work (the site may still forbid it).
        supports_signal: ``signal_job`` works.
        supports_dependencies: ``JobDescription.depends_on`` is honoured.
        supports_start_time: ``JobDescription.start_time`` is honoured.
        supports_multiple_tasks: ``tasks`` above 1 is honoured.
        supports_gpus: ``gpus_per_task`` is honoured.
        supports_accounts: ``account`` is honoured.
        supports_memory_limit: ``max_memory`` is honoured.
        supports_temp_space: ``temp_space`` is honoured.
        supports_runtime_limit: ``max_runtime`` is honoured.
        supports_scheduler_arguments: ``scheduler_arguments`` are passed on.
        remembers_finished_jobs: a finished job is still known to a new process.
        requires: the extra to install.
    """

    name: str = ""
    description: str = ""
    supported_locations: tuple[str, ...] = ()
    supported_properties: tuple[PropertyDescription, ...] = ()
    is_embedded: bool = False
    supports_interactive: bool = False
    supports_batch: bool = True
    uses_file_system: bool = True
    supported_credentials: tuple[str, ...] = ("DefaultCredential",)
    location_form: LocationForm = LocationForm.BATCH
    supports_job_arrays: bool = False
    supports_array_throttle: bool = False
    supports_hold: bool = False
    supports_suspend: bool = False
    supports_signal: bool = False
    supports_dependencies: bool = False
    supports_start_time: bool = False
    supports_multiple_tasks: bool = False
    supports_gpus: bool = False
    supports_accounts: bool = False
    supports_memory_limit: bool = False
    supports_temp_space: bool = False
    supports_runtime_limit: bool = True
    supports_scheduler_arguments: bool = False
    remembers_finished_jobs: bool = False
    requires: str = ""

    def __str__(self) -> str:
        return describe(self)


def describe(message: object, **instead: object) -> str:
    """Return a dataclass as text: its class, then a line per field.

    Args:
        message: the dataclass.
        instead: what to show for a field that is not to be shown as it is.
    """
    lines = [
        f"    {field.name}: {_shown(instead.get(field.name, getattr(message, field.name)))}"
        for field in fields(message)  # type: ignore[arg-type]
        if field.repr
    ]
    return "\n".join([f"{type(message).__name__}:", *lines])


def _shown(value: object) -> object:
    return value.name if isinstance(value, enum.Enum) else value
