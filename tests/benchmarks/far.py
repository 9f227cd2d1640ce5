"""Puts a server at a distance: a relay, in a process of its own, by which everything arrives late.

It listens on another address of this machine at the same ports, so that the data connections of FTP
lead through it too. A connection begins one round trip late, as by TCP's handshake.

As a program it is the relay: ``python far.py MS PORT...``; it ends with its standard input.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import partial

HOST = "127.0.0.2"
_BEHIND = "127.0.0.1"
_PIECE = 256 * 1024


def add_delay(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--delay``."""
    parser.add_argument("--delay", type=float, default=0, help="ms that each direction takes")


@contextlib.contextmanager
def far(delay: float, ports: Iterable[int]) -> Iterator[str]:
    """Relay to ports of 127.0.0.1.

    Args:
        delay: ms of each direction; with 0 there is no relay.
        ports: those of the server.

    Yields:
        The address to connect to.
    """
    if not delay:
        yield _BEHIND
        return
    argv = [sys.executable, __file__, str(delay), *map(str, ports)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as relay:
        assert relay.stdin is not None
        assert relay.stdout is not None
        try:
            assert relay.stdout.readline(), "the relay did not start"
            yield HOST
        finally:
            relay.stdin.close()


async def _pass_on(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, delay: float
) -> None:
    clock = asyncio.get_running_loop().time
    late: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)

    async def take() -> None:
        data = b"-"
        while data:
            data = await source.read(_PIECE)
            await late.put((clock() + delay, data))

    taking = asyncio.create_task(take())
    try:
        while True:
            due, data = await late.get()
            await asyncio.sleep(max(0.0, due - clock()))
            if not data:
                target.write_eof()
                return
            target.write(data)
            await target.drain()
    finally:
        taking.cancel()


async def _relay(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, delay: float
) -> None:
    await asyncio.sleep(2 * delay)
    writers = [writer]
    with contextlib.suppress(OSError):
        answers, requests = await asyncio.open_connection(_BEHIND, port)
        writers.append(requests)
        await asyncio.gather(_pass_on(reader, requests, delay), _pass_on(answers, writer, delay))
    for one in writers:
        one.close()


async def _serve(delay: float, ports: Iterable[int]) -> None:
    relays: set[asyncio.Task[None]] = set()  # the loop itself does not keep them alive

    def begin(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relay = asyncio.create_task(_relay(reader, writer, port, delay))
        relays.add(relay)
        relay.add_done_callback(relays.discard)

    for port in ports:
        await asyncio.start_server(partial(begin, port), HOST, port, backlog=256)
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    os._exit(0)  # there may be connections, which nobody needs any more


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1]) / 1000, map(int, sys.argv[2:])))
