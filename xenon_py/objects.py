"""The values of the API under the module name that PyXenon has for them."""

from __future__ import annotations

from xenon_py.model.attributes import Is, NameList, PathAttributes, PosixFilePermission
from xenon_py.model.copying import CopyMode, CopyOperation, CopyRequest, CopyStatus
from xenon_py.model.credentials import (
    CertificateCredential,
    CredentialMap,
    DefaultCredential,
    KeytabCredential,
    PasswordCredential,
    UserCredential,
)
from xenon_py.model.descriptions import FileSystemAdaptorDescription, SchedulerAdaptorDescription
from xenon_py.model.jobs import (
    Job,
    JobDescription,
    JobStatus,
    QueueStatus,
    SubmitInteractiveJobResponse,
)
from xenon_py.model.path import Path
from xenon_py.model.properties import PropertyDescription
from xenon_py.model.properties import PropertyType as Type

__all__ = [
    "CertificateCredential",
    "CopyMode",
    "CopyOperation",
    "CopyRequest",
    "CopyStatus",
    "CredentialMap",
    "DefaultCredential",
    "FileSystemAdaptorDescription",
    "Is",
    "Job",
    "JobDescription",
    "JobStatus",
    "KeytabCredential",
    "NameList",
    "PasswordCredential",
    "Path",
    "PathAttributes",
    "PosixFilePermission",
    "PropertyDescription",
    "QueueStatus",
    "SchedulerAdaptorDescription",
    "SubmitInteractiveJobResponse",
    "Type",
    "UserCredential",
]
