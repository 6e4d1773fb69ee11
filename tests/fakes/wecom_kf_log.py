"""What `kf/sync_msg` reads: one append-only log for each kf account, with opaque cursors."""

import secrets
from dataclasses import dataclass, field

from tests.fakes.wecom_doubts import DAY_S
from tests.fakes.wecom_errors import ApiError, Json

RETENTION_S = 3 * DAY_S
PULL_TOKEN_LIFE_S = 600


@dataclass(frozen=True, slots=True)
class Item:
    """One message or event as it is pulled; `silk` stands for its media_id with voice_format 1."""

    at: float
    body: Json
    silk: str = ""

    def as_json(self, voice_format: int) -> Json:
        if voice_format and self.silk:
            return self.body | {"voice": {"media_id": self.silk}}
        return self.body


@dataclass(slots=True)
class Log:
    """`page_items` caps a page below the limit that was asked for; `empty_pages` come first."""

    items: list[Item] = field(default_factory=list)
    page_items: int | None = None
    empty_pages: int = 0
    _positions: dict[str, int] = field(default_factory=dict)
    _cursors: dict[int, str] = field(default_factory=dict)
    _tokens: dict[str, float] = field(default_factory=dict)

    def issue(self, now: float) -> str:
        """A pull token for one callback."""
        token = f"ENC{secrets.token_urlsafe(32)}"
        self._tokens[token] = now + PULL_TOKEN_LIFE_S
        return token

    def check(self, token: str, now: float) -> None:
        """95007 for a pull token of another account, or one older than ten minutes."""
        if now > self._tokens.get(token, 0.0):
            raise ApiError(95007, "unknown or expired pull token")

    def start(self, cursor: str, bad_cursor_errcode: int) -> int:
        """The position behind a cursor; the beginning for none."""
        if not cursor:
            return 0
        if cursor not in self._positions:
            raise ApiError(bad_cursor_errcode, "unknown cursor")
        return self._positions[cursor]

    def page(self, start: int, limit: int, now: float) -> tuple[list[Item], str, bool]:
        """Items from a position, the cursor after them, and whether more wait.

        What is older than three days is passed over.
        """
        if self.empty_pages:
            self.empty_pages -= 1
            return [], self._cursor(start), True
        found: list[Item] = []
        most = min(limit, self.page_items or limit)
        position = start
        while position < len(self.items) and len(found) < most:
            if now - self.items[position].at <= RETENTION_S:
                found.append(self.items[position])
            position += 1
        return found, self._cursor(position), position < len(self.items)

    def _cursor(self, position: int) -> str:
        if position not in self._cursors:
            cursor = secrets.token_urlsafe(24)
            self._cursors[position] = cursor
            self._positions[cursor] = position
        return self._cursors[position]
