"""Sets permissions and times by the extensions that servers have for it."""

from __future__ import annotations

import datetime
import ftplib

from xenon_adaptors.ftp_protocol.connection import Connection
from xenon_adaptors.ftp_protocol.failures import code_of
from xenon_py.exceptions import UnsupportedOperationException

_UNKNOWN = {500, 501, 502, 504}  # the server does not know such a command


def mode_command(path: str, mode: int) -> str:
    """Return what sets permission bits: ``SITE CHMOD``, which FEAT never tells of.

    ProFTPD splits its words at any white space, takes quotes away, and joins them by blanks
    (measured on 1.3.8): other names would be those of other files, and are never sent.
    """
    if " ".join(path.split()) != path or set(path) & set('"\\'):
        raise UnsupportedOperationException.because(
            "servers do not understand permissions for names with tabs, double quotes, backslashes "
            "or several blanks",
            path=path,
        )
    return f"SITE CHMOD {mode:03o}"


def set_mode(connection: Connection, path: str, mode: int) -> None:
    """Set permission bits."""
    try:
        connection.command(mode_command(path, mode), path)
    except ftplib.error_perm as error:
        raise _unsupported(error, "permissions", path) from error


def time_command(connection: Connection, moment: int) -> str:
    """Return what sets the modification time (ms since 1970): MFMT, or as vsftpd does it.

    vsftpd sets times by MDTM with two words, those of files only. Other servers take the first
    word for a part of the name, find no such file, and do nothing.
    """
    utc = datetime.datetime.fromtimestamp(moment // 1000, datetime.timezone.utc)
    return f"{'MFMT' if 'MFMT' in connection.features else 'MDTM'} {utc:%Y%m%d%H%M%S}"


def set_time(connection: Connection, path: str, moment: int) -> None:
    """Set the modification time (ms since 1970)."""
    command = time_command(connection, moment)
    try:
        connection.command(command, path)
    except ftplib.error_perm as error:
        if command.startswith("MDTM") and code_of(error) == 550:
            raise UnsupportedOperationException.because(
                f"the server sets no such times, or none of directories: {error}", path=path
            ) from error
        raise _unsupported(error, "times", path) from error


def _unsupported(error: ftplib.error_perm, what: str, path: str) -> Exception:
    if code_of(error) not in _UNKNOWN:
        return error
    return UnsupportedOperationException.because(f"the server sets no {what}: {error}", path=path)
