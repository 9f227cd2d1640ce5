"""``jobCategory``: a site's names for bundles of native options, as its libraries read them.

======================  ==========================================================================
system                  files, the first one with the name counts
======================  ==========================================================================
``slurm``               ``$SLURM_DRMAA_CONF``, ``~/.slurm_drmaa.conf``, ``/etc/slurm_drmaa.conf``
``torque``              ``$PBS_DRMAA_CONF``, ``~/.pbs_drmaa.conf``, ``/etc/pbs_drmaa.conf``
``gridengine``          ``~/.qtask``, ``$SGE_ROOT/$SGE_CELL/common/qtask``
======================  ==========================================================================

The first two hold ``job_categories: { name: "options", … }``, where ``default`` goes for every job;
a ``qtask`` file has lines of a name and its options.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

_BLOCK = re.compile(r"\bjob_categories\s*[:=]\s*\{(?P<body>(?:[^}\"]|\"[^\"]*\")*)\}")
_ENTRY = re.compile(r"(?P<name>[\w.-]+)\s*[:=]\s*\"(?P<options>[^\"]*)\"")
_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)


def parse_configuration(text: str) -> dict[str, str]:
    """Return the categories in a configuration file of slurm-drmaa or pbs-drmaa."""
    block = _BLOCK.search(_COMMENT.sub("", text))
    if not block:
        return {}
    return {match["name"]: match["options"] for match in _ENTRY.finditer(block["body"])}


def parse_qtask(text: str) -> dict[str, str]:
    """Return the categories in a ``qtask`` file of Grid Engine."""
    lines = (line.split(None, 1) for line in _COMMENT.sub("", text).splitlines())
    return {words[0].lstrip("!"): "".join(words[1:]) for words in lines if words}


def categories(adaptor: str, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the categories that are there for a system, name -> options."""
    home = os.path.expanduser("~")
    if adaptor == "gridengine":
        cell = environment.get("SGE_CELL", "default")
        root = environment.get("SGE_ROOT", "")
        files = [f"{root}/{cell}/common/qtask" if root else "", f"{home}/.qtask"]
        parse = parse_qtask
    elif adaptor in {"slurm", "torque"}:
        name = "slurm_drmaa" if adaptor == "slurm" else "pbs_drmaa"
        own = environment.get(f"{name.upper()}_CONF", "")
        files = [f"/etc/{name}.conf", f"{home}/.{name}.conf", own]
        parse = parse_configuration
    else:
        return {}
    found: dict[str, str] = {}
    for file in filter(os.path.isfile, files):
        found |= parse(Path(file).read_text("utf-8", "replace"))
    return found
