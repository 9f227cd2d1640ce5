"""``nativeSpecification``: options of the system's own submit command. Pure functions.

It is split as a shell does, quotes included. What the library sets itself - name, directory, files,
queue - is taken over into the job description, so that it wins over the template's attributes; what
would break the library's own call is refused; the rest goes to the submit command as it is.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from xenon_py.drmaa.errors import drmaa_error


@dataclass(frozen=True)
class NativeSyntax:
    """The options of one system that do not just pass through.

    Attributes:
        fields: option -> field of the job description; each takes a value.
        valued: further options that take a value as a word of its own.
        refused: options that would break the submission.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    valued: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()


_PROCESS = NativeSyntax({"-q": "queue_name", "--queue": "queue_name"})
_SYNTAX: Mapping[str, NativeSyntax] = {
    "local": _PROCESS,
    "ssh": _PROCESS,
    "slurm": NativeSyntax(
        {
            **dict.fromkeys(("-p", "--partition"), "queue_name"),
            **dict.fromkeys(("-J", "--job-name"), "name"),
            **dict.fromkeys(("-D", "--chdir"), "working_directory"),
            **dict.fromkeys(("-i", "--input"), "stdin"),
            **dict.fromkeys(("-o", "--output"), "stdout"),
            **dict.fromkeys(("-e", "--error"), "stderr"),
        },
        frozenset(("-A", "-c", "-C", "-d", "-G", "-L", "-M", "-m", "-n", "-N", "-q", "-t", "-w")),
        frozenset(("-a", "--array", "--parsable", "--test-only", "--wrap", "-W", "--wait")),
    ),
    "gridengine": NativeSyntax(
        {"-q": "queue_name", "-N": "name", "-wd": "working_directory"}
        | {"-i": "stdin", "-o": "stdout", "-e": "stderr", "-P": "account"},
        frozenset(("-l", "-pe", "-v", "-M", "-m", "-p", "-a", "-ac", "-hold_jid", "-r", "-R")),
        frozenset(("-help", "-sync", "-t", "-verify", "-cwd", "-w", "-b", "-S", "-terse")),
    ),
    "torque": NativeSyntax(
        {"-q": "queue_name", "-N": "name", "-d": "working_directory", "-A": "account"}
        | {"-o": "stdout", "-e": "stderr"},
        frozenset(("-l", "-m", "-M", "-W", "-a", "-c", "-k", "-p", "-r", "-v", "-u")),
        frozenset(("-t", "-J", "-I", "-X", "-S", "-z")),
    ),
}


def split_native(adaptor: str, text: str) -> tuple[dict[str, str], list[str]]:
    """Return the fields of the job description that the options set, and the options left.

    Raises:
        DeniedByDrmException: an option is refused; or a quote is not closed.
    """
    syntax = _SYNTAX.get(adaptor, NativeSyntax())
    try:
        words = iter(shlex.split(text))
    except ValueError as error:
        raise drmaa_error(17, f"nativeSpecification {text!r}: {error}") from None
    fields: dict[str, str] = {}
    rest: list[str] = []
    for word in words:
        option, has_value, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if option in syntax.refused:
            raise drmaa_error(17, f"nativeSpecification: {option} cannot be used with DRMAA")
        if option in syntax.fields:
            fields[syntax.fields[option]] = value if has_value else _next(words, option)
        elif option in syntax.valued:
            rest += [word, _next(words, option)]
        else:
            rest.append(word)
    return fields, rest


def _next(words: Iterator[str], option: str) -> str:
    value = next(words, None)
    if value is None:
        raise drmaa_error(17, f"nativeSpecification: {option} lacks its value")
    return value
