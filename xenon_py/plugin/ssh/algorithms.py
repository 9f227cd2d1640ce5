"""Which algorithms the SSH configuration permits, and which of those this library has."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from xenon_py.exceptions import NotConnectedException

OPTIONS = {
    "ciphers": "Ciphers",
    "macs": "MACs",
    "kex": "KexAlgorithms",
    "host_keys": "HostKeyAlgorithms",
}
"""Names in ssh_config(5) of the fields of ``Algorithms``."""

# One algorithm under two names (RFC 8731, section 1).
_SAME = {"curve25519-sha256": "curve25519-sha256@libssh.org"}


@dataclass(frozen=True)
class Algorithms:
    """What the configuration says: lists by commas, with ``+``, ``-`` or ``^`` in front or not.

    ``""`` leaves the choice to this library.

    Attributes:
        ciphers: of packets.
        macs: checksums of packets.
        kex: key exchanges.
        host_keys: signatures of the server.
    """

    ciphers: str = ""
    macs: str = ""
    kex: str = ""
    host_keys: str = ""

    @classmethod
    def from_options(cls, options: Mapping[str, list[str]]) -> Algorithms:
        """Return what options (lower-case name -> values) say."""
        return cls(
            **{one.name: options.get(OPTIONS[one.name].lower(), [""])[0] for one in fields(cls)}
        )


def without_defaults(
    options: Mapping[str, list[str]], defaults: Mapping[str, list[str]]
) -> dict[str, list[str]]:
    """Return the options without those lists of algorithms that nobody has configured.

    ``ssh -G`` prints them as well; they are what the ``ssh`` program prefers, not the user.

    Args:
        options: as ``ssh -G`` prints them for a host.
        defaults: as it prints them without any configuration.
    """
    names = {name.lower() for name in OPTIONS.values()}
    return {
        name: values
        for name, values in options.items()
        if name not in names or values != defaults.get(name)
    }


def permitted(kind: str, spec: str, preferred: Iterable[str], known: Iterable[str]) -> list[str]:
    """Return the algorithms to offer, best first.

    Args:
        kind: field of ``Algorithms``, for the message.
        spec: what the configuration says.
        preferred: what this library offers by itself, best first.
        known: what it could offer.

    Raises:
        NotConnectedException: it has none of what is permitted.
    """
    preferred, known = list(preferred), set(known)
    sign, names = (spec[0], spec[1:]) if spec[:1] in {"+", "-", "^"} else ("", spec)
    listed = [_SAME.get(name, name) for name in names.split(",") if name]
    have = list(dict.fromkeys(name for name in listed if name in known))
    if not spec:
        found = preferred
    elif sign == "-":
        found = [x for x in preferred if not any(fnmatch.fnmatchcase(x, one) for one in listed)]
    elif sign == "+":
        found = [*preferred, *(name for name in have if name not in preferred)]
    elif sign == "^":
        found = [*have, *(name for name in preferred if name not in have)]
    else:
        found = have
    if not found:
        raise nothing_left(kind, spec, known)
    return found


def nothing_left(kind: str, spec: str, known: Iterable[str]) -> NotConnectedException:
    """Return the exception for a configuration that permits none of the ``known`` algorithms."""
    return NotConnectedException.because(
        f"{OPTIONS[kind]} of the SSH configuration permits none of what this library has here: "
        f"{spec!r}; it has {', '.join(sorted(known))}"
    )
