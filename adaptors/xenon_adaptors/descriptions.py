"""The descriptions of all built-in adaptors: known without loading any of their libraries.

Names, capabilities, properties, types and defaults are those of the Xenon 2.2 documentation.
What is true of these adaptors and differs from it:

==========  ==============================  =============  ======================================
adaptor     field                           documented     here, and why
==========  ==============================  =============  ======================================
s3          supported_credentials           Password       also Default: boto3's own chain
s3          needs_size_beforehand           True           False: uploads go by multipart
sftp        supported_locations             one host       also ``via:`` gateways
local       supported_locations             ``[/workdir]`` also ``local:`` forms, as in URLs
slurm …     supported_locations             misprints      ``local://[/workdir]`` and ``ssh://…``
gridengine  accounting.grace.timeout        one spelling   also ``…grace.time`` and ``…grace``
torque      accounting.grace                one spelling   also ``…grace.time``, ``…grace.timeout``
==========  ==============================  =============  ======================================
"""

from __future__ import annotations

from xenon_adaptors.filesystem_descriptions import FILE, FSSPEC, FTP, S3, SFTP, WEBDAV
from xenon_adaptors.scheduler_descriptions import (
    AT,
    GRIDENGINE,
    LOCAL,
    LOCAL_PROPERTIES,
    SLURM,
    SSH,
    SSH_PROPERTIES,
    TORQUE,
)
from xenon_py.model.descriptions import FileSystemAdaptorDescription, SchedulerAdaptorDescription

__all__ = [
    "ALL",
    "AT",
    "FILE",
    "FSSPEC",
    "FTP",
    "GRIDENGINE",
    "LOCAL",
    "LOCAL_PROPERTIES",
    "S3",
    "SFTP",
    "SLURM",
    "SSH",
    "SSH_PROPERTIES",
    "TORQUE",
    "WEBDAV",
]

ALL: tuple[FileSystemAdaptorDescription | SchedulerAdaptorDescription, ...] = (
    S3,
    FILE,
    SFTP,
    FTP,
    WEBDAV,
    FSSPEC,
    LOCAL,
    SSH,
    AT,
    SLURM,
    GRIDENGINE,
    TORQUE,
)
