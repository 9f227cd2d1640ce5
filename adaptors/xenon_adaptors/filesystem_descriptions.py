"""The descriptions of the built-in file systems."""

from __future__ import annotations

from xenon_adaptors.ssh_properties import SSH_CREDENTIALS, connection_properties
from xenon_py.model.descriptions import FileSystemAdaptorDescription
from xenon_py.model.location import LocationForm
from xenon_py.model.properties import FILESYSTEM_PREFIX, PropertyDescription, PropertyType


def _buffer_size(adaptor: str) -> PropertyDescription:
    return PropertyDescription(
        f"{FILESYSTEM_PREFIX}{adaptor}.bufferSize",
        "Size of the pieces in which files are copied (bytes; K, M or G may follow).",
        "64K",
        PropertyType.SIZE,
        minimum=1,
        maximum=2**31 - 2,
    )


def _ca_file(adaptor: str) -> PropertyDescription:
    return PropertyDescription(
        f"{FILESYSTEM_PREFIX}{adaptor}.caFile",
        "File with the CA certificates (PEM) to trust, instead of the usual ones.",
    )


def _timeouts(adaptor: str, *, silence: str) -> tuple[PropertyDescription, PropertyDescription]:
    return (
        PropertyDescription(
            f"{FILESYSTEM_PREFIX}{adaptor}.connection.timeout",
            "Time within which a connection is made (ms).",
            "10000",
            PropertyType.NATURAL,
            minimum=1,
        ),
        PropertyDescription(
            f"{FILESYSTEM_PREFIX}{adaptor}.silence.timeout",
            "Time without a sign of life from the server after which it is given up (ms).",
            silence,
            PropertyType.NATURAL,
            minimum=1,
        ),
    )


S3 = FileSystemAdaptorDescription(
    name="s3",
    description="Buckets of S3 and of compatible object stores, by boto3. As PasswordCredential: "
    "the access key id is the username, the secret access key the password.",
    supported_locations=(
        "http[s]://host[:port]/bucketname[/workdir]",
        "https://s3.region.amazonaws.com/bucketname[/workdir]",
    ),
    supported_properties=(
        PropertyDescription(
            f"{FILESYSTEM_PREFIX}s3.region",
            "Region of the bucket, where neither the location nor boto3's configuration tell it.",
        ),
        PropertyDescription(
            f"{FILESYSTEM_PREFIX}s3.profile",
            "With DefaultCredential: the profile in the user's AWS configuration.",
        ),
        PropertyDescription(
            f"{FILESYSTEM_PREFIX}s3.anonymous",
            "Sign nothing, as for buckets that are open to everybody.",
            "false",
            PropertyType.BOOLEAN,
        ),
        _ca_file("s3"),
        *_timeouts("s3", silence="60000"),
        _buffer_size("s3"),
    ),
    is_connectionless=True,
    supported_credentials=("PasswordCredential", "DefaultCredential"),
    location_form=LocationForm.HTTP,
    can_copy_on_server=True,
    writes_atomically=True,
    creates_exclusively=True,
    has_real_directories=False,
    requires="s3",
)

FILE = FileSystemAdaptorDescription(
    name="file",
    description="The file system of this machine.",
    supported_locations=("(null)", "(empty string)", "[/workdir]", "driveletter:[/workdir]"),
    supported_properties=(_buffer_size("file"),),
    can_create_symboliclinks=True,
    can_read_symboliclinks=True,
    is_connectionless=True,
    supports_reading_posix_permissions=True,
    supports_setting_posix_permissions=True,
    supports_rename=True,
    can_append=True,
    location_form=LocationForm.PATH,
    can_copy_on_server=True,
    can_set_times=True,
    can_replace_by_rename=True,
    creates_exclusively=True,
    can_checksum=True,
)

SFTP = FileSystemAdaptorDescription(
    name="sftp",
    description="Files on an SSH server, by its SFTP subsystem.",
    supported_locations=(
        "host[:port][/workdir]",
        "host[:port][/workdir][ via:otherhost[:port]]*",
    ),
    supported_properties=(
        *connection_properties(f"{FILESYSTEM_PREFIX}sftp."),
        PropertyDescription(
            f"{FILESYSTEM_PREFIX}sftp.connection.timeout",
            "Time within which the connection is made and the user logged in (ms).",
            "10000",
            PropertyType.NATURAL,
        ),
        PropertyDescription(
            f"{FILESYSTEM_PREFIX}sftp.silence.timeout",
            "Time without a sign of life from the server after which it is given up (ms).",
            "60000",
            PropertyType.NATURAL,
            minimum=1,
        ),
        PropertyDescription(
            f"{FILESYSTEM_PREFIX}sftp.fastPath",
            "Take what arrives past paramiko's buffers, which is faster for large files.",
            "true",
            PropertyType.BOOLEAN,
        ),
        _buffer_size("sftp"),
    ),
    can_create_symboliclinks=True,
    can_read_symboliclinks=True,
    supported_credentials=SSH_CREDENTIALS,
    supports_reading_posix_permissions=True,
    supports_setting_posix_permissions=True,
    supports_rename=True,
    can_append=True,
    location_form=LocationForm.SSH,
    can_copy_on_server=True,
    can_set_times=True,
    can_replace_by_rename=True,
    creates_exclusively=True,
)

FTP = FileSystemAdaptorDescription(
    name="ftp",
    description="Files on an FTP server.",
    supported_locations=("host[:port][/workdir]",),
    supported_properties=(
        PropertyDescription(
            f"{FILESYSTEM_PREFIX}ftp.tls",
            "none, explicit (AUTH TLS) or implicit (TLS from the first byte, port 990).",
            "none",
        ),
        _ca_file("ftp"),
        *_timeouts("ftp", silence="60000"),
        _buffer_size("ftp"),
    ),
    can_read_symboliclinks=True,
    supported_credentials=("DefaultCredential", "PasswordCredential"),
    supports_reading_posix_permissions=True,
    supports_setting_posix_permissions=True,
    supports_rename=True,
    can_append=True,
    can_set_times=True,
    location_form=LocationForm.HOST,
    can_replace_by_rename=True,
)

WEBDAV = FileSystemAdaptorDescription(
    name="webdav",
    description="Files on a WebDAV server.",
    supported_locations=("http://host[:port][/workdir]", "https://host[:port][/workdir]"),
    supported_properties=(
        _ca_file("webdav"),
        *_timeouts("webdav", silence="300000"),
        _buffer_size("webdav"),
    ),
    is_connectionless=True,
    supported_credentials=("DefaultCredential", "PasswordCredential"),
    supports_rename=True,
    location_form=LocationForm.HTTP,
    can_copy_on_server=True,
    can_replace_by_rename=True,
    writes_atomically=True,
    requires="webdav",
)

FSSPEC = FileSystemAdaptorDescription(
    name="fsspec",
    description="Any file system that has an fsspec implementation; what it can do is found "
    "when it is created.",
    supported_locations=("protocol", "protocol://any/fsspec/url", "wrapper::protocol://any/url"),
    supported_properties=(
        _buffer_size("fsspec"),
        PropertyDescription(
            f"{FILESYSTEM_PREFIX}fsspec.protocol",
            "Name of an fsspec protocol to use instead of the one in the location.",
        ),
        PropertyDescription(
            f"{FILESYSTEM_PREFIX}fsspec.options",
            "options.<name> is handed to the fsspec implementation as its argument <name>; JSON is "
            "decoded (numbers, true, {…}), except for passwords and other texts.",
            wildcard=True,
            sensitive=True,
        ),
    ),
    supported_credentials=("DefaultCredential", "PasswordCredential"),
    supports_rename=True,
    can_append=True,
    location_form=LocationForm.URL,
    requires="fsspec",
)
