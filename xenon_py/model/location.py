"""Location strings: one parser for every form that the documentation gives.

====================================================  =======================================
form                                                  taken by
====================================================  =======================================
``(null)``, ``(empty)``, ``/workdir``                 file, local
``host[:port][/workdir]``                              ftp
``host[:port][/workdir][ via:host[:port]]*``          sftp, ssh
``local://[/workdir]``, ``ssh://host…`` as above      at, slurm, gridengine, torque
``http[s]://host[:port][/workdir]``                   webdav, s3
any URL, also ``first::second://…``                   fsspec
====================================================  =======================================

``user@`` before a host is accepted as an addition; a password is not.
"""

from __future__ import annotations

import enum
import os
import re
from dataclasses import dataclass

from xenon_py.exceptions import IllegalArgumentException, InvalidLocationException


class LocationForm(enum.Enum):
    """Which of the forms an adaptor takes."""

    PATH = "path"
    HOST = "host"
    SSH = "host with gateways"
    BATCH = "batch"
    HTTP = "http"
    URL = "url"


@dataclass(frozen=True)
class Hop:
    """A host on the way, or at the end of it. ``port`` 0 = not given."""

    host: str
    port: int = 0
    user: str = ""

    def __str__(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.user + '@' if self.user else ''}{name}{f':{self.port}' if self.port else ''}"


@dataclass(frozen=True)
class Location:
    """A location string, taken apart.

    Attributes:
        text: as the user wrote it.
        scheme: ``""``, ``local``, ``ssh``, ``http``, ``https`` or what the URL says.
        target: the host, or ``None`` for this machine.
        path: working directory, absolute text; ``""`` = not given. For ``http`` forms not decoded.
        hops: the gateways, outermost (first to connect to) first.
    """

    text: str
    scheme: str = ""
    target: Hop | None = None
    path: str = ""
    hops: tuple[Hop, ...] = ()

    @property
    def host(self) -> str:
        """Name of the host, or ``""``."""
        return self.target.host if self.target else ""


_HOST = re.compile(
    r"(?:([^@\s]+)@)?(\[[0-9A-Fa-f:.%\w]+\]|[A-Za-z0-9_](?:[\w.-]*[\w])?)(?::([0-9]*))?"
)
# What OpenSSH refuses in user names, because a ProxyCommand could hand it to a shell.
_UNSAFE_USER = re.compile(r"^-|['`\"$;&<>|(){}]|\\$")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?://)?(.*)", re.DOTALL)
_LONGEST = 16 * 1024  # a path and several gateways; the expressions here take long on much more
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def redact(text: str) -> str:
    """Return ``text`` with the password of every ``user:password@`` replaced by ``***``.

    A password may hold ``/``, ``:``, ``@`` or blanks, so everything up to the last ``@`` goes.
    """
    return re.sub(r"(\w+://|\bvia[:=]|^)([^/@:\s]*):.*@", r"\1\2:***@", text, flags=re.DOTALL)


def check_length(text: str) -> None:
    """Refuse what is too long to be a location, before anything searches through it.

    Raises:
        InvalidLocationException: it is.
    """
    if len(text) > _LONGEST:
        raise InvalidLocationException.because(
            f"a location of {len(text)} characters cannot be used: at most {_LONGEST} are taken"
        )


def parse_location(
    text: str | os.PathLike[str] | None, form: LocationForm, *, adaptor: str = ""
) -> Location:
    """Take a location string apart.

    Args:
        text: the string; ``None`` is as empty.
        form: what the adaptor takes.
        adaptor: its name, for messages.

    Raises:
        InvalidLocationException: the text is not of this form.
        IllegalArgumentException: it is no text at all.
    """
    if isinstance(text, os.PathLike):
        text = os.fspath(text)
    if text is not None and not isinstance(text, str):
        raise IllegalArgumentException.because(
            f"location must be a str, not {type(text).__name__}", operation="create"
        )
    text = text or ""
    check_length(text)
    try:
        if _CONTROL.search(text):
            raise ValueError("it holds a control character")
        return _PARSERS[form](text)
    except ValueError as error:
        message = f"location {redact(text)!r} cannot be used: {error}"
        raise InvalidLocationException.because(message, adaptor=adaptor) from None


def _parse_path(text: str) -> Location:
    if re.match(r"[A-Za-z]:(/|\\|$)", text):
        if os.name != "nt":
            raise ValueError("drive letters are for Windows")
        return Location(text, path=text)
    if text.startswith("/") or not text:
        return Location(text, path=text)
    if text.startswith("local:"):
        return _parse_batch(text)
    raise ValueError("it must be empty or an absolute path")


def _parse_host(text: str) -> Location:
    if "://" in text:
        raise ValueError("it must be host[:port][/workdir], without a scheme")
    location = _host_location(text, text, "")
    if location.hops:
        raise ValueError("gateways (via:) are for adaptors that work over SSH")
    return location


def _parse_ssh(text: str) -> Location:
    if "://" in text:
        raise ValueError("it must be host[:port][/workdir][ via:host[:port]]*, without a scheme")
    return _host_location(text, text, "")


def _host_location(text: str, rest: str, scheme: str) -> Location:
    first, *vias = re.split(r"\s+via:", rest.strip())
    authority, slash, path = first.partition("/")
    hops = []
    for via in vias:
        gateway, via_slash, via_path = via.strip().partition("/")
        hops.append(_hop(gateway))
        if via_slash:  # documented before the hops; behind them is meant alike
            if slash or via is not vias[-1]:
                raise ValueError("it names two working directories")
            slash, path = via_slash, via_path
    return Location(text, scheme, _hop(authority), slash + path, tuple(reversed(hops)))


def _hop(text: str) -> Hop:
    match = _HOST.fullmatch(text)
    if not match:
        raise ValueError(
            "a host is written host[:port], a directory behind it host/dir"
            if text
            else "it names no host"
        )
    user, host, port = match.group(1) or "", match.group(2).strip("[]"), match.group(3)
    if ":" in user:
        raise ValueError("a password does not belong in a location; use a PasswordCredential")
    if _UNSAFE_USER.search(user):
        raise ValueError("the user name begins with '-' or holds characters for a shell")
    if port == "":
        raise ValueError("a port is missing behind the colon; a directory is written host/dir")
    if port is not None and not (port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"the port must be 1..65535, not {port!r}")
    return Hop(host, int(port) if port else 0, user)


def _parse_batch(text: str) -> Location:
    if not text:
        return Location(text, "local")
    match = _URL.fullmatch(text)
    scheme = match.group(1).lower() if match else ""
    if match and scheme == "ssh" and text[4:6] == "//":
        return _host_location(text, match.group(2), "ssh")
    if match and scheme == "local":
        path = match.group(2)
        if path and not path.startswith("/"):
            raise ValueError("the working directory after local:// must be absolute")
        return Location(text, "local", path="/" + path.strip("/") if path.strip("/") else "")
    raise ValueError("it must be local://[/workdir] or ssh://host[:port][/workdir][ via:host]*")


def _parse_http(text: str) -> Location:
    match = _URL.fullmatch(text)
    if not match or match.group(1).lower() not in {"http", "https"} or "://" not in text:
        raise ValueError("it must begin with http:// or https://, then host[:port] and the path")
    if re.search(r"[?#\s]", text):
        raise ValueError("it must not have a query, a fragment or blanks (write %20)")
    authority, slash, path = match.group(2).partition("/")
    return Location(text, match.group(1).lower(), _hop(authority), slash + path)


def _parse_url(text: str) -> Location:
    scheme = re.split(r"::|://", text, maxsplit=1)[0].lower()
    if not re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme):
        raise ValueError("it must be a URL or the name of a protocol")
    if re.search(r"//[^/@\s:]*:(?![0-9]*/)[^\s?#]*@", text):
        raise ValueError("a password does not belong in a location; use a PasswordCredential")
    return Location(text, scheme)


_PARSERS = {
    LocationForm.PATH: _parse_path,
    LocationForm.HOST: _parse_host,
    LocationForm.SSH: _parse_ssh,
    LocationForm.BATCH: _parse_batch,
    LocationForm.HTTP: _parse_http,
    LocationForm.URL: _parse_url,
}
