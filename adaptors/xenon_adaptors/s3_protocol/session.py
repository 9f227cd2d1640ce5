"""What stands behind a file system: credentials, connections, boto3's client when it is needed."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import Any, Protocol

import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import NoCredentialsError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from xenon_adaptors.s3_protocol.failures import translated
from xenon_adaptors.s3_protocol.places import DEFAULT_REGION, Place
from xenon_adaptors.s3_protocol.signing import Keys, Signer
from xenon_adaptors.s3_protocol.wire import Wire
from xenon_py.exceptions import InvalidCredentialException
from xenon_py.model.credentials import PasswordCredential
from xenon_py.plugin import tcp
from xenon_py.plugin.target import Target
from xenon_py.plugin.trust import ca_file

CONNECTIONS = 32


def _stay(params: dict[str, Any], **_: object) -> None:
    """Keep botocore from following a server's word to another region, even to Amazon's hosts."""
    params["context"].setdefault("s3_redirect", {})["redirected"] = True


class _Chain(Protocol):
    """Credentials that renew themselves."""

    def get_frozen_credentials(self) -> Keys: ...


class Session:
    """One user's connections to one bucket.

    Args:
        target: credential and properties.
        place: the bucket.

    Attributes:
        user: access key id; ``""`` = anonymous.
        wire: sends the frequent requests.
    """

    def __init__(self, target: Target, place: Place) -> None:
        properties = target.properties
        self._place = place
        self._lock = threading.Lock()
        self._verify = ca_file(properties, "s3.caFile") or None
        self._timeouts = (
            properties.integer("s3.connection.timeout") / 1000,
            properties.integer("s3.silence.timeout") / 1000,
        )
        self._anonymous = properties.boolean("s3.anonymous")
        if self._anonymous and isinstance(target.credential, PasswordCredential):
            raise InvalidCredentialException.because(
                "s3.anonymous=true signs nothing, so a PasswordCredential would be of no use; "
                "leave one of them out"
            )
        with translated(place.directory):
            self._botocore = botocore.session.Session(profile=properties.text("s3.profile") or None)
            self._region = (
                properties.text("s3.region")
                or place.region
                or self._botocore.get_config_variable("region")
                or DEFAULT_REGION
            )
            chain = None if self._anonymous else self._credentials(target)
            self.user = chain.get_frozen_credentials().access_key if chain else ""
        host = place.url.partition("://")[2].partition("/")[0]
        signer = Signer(chain.get_frozen_credentials, host, self._region) if chain else None
        self.wire = Wire(place, signer, self._http())

    def _credentials(self, target: Target) -> _Chain:
        credential = target.credential
        if isinstance(credential, PasswordCredential):
            self._botocore.set_credentials(credential.username, credential.password)
        found: _Chain | None = self._botocore.get_credentials()
        if found is None:
            raise NoCredentialsError
        return found

    def _http(self) -> URLLib3Session:
        return URLLib3Session(
            verify=self._verify or self._botocore.get_config_variable("ca_bundle") or True,
            proxies=get_environ_proxies(self._place.url),
            timeout=self._timeouts,
            max_pool_connections=CONNECTIONS,
            socket_options=tcp.OPTIONS,
        )

    def client(self) -> Any:
        """Return boto3's client, made when it is first needed as that takes some 0.2 s."""
        with self._lock:
            return self._client

    @cached_property
    def _boto3(self) -> Any:
        import boto3

        return boto3.Session(botocore_session=self._botocore)

    @cached_property
    def _client(self) -> Any:
        config = Config(
            connect_timeout=self._timeouts[0],
            read_timeout=self._timeouts[1],
            max_pool_connections=CONNECTIONS,
            tcp_keepalive=True,
            retries={"mode": "standard", "total_max_attempts": 4},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={
                "addressing_style": "virtual" if self._place.virtual else "path",
                "payload_signing_enabled": True,
            },
            **({"signature_version": UNSIGNED} if self._anonymous else {}),
        )
        with translated(self._place.directory):
            client = self._boto3.client(
                "s3",
                endpoint_url=self._place.endpoint,
                region_name=self._region,
                verify=self._verify,
                config=config,
            )
        client.meta.events.register("before-call.s3", _stay)
        return client

    def renew(self) -> None:
        """Begin with connections of our own, in a forked child; those of the parent are its."""
        self._lock = threading.Lock()
        vars(self).pop("_client", None)
        self.wire.http = self._http()

    def close(self) -> None:
        """Close the connections."""
        self.wire.close()
        with self._lock:
            if "_client" in vars(self):
                self._client.close()
