"""Copies one large file between two ends, in a process of its own whose memory can be measured.

Reads from standard input, as JSON: ``local`` (path of the file on this machine), ``name`` (of the
file at both ends), ``source`` and ``target`` (fields of ``End``). Prints, as JSON, the checksum of
the target and by how many bytes the peak of the memory was above that before the copy.
"""

from __future__ import annotations

import hashlib
import json
import resource
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.ends import End
from support.memory import own_peak
from xenon_py import CopyMode, FileSystem

NOWHERE = "/nowhere"
SMALL = 1 << 20


def copy(source: FileSystem, path: object, target: FileSystem, name: object) -> None:
    status = source.copy(path, target, name, CopyMode.REPLACE).wait()  # type: ignore[arg-type]
    if status.error:
        raise status.error


def main() -> None:
    given = json.load(sys.stdin)
    source, target = End(**given["source"]), End(**given["target"])
    with source.connect() as here, target.connect() as there, FileSystem.create("file") as disk:
        first = here.get_working_directory() / given["name"]
        if not here.exists(first):
            copy(disk, given["local"], here, first)
        name = given["name"] + ("-copy" if source == target else "")
        last = there.get_working_directory() / name
        before = own_peak()
        tempfile.tempdir = NOWHERE
        if target.adaptor != "file":  # no local file may grow: sockets know no such limit
            resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, SMALL))
        copy(here, first, there, last)
        grown = own_peak() - before
        digest = hashlib.sha256()
        for chunk in there.read_from_file(last):
            digest.update(chunk)
        if source == target or target.adaptor == "fsspec":
            there.delete(last)
    print(json.dumps({"checksum": digest.hexdigest(), "grown": grown}))


if __name__ == "__main__":
    main()
