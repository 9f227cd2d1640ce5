"""``nativeSpecification``: options of the system's own submit command. Pure functions.

It is split as a shell does, quotes included. What the library sets itself - name, directory,
files - is taken over into the job description, so that it wins over the template's attributes; what
means nothing to a job that is a command is left out; what would break the library's own call is
refused; the rest goes to the submit command as it is: lists and patterns of queues, say.
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
        values: the values that an option may have, for some; with another it is refused.
        without_effect: options with a value that concern only jobs that are scripts.
        join: option -> the values by which standard error goes to standard output.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    valued: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    without_effect: frozenset[str] = frozenset()
    join: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_PROCESS = NativeSyntax({"-q": "queue_name", "--queue": "queue_name"})
_SYNTAX: Mapping[str, NativeSyntax] = {
    "local": _PROCESS,
    "ssh": _PROCESS,
    "slurm": NativeSyntax(
        {
            **dict.fromkeys(("-J", "--job-name"), "name"),
            **dict.fromkeys(("-D", "--chdir"), "working_directory"),
            **dict.fromkeys(("-i", "--input"), "stdin"),
            **dict.fromkeys(("-o", "--output"), "stdout"),
            **dict.fromkeys(("-e", "--error"), "stderr"),
        },
        frozenset(
            (
                *("-A", "-b", "-B", "-c", "-C", "-d", "-F", "-G", "-k", "-L", "-M", "-m", "-n"),
                *("-N", "-p", "-q", "-S", "-t", "-w", "-x"),
            )
        ),
        frozenset(("-a", "--array", "--parsable", "--test-only", "--wrap", "-W", "--wait")),
    ),
    "gridengine": NativeSyntax(
        {"-N": "name", "-wd": "working_directory", "-i": "stdin", "-o": "stdout", "-e": "stderr"},
        frozenset(
            (
                *("-A", "-a", "-ac", "-ar", "-binding", "-C", "-c", "-dc", "-display", "-dl"),
                *("-hold_jid", "-hold_jid_ad", "-jc", "-js", "-jsv", "-l", "-M", "-m", "-masterq"),
                *("-now", "-P", "-p", "-pe", "-pty", "-q", "-R", "-r", "-sc", "-tc", "-v"),
            )
        ),
        frozenset(("-help", "-sync", "-t", "-verify", "-cwd", "-terse", "-@", "-xml")),
        {"-b": ("y", "yes"), "-w": ("e", "n")},
        frozenset(("-b", "-S", "-shell")),
        {"-j": ("y", "yes")},
    ),
    "torque": NativeSyntax(
        {"-N": "name", "-d": "working_directory", "-w": "working_directory", "-A": "account"}
        | {"-o": "stdout", "-e": "stderr"},
        frozenset(
            ("-a", "-c", "-C", "-k", "-l", "-m", "-M", "-p", "-q", "-r", "-u", "-v", "-W"),
        ),
        frozenset(("-t", "-J", "-I", "-X", "-z")),
        without_effect=frozenset(("-S",)),
        join={"-j": ("oe", "eo")},
    ),
}


def split_native(adaptor: str, text: str) -> tuple[dict[str, str], list[str]]:
    """Return the fields of the job description that the options set, and the options left.

    A field ``join`` tells that standard error goes to standard output (``y``), or not (``n``).

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
        if not _takes_value(syntax, option):
            rest.append(word)
            continue
        value = value if has_value else _next(words, option)
        if value not in syntax.values.get(option, (value,)):
            raise drmaa_error(
                17, f"nativeSpecification: {option} {value} cannot be used with DRMAA"
            )
        if option in syntax.fields:
            fields[syntax.fields[option]] = value
        elif option in syntax.join:
            fields["join"] = "y" if value in syntax.join[option] else "n"
        elif option not in syntax.without_effect:
            rest += [option, value]
    return fields, rest


def _takes_value(syntax: NativeSyntax, option: str) -> bool:
    groups = (syntax.fields, syntax.valued, syntax.values, syntax.without_effect, syntax.join)
    return any(option in group for group in groups)


def _next(words: Iterator[str], option: str) -> str:
    value = next(words, None)
    if value is None:
        raise drmaa_error(17, f"nativeSpecification: {option} lacks its value")
    return value
