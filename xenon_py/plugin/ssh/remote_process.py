"""A command that runs on the other side of an SSH connection, on a channel of its own."""

from __future__ import annotations

import contextlib
import logging
import signal as signals
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import paramiko

from xenon_py.exceptions import (
    ConnectionLostException,
    NoSuchPathException,
    NotConnectedException,
    XenonException,
)
from xenon_py.plugin.ending import GroupProcess
from xenon_py.plugin.process import ProcessExit
from xenon_py.plugin.runner import new_marker
from xenon_py.plugin.ssh import script
from xenon_py.plugin.ssh.channels import ChannelLease
from xenon_py.plugin.ssh.streams import ChannelInput, ChannelOutput, Marked
from xenon_py.plugin.ssh.transport import exit_signal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_log = logging.getLogger("xenon_py.ssh")
SHELL_TIMEOUT = 60.0  # seconds for the start-up files of the login shell
RunScript: TypeAlias = "Callable[[str], object]"


class ExitEvent(threading.Event):
    """Takes the place of a channel's ``status_event``: also tells a listener, once.

    The listener is called in a thread of its own, as the caller serves the whole connection.
    """

    def __init__(self) -> None:
        super().__init__()
        self._once = threading.Lock()
        self._listener: Callable[[], object] | None = None

    def listen(self, listener: Callable[[], object]) -> None:
        """Call ``listener`` when the event is set (at once if it is)."""
        with self._once:
            self._listener = listener
        if self.is_set():
            self._tell()

    def set(self) -> None:
        """Set the event."""
        super().set()
        self._tell()

    def _tell(self) -> None:
        with self._once:
            listener, self._listener = self._listener, None
        if listener is not None:
            threading.Thread(target=listener, name="xenon-ssh-exit", daemon=True).start()


def signal_number(name: str) -> int:
    """Return the number of a signal by its name without ``SIG``; 0 for unknown ones.

    OpenSSH tells 13 signals by name, all others as ``SIG@openssh.com``.
    """
    try:
        return int(signals.Signals[f"SIG{name.partition('@')[0]}"])
    except KeyError:
        return 0


def exit_of(lease: ChannelLease) -> ProcessExit:
    """Return how the command of a channel ended, once its ``status_event`` is set."""
    killed = exit_signal(lease.channel)
    if killed is not None:
        number = signal_number(killed[0])
        error = "" if number else "a signal that the server has no name for ended the command"
        return ProcessExit(None, number or None, killed[1], error=error)
    status = lease.channel.exit_status
    if status >= 0:
        return ProcessExit(status, None, False)
    reason = lease.lost() or "the server closed the channel without telling how the command ended"
    return ProcessExit(None, error=f"the end of the command is not known: {reason}")


def launch(
    lease: ChannelLease, argv: Sequence[str], env: Mapping[str, str] | None, cwd: str | None
) -> str:
    """Request a command on a fresh channel; return its marker.

    Raises:
        NotConnectedException: the connection broke, or the server runs no commands.
    """
    marker = new_marker()
    request(lease, script.command_script(marker, argv, env, cwd))
    return marker


def request(lease: ChannelLease, text: str) -> None:
    """Run a script on a fresh channel.

    Raises:
        NotConnectedException: the connection broke, or the server runs no commands.
    """
    remote = script.remote_text(text)
    channel = lease.channel
    channel.status_event = ExitEvent()
    try:
        channel.exec_command(remote.command)
        if remote.stdin:
            ChannelInput(channel).write(remote.stdin)
    except (paramiko.SSHException, OSError, EOFError, AssertionError) as error:
        lost = lease.lost()
        kind = ConnectionLostException if lost else NotConnectedException
        raise kind.because(lost or f"the server does not run commands: {error}") from error


def start_failure(
    word: str | None, cwd: str | None, lease: ChannelLease, noise: bytes, errors: bytes
) -> XenonException:
    """Return the exception for a command that did not get as far as its marker.

    Args:
        word: what stood behind the marker on standard output, ``None`` = there was no marker.
        cwd: the directory that was asked for.
        lease: the channel.
        noise: what came on standard output instead.
        errors: what came on standard error instead.
    """
    if word == "cwd":
        return NoSuchPathException.because(
            f"the working directory {cwd!r} is not a directory that exists", path=cwd
        )
    lost = lease.lost()
    if lost:
        return ConnectionLostException.because(f"the connection broke: {lost}")
    return NotConnectedException.because(
        "the server took the command but did not run it (a shell that forbids it, or a forced "
        "command?)",
        stdout=noise,
        stderr=errors,
    )


class RemoteProcess(GroupProcess):
    """An interactive command; its pipes are the streams of its channel."""

    def __init__(
        self, lease: ChannelLease, marker: str, cwd: str | None, run_script: RunScript
    ) -> None:
        super().__init__()
        self._lease = lease
        self._run_script = run_script
        channel = lease.channel
        out, err = Marked(marker), Marked(marker)
        first = until_marker(channel, out)
        if out.word in (None, "cwd"):
            error = start_failure(out.word, cwd, lease, out.noise, _all(channel.recv_stderr))
            lease.release()
            raise error
        self.pid = int(out.word or 0)
        self.stdin = ChannelInput(channel)
        self.stdout = ChannelOutput(channel.recv, out, first)
        self.stderr = ChannelOutput(channel.recv_stderr, err, b"")
        event = channel.status_event
        assert isinstance(event, ExitEvent)
        event.listen(self._on_status)

    def signal(self, number: int) -> None:
        """Send a signal to the whole process group; nothing happens when it has ended."""
        if self.poll() is None and self.pid:
            self._run_script(script.kill_script(self.pid, number))

    def terminate(self, grace: float) -> None:
        """End the whole process group: TERM, after ``grace`` seconds KILL. Does not wait.

        The process counts as ended when no member of its group is left.
        """
        with self._lock:
            if self._ending or self._exit is not None:
                return
            self._ending = True
        threading.Thread(target=self._end, args=(grace,), daemon=True).start()

    def _end(self, grace: float) -> None:
        with contextlib.suppress(NotConnectedException):  # then its status tells that it is lost
            if self.pid:
                self._run_script(script.end_script(self.pid, grace))
        self._group_gone()

    def _on_status(self) -> None:
        self._exited(exit_of(self._lease))

    def _finish(self) -> bool:
        if not super()._finish():
            return False
        self._give_back()
        return True

    def _give_back(self) -> None:
        """Release the channel when its output has been read, or will be by nobody."""
        for pipe in (self.stdout, self.stderr):
            assert isinstance(pipe, ChannelOutput)
            pipe.when_done(self._release_if_done)

    def _release_if_done(self) -> None:
        pipes = (self.stdout, self.stderr)
        if all(isinstance(pipe, ChannelOutput) and pipe.done for pipe in pipes):
            self._lease.release()


def until_marker(channel: paramiko.Channel, marked: Marked) -> bytes:
    """Read standard output up to the marker, or to its end; return what follows the marker.

    Raises:
        NotConnectedException: the login shell over there does not come to an end.
    """
    rest = b""
    channel.settimeout(SHELL_TIMEOUT)
    try:
        while marked.word is None and (data := channel.recv(65536)):
            rest = marked.feed(data)
    except TimeoutError as error:
        raise NotConnectedException.because(
            f"the login shell did not run the command within {SHELL_TIMEOUT:.0f} s",
            stdout=marked.noise,
        ) from error
    finally:
        channel.settimeout(None)
    return rest


def _all(receive: Callable[[int], bytes]) -> bytes:
    data = b""
    while len(data) < 65536 and (piece := receive(65536)):
        data += piece
    return data
