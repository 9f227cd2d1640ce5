"""Names of users and groups, which version 3 tells as numbers only."""

from __future__ import annotations

from collections.abc import Iterable

from xenon_adaptors.sftp_protocol import operations
from xenon_adaptors.sftp_protocol import packets as p
from xenon_adaptors.sftp_protocol.listing import Entries
from xenon_adaptors.sftp_protocol.session import SftpSession, StatusError


class Identities:
    """Asks for each number once, where the server can tell; elsewhere numbers are shown.

    Usable by several threads: the worst that happens is that a number is asked for twice.
    """

    def __init__(self) -> None:
        self._users: dict[int | None, str] = {None: ""}
        self._groups: dict[int | None, str] = {None: ""}

    def user(self, uid: int | None) -> str:
        """Return the name of a user, or the number as text; ``""`` for ``None``."""
        return self._users.get(uid) or ("" if uid is None else str(uid))

    def group(self, gid: int | None) -> str:
        """Return the name of a group, or the number as text; ``""`` for ``None``."""
        return self._groups.get(gid) or ("" if gid is None else str(gid))

    def learn_entries(self, session: SftpSession, entries: Entries) -> None:
        """Ask for the names that a part of a listing needs."""
        self.learn(session, (attributes for _, attributes in entries))

    def learn(self, session: SftpSession, found: Iterable[p.Attributes]) -> None:
        """Ask for the names that are not known yet."""
        pairs = {(uid, gid) for _, uid, gid, _, _, _ in found}
        users = {uid for uid, _ in pairs if uid is not None and uid not in self._users}
        groups = {gid for _, gid in pairs if gid is not None and gid not in self._groups}
        if users or groups:
            self._ask(session, sorted(users), sorted(groups))

    def _ask(self, session: SftpSession, users: list[int], groups: list[int]) -> None:
        names: tuple[list[str], list[str]] = [], []
        if operations.ID_NAMES in session.extensions:
            try:
                names = operations.id_names(session, users, groups)
            except StatusError:  # then the numbers will do
                names = [], []
        user_names, group_names = names
        self._users.update(zip(users, user_names + [""] * len(users), strict=False))
        self._groups.update(zip(groups, group_names + [""] * len(groups), strict=False))
