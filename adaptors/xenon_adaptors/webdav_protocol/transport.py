"""Sends requests: authenticated, repeated where that is safe, redirected where that is safe.

The connections are those of a ``requests`` adapter. Its sessions are not used: they would follow
redirects with another method, send netrc passwords unasked, and keep cookies between threads.
"""

from __future__ import annotations

import contextlib
import enum
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import requests
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError, NewConnectionError

from xenon_adaptors.webdav_protocol.addresses import Addresses
from xenon_adaptors.webdav_protocol.authentication import Authentication
from xenon_adaptors.webdav_protocol.connections import Connections
from xenon_py.exceptions import (
    AuthenticationException,
    ConnectionLostException,
    InvalidLocationException,
    NotConnectedException,
    XenonException,
    XenonTimeoutException,
)
from xenon_py.plugin.forks import renew_in_children
from xenon_py.plugin.greetings import foreign_greeting
from xenon_py.plugin.trust import tls_advice

_log = logging.getLogger("xenon_py.webdav")
_CONNECTIONS = 32  # kept open at most
_PAUSES = (0.2, 0.5, 1.0)  # seconds before the second, third and fourth try
_LONGEST_PAUSE = 10.0  # seconds, whatever the server asks for
_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 5
_NOT_NOW = {423, 429, 503}  # the server did nothing, but might soon
_PASSING = {502, 504}  # what is between us and the server had trouble with it
_REST = 64 * 1024  # bytes of an answer that are read to keep a connection
_PIECE = 64 * 1024


class Repeat(enum.Enum):
    """When a request may be sent again."""

    NEVER = enum.auto()
    IF_REFUSED = enum.auto()  # when the server says that it did nothing
    ALWAYS = enum.auto()  # also when it is unknown what became of it


@dataclass(frozen=True)
class Demand:
    """A request.

    Attributes:
        method: e.g. ``PROPFIND``.
        url: of a file; or of a directory, with its slash.
        headers: of the request.
        body: bytes, or an iterable that can be read once only (then ``repeat`` is ``NEVER``).
        repeat: when it may be sent again.
        follow: whether redirects within the server are followed: for reads only.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Iterable[bytes] | None = None
    repeat: Repeat = Repeat.NEVER
    follow: bool = False


class Transport:
    """Connections to one server, for any number of threads.

    Args:
        addresses: of the server.
        authentication: ``None`` for an anonymous user.
        trusted: path of a file of CA certificates, or ``""`` for the usual ones.
        timeouts: seconds for the connection, and of silence.
    """

    def __init__(
        self,
        addresses: Addresses,
        authentication: Authentication | None,
        trusted: str,
        timeouts: tuple[float, float],
    ) -> None:
        self.addresses = addresses
        self.authentication = authentication
        self._verify: bool | str = trusted or True
        self._timeouts = timeouts
        self._proxies = get_environ_proxies(addresses.origin)
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Begin without connections; in a forked child those of the parent are none of ours."""
        self._adapter = Connections(pool_connections=1, pool_maxsize=_CONNECTIONS)
        if self.authentication is not None:
            self.authentication.renew()

    def close(self) -> None:
        """Close the connections."""
        self._adapter.close()

    @contextlib.contextmanager
    def answer(self, demand: Demand) -> Iterator[requests.Response]:
        """Send a request; the answer is read to its end, or dropped, after the ``with`` block."""
        response = self.open(demand)
        try:
            yield response
            _drain(response)
        finally:
            response.close()

    def open(self, demand: Demand) -> requests.Response:
        """Send a request and return the answer, whose body is still to be read.

        Raises:
            NotConnectedException: the server cannot be reached, or refuses the user.
            ConnectionLostException: it hung up.
            XenonTimeoutException: it is silent.
        """
        url = demand.url
        for _ in range(_MOST_REDIRECTS):
            response = self._persist(demand, url)
            if not (demand.follow and response.status_code in _REDIRECTS):
                return _no_page(demand, response)
            target = self.addresses.redirected(url, response.headers.get("Location", ""))
            if target is None or target == url:
                return response
            response.close()
            url = target
        raise XenonException.because(f"the server redirects without end, at last to {url}")

    def pieces(self, response: requests.Response) -> Iterator[bytes]:
        """Yield the body of an answer as it comes."""
        with translated(self.addresses.origin):
            while piece := response.raw.read1(_PIECE, decode_content=False):
                yield piece

    def _persist(self, demand: Demand, url: str) -> requests.Response:
        """Send a request until it is answered for good."""
        for pause in (*_PAUSES, None):
            try:
                response = self._authenticated(demand, url)
            except ConnectionLostException as error:
                if pause is None or demand.repeat is not Repeat.ALWAYS:
                    raise
                _log.info("%s is sent again, as the connection was lost: %s", demand.method, error)
                wait = pause
            else:
                if pause is None or not _again(demand, response.status_code):
                    return response
                wait = _asked_pause(response, pause)
                _log.info("%s is sent again after status %d", demand.method, response.status_code)
                response.close()
            time.sleep(wait)
        raise AssertionError("the last try returns or raises")

    def _authenticated(self, demand: Demand, url: str) -> requests.Response:
        """Send a request, and once more if the server asks who we are."""
        response = self._send(demand, url)
        if response.status_code != 401:
            return response
        challenge = response.raw.headers.getlist("WWW-Authenticate")
        sent = response.request.headers.get("Authorization")
        once = demand.body is not None and not isinstance(demand.body, bytes)
        with contextlib.closing(response):
            _drain(response)
        if self.authentication is None:
            raise AuthenticationException.because(
                "the server asks for a user and password; give a PasswordCredential",
                host=self.addresses.origin,
            )
        if self.authentication.learn(challenge, sent) and not once:
            response = self._send(demand, url)
            if response.status_code != 401:
                return response
            response.close()
        raise AuthenticationException.because(
            f"the server refuses user and password (it asks for: "
            f"{', '.join(sorted({line.split()[0] for line in challenge if line.split()}))})",
            host=self.addresses.origin,
        )

    def _send(self, demand: Demand, url: str) -> requests.Response:
        request = requests.PreparedRequest()
        with translated(self.addresses.origin):
            request.prepare(
                method=demand.method,
                url=url,
                headers={"Accept-Encoding": "identity", "User-Agent": "xenon_py", **demand.headers},
                data=demand.body,
            )
            if self.authentication is not None:
                header = self.authentication.header(demand.method, request.path_url)
                if header:
                    request.headers["Authorization"] = header
            return self._adapter.send(
                request,
                stream=True,
                timeout=self._timeouts,
                verify=self._verify,
                proxies=self._proxies,
            )


def _no_page(demand: Demand, response: requests.Response) -> requests.Response:
    """Return the answer to a change, unless it is a web page: a login page changes nothing.

    Raises:
        XenonException: it is. Servers send pages with 201 only, where they tell what was made.
    """
    kind = response.headers.get("Content-Type", "").lower()
    if demand.follow or demand.method == "GET" or response.status_code != 200:
        return response
    if not kind.startswith(("text/html", "application/xhtml")):
        return response
    response.close()
    raise XenonException.because(
        f"the server answers {demand.method} with a web page, such as a login page; "
        "it is not known that anything was done"
    )


def _again(demand: Demand, status: int) -> bool:
    """Tell whether a status is worth another try. To listings, nginx answers 500 for good."""
    if demand.repeat is Repeat.NEVER:
        return False
    if status in _NOT_NOW:
        return True
    passing = status in _PASSING or (status == 500 and demand.method == "GET")
    return passing and demand.repeat is Repeat.ALWAYS


def _asked_pause(response: requests.Response, usual: float) -> float:
    """Return for how many seconds to wait: as the server asks, within reason."""
    asked = response.headers.get("Retry-After", "")
    seconds = float(asked) if asked.isascii() and asked.isdigit() else 0.0
    return min(max(usual, seconds), _LONGEST_PAUSE)


def _drain(response: requests.Response) -> None:
    """Read what is left of an answer, so that its connection can be used again."""
    left = _REST
    try:
        while left > 0 and (piece := response.raw.read1(left, decode_content=False)):
            left -= len(piece)
    except (HTTPError, OSError):
        left = 0
    if left <= 0:
        response.raw.close()


@contextlib.contextmanager
def translated(host: str) -> Iterator[None]:
    """Turn the exceptions of requests and urllib3 into ours."""
    try:
        yield
    except requests.exceptions.SSLError as error:
        raise NotConnectedException.because(
            f"no trustworthy TLS connection to {host}: {_reason(error)}"
            + tls_advice(_reason(error), "webdav.caFile"),
            host=host,
        ) from error
    except requests.exceptions.InvalidURL as error:
        raise InvalidLocationException.because(f"no usable address: {error}") from error
    except (requests.exceptions.ConnectTimeout, requests.exceptions.ProxyError) as error:
        raise NotConnectedException.because(
            f"cannot connect to {host}: {_reason(error)}", host=host
        ) from error
    except requests.exceptions.ReadTimeout as error:
        raise XenonTimeoutException.because(
            "the server was silent for too long", host=host
        ) from error
    except requests.exceptions.ConnectionError as error:
        if isinstance(_root(error), NewConnectionError):
            raise NotConnectedException.because(
                f"cannot connect to {host}: {_reason(error)}", host=host
            ) from error
        if said := foreign_greeting(error):
            raise NotConnectedException.because(
                f"there is no WebDAV server at {host}: {said}", host=host
            ) from error
        raise ConnectionLostException.because(
            f"the connection was lost: {_reason(error)}", host=host
        ) from error
    except (requests.exceptions.RequestException, HTTPError, OSError) as error:
        if isinstance(error, XenonException):
            raise
        raise ConnectionLostException.because(
            f"the connection was lost: {_reason(error)}", host=host
        ) from error


def _root(error: BaseException) -> object:
    """Return what requests wrapped: the reason of the last try."""
    inner = error.args[0] if error.args else error
    return getattr(inner, "reason", None) or inner


def _reason(error: BaseException) -> str:
    """Return the innermost reason as one line, without addresses of objects."""
    text = str(_root(error)) or type(error).__name__
    return text.rpartition("object at 0x")[2].partition(">: ")[2] or text
