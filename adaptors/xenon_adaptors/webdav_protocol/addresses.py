"""From paths to URLs and back. Names are bytes, percent-encoded one by one (RFC 3986)."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes, urljoin, urlsplit

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_SAFE = "/!$&'()*+,;=:@~"  # what may stand in a path as it is, and the slash
_DEFAULT_PORTS = {"http": 80, "https": 443}


def encoded(path: str) -> str:
    """Return an absolute path as the path of a URL."""
    return quote(path.encode("utf-8", "surrogateescape"), safe=_SAFE)


def decoded(url_path: str) -> str:
    """Return what the path of a URL means, names that are not UTF-8 by surrogateescape."""
    return unquote_to_bytes(url_path).decode("utf-8", "surrogateescape")


def path_of(href: str) -> str:
    """Return the decoded path of an ``href``: an absolute URL or an absolute path, no query.

    Servers write ``?`` and ``#`` in names both encoded and as they are, so they end nothing.
    """
    match = _ABSOLUTE.match(href)
    return decoded(href[match.end() :] if match else href)


class Addresses:
    """The URLs of one server.

    Args:
        scheme: ``http`` or ``https``.
        authority: host and perhaps port, without a user.
    """

    def __init__(self, scheme: str, authority: str) -> None:
        self.origin = f"{scheme}://{authority}"
        self._key = _origin(self.origin)

    def url(self, path: str, *, directory: bool = False) -> str:
        """Return the URL of a path; those of directories end in a slash."""
        return self.origin + encoded(path) + ("/" if directory and path != "/" else "")

    def redirected(self, url: str, location: str) -> str | None:
        """Return where a redirect leads to; ``None`` if that is another server or scheme."""
        try:
            target = urljoin(url, location)
            return target if _origin(target) == self._key else None
        except ValueError:  # no URL at all
            return None


def _origin(url: str) -> tuple[str, str, int | None]:
    """Return what must be equal in two URLs of one server.

    An unusable port makes the URL equal to none.

    Raises:
        ValueError: it is no URL.
    """
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    try:
        port = parts.port or _DEFAULT_PORTS.get(scheme)
    except ValueError:
        port = -1
    return scheme, (parts.hostname or "").lower(), port
