"""Runs commands on another machine, over a shared SSH connection."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping, Sequence

import paramiko

from xenon_py.exceptions import (
    CommandNotFoundException,
    ConnectionLostException,
    NotConnectedException,
    XenonTimeoutException,
)
from xenon_py.plugin.process import Process, ProcessExit
from xenon_py.plugin.runner import CommandResult, CommandRunner, new_marker
from xenon_py.plugin.ssh import script
from xenon_py.plugin.ssh.agent import forward_agent
from xenon_py.plugin.ssh.channels import ChannelLease
from xenon_py.plugin.ssh.remote_process import (
    SHELL_TIMEOUT,
    ExitEvent,
    RemoteProcess,
    exit_of,
    launch,
    request,
    start_failure,
)
from xenon_py.plugin.ssh.sharing import SharedConnection
from xenon_py.plugin.ssh.streams import ChannelInput, Marked

_CHUNK = 256 * 1024
_HELPER_TIMEOUT = 30.0  # seconds for a helper script
_KILL_PATIENCE = 5.0  # seconds to wait for the end of a killed command, beyond its grace


class SshCommandRunner(CommandRunner):
    """Commands on a channel each, leading a process group of their own.

    Args:
        connection: the share that this runner uses; it is released by ``close``.
        grace: seconds between TERM and KILL when a time-out has passed.
    """

    def __init__(self, connection: SharedConnection, grace: float = 2.0) -> None:
        self.host = connection.host
        self.grace = grace
        self._connection = connection
        self._home = ""

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        timeout: float | None = None,
    ) -> CommandResult:
        """Run a command to its end, that is, until it has exited and closed its outputs."""
        end = None if timeout is None else time.monotonic() + timeout
        text = script.command_script(marker := new_marker(), argv, env, cwd)
        with self._channel("exec", timeout) as lease:
            request(lease, text)
            exchange = _Exchange(lease, marker, stdin)
            if not exchange.run(end):
                raise self._timed_out(argv, exchange, timeout)
            return self._result(argv, cwd, exchange)

    def start(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: str | None = None
    ) -> Process:
        """Start a command with pipes at its three streams."""
        lease = self._channel("stream", None)
        try:
            marker = launch(lease, argv, env, cwd)
            return RemoteProcess(lease, marker, cwd, self.run_script)
        except BaseException:
            lease.release()
            raise

    def home(self) -> str:
        """Return the home directory of the user there; absolute."""
        if not self._home:
            # the slash keeps a name whole that ends in a line feed
            found = self.run(["sh", "-c", 'cd && printf "%s/" "$PWD"'], timeout=SHELL_TIMEOUT)
            self._home = found.text()[:-1] or "/"
        return self._home

    def close(self) -> None:
        """Give the share in the connection back."""
        self._connection.release()

    def run_script(self, text: str) -> None:
        """Run a helper script, on a further connection if all channels of this one are in use."""
        marker = new_marker()
        lease = self._connection.open_channel(urgent=True)
        with lease:
            request(lease, f"echo {marker}; echo {marker} >&2\n{text}")
            _Exchange(lease, marker, b"").run(time.monotonic() + _HELPER_TIMEOUT)

    def _channel(self, purpose: str, timeout: float | None) -> ChannelLease:
        lease = self._connection.open_channel(purpose, timeout=timeout)
        if self._connection.agent_forwarding:
            forward_agent(lease.channel, self._connection.identity_agent)
        return lease

    def _timed_out(
        self, argv: Sequence[str], exchange: _Exchange, timeout: float | None
    ) -> XenonTimeoutException:
        if not exchange.pid:  # still on its way, perhaps
            exchange.wait(time.monotonic() + self.grace, only_pid=True)
        killed = "and was killed" if self._kill(exchange.pid) else "and may still run"
        return XenonTimeoutException.because(
            f"{argv[0]} did not end within {timeout} s, {killed}",
            command=argv,
            stdout=bytes(exchange.stdout),
            stderr=bytes(exchange.stderr),
            host=self.host,
        )

    def _kill(self, pid: int) -> bool:
        """End a process group; tell whether that is known to be done. Does not wait for long."""
        done = threading.Event()

        def work() -> None:
            with contextlib.suppress(NotConnectedException):
                self.run_script(script.end_script(pid, self.grace))
                done.set()

        if pid:
            threading.Thread(target=work, name="xenon-ssh-kill", daemon=True).start()
        return bool(pid) and done.wait(self.grace + _KILL_PATIENCE)

    def _result(self, argv: Sequence[str], cwd: str | None, exchange: _Exchange) -> CommandResult:
        ended, out, err = exchange.ended, bytes(exchange.stdout), bytes(exchange.stderr)
        if exchange.word in (None, "cwd"):
            noise = exchange.noise
            raise start_failure(exchange.word, cwd, exchange.lease, noise[0], noise[1])
        result = CommandResult(tuple(argv), ended.exit_code, ended.signal, out, err, self.host)
        if ended.error:
            raise result.failure(ConnectionLostException, f"{argv[0]}: {ended.error}")
        if ended.exit_code == 127:
            raise result.failure(
                CommandNotFoundException,
                f"{argv[0]} was not found, or did not find a command that it needs",
            )
        return result


class _Wake(threading.Event):
    """Is set by each of two buffers when it has data, and cleared by neither."""

    def clear(self) -> None:
        """Do nothing: one buffer must not hide the data of the other."""

    def reset(self) -> None:
        """Clear the event, before both buffers are looked at."""
        super().clear()


class _Exchange:
    """Carries the three streams of one command, in one thread.

    (A second one feeds a standard input that is larger than what the server takes at once.)
    """

    def __init__(self, lease: ChannelLease, marker: str, stdin: bytes) -> None:
        self.lease = lease
        self.stdout, self.stderr = bytearray(), bytearray()
        self._marked = (Marked(marker), Marked(marker))
        self._stdin = stdin

    @property
    def word(self) -> str | None:
        """What stood behind the marker on standard output."""
        return self._marked[0].word

    @property
    def pid(self) -> int:
        """Process id of the command, 0 = not known."""
        return int(self.word) if self.word and self.word.isdigit() else 0

    @property
    def noise(self) -> tuple[bytes, bytes]:
        """What came instead of a marker, on both streams."""
        return self._marked[0].noise, self._marked[1].noise

    @property
    def ended(self) -> ProcessExit:
        """How the command ended."""
        return exit_of(self.lease)

    def run(self, end: float | None) -> bool:
        """Carry everything; tell whether the command ended before the time ``end``."""
        self._send(self.lease.channel)
        return self.wait(end)

    def wait(self, end: float | None, *, only_pid: bool = False) -> bool:
        """Carry the outputs; tell whether the command ended (or its pid came) before ``end``."""
        channel = self.lease.channel
        wake = _Wake()
        channel.in_buffer.set_event(wake)
        channel.in_stderr_buffer.set_event(wake)
        status = channel.status_event
        assert isinstance(status, ExitEvent)
        while True:
            wake.reset()
            open_ends = self._receive(channel)
            if only_pid and self.pid:
                return True
            if not open_ends:
                left = None if end is None else max(0.0, end - time.monotonic())
                return status.wait(left)
            left = 60.0 if end is None else end - time.monotonic()
            if left <= 0:
                return False
            wake.wait(left)

    def _send(self, channel: paramiko.Channel) -> None:
        if len(self._stdin) <= channel.out_window_size:
            self._feed(channel)
        else:
            threading.Thread(target=self._feed, args=(channel,), daemon=True).start()

    def _feed(self, channel: paramiko.Channel) -> None:
        pipe = ChannelInput(channel)
        try:
            pipe.write(self._stdin)
        except BrokenPipeError:  # it does not want more: no error
            return
        pipe.close()

    def _receive(self, channel: paramiko.Channel) -> bool:
        """Take what there is; tell whether there may be more."""
        over = channel.eof_received or channel.closed  # looked at before the data that precede it
        for ready, receive, into, marked in (
            (channel.recv_ready, channel.recv, self.stdout, self._marked[0]),
            (channel.recv_stderr_ready, channel.recv_stderr, self.stderr, self._marked[1]),
        ):
            while ready():
                into.extend(marked.feed(receive(_CHUNK)))
        return not over
