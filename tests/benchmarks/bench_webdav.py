"""Time the ``webdav`` adaptor against rclone, curl and webdavclient3, on one Apache.

Run as root: ``python tests/benchmarks/bench_webdav.py [--rounds N] [--size MiB] [--files N]
[--entries N] [--only TOOL,TOOL] [--operations list,…] [--delay MS]``. It starts the Apache of the
tests. How it is measured is told in ``race.py``. Tools that are not installed are left out.

What is asked of the adaptor: a large file takes no more than 1.2 times what the best tool takes,
small files at most half of what webdavclient3 takes, a listing 1.5 times the best.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import shutil
import sys
import tempfile
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import race
from far import add_delay, far

from services.records import DavServer
from services.webdav import ApacheService
from support.webdav import connect
from xenon_py import FileSystem

try:
    from webdav3.client import Client
except ImportError:
    Client = None  # type: ignore[assignment,misc]


class Site:
    """The server, and where its files are on this machine."""

    def __init__(self, server: DavServer, root: Path) -> None:
        self.server, self.root = server, root
        self.origin = f"http://{server.host}:{server.port}"

    def path(self, place: str) -> str:
        """Return the path of the URL of a file of the server."""
        return f"{self.server.basic}/{Path(place).relative_to(self.root)}"

    def url(self, place: str) -> str:
        """Return its URL."""
        return self.origin + urllib.parse.quote(self.path(place))


class Ours(race.Ours):
    def __init__(self, site: Site) -> None:
        super().__init__()
        self._site = site

    def connect(self) -> FileSystem:
        return connect(self._site.server, self._site.server.basic)

    def upload(self, source: Path, target: str) -> None:
        super().upload(source, self._site.path(target))

    def download(self, source: str, target: Path) -> None:
        super().download(self._site.path(source), target)

    def entries(self, path: str) -> int:
        return super().entries(self._site.path(path))


class Rclone(race.Command):
    name = program = "rclone"
    version_words = ("version",)

    def __init__(self, site: Site) -> None:
        super().__init__()
        self._site = site
        if self.available():
            hidden = self.run("obscure", site.server.password).strip()
            self._there = (
                f":webdav,url='{site.origin}{site.server.basic}',vendor=other,"
                f"user={site.server.user},pass={hidden}:"
            )

    def _remote(self, place: str) -> str:
        return self._there + str(Path(place).relative_to(self._site.root))

    def _rclone(self, *words: str) -> str:
        return self.run("--config", "/dev/null", "--ignore-checksum", *words)

    def upload(self, source: Path, target: str) -> None:
        self._rclone("copy" if source.is_dir() else "copyto", str(source), self._remote(target))

    def download(self, source: str, target: Path) -> None:
        verb = "copyto" if source.endswith("large") else "copy"
        self._rclone(verb, self._remote(source), str(target))

    def entries(self, path: str) -> int:
        return self._rclone("lsl", "--max-depth", "1", self._remote(path)).count("\n")


class Curl(race.Command):
    """One process and one connection for all files; it parses no listing."""

    name = program = "curl"

    def __init__(self, site: Site) -> None:
        super().__init__()
        self._site = site
        self._login = f"{site.server.user}:{site.server.password}"

    def _curl(self, *words: str, given: str | None = None) -> str:
        return self.run("-sSf", "--user", self._login, *words, given=given)

    def upload(self, source: Path, target: str) -> None:
        url = self._site.url(target)
        if source.is_file():
            self._curl("-T", str(source), url)
            return
        self._curl("-X", "MKCOL", url + "/")
        lines = (f'upload-file = "{one}"\nurl = "{url}/{one.name}"\n' for one in source.iterdir())
        self._curl("-K", "-", given="".join(lines))

    def download(self, source: str, target: Path) -> None:
        url = self._site.url(source)
        if source.endswith("large"):
            self._curl("-o", str(target), url)
            return
        target.mkdir()
        names = (one.name for one in Path(source).iterdir())
        lines = (f'url = "{url}/{name}"\noutput = "{target / name}"\n' for name in names)
        self._curl("-K", "-", given="".join(lines))

    def entries(self, path: str) -> int:
        listing = self._curl("-X", "PROPFIND", "-H", "Depth: 1", self._site.url(path) + "/")
        return listing.count("<D:response ") - 1


class Webdavclient3(race.Tool):
    """A loop over its calls, as its users write it."""

    name = "webdavclient3"

    def __init__(self, site: Site) -> None:
        self._site = site
        if self.available():
            self.version = importlib.metadata.version("webdavclient3")

    def available(self) -> bool:
        return Client is not None

    def _client(self) -> Client:
        server = self._site.server
        return Client(
            {
                "webdav_hostname": self._site.origin,
                "webdav_root": server.basic,
                "webdav_login": server.user,
                "webdav_password": server.password,
            }
        )

    def _remote(self, place: str) -> str:
        return str(Path(place).relative_to(self._site.root))

    def upload(self, source: Path, target: str) -> None:
        client, remote = self._client(), self._remote(target)
        if source.is_file():
            client.upload_sync(remote, str(source))
            return
        client.mkdir(remote)
        for one in source.iterdir():
            client.upload_sync(f"{remote}/{one.name}", str(one))

    def download(self, source: str, target: Path) -> None:
        client, remote = self._client(), self._remote(source)
        if source.endswith("large"):
            client.download_sync(remote, str(target))
            return
        target.mkdir()
        for name in client.list(remote):
            client.download_sync(f"{remote}/{name}", str(target / name))

    def entries(self, path: str) -> int:
        return len(self._client().list(self._remote(path), get_info=True))


def main() -> None:
    parser = race.parser(__doc__)
    add_delay(parser)
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        here = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        service = ApacheService()
        server = stack.enter_context(service.use())
        server = dataclasses.replace(
            server, host=stack.enter_context(far(options.delay, [server.port]))
        )
        root = service.directory / "dav"
        there = Path(tempfile.mkdtemp(prefix="bench-", dir=root))
        stack.callback(shutil.rmtree, there)
        site = Site(server, root)
        data = race.Data(here, there, "www-data:", options.size, options.files, options.entries)
        race.run([Ours(site), Rclone(site), Curl(site), Webdavclient3(site)], data, options)


if __name__ == "__main__":
    main()
