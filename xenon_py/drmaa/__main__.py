"""``python -m xenon_py.drmaa [--contact STRING] script.py [argument …]``.

Runs a program written for drmaa-python as it is.
"""

from __future__ import annotations

import os
import runpy
import sys

from xenon_py.drmaa.contact import ENVIRONMENT
from xenon_py.drmaa.install import FOLDER, install

_USAGE = """\
usage: python -m xenon_py.drmaa [--contact STRING] script.py [argument ...]
       python -m xenon_py.drmaa [--contact STRING] -m module [argument ...]
       python -m xenon_py.drmaa --path
"""
_HELP = """
Runs a program written for drmaa-python as it is: 'import drmaa' gives it xenon_py.drmaa.

  --contact STRING   the scheduler, as 'adaptor=slurm;location=ssh://user@host'; without it
                     the variable XENON_DRMAA_CONTACT, else the batch system of this machine
  -m module          run a module, as 'python -m module' does
  --path             print a folder: with it in PYTHONPATH any program imports xenon_py.drmaa
                     as 'drmaa'
"""


def main(words: list[str]) -> int:
    """Do what the words say; returns 2 when there is no program in them."""
    if words[:1] == ["--contact"] and len(words) > 1:
        os.environ[ENVIRONMENT] = words[1]
        words = words[2:]
    if words in (["-h"], ["--help"]):
        sys.stdout.write(_USAGE + _HELP)
    elif words == ["--path"]:
        sys.stdout.write(FOLDER + "\n")
    elif words[:1] == ["-m"] and len(words) > 1:
        _run_module(words[1], words[2:])
    elif not words or words[0].startswith("-"):
        sys.stderr.write(_USAGE)
        return 2
    elif not os.path.exists(words[0]):
        sys.stderr.write(f"{words[0]}: there is no such script\n")
        return 2
    else:
        _run_script(words)
    return 0


def _run_script(words: list[str]) -> None:
    sys.argv = words
    sys.path[0] = os.path.dirname(os.path.abspath(words[0]))
    install()
    runpy.run_path(words[0], run_name="__main__")


def _run_module(name: str, arguments: list[str]) -> None:
    sys.argv = [name, *arguments]  # the name gives way to the file's
    sys.path[0] = os.getcwd()
    install()
    runpy.run_module(name, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
