"""Values of users in messages: whatever they are, short, and without an error of their own."""

from __future__ import annotations

_MOST = 200


def shown(value: object) -> str:
    """Return ``repr(value)``, its middle cut out where it is long.

    What has none (a ``__repr__`` that raises, an integer of too many digits, lists too deep inside
    each other) is named by its type: a wrong argument must not replace the error that says so.
    """
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - the code of somebody else, only asked for a message
        return f"a value of type {type(value).__name__}"
    return text if len(text) <= _MOST else f"{text[: _MOST // 2]} … {text[-_MOST // 2 :]}"
