"""Connections that pass over interim answers, such as ``102 Processing`` of servers that are slow.

http.client knows 100 alone and takes any other for the answer. The true one, which comes later,
would then be read as that to the next request.
"""

from __future__ import annotations

import http.client
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from xenon_py.plugin import tcp

_SWITCHING = 101
_MOST_INTERIM = 10_000  # one each second for hours


class _Response(http.client.HTTPResponse):
    """Begins with the first answer that is one (RFC 9110, section 15.2)."""

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(_MOST_INTERIM):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not _SWITCHING < status < 200:
                return version, status, reason
            http.client.parse_headers(self.fp)
        raise http.client.HTTPException("there is no end of interim answers")


class _Plain(HTTPConnection):
    response_class = _Response


class _Secure(HTTPSConnection):
    response_class = _Response


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class Connections(HTTPAdapter):
    """A pool of such connections."""

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        """Make the pool; called by the constructor."""
        super().init_poolmanager(*arguments, socket_options=tcp.OPTIONS, **more)
        self._use_ours(self.poolmanager)

    def proxy_manager_for(self, *arguments: Any, **more: Any) -> Any:
        """Return the pool for a proxy."""
        manager = super().proxy_manager_for(*arguments, socket_options=tcp.OPTIONS, **more)
        self._use_ours(manager)
        return manager

    @staticmethod
    def _use_ours(manager: Any) -> None:
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
