"""Logging in: which methods are tried, in which order, and what is said when none works.

The server tells which methods it takes (RFC 4252); when it wants several of them, each accepted one
leads to the next. Order: keys, then password, then keyboard-interactive.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from xenon_py.exceptions import (
    AuthenticationException,
    ConnectionLostException,
    InvalidCredentialException,
    XenonException,
)
from xenon_py.model.credentials import (
    CertificateCredential,
    Challenge,
    ChallengeCallback,
    DefaultCredential,
    PasswordCredential,
    SimpleCredential,
)
from xenon_py.plugin.ssh import keys
from xenon_py.plugin.ssh.config import HostConfig
from xenon_py.plugin.ssh.settings import SshSettings

if TYPE_CHECKING:
    import paramiko

_ALL_METHODS = ("publickey", "password", "keyboard-interactive")
Prompts: TypeAlias = "Sequence[tuple[str, bool]]"


def check_credential(credential: SimpleCredential) -> None:
    """Refuse a credential that SSH has no use for.

    Raises:
        InvalidCredentialException: it is one.
    """
    if not isinstance(credential, (DefaultCredential, CertificateCredential, PasswordCredential)):
        raise InvalidCredentialException.because(
            f"SSH takes no {type(credential).__name__}; use a DefaultCredential, a "
            "CertificateCredential, a PasswordCredential or a CredentialMap of these"
        )
    if isinstance(credential, CertificateCredential) and not credential.certfile:
        raise InvalidCredentialException.because(
            "CertificateCredential.certfile names no private key file"
        )


@dataclass
class Login:
    """One attempt to log in over a transport whose host key has been checked.

    Attributes:
        transport: connected, host key checked.
        host: for messages.
        config: of the host.
        credential: a simple one, checked by ``check_credential``.
        settings: whether the agent is used with every credential.
    """

    transport: paramiko.Transport
    host: str
    config: HostConfig
    credential: SimpleCredential
    settings: SshSettings
    tried: list[str] = field(default_factory=list)
    password_sent: bool = False

    def run(self) -> None:
        """Log in.

        Raises:
            AuthenticationException: nothing worked; tells what was tried and what is offered.
            ConnectionLostException: the connection broke meanwhile.
        """
        allowed = self._ask_methods()
        done: set[str] = set()
        while allowed:
            method = self._next_method(allowed, done)
            if method is None:
                raise self._failure(allowed)
            result = getattr(self, f"_try_{method.replace('-', '_')}")()
            if result is None:
                done.add(method)  # none of its ways was accepted
                continue
            if method == "publickey" and method in result:
                done.add(method)  # the server wants a second key: not the same again
            allowed = result

    def _next_method(self, allowed: Sequence[str], done: set[str]) -> str | None:
        for method in _ALL_METHODS:
            if method in allowed and method not in done and self._has_means(method, allowed):
                return method
        return None

    def _has_means(self, method: str, allowed: Sequence[str]) -> bool:
        password = isinstance(self.credential, PasswordCredential)
        asks = getattr(self.credential, "on_challenge", None) is not None
        if method == "publickey":  # with a password, keys only where nothing else leads on
            return not password or not {"password", "keyboard-interactive"} & set(allowed)
        if method == "password":
            return password and not self.password_sent
        return asks or (password and not self.password_sent)

    def _ask_methods(self) -> Sequence[str]:
        """Try ``none``: some servers take it, all others say what they want instead."""
        import paramiko

        try:
            return self._guarded(lambda: self.transport.auth_none(self.config.user))
        except paramiko.BadAuthenticationType as refusal:
            return list(refusal.allowed_types)
        except paramiko.AuthenticationException:
            return list(_ALL_METHODS)

    def _attempt(self, label: str, call: Callable[[], list[str]]) -> Sequence[str] | None:
        """Try one way; return the methods still wanted (none = logged in), ``None`` = refused."""
        import paramiko

        try:
            wanted = self._guarded(call)
        except paramiko.BadAuthenticationType:
            self.tried.append(f"{label} (method not offered)")
            return None
        except paramiko.AuthenticationException:
            self.tried.append(f"{label} (refused)")
            return None
        self.tried.append(f"{label} ({'accepted, more is wanted' if wanted else 'accepted'})")
        return wanted

    def _guarded(self, call: Callable[[], list[str]]) -> list[str]:
        """Call paramiko; tell a refusal from a broken connection."""
        import paramiko

        try:
            return call()
        except (paramiko.SSHException, OSError, EOFError) as error:
            refused = isinstance(error, paramiko.AuthenticationException)
            if refused and self.transport.is_active():
                raise
            if self.tried and not self.transport.is_active():
                raise self._failure((), "the server hung up after these attempts") from error
            raise ConnectionLostException.because(
                f"the connection to {self.host} broke during log-in: {error or 'end of data'}",
                host=self.host,
            ) from error

    def _try_publickey(self) -> Sequence[str] | None:
        for candidate in self._candidates():
            wanted = self._attempt(
                candidate.label,
                lambda key=candidate.key: self.transport.auth_publickey(self.config.user, key),  # type: ignore[misc]
            )
            if wanted is not None:
                return wanted
        return None

    def _candidates(self) -> Iterator[keys.Candidate]:
        if isinstance(self.credential, CertificateCredential):
            yield from keys.with_certificates(self.credential.certfile, self.credential.passphrase)
            if self.settings.agent:
                yield from self._from_agent(only=None)
            return
        if self.settings.agent or isinstance(self.credential, DefaultCredential):
            yield from self._from_agent(self._identity_blobs())
        yield from self._from_files()

    def _from_agent(self, only: set[bytes] | None) -> Iterator[keys.Candidate]:
        agent = keys.open_agent(self.config.identity_agent)
        if agent is not None:
            try:
                yield from keys.agent_candidates(agent, only)
            finally:
                agent._close()  # type: ignore[attr-defined]  # noqa: SLF001 - no public way

    def _identity_blobs(self) -> set[bytes] | None:
        if not self.config.identities_only:
            return None
        blobs = map(keys.public_blob, self.config.identity_files)
        return {blob for blob in blobs if blob is not None}

    def _from_files(self) -> Iterator[keys.Candidate]:
        for file in self.config.identity_files:
            try:
                yield from keys.with_certificates(file, "", self.config.certificate_files)
            except FileNotFoundError:
                continue
            except XenonException as error:
                self.tried.append(f"key {file} (not usable: {error.msg})")

    def _try_password(self) -> Sequence[str] | None:
        assert isinstance(self.credential, PasswordCredential)
        self.password_sent = True
        password = self.credential.password
        return self._attempt(
            "password",
            lambda: self.transport.auth_password(self.config.user, password, fallback=False),
        )

    def _try_keyboard_interactive(self) -> Sequence[str] | None:
        limit, self.transport.auth_timeout = self.transport.auth_timeout, None  # type: ignore[assignment]
        with _Deadline(self.transport, limit) as deadline:
            answers = _Answers(self, deadline)
            wanted = self._attempt(
                "keyboard-interactive",
                lambda: self.transport.auth_interactive(self.config.user, answers),
            )
        self.transport.auth_timeout = limit
        if answers.error is not None:
            raise self._failure((), "on_challenge raised an exception") from answers.error
        return wanted

    def _failure(self, allowed: Sequence[str], what: str = "") -> AuthenticationException:
        kind = type(self.credential).__name__
        offered = f"the server takes: {', '.join(allowed)}" if allowed else what
        tried = ", ".join(self.tried) or "nothing (no key, agent, password or callback for that)"
        return AuthenticationException.because(
            f"{self.host} did not let {self.config.user!r} in with a {kind}; {offered}; "
            f"tried: {tried}{self._not_done(allowed)}",
            host=self.host,
        )

    def _not_done(self, allowed: Sequence[str]) -> str:
        if self.config.gssapi and "gssapi-with-mic" in allowed:
            return "; GSSAPIAuthentication of the SSH configuration is not done by this library"
        return ""


class _Deadline:
    """Closes a transport when the server is silent for too long; stops while a person is asked."""

    def __init__(self, transport: paramiko.Transport, seconds: float | None) -> None:
        self._transport = transport
        self._seconds = seconds
        self._timer: threading.Timer | None = None

    def __enter__(self) -> _Deadline:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def start(self) -> None:
        if self._seconds is not None:
            self._timer = threading.Timer(self._seconds, self._transport.close)
            self._timer.daemon = True
            self._timer.start()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class _Answers:
    """Answers a server's questions: the password once, the rest by the user's callback."""

    def __init__(self, login: Login, deadline: _Deadline) -> None:
        credential = login.credential
        self._login = login
        self._deadline = deadline
        self._ask: ChallengeCallback | None = getattr(credential, "on_challenge", None)
        self._password = (
            credential.password
            if isinstance(credential, PasswordCredential) and not login.password_sent
            else None
        )
        self.error: Exception | None = None

    def __call__(self, title: str, instructions: str, prompts: Prompts) -> list[str]:
        answers: dict[int, str] = {}
        for number, (text, shown) in enumerate(prompts):
            if self._wants_password(text, shown=shown) and self._password is not None:
                answers[number] = self._password
                self._password = None
                self._login.password_sent = True
        open_ones = [n for n in range(len(prompts)) if n not in answers]
        if open_ones:
            asked = tuple((prompts[n][0], bool(prompts[n][1])) for n in open_ones)
            replies = self._call_back(Challenge(self._login.host, title, instructions, asked))
            answers.update(zip(open_ones, replies, strict=False))
        return [answers.get(n, "") for n in range(len(prompts))]

    def _wants_password(self, prompt: str, *, shown: bool) -> bool:
        if shown:
            return False
        return self._ask is None or "password" in prompt.lower()

    def _call_back(self, challenge: Challenge) -> Sequence[str]:
        if self._ask is None or self.error is not None:
            return ()
        self._deadline.stop()
        try:
            return [str(reply) for reply in self._ask(challenge)]
        except Exception as error:  # noqa: BLE001 - handed to the thread that logs in
            self.error = error
            return ()
        finally:
            self._deadline.start()
