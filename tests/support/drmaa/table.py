"""The whole table: each module of rows adds its own to ``ROWS`` when it is imported."""

from support.drmaa import ends, files, sessions, staging
from support.drmaa.rows import ROWS

__all__ = ["ROWS", "ends", "files", "sessions", "staging"]
