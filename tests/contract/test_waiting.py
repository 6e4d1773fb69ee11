"""How much waits is asked by every page: it may cost what waits, never all that was ever said."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from storage.database import Database, Tx, open_database
from storage.enums import Role
from storage.queries import review
from storage.viewer import SYSTEM, Viewer

VIEWERS = [SYSTEM, *(Viewer.of_user("u_1", "林溪", role) for role in Role)]


@pytest.mark.parametrize("viewer", VIEWERS, ids=lambda one: str(one.role))
def test_what_waits_is_found_by_its_index(sqlite_url: str, viewer: Viewer) -> None:
    """Without statistics, as a new installation is."""
    database: Database = open_database(sqlite_url)

    def work(tx: Tx) -> list[str]:
        asked: list[tuple[str, Any]] = []

        def note(_c: Any, _cursor: Any, statement: str, given: Any, *_: Any) -> None:
            asked.append((statement, given))

        sa.event.listen(tx.conn, "before_cursor_execute", note)
        assert review.count_waiting(tx, viewer) == 0
        [(statement, given)] = [one for one in asked if one[0].startswith("SELECT")]
        plan = tx.conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
        return [str(row[-1]) for row in plan]

    plan = database.submit_read(work).result(20)
    database.close()
    steps = [one for one in plan if " reading " in one or " message " in one]
    assert "ix_reading_unreviewed" in steps[0]
    assert steps[1:] == ["SEARCH message USING INTEGER PRIMARY KEY (rowid=?)"]
