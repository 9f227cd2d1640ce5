"""What the benchmarks of file systems share: the data that are moved, the race, the table.

The tools take turns, each into a fresh destination; times include connecting (and the start of a
process for command-line tools) but no Python imports. Medians are compared: other programs disturb
the clock, so only the ratios within one run mean something. The servers are on this machine, so
that what lies on them is made and checked without them; ``far.py`` makes them seem to be far away.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from xenon_py import FileSystem

MIB = 1 << 20
OPERATIONS = ("large up", "large down", "small up", "small down", "list")
PATIENCE = 120
"""Seconds after which a command-line tool is taken for one that does not end."""
SETTLING = 1.0
"""Seconds before each operation: ProFTPD answers nobody for 0.2 s after each session that ended."""


class Tool:
    """One way to move files; every method connects anew."""

    name = ""
    version = ""

    def available(self) -> bool:
        return True

    def upload(self, source: Path, target: str) -> None:
        """Copy a file or a directory of files to a path that is not there."""
        raise NotImplementedError

    def download(self, source: str, target: Path) -> None:
        """Copy a file or a directory of files from the server."""
        raise NotImplementedError

    def entries(self, path: str) -> int | None:
        """List a directory with sizes; return how many entries there are, ``None`` if it cannot."""
        raise NotImplementedError


class Ours(Tool):
    """This library; a benchmark adds ``connect``."""

    name = "xenon_py"

    def __init__(self) -> None:
        import importlib.metadata

        self.version = importlib.metadata.version("xenon-py")

    def connect(self) -> FileSystem:
        raise NotImplementedError

    def upload(self, source: Path, target: str) -> None:
        with FileSystem.create("file") as here, self.connect() as there:
            self._copy(here, source, there, target)

    def download(self, source: str, target: Path) -> None:
        with FileSystem.create("file") as here, self.connect() as there:
            self._copy(there, source, here, target)

    def _copy(self, a: FileSystem, source: object, b: FileSystem, target: object) -> None:
        status = a.copy(source, b, target, recursive=True).wait()  # type: ignore[arg-type]
        if status.error:
            raise status.error

    def entries(self, path: str) -> int:
        with self.connect() as there:
            return len(list(there.list(path, False)))


class Command(Tool):
    """A command-line tool."""

    program = ""
    version_words: tuple[str, ...] = ("--version",)

    def __init__(self) -> None:
        beside = Path(sys.executable).parent / self.program
        self.path = shutil.which(self.program) or str(beside)
        if self.available():
            self.version = self.run(*self.version_words).splitlines()[0]

    def available(self) -> bool:
        return Path(self.path).exists()

    def run(self, *words: str, given: str | None = None) -> str:
        """Run it; return what it prints."""
        return subprocess.run(
            [self.path, *words],
            input=given,
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        ).stdout


class Data:
    """What is moved: here, and on the server, which is this machine.

    Args:
        here, there: directories.
        owner: of what is on the server.
        size: MiB of the large file.
        files: how many small files of 4 KiB.
        entries: how many there are to list.
    """

    def __init__(
        self, here: Path, there: Path, owner: str, size: int, files: int, entries: int
    ) -> None:
        self.here, self.there, self.entries = here, there, entries
        self.large_size, self.files = size * MIB, files
        self.make_here()
        shutil.copy(here / "large", there / "large")
        shutil.copytree(here / "small", there / "small")
        (there / "list").mkdir()
        for number in range(entries):
            (there / "list" / f"{number:05}").touch()
        subprocess.run(["chown", "-R", owner, str(there)], check=True)

    def make_here(self) -> None:
        """Make the large file and the small ones on this side."""
        with (self.here / "large").open("wb") as stream:
            for _ in range(self.large_size // MIB):
                stream.write(os.urandom(MIB))
        (self.here / "small").mkdir()
        for number in range(self.files):
            (self.here / "small" / f"{number:05}").write_bytes(os.urandom(4096))

    def check_there(self, path: Path) -> None:
        """Check what an upload made, and remove it; the server is this machine."""
        self.check(path)

    def check(self, path: Path) -> None:
        """Check what a copy made, and put it out of the way.

        Small files are kept until the end: ext4 takes long to make new ones shortly after many
        were deleted, which whoever comes next would pay for.
        """
        if path.is_file():
            assert path.stat().st_size == self.large_size, path
            path.unlink()
        else:
            sizes = [found.stat().st_size for found in path.iterdir()]
            assert sizes == [4096] * self.files, (path, len(sizes))
            path.rename(path.with_name(f"aside-{time.monotonic_ns()}"))


def remove(path: Path) -> None:
    """Remove what an operation made, if it made anything."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def measure(tool: Tool, operation: str, data: Data) -> float | None:
    """Return the seconds that an operation takes; ``None`` if the tool does not do it."""
    what, _, direction = operation.partition(" ")
    place = (data.there if direction == "up" else data.here) / f"copy-of-{what}"
    os.sync()
    time.sleep(SETTLING)
    begun = time.perf_counter()
    if operation == "list":
        found = tool.entries(str(data.there / "list"))
        assert found in {None, data.entries}, (tool.name, found)
        return None if found is None else time.perf_counter() - begun
    try:
        if direction == "up":
            tool.upload(data.here / what, str(place))
        else:
            tool.download(str(data.there / what), place)
    except subprocess.SubprocessError as error:
        print(f"{tool.name}: {operation} failed: {str(error)[:100]} {_last_words(error)}")
        remove(place)
        return None
    took = time.perf_counter() - begun
    (data.check_there if direction == "up" else data.check)(place)
    return took


def _last_words(error: subprocess.SubprocessError) -> str:
    said = getattr(error, "stderr", None) or ""
    return (said if isinstance(said, str) else said.decode(errors="replace"))[-200:].strip()


def run(tools: Sequence[Tool], data: Data, options: argparse.Namespace) -> None:
    """Let the tools race, and print how they did."""
    wanted = [name.lower() for name in options.only.split(",") if name] or [""]
    there = [tool for tool in tools if tool.available()]
    racing = [t for t in there if t.name == Ours.name or any(w in t.name.lower() for w in wanted)]
    for tool in racing:
        print(f"{tool.name}: {tool.version}")
    times: dict[tuple[str, str], list[float]] = {}
    for number in range(options.rounds):
        for operation in options.operations.split(","):
            for tool in racing:
                took = measure(tool, operation, data)
                if took is not None:
                    times.setdefault((tool.name, operation), []).append(took)
        load = os.getloadavg()[0]
        print(f"round {number + 1} of {options.rounds} done, load {load:.1f}", flush=True)
    report(times, racing)


def report(times: dict[tuple[str, str], list[float]], tools: Iterable[Tool]) -> None:
    """Print the medians, and ours divided by each of the others."""
    for operation in dict.fromkeys(operation for _, operation in times):
        ours = statistics.median(times[Ours.name, operation])
        print(f"\n{operation:28} median s   best s   ours / it")
        for tool in tools:
            taken = times.get((tool.name, operation))
            if taken:
                median = statistics.median(taken)
                print(f"  {tool.name:26} {median:8.3f} {min(taken):8.3f}   {ours / median:9.2f}")


def peak_memory(script: str, words: Iterable[str]) -> int:
    """Return the peak memory, in bytes, that ``python SCRIPT --memory WORDS`` prints of itself."""
    argv = [sys.executable, script, "--memory", *words]
    return int(subprocess.run(argv, check=True, stdout=subprocess.PIPE).stdout)


def parser(description: str) -> argparse.ArgumentParser:
    """Return the options that every race has."""
    options = argparse.ArgumentParser(description=description.splitlines()[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--size", type=int, default=256, help="MiB of the large file")
    options.add_argument("--files", type=int, default=2000, help="small files of 4 KiB")
    options.add_argument("--entries", type=int, default=10_000, help="entries to list")
    options.add_argument("--only", default="", help="names of tools, with commas")
    options.add_argument("--operations", default=",".join(OPERATIONS), help="with commas")
    return options
