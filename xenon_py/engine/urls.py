"""URLs for ``from_url``: adaptor and location in one string.

==========================  ==========================================  ==========================
adaptor's location form     URL                                         location
==========================  ==========================================  ==========================
path                        ``file:``, ``local:///dir``                 ``""``, ``/dir``
host                        ``ftp://user@host:21/dir``                  ``user@host:21/dir``
host with gateways          ``sftp://host/dir?via=a&via=b``             ``host/dir via:a via:b``
batch                       ``slurm+ssh://host/dir?via=a``              ``ssh://host/dir via:a``
batch                       ``slurm+local:``, ``at+local:///dir``       ``local://``, ``local:///dir``
http                        ``s3+https://host/bucket``                  ``https://host/bucket``
url                         ``fsspec+memory://dir``                     ``memory://dir``
==========================  ==========================================  ==========================

Several gateways stand in the order of the location string: the last one is connected to first.
``%xx`` in paths is decoded, except for the two forms of which the location is a URL itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from xenon_py.engine import registry
from xenon_py.exceptions import IllegalArgumentException, InvalidLocationException
from xenon_py.model.location import LocationForm, check_length, redact

if TYPE_CHECKING:
    from collections.abc import Callable

    from xenon_py.model.descriptions import (
        FileSystemAdaptorDescription,
        SchedulerAdaptorDescription,
    )

    Description = FileSystemAdaptorDescription | SchedulerAdaptorDescription

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)(?:\+([A-Za-z][A-Za-z0-9+.-]*))?:")
_PASSWORD = re.compile(r"(?://|via=)[^/@\s?&]*:[^/\s?&]*@")


def parse_filesystem_url(url: str) -> tuple[str, str]:
    """Return adaptor name and location string of a file-system URL.

    Raises:
        InvalidLocationException: it is no such URL, or holds a password or an unknown key.
        UnknownAdaptorException: there is no file-system adaptor of this name.
        IllegalArgumentException: it is no text.
    """
    return _parse(url, registry.filesystem_description)


def parse_scheduler_url(url: str) -> tuple[str, str]:
    """Return adaptor name and location string of a scheduler URL; raises likewise."""
    return _parse(url, registry.scheduler_description)


def _parse(url: str, described: Callable[[str], Description]) -> tuple[str, str]:
    if not isinstance(url, str):
        raise IllegalArgumentException.because(f"url must be a str, not {type(url).__name__}")
    check_length(url)
    if re.search(r"[\x00-\x1f\x7f]", url):
        raise _refused(url, "it holds a control character")
    match = _SCHEME.match(url)
    if not match:
        raise _refused(
            url, "it does not begin with the name of an adaptor and a colon" + _hint(url)
        )
    if _PASSWORD.search(url):
        raise _refused(url, "a password does not belong in it; pass a PasswordCredential")
    adaptor, inner = match.group(1).lower(), (match.group(2) or "").lower()
    description = described(adaptor)
    try:
        return adaptor, _location(description, inner, url)
    except ValueError as error:
        raise _refused(url, str(error)) from None


def _refused(url: str, why: str) -> InvalidLocationException:
    return InvalidLocationException.because(f"the URL {redact(url)!r} cannot be used: {why}")


def _hint(url: str) -> str:
    """Return how to write what looks like a path, or like ssh's ``host:path``."""
    if url.startswith("/"):
        return f"; a directory of this machine is file://{url}"
    host, colon, path = url.partition(":")
    if colon and "@" in host and "/" not in host and not path.startswith("//"):
        return "; what scp calls user@host:/dir is sftp://user@host/dir"
    return ""


def _location(description: Description, inner: str, url: str) -> str:
    form = description.location_form
    wanted = _INNER_SCHEMES[form]
    if (inner not in wanted) if wanted else bool(inner) != (form is LocationForm.URL):
        raise ValueError(_how_to_write(description))
    rest = url.partition("+")[2] if inner else url
    if form is LocationForm.URL:
        return rest
    parts = urlsplit(rest)
    over_ssh = form is LocationForm.SSH or inner == "ssh"
    vias = _vias(parts, allowed=over_ssh)
    if form is LocationForm.HTTP:
        return rest
    if form is LocationForm.PATH or inner == "local":
        return _local(parts, inner)
    return _host(parts, inner, vias)


def _how_to_write(description: Description) -> str:
    """Return the forms that the URLs of an adaptor have."""
    name = description.name
    if description.location_form is LocationForm.HTTP:
        known = " or ".join(description.supported_locations)
        return f"write '{name}+' before a location of this adaptor: {known}"
    return f"write it as {_EXAMPLES[description.location_form].format(name)}"


def _vias(parts: SplitResult, *, allowed: bool) -> str:
    """Return the gateways in the way of location strings, and refuse everything else."""
    if parts.fragment:
        raise ValueError("it must not have a fragment (write %23 for a # in a path)")
    vias = ""
    for key, value in parse_qsl(parts.query, keep_blank_values=True):
        if key != "via" or not allowed:
            keys = "via" if allowed else "none"
            raise ValueError(f"it has an unknown key {key!r}; known: {keys}")
        if not value or re.search(r"[\s/]", value):
            raise ValueError("via must be host[:port]")
        vias += f" via:{value}"
    return vias


def _local(parts: SplitResult, inner: str) -> str:
    path = unquote(parts.path)
    if parts.netloc not in {"", "localhost"}:
        raise ValueError("three slashes go before a path of this machine, as in file:///dir")
    if path and not path.startswith("/"):
        raise ValueError("the path must be absolute")
    return f"local://{path}" if inner else path


def _host(parts: SplitResult, inner: str, vias: str) -> str:
    path = unquote(parts.path)
    if not parts.netloc:
        raise ValueError("it names no host")
    if path != path.strip() or re.search(r"\s+via:", path):
        raise ValueError("a path that ends in a blank, or holds ' via:', cannot be a location's")
    return f"{inner + '://' if inner else ''}{unquote(parts.netloc)}{path}{vias}"


_INNER_SCHEMES = {
    LocationForm.PATH: (),
    LocationForm.HOST: (),
    LocationForm.SSH: (),
    LocationForm.BATCH: ("local", "ssh"),
    LocationForm.HTTP: ("http", "https"),
    LocationForm.URL: (),
}
_EXAMPLES = {
    LocationForm.PATH: "{0}: or {0}:///dir",
    LocationForm.HOST: "{0}://host/dir",
    LocationForm.SSH: "{0}://host/dir or {0}://host/dir?via=gateway",
    LocationForm.BATCH: "{0}+local: or {0}+ssh://host/dir",
    LocationForm.URL: "{0}+protocol://…",
}
