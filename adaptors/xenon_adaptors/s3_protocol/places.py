"""From locations to buckets, from paths to keys, and from keys to URLs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from xenon_py.exceptions import InvalidLocationException, InvalidPathException
from xenon_py.model.location import Hop, Location
from xenon_py.model.path import Path, normalise

DEFAULT_REGION = "us-east-1"
"""What servers other than Amazon's expect in signatures unless they are told otherwise."""

_AWS = re.compile(
    r"(?:(?P<bucket>[^/]+)\.)?s3(?:-fips)?(?:[.-]dualstack)?(?:[.-](?P<region>[a-z]{2}(?:-[a-z]+)+-[0-9]))?"
    r"\.amazonaws\.com(?:\.cn)?"
)
_IN_HOST_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


@dataclass(frozen=True)
class Place:
    """A bucket on a server.

    Attributes:
        endpoint: scheme, host and port of the server as a URL, without a path.
        bucket: its name.
        directory: working directory within the bucket; absolute, normalised.
        region: that the name of the host tells; ``""`` = none.
        virtual: the bucket belongs into the host name, as Amazon wants it.
    """

    endpoint: str
    bucket: str
    directory: str = "/"
    region: str = ""
    virtual: bool = False

    @property
    def url(self) -> str:
        """URL of the bucket."""
        if self.virtual:
            scheme, _, host = self.endpoint.partition("://")
            return f"{scheme}://{self.bucket}.{host}"
        return f"{self.endpoint}/{self.bucket}"


def place_of(location: Location) -> Place:
    """Return what a location names: ``http[s]://host[:port]/bucket[/workdir]``.

    Raises:
        InvalidLocationException: it names no bucket, a user, or the bucket in the host.
    """
    hop = location.target or Hop("")
    bucket, _, directory = location.path.strip("/").partition("/")
    bucket = unquote(bucket)
    aws = _AWS.fullmatch(hop.host.lower())
    if hop.user:
        raise _refused(location, "the access key id belongs into a PasswordCredential")
    if aws and aws["bucket"]:
        host = hop.host[len(aws["bucket"]) + 1 :]
        raise _refused(location, f"write {location.scheme}://{host}/{aws['bucket']}[/workdir]")
    if not bucket or bucket in {".", ".."}:
        raise _refused(location, "it names no bucket: http[s]://host[:port]/bucketname[/workdir]")
    return Place(
        f"{location.scheme}://{Hop(hop.host.lower(), hop.port)}",
        bucket,
        normalise(Path(unquote(directory, errors="surrogateescape")), "/"),
        (aws["region"] or DEFAULT_REGION) if aws else "",
        bool(aws and _IN_HOST_NAME.fullmatch(bucket)),
    )


def _refused(location: Location, why: str) -> InvalidLocationException:
    return InvalidLocationException.because(f"location {location.text!r} cannot be used: {why}")


def key_of(path: str) -> str:
    """Return the key of the object at an absolute, normalised path.

    Raises:
        InvalidPathException: the name is not UTF-8, as keys are.
    """
    try:
        path.encode()
    except UnicodeEncodeError:
        raise InvalidPathException.because(
            f"names in S3 are UTF-8, which this one is not: {path!r}", path=path
        ) from None
    return path[1:]


def prefix_of(path: str) -> str:
    """Return what the keys of all objects in a directory begin with; its marker has that key."""
    return "" if path == "/" else key_of(path) + "/"


def encoded(key: str) -> str:
    """Return a key as it stands in a URL, and in its signature."""
    return quote(key, safe="/-_.~")
