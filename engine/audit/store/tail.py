"""Whether the end of a log agrees with itself: bounded work, whatever the length of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.audit.merkle import Frontier, leaf_hash

if TYPE_CHECKING:
    from engine.audit.store.protocol import Session

TAIL = 256
RESTORE = "stop every service on it, keep it as it is, restore a backup or start a new log in another place"


def find_flaw(session: Session) -> str | None:
    """What is wrong with the size, the frontier or the last entries, if anything."""
    ((size, frontier),) = session.execute("SELECT size, frontier FROM log_state")
    ((last,),) = session.execute('SELECT max("index") FROM entry')
    if size != (0 if last is None else last + 1):
        return f"it should hold {size} entries, but its last index is {last}"
    start = max(size - TAIL, 0)
    rows = session.execute('SELECT "index", leaf, body FROM entry WHERE "index" >= ? ORDER BY "index"', [start])
    if [index for index, _, _ in rows] != list(range(start, size)):
        return f"entries are missing between index {start} and {last}"
    for index, leaf, body in rows:
        if leaf_hash(body) != leaf:
            return f"the body of entry {index} is not the one that was logged"
    try:
        Frontier.from_bytes(size, frontier)
    except ValueError as error:
        return f"the state of its tree is not that of {size} entries ({error})"
    return None
