"""Move files and run jobs anywhere: file systems and schedulers, local or over ssh.

``import xenon_py as xenon`` gives every name that ``import xenon`` of PyXenon gave. Importing it
loads no adaptor and no library besides Python's own; each name is loaded when it is first used.
"""

from __future__ import annotations

import logging as _logging
from importlib import import_module as _import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xenon_py.exceptions import PathAlreadyExistsException, UnknownRpcException, XenonException
    from xenon_py.filesystem import FileSystem
    from xenon_py.model.attributes import PathAttributes, PosixFilePermission
    from xenon_py.model.copying import CopyMode, CopyOperation, CopyRequest, CopyStatus
    from xenon_py.model.credentials import (
        CertificateCredential,
        Challenge,
        CredentialMap,
        DefaultCredential,
        KeytabCredential,
        PasswordCredential,
        UserCredential,
    )
    from xenon_py.model.descriptions import (
        FileSystemAdaptorDescription,
        SchedulerAdaptorDescription,
    )
    from xenon_py.model.jobs import (
        Job,
        JobDescription,
        JobReason,
        JobStatus,
        JobUsage,
        QueueStatus,
        Rendered,
        SubmitInteractiveJobResponse,
    )
    from xenon_py.model.path import Path
    from xenon_py.model.properties import PropertyDescription
    from xenon_py.scheduler import Scheduler
    from xenon_py.server import init

__version__ = "0.1.0"
pyxenon_version = "3.0.3"
"""The release of PyXenon whose names and calls this library has."""

__all__ = [
    "CertificateCredential",
    "Challenge",
    "CopyMode",
    "CopyOperation",
    "CopyRequest",
    "CopyStatus",
    "CredentialMap",
    "DefaultCredential",
    "FileSystem",
    "FileSystemAdaptorDescription",
    "Job",
    "JobDescription",
    "JobReason",
    "JobStatus",
    "JobUsage",
    "KeytabCredential",
    "PasswordCredential",
    "Path",
    "PathAlreadyExistsException",
    "PathAttributes",
    "PosixFilePermission",
    "PropertyDescription",
    "QueueStatus",
    "Rendered",
    "Scheduler",
    "SchedulerAdaptorDescription",
    "SubmitInteractiveJobResponse",
    "UnknownRpcException",
    "UserCredential",
    "XenonException",
    "__version__",
    "init",
    "pyxenon_version",
]

_HOMES = {
    "exceptions": ("PathAlreadyExistsException", "UnknownRpcException", "XenonException"),
    "filesystem": ("FileSystem",),
    "model.attributes": ("PathAttributes", "PosixFilePermission"),
    "model.copying": ("CopyMode", "CopyOperation", "CopyRequest", "CopyStatus"),
    "model.credentials": (
        *("CertificateCredential", "Challenge", "CredentialMap", "DefaultCredential"),
        *("KeytabCredential", "PasswordCredential", "UserCredential"),
    ),
    "model.descriptions": ("FileSystemAdaptorDescription", "SchedulerAdaptorDescription"),
    "model.jobs": (
        *("Job", "JobDescription", "JobReason", "JobStatus", "JobUsage", "QueueStatus"),
        *("Rendered", "SubmitInteractiveJobResponse"),
    ),
    "model.path": ("Path",),
    "model.properties": ("PropertyDescription",),
    "scheduler": ("Scheduler",),
    "server": ("init",),
}
_HOME_OF = {name: f"xenon_py.{home}" for home, names in _HOMES.items() for name in names}
_MODULES = ("exceptions", "objects", "server")

_logging.getLogger("xenon_py").addHandler(_logging.NullHandler())

if not TYPE_CHECKING:  # checkers see the imports above instead

    def __getattr__(name: str) -> object:
        if name in _MODULES:
            return _import_module(f"xenon_py.{name}")
        if name not in _HOME_OF:
            raise AttributeError(f"module 'xenon_py' has no attribute {name!r}")
        found: object = getattr(_import_module(_HOME_OF[name]), name)
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        return sorted({*__all__, *_MODULES, "__all__", "__doc__", "__name__"})
