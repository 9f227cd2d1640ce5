"""``python -m xenon_py.drmaa [--contact STRING] script.py [argument …]``.

Runs a script written for drmaa-python as it is.
"""

from __future__ import annotations

import os
import runpy
import sys

from xenon_py.drmaa.contact import ENVIRONMENT
from xenon_py.drmaa.install import install

_USAGE = "usage: python -m xenon_py.drmaa [--contact STRING] script.py [argument ...]"


def main(words: list[str]) -> int:
    """Run the script that the words name; returns 2 when there is none."""
    if words[:1] == ["--contact"] and len(words) > 1:
        os.environ[ENVIRONMENT] = words[1]
        words = words[2:]
    if not words or words[0].startswith("-"):
        sys.stderr.write(_USAGE + "\n")
        return 0 if words and words[0] in {"-h", "--help"} else 2
    install()
    sys.argv = words
    sys.path[0] = os.path.dirname(os.path.abspath(words[0]))
    runpy.run_path(words[0], run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
