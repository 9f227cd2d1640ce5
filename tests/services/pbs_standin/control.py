"""qdel, qhold, qrls, qsig."""

import re
import signal

from services.pbs_standin.cluster import Cluster
from services.pbs_standin.flavours import TORQUE, Answer, Caller, Refused
from services.pbs_standin.jobs import Job

_ID = re.compile(r"[0-9]+(\[[0-9]*\])?(\.[\w.-]+)?")


def control(cluster: Cluster, caller: Caller, words: list[str]) -> Answer:
    """Do one command to each of the jobs; those that it cannot be done to are told."""
    program, torque = caller.program, cluster.flavour is TORQUE
    number, indices, names = 0, "", []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if program == "qsig" and word == "-s":
            number = _signal_number(cluster, rest.pop(0), rest)
        elif torque and program in {"qdel", "qhold", "qrls"} and word == "-t":
            indices = rest.pop(0)
        elif word.startswith("-"):
            letter = word[1:2]
            raise Refused(f"{program}: invalid option -- '{letter}'\nusage: {program}\n", 2)
        else:
            names.append(word)
    said, code = "", 0
    for name in names:
        try:
            _one(cluster, program, name, indices, number)
        except Refused as refusal:
            said, code = said + refusal.text, refusal.code
    return Answer("", said, code)


def _signal_number(cluster: Cluster, name: str, rest: list[str]) -> int:
    if name in {"suspend", "resume"}:
        code = cluster.flavour.codes["unauthorized"]
        raise Refused(f"qsig: Unauthorized Request  {rest[0]}\n", code)
    known = signal.Signals.__members__.get(f"SIG{name.removeprefix('SIG')}")
    if known is None:
        code = cluster.flavour.codes["signal"]
        raise Refused(f"qsig: Unknown/illegal signal name {rest[0]}\n", code)
    return int(known)


def _one(cluster: Cluster, program: str, name: str, indices: str, number: int) -> None:
    torque = cluster.flavour is TORQUE
    if not _ID.fullmatch(name):
        cluster.violations.append(f"{program} {name}")
        raise Refused(f"{program}: illegally formed job identifier: {name}\n", 1)
    job = cluster.find(name)
    if job is None:
        raise _unknown(cluster, program, name)
    if job.is_array and indices:
        tasks = [task for task in job.tasks if str(task.index) in indices.split(",")]
    else:
        tasks = [job]
    for each in tasks:
        _refuse_ended(cluster, program, each)
        if program == "qdel":
            cluster.delete(each)
        elif program in {"qhold", "qrls"}:
            if not torque and each.index is not None:
                raise Refused(f"{program}: Operation not permitted on subjob {each.id}\n", 168)
            _hold(each, held=program == "qhold")
        elif each.state != "R" and not any(task.state == "R" for task in each.tasks):
            code = cluster.flavour.codes["state"]
            raise Refused(f"qsig: Request invalid for state of job {each.id}\n", code)
        else:
            cluster.signal(each, number)
    cluster.schedule()


def _hold(job: Job, *, held: bool) -> None:
    job.held = held
    for task in job.tasks:
        task.held = held


def _unknown(cluster: Cluster, program: str, name: str) -> Refused:
    full = name if "." in name else f"{name}.vm"
    code = cluster.flavour.codes["unknown job"]
    if cluster.flavour is not TORQUE:
        return Refused(f"{program}: Unknown Job Id {full}\n", code)
    texts = {
        "qdel": f"qdel: nonexistent job id: {name}\n",
        "qsig": f"qsig: Unknown Job Id Error MSG=cannot locate job {full}\n",
    }
    return Refused(texts.get(program, ""), code)


def _refuse_ended(cluster: Cluster, program: str, job: Job) -> None:
    if not job.done or any(not task.done for task in job.tasks):
        return
    code = cluster.flavour.codes["ended"]
    if cluster.flavour is TORQUE:
        text = "Request invalid for state of job MSG=invalid state for job - COMPLETE"
        raise Refused(f"{program}: {text} {job.id}\n", code)
    if not cluster.history:
        raise _unknown(cluster, program, job.id)
    tail = f" {job.id}" if program == "qdel" else ""
    raise Refused(f"{program}: Job has finished{tail}\n", code)
