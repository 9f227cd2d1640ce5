"""What all faces have in common: arguments, the connection behind them, pickling, paths."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fsspec.spec import AbstractFileSystem
from fsspec.utils import stringify_path

from xenon_py.exceptions import InvalidLocationException
from xenon_py.filesystem import FileSystem
from xenon_py.integrations.fsspec.connections import Connection, Login, shared_connection
from xenon_py.model.credentials import Credential, DefaultCredential
from xenon_py.model.location import redact
from xenon_py.model.path import Path, normalise
from xenon_py.model.properties import resolve_properties

if TYPE_CHECKING:
    from typing_extensions import Self

_GENERAL = {  # what fsspec and its users pass to every implementation; without effect here
    *("use_listings_cache", "listings_expiry_time", "max_paths"),
    *("asynchronous", "loop", "auto_mkdir", "default_block_size"),
}


# By this name the place in a URL comes from ``_get_kwargs_from_urls``: by that of ``location``
# fsspec would raise a bare TypeError when that argument is given too.
URL_PLACE = "url_place"
_ARGUMENTS = (
    *("location", "username", "password_env", "certfile", "passphrase_env", "credential"),
    "properties",
)
_HIDDEN = "give password_env=, the name of an environment variable with it, or credential="
_PLACE = "the host is part of the URL (protocol://user@host:22/dir) or of location='host:22'"
_INSTEAD = {  # what other implementations of fsspec call it
    **dict.fromkeys(("password", "passwd", "pass", "secret", "token"), _HIDDEN),
    **dict.fromkeys(("host", "hostname", "port"), _PLACE),
    **dict.fromkeys(("user", "key"), "give username="),
    **dict.fromkeys(("base_url", "endpoint_url"), "give location=, and no host in the URL"),
    **dict.fromkeys(("key_filename", "client_keys"), "give certfile="),
    "passphrase": "give passphrase_env=, the name of an environment variable with it",
    "auth": "give username= and password_env=",
}


def _no_argument(kind: str, unknown: Sequence[str]) -> str:
    """Return what is wrong with arguments and what cures it; values are left out."""
    hints = []
    for name in unknown:
        near = difflib.get_close_matches(name, _ARGUMENTS, 1)
        hint = _INSTEAD.get(name) or (f"do you mean {near[0]!r}?" if near else "")
        hints.append(f"{kind} has no argument {name!r}" + (f": {hint}" if hint else ""))
    return f"{'; '.join(hints)}; it has: {', '.join(_ARGUMENTS)}"


class _Called(type(AbstractFileSystem)):  # type: ignore[misc]
    """Sees the arguments before fsspec's cache does.

    Objects with a secret are kept out of it: the cache knows objects by the text of their
    arguments, and that of a credential does not tell one password from another. The place that
    is in a URL becomes the location, so that it is one object however the place was told.
    """

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        place = kwargs.pop(URL_PLACE, "")
        if place:
            kwargs["location"] = _one_place(cls.protocol, place, kwargs.get("location", ""))
        credential = kwargs.get("credential")
        if credential is not None and not isinstance(credential, DefaultCredential):
            kwargs["skip_instance_cache"] = True
        return super().__call__(*args, **kwargs)


def _one_place(protocol: str, place: str, location: str) -> str:
    """Return where a file is, of a URL and of the argument ``location``."""
    if location and location != place:
        raise InvalidLocationException.because(
            f"the URL stands for location={redact(place)!r}, and location={redact(location)!r} is "
            f"given as well; with a location, write the URL without a host: {protocol}:///dir/file"
        )
    return place


class Connected(AbstractFileSystem, metaclass=_Called):  # type: ignore[misc]
    """Any adaptor as an fsspec file system; those with protocols of their own are subclasses.

    It may be pickled, and handed to forked processes: each makes its own connection when it needs
    one. Objects of equal arguments share one within a process.

    Args:
        location: location string of the adaptor. A URL with a host brings it along.
        adaptor: name of the adaptor, where the class does not tell it.
        username: name on the server.
        password_env: name of the environment variable with the password (S3: the secret key). A
            password itself is not taken, as fsspec would put it into pickles, JSON and logs.
        certfile: private key file, for SSH.
        passphrase_env: environment variable with the passphrase of that file.
        credential: any credential instead of these; objects with a secret one are not pickled.
        properties: of the adaptor.

    Raises:
        InvalidLocationException: the location is not of the adaptor's form, or holds a password.
        InvalidCredentialException: the credentials are not of a kind that the adaptor takes.
        TypeError: an unknown argument.
    """

    protocol = "xenon"
    adaptor = ""
    root_marker = "/"
    cachable = True

    def __init__(
        self,
        location: str = "",
        *,
        adaptor: str = "",
        username: str = "",
        password_env: str = "",
        certfile: str = "",
        passphrase_env: str = "",
        credential: Credential | None = None,
        properties: Mapping[str, str] | None = None,
        **general: Any,
    ) -> None:
        unknown = sorted(set(general) - _GENERAL)
        if unknown:
            raise TypeError(_no_argument(type(self).__name__, unknown))
        super().__init__(**general)
        self.adaptor = adaptor or self.adaptor
        self._location = location
        self._login = Login(username, password_env, certfile, passphrase_env, credential)
        self._properties = properties or {}
        self._connection = shared_connection(
            self.adaptor, location, dict(self._properties), self._login
        )

    @classmethod
    def over(cls, files: FileSystem) -> Self:
        """Return an object that works on an open file system, as long as that is open."""
        credential = files.get_credential()
        made: Self = cls(
            files.get_location(),
            adaptor=files.get_adaptor_name(),
            credential=credential,
            properties=files.get_properties(),
            skip_instance_cache=True,
        )
        made._connection = Connection(
            made.adaptor, made._location, files.get_properties(), made._login, given=files
        )
        return made

    @property
    def files(self) -> FileSystem:
        """The open file system behind this object."""
        return self._connection.get()

    def close(self) -> None:
        """Close the connection of all objects with the same arguments; it is made anew if needed.

        An object of ``FileSystem.as_fsspec`` closes that file system.
        """
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.adaptor} {self._location!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        declared = FileSystem.get_adaptor_description(self.adaptor).supported_properties
        resolve_properties(declared, self._properties, adaptor=self.adaptor).__reduce__()
        found: tuple[Any, ...] = super().__reduce__()
        return found

    def to_dict(self, *, include_password: bool = True) -> dict[str, Any]:
        """Return the arguments as JSON can hold them; raises where there are secrets."""
        self.__reduce__()
        if self._login.credential is not None:
            self._login.credential.__reduce__()
        found: dict[str, Any] = super().to_dict(include_password=include_password)
        return found

    # paths

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, (list, tuple, set)):
            return [cls._strip_protocol(one) for one in path]
        return normalise(Path(cls._split(stringify_path(path))[1]), "/")

    @classmethod
    def _split(cls, url: str) -> tuple[str, str]:
        """Return what stands between ``://`` and the next slash, and the path, of URL or path."""
        for mark in (f"{cls.protocol}://", f"{cls.protocol}::"):
            if url.startswith(mark):
                authority, slash, path = url[len(mark) :].partition("/")
                return authority, slash + path
        return "", url

    def unstrip_protocol(self, name: str) -> str:
        """Return a path as a URL, without a host: that is in the arguments of this object."""
        return f"{self.protocol}://{self._strip_protocol(name)}"
