"""Limits of time, in each system's own way. Pure functions.

============  ======================  =======================  ====================================
system        hard wall-clock limit   soft wall-clock limit    run-duration limits, hard / soft
============  ======================  =======================  ====================================
gridengine    ``-l h_rt=`` seconds    ``-l s_rt=`` (SIGUSR1)   CPU time: ``h_cpu`` / ``s_cpu``
torque        ``-l walltime=``        none                     CPU time: ``-l cput=`` / none
slurm         ``--time``, minutes     none                     ``--time``, which suspension stops
local, ssh    whole minutes           none                     none
at            none                    none                     none
============  ======================  =======================  ====================================

Sources: queue_conf(5) of Grid Engine 8.1.9, pbs_resources(7), sbatch(1) of Slurm 22.05.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from xenon_py.drmaa.errors import drmaa_error
from xenon_py.drmaa.template import JobTemplate

_HARD = "hardWallclockTimeLimit"
_NAMES = (_HARD, "softWallclockTimeLimit", "hardRunDurationLimit", "softRunDurationLimit")
_RESOURCES: Mapping[str, Mapping[str, str]] = {
    "gridengine": dict(zip(_NAMES, ("h_rt", "s_rt", "h_cpu", "s_cpu"), strict=True)),
    "torque": {_HARD: "walltime", "hardRunDurationLimit": "cput"},
}
_MINUTES: Mapping[str, tuple[str, ...]] = {
    "slurm": (_HARD, "hardRunDurationLimit"),
    "local": (_HARD,),
    "ssh": (_HARD,),
}


def limits_of(template: JobTemplate, adaptor: str) -> tuple[int, list[str]]:
    """Return ``max_runtime`` in minutes (0 = none), and options of the submit command.

    Raises:
        InvalidAttributeValueException: a limit is set that the system has not.
    """
    wanted = {name: getattr(template, name) for name in _NAMES if getattr(template, name)}
    resources, minutes = _RESOURCES.get(adaptor, {}), _MINUTES.get(adaptor, ())
    for name in wanted:
        if name not in resources and name not in minutes:
            able = ", ".join((*resources, *minutes)) or "none of the limits"
            raise drmaa_error(14, f"{adaptor} cannot honour {name}; it can: {able}")
    if resources:
        parts = [f"{resources[name]}={seconds}" for name, seconds in wanted.items()]
        return 0, ["-l", ",".join(parts)] if parts else []
    return math.ceil(min(wanted.values(), default=0) / 60), []
