"""Our side of the mail server that stands in for a company's."""

from __future__ import annotations

from typing import Any

from bot.posting import Mail
from tests.fakes.post import Postman


def mail_of(post: Postman, **changes: Any) -> Mail:
    """What the settings of that server would make."""
    said: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": post.port,
        "sender": "hr@example.com",
        "name": "示例公司",
        "context": post.context,
    }
    return Mail(**said | changes)
